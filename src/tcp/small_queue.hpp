// TCP small queues: a connection hands its host's link no more than about a millisecond of data,
// two skbs at least, and goes on when some of that has left. Else it would queue behind itself, and
// its cwnd would grow by that. Linux tcp_small_queue_check(), sysctl tcp_limit_output_bytes.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// May an skb with so many bytes not go yet? It waits for a TX completion then (autocork.hpp).
/// `shift`: the limit's, 1 for retransmissions.
bool small_queue_holds(Context& cx, Connection& c, std::uint32_t length, unsigned shift);

}  // namespace netsim::tcp
