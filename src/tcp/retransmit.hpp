// Sending again: one segment, or all that is lost as far as cwnd lets; and the timer behind it.
// Linux __tcp_retransmit_skb(), tcp_xmit_retransmit_queue(), tcp_rearm_rto().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// The least wait of a reordering timer or a loss probe. Linux TCP_TIMEOUT_MIN_US.
inline constexpr Duration kTimerMin = std::chrono::milliseconds(2);

/// Sends segment i of `sent` again, cut to what MSS and window take now, short ones joined.
/// Changes no state of recovery. False: the window shrank below it.
bool retransmit_copy(Context& cx, Connection& c, std::uint32_t i);
/// The same as part of recovery: it is in flight twice now.
bool retransmit(Context& cx, Connection& c, std::uint32_t i);
/// The SYN, or the SYN-ACK of a simultaneous open, once more.
void retransmit_syn(Context& cx, Connection& c);
/// Sends lost segments again as far as cwnd lets.
void retransmit_lost(Context& cx, Connection& c);

/// The RTO, from now or, if another timer stood in its place, from when the head was sent; off if
/// nothing is in flight.
void rearm_rto(Context& cx, Connection& c);
/// How far the RTO is from when the head was last sent. Linux tcp_rto_delta_us().
Duration rto_left(const Context& cx, const Connection& c);
/// RTO, shortened where TCP_USER_TIMEOUT ends sooner. Linux tcp_clamp_rto_to_user_timeout().
Duration rto_now(const Connection& c, const Context& cx);

}  // namespace netsim::tcp
