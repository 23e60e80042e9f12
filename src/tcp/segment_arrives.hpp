// RFC 9293 §3.10.7, SEGMENT ARRIVES: one function per kind of endpoint, a file each.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Which endpoint is it for?
void segment_arrives(Context& cx, const wire::Packet& packet);

/// A listener's, or nobody's.
void no_connection(Context& cx, const wire::Packet& packet);
void in_closed(Context& cx, const wire::Packet& packet);                      // §3.10.7.1
void in_listen(Context& cx, Listener& listener, const wire::Packet& packet);  // §3.10.7.2
void in_syn_sent(Context& cx, Connection& c, const wire::Packet& packet);     // §3.10.7.3
void in_syn_received(Context& cx, std::uint32_t request,
                     const wire::Packet& packet);                              // a RequestSock
void in_synchronized(Context& cx, Connection& c, const wire::Packet& packet);  // §3.10.7.4
void in_time_wait(Context& cx, std::uint32_t time_wait, const wire::Packet& packet);
/// The record has lived its time.
void time_wait_timeout(Context& cx, std::uint32_t time_wait);

/// A SYN that takes the place of a TIME-WAIT record: its ISN is given (facts, section 8).
void syn_in_listen(Context& cx, Listener& listener, const wire::Packet& packet,
                   std::optional<wire::SeqNum> isn_from_time_wait);
/// An ACK that meets a listener: a SYN cookie coming home, or nothing it knows.
void ack_in_listen(Context& cx, Listener& listener, const wire::Packet& packet);

/// The child of a listener from what the handshake agreed on: in SYN-RECEIVED, in the table, in the
/// accept queue, not yet given the segment. `request`: the record of `req`, whose place in the
/// table the child takes; none for a cookie's.
Connection& make_child(Context& cx, Listener& listener, const RequestSock& req, bool by_cookie,
                       std::uint32_t request = kNoIndex);
/// Linux tcp_in_window(): is the segment in a half-open connection's window?
bool in_request_window(wire::SeqNum seq, wire::SeqNum end, wire::SeqNum left, wire::SeqNum right);

/// The round trip of a SYN-ACK that was sent more than once, or kept nowhere: only an echoed
/// timestamp tells it. Linux tcp_synack_rtt_meas(), tcp_ack_update_rtt().
void take_rtt_by_timestamp(Context& cx, Connection& child, const wire::TcpHeader& h);
/// The handshake's last ACK on a full socket (a fresh child, a simultaneous open): ESTABLISHED.
void establish(Context& cx, Connection& c, const wire::Packet& packet, Cause cause);

/// What the SYN's options and our sysctls agree on.
Negotiated negotiate(const StackState& s, const wire::TcpHeader& syn, std::uint8_t our_scale);

/// RFC 7323 §5: is the timestamp older than the last good one? Linux tcp_paws_check().
bool paws_rejects(std::uint32_t ts_recent, std::uint32_t stamp_s, std::uint32_t tsval, Time now,
                  bool rst);

}  // namespace netsim::tcp
