// Data out of order: kept, reported by SACK blocks, told as duplicates by DSACK. RFC 2018, RFC
// 2883; Linux tcp_data_queue_ofo(), tcp_ofo_queue().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Reports a duplicate range with the next ACK (RFC 2883). Linux tcp_dsack_set().
void set_dsack(Context& cx, Connection& c, wire::SeqRange duplicate);

/// Keeps a segment beyond a gap. Linux tcp_data_queue_ofo().
void queue_out_of_order(Context& cx, Connection& c, const wire::TcpHeader& h);

/// Moves what has become in order to the receive queue. True: a FIN was among it. Linux
/// tcp_ofo_queue().
bool drain_reassembly(Context& cx, Connection& c);

/// A FIN came: nothing may follow it. Linux tcp_fin() purges the queue.
void purge_reassembly(Connection& c);

}  // namespace netsim::tcp
