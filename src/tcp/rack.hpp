// RACK (RFC 8985): a segment is lost when one sent sufficiently later has arrived. Linux
// tcp_recovery.c.
#pragma once

#include "tcp/ack_outcome.hpp"
#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// How many recoveries a widened reordering window lasts (§6.2 step 4).
inline constexpr std::uint8_t kPersistRecoveries = 16;

/// §6.2 step 1-2: `segment` has arrived.
void rack_advance(Connection& c, const SentSegment& segment, Time now);
/// §6.2 step 4: a DSACK widens the reordering window, recoveries without one narrow it.
void rack_adapt_window(Context& cx, Connection& c, const AckOutcome& outcome);
/// §6.2 step 5: marks losses, and arms the reordering timer for what may still arrive. True: armed.
bool rack_mark_losses(Context& cx, Connection& c);
/// How long `segment` may still be on its way, given this much reordering.
Duration rack_patience(const Connection& c, const SentSegment& segment, Duration window, Time now);
/// The reordering timer fired.
void rack_timeout(Context& cx, Connection& c);

}  // namespace netsim::tcp
