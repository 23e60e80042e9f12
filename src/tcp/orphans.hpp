// Connections without a descriptor, and how many of them a host keeps (tcp_max_orphans).
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Would one more orphan be too many? Each penalty counts the orphans double. Linux
/// tcp_too_many_orphans().
bool too_many_orphans(const StackState& s, unsigned penalties);

/// An orphan's timer fired: true if it was given up for want of room. `reset`: the peer is told in
/// any case. Linux tcp_out_of_resources().
bool out_of_resources(Context& cx, Connection& c, bool reset);

}  // namespace netsim::tcp
