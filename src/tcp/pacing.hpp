// Pacing: a burst is sent no sooner than the one before it takes at the pacing rate. Only for
// sockets whose algorithm asks (BBR) or whose application set SO_MAX_PACING_RATE. Linux's internal
// pacing (tcp_pacing_check(), tcp_update_skb_after_send(), tcp_pace_kick()).
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// From now on this connection paces.
void start_pacing(Connection& c);
/// SO_MAX_PACING_RATE takes effect. Linux sk_setsockopt().
void limit_pacing(Connection& c);
/// Must the next burst wait? Then the pacing timer brings it out.
bool pacing_holds(Context& cx, Connection& c);
/// A burst of `bytes` of payload is sent at `now`, and `transmissions` segments have been with it:
/// when the next may go. An ACK takes no time, but is a transmission.
void pace_after(Connection& c, std::uint32_t bytes, std::uint32_t transmissions, Time now);
/// The pacer lets the next burst go. Linux tcp_tsq_write().
void pacing_timeout(Context& cx, Connection& c);
/// How long what was sent last still waits in the pacer: timers begin after that. Linux
/// tcp_pacing_delay().
Duration pacing_delay(const Connection& c, Time now);

}  // namespace netsim::tcp
