// RFC 9293 §3.10.8: what happens when a deadline passes. Linux tcp_timer.c, reqsk_timer_handler().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Fires everything due up to cx.now, earliest first.
void timers_expire(Context& cx);

/// Gives up: the soft error an ICMP left, or ETIMEDOUT. Linux tcp_write_err().
void give_up(Context& cx, Connection& c);

/// The SYN, or the SYN-ACK of a simultaneous open, once more.
void retransmit_syn(Context& cx, Connection& c);

/// The earliest deadline of connections, requests and mini-sockets; may be early (lazy timers).
Time next_deadline(const StackState& s);

}  // namespace netsim::tcp
