// What to send: segments of connections, requests and mini-sockets. Linux tcp_output.c's roles.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

inline constexpr std::uint32_t kOptionSpace = 40;  // RFC 9293 §3.1; Linux MAX_TCP_OPTION_SPACE

struct SendFlags;

// --- connections
/// The first SYN of an active open, with what Fast Open adds; its data stands on `sent` already.
void send_first_syn(Context& cx, Connection& c, const FastOpenOption& option,
                    const wire::PayloadRef& data);
/// The SYN again: without option and data.
void resend_syn(Context& cx, Connection& c);
/// The SYN-ACK of a simultaneous open, or of a Fast Open child.
void send_syn_ack(Context& cx, Connection& c, const FastOpenOption& option);
/// IP_TOS, IP_TTL, IP_MTU_DISCOVER.
void set_ip_options(wire::Packet& p, const SocketOptions& opt);
/// A packet from here to the peer: in the outbox, its header still to be filled in there. To copy
/// what has just been written takes the processor longer than to write it.
wire::Packet& packet_for(Context& cx, const FourTuple& tuple);
/// Adds the option if it fits beside the others.
void put_fast_open(wire::TcpHeader& h, const FastOpenOption& option);
/// An ACK now.
void send_ack(Context& cx, Connection& c);
/// An ACK now that answers an invalid segment; if that was old data, with a DSACK (RFC 2883). Linux
/// tcp_send_dupack().
void send_duplicate_ack(Context& cx, Connection& c, wire::SeqRange duplicate);
/// RFC 5961 §3-5, within its rate limits. Linux tcp_send_challenge_ack().
void send_challenge_ack(Context& cx, Connection& c);
/// A segment of a synchronized connection, ACK included, cut into segments of `mss`; PSH and FIN
/// belong to the last. False: the interface's queue took nothing (NET_XMIT_DROP).
bool transmit(Context& cx, Connection& c, wire::SeqNum seq, std::uint16_t flags,
              const wire::PayloadRef& payload, std::uint32_t mss);
/// This segment of the `sent` queue once more, with `more_flags` beside its own. False: it did not
/// leave.
bool send_copy(Context& cx, Connection& c, const SentSegment& segment,
               std::uint16_t more_flags = 0);
/// RFC 9293 §3.8.6.1 and RFC 1122 §4.2.3.6, Linux's form: an ACK of what the peer has already,
/// without a byte, which it must answer.
void send_probe_of_peer(Context& cx, Connection& c);
/// What a new segment may carry now: SACK blocks that wait take their room. Linux
/// tcp_current_mss().
std::uint32_t current_mss(const Connection& c);

/// How long the timers wait after the interface's queue took nothing: senders fight for it gently.
inline constexpr Duration kResourceProbeInterval = std::chrono::milliseconds(500);

// --- data (send_data.cpp)
/// What Nagle's rule says of a segment that is not full.
enum class Nagle : std::uint8_t {
    kSocket,  // as TCP_NODELAY and TCP_CORK say
    kPush,    // it goes
    kCork,    // it waits (MSG_MORE)
};

/// Appends what the application wrote to the write queue as far as there is room, and sends what
/// may be sent. How much was taken. Linux tcp_sendmsg_locked() of a socket that does not block.
std::uint32_t write_data(Context& cx, Connection& c, const wire::PayloadRef& payload,
                         const SendFlags& flags);
/// Sends what windows, cwnd and Nagle allow. Linux __tcp_push_pending_frames().
void push_pending(Context& cx, Connection& c, Nagle nagle = Nagle::kSocket);
/// Gives the FIN its place after the data, and sends what may be sent. Linux tcp_send_fin().
void queue_fin(Context& cx, Connection& c);
/// Before each transmission of data, the repeated ones too. Linux tcp_event_data_sent().
void on_data_sent(Context& cx, Connection& c);
/// Is there new data that the window takes?
bool can_send_more(const Connection& c);
/// One burst of new data whatever cwnd says: a loss probe. False: nothing was sent.
bool send_probe_segment(Context& cx, Connection& c);
/// What is unsent, if the window takes a part of it; else a probe of a closed window, or of a
/// silent peer, which `probe` counts. Linux tcp_write_wakeup().
void send_wakeup(Context& cx, Connection& c, Mib probe);
/// When a probe is due if none was sent yet: this also bounds how long TCP_CORK and MSG_MORE hold
/// data back while nothing is in flight. Linux tcp_probe0_base().
Duration probe_base(const Connection& c);
/// Since Connection::probing_since_ms, which must not be 0.
std::uint32_t probing_for_ms(const Context& cx, const Connection& c);
/// When the next is due after those unanswered. Linux tcp_probe0_when(),
/// tcp_clamp_probe0_to_user_timeout().
Duration probe_wait(const Context& cx, const Connection& c, bool refused = false);
/// RST,ACK of our own accord (abort). RFC 9293 §3.10.5.
void send_active_reset(Context& cx, Connection& c);

// --- without a connection
/// RST that answers a segment no endpoint wants. RFC 9293 §3.10.7.1; nothing if that is a RST
/// itself.
void send_reset_for(Context& cx, const wire::Packet& packet);

/// What a SYN-ACK takes from the path and the four-tuple: whoever has them at hand passes them on.
struct SynAckBasis {
    std::uint16_t path_mss = 0;
    std::uint32_t ts_offset = 0;  // only if the request has timestamps
};

SynAckBasis syn_ack_basis(const Context& cx, const RequestSock& req);
/// The SYN-ACK of a half-open request, first or again.
void send_request_syn_ack(Context& cx, RequestSock& req, const SynAckBasis& basis,
                          const FastOpenOption& option);
/// The SYN-ACK that carries a cookie: `isn` and options of a request that will not be kept.
void send_cookie_syn_ack(Context& cx, const RequestSock& req, std::uint16_t path_mss);
/// An ACK of a half-open request to a segment out of its window. Linux tcp_v4_reqsk_send_ack().
void send_request_ack(Context& cx, const RequestSock& req);
void send_time_wait_ack(Context& cx, const TimeWait& tw);

// --- numbers
/// MSS a path allows, without options: MTU - 40.
std::uint16_t path_mss(const PathInfo& path);

/// The window of our SYN or SYN-ACK, in bytes, and its scale. Linux tcp_select_initial_window().
struct InitialWindow {
    std::uint32_t window = 0;
    std::uint32_t clamp = 0;
    std::uint8_t scale = 0;
};

InitialWindow initial_window(const StackState& s, const SocketOptions& opt, std::uint32_t mss,
                             bool scaling);
/// The timestamp clock and the connection's offset.
std::uint32_t timestamp(const Connection& c, Time now);

/// Initial sequence number and timestamp offset of a four-tuple (RFC 6528; Linux secure_seq.c).
struct IsnAndOffset {
    wire::SeqNum isn;
    std::uint32_t ts_offset = 0;
};

IsnAndOffset secure_isn(const StackState& s, const FourTuple& tuple, Time now);
/// The sequence number a connection begins with: what a lesson asked for, once; else `usual`.
wire::SeqNum take_isn(StackState& s, wire::SeqNum usual);

}  // namespace netsim::tcp
