// When to acknowledge: at once, after a while, or with the next data. RFC 1122 §4.2.3.2, RFC 5681
// §4.2; Linux's icsk_ack: quick ACKs, interactive ("ping-pong") mode, the ACK time-out that follows
// the peer's pace, and SACK compression.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

inline constexpr Duration kAtoMin = std::chrono::milliseconds(40);  // TCP_ATO_MIN

/// Linux tcp_enter_quickack_mode(): the next ACKs go at once.
void enter_quickack(Connection& c, std::uint8_t most);

/// Linux inet_csk_in_pingpong_mode(): requests and answers; an ACK can wait for the answer.
bool interactive(const StackState& s, const Connection& c);
void enter_interactive(const StackState& s, Connection& c);

/// What arrival times say about when to acknowledge. Linux tcp_event_data_recv().
void pace_acks(const Context& cx, Connection& c);

/// A reply within ato of the request makes the connection interactive. Linux
/// tcp_event_data_sent().
void note_data_sent(const Context& cx, Connection& c);
/// When data last came, or the connection opened.
Time last_data_at(const StackState& s, const Connection& c);

/// A segment with ACK pays what was owed. Linux tcp_event_ack_sent().
void note_ack_sent(Context& cx, Connection& c);

/// ACKs now, later or not at all. Linux tcp_ack_snd_check().
void check_ack(Context& cx, Connection& c);

/// An ACK not later than its ato says. Linux tcp_send_delayed_ack().
void schedule_delayed_ack(Context& cx, Connection& c);

/// Linux tcp_delack_timer_handler()
void delayed_ack_timeout(Context& cx, Connection& c);
/// Linux tcp_compressed_ack_kick()
void compressed_ack_timeout(Context& cx, Connection& c);

/// Sends the ACK that SACK compression holds back: the peer must see more blocks than fit later.
void send_compressed_ack(Context& cx, Connection& c);

/// TCP_QUICKACK. Linux __tcp_sock_set_quickack().
void set_quickack(Context& cx, Connection& c, std::int64_t value);

/// The application has read: the window may open, or a small segment is acknowledged. Linux
/// tcp_cleanup_rbuf().
void after_read(Context& cx, Connection& c, std::uint32_t copied);

}  // namespace netsim::tcp
