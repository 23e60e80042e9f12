// The ACK field of a segment: what left the queue, the RTT sample, the window, and what follows for
// recovery and cwnd. RFC 9293 §3.10.7.4, fifth step; Linux tcp_ack().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// `predicted`: the fast path would take it. False: the segment ends here.
bool acknowledge(Context& cx, Connection& c, const wire::TcpHeader& h, bool predicted);

/// The handshake acknowledges data of our SYN, or a part: it leaves the queue, with an RTT sample.
/// cwnd stays, it begins anew with the transfer.
void acknowledge_syn_data(Context& cx, Connection& c, const wire::TcpHeader& h);

/// RFC 7323 §4.3: remembers the timestamp to echo.
void update_timestamp(const Context& cx, Connection& c, const wire::TcpHeader& h);

/// Takes an RTT sample; RTO follows. `least`: what counts for the least RTT; 0: nothing.
void take_rtt(const Context& cx, Connection& c, Duration rtt, Duration least);

}  // namespace netsim::tcp
