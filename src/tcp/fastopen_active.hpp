// Fast Open, the client's side (RFC 7413 §4.2.1): the cookie cache, the SYN with data, its SYN-ACK,
// and the pause after a middlebox swallowed one. Linux tcp_fastopen.c, tcp_send_syn_data(),
// tcp_rcv_fastopen_synack().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// What a SYN to this peer may carry now.
struct FastOpenOffer {
    bool data = false;         // payload, with the cookie or without (bit 0x4)
    bool after_pause = false;  // the first one after a pause has ended
    FastOpenOption option;     // the cookie, or a request for one
};

FastOpenOffer fast_open_offer(const StackState& s, const Connection& c, Time now);

/// Payload bytes the deferred SYN takes at most; 0 without a cookie. Always less than a segment:
/// room for all options stays free.
std::uint32_t syn_room(const StackState& s, const Connection& c);

/// The SYN that was deferred goes, with as much of `payload` as syn_room() says: how much.
/// `unreadable`: there should be bytes and cannot.
std::uint32_t send_deferred_syn(Context& cx, Connection& c, const wire::PayloadRef& payload,
                                bool unreadable);

/// The SYN-ACK of a connection that is now ESTABLISHED: cookie and MSS are remembered, data in it
/// is taken. True: SYN data was not acknowledged and has been sent again.
bool take_fast_open_syn_ack(Context& cx, Connection& c, const wire::Packet& packet);

/// A router refused the SYN with data: the SYN alone goes at once (tcp_simple_retransmit()).
void resend_syn_to_path(Context& cx, Connection& c);

// --- middleboxes (Linux tcp_fastopen_active_disable() and its callers)

/// A retransmission timeout; `expired`: the last.
void detect_blackhole_by_timeout(Context& cx, const Connection& c, bool expired);
/// A FIN or RST out of order that ends a Fast Open connection on which no data ever came.
void detect_blackhole_by_end(Context& cx, const Connection& c);
/// The connection ends: what is out of order tells of a blackhole, data received of its end.
void judge_blackhole(Context& cx, const Connection& c);

}  // namespace netsim::tcp
