// Is cwnd what holds the sender back? A window that is not used must not grow, and one that has not
// been used for a while no longer describes the path (RFC 2861, RFC 5681 §4.1). Linux
// tcp_cwnd_validate(), tcp_cwnd_restart().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Data was sent, or cwnd forbade it (`limited`).
void validate_cwnd(const Context& cx, Connection& c, bool limited);
/// A write after a silence of more than one RTO: cwnd falls back towards the initial window.
void restart_after_idle(const Context& cx, Connection& c);

}  // namespace netsim::tcp
