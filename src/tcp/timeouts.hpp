// RFC 9293 §3.10.8: what happens when a deadline passes. Linux tcp_timer.c, reqsk_timer_handler().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Fires everything due up to cx.now, earliest first.
void timers_expire(Context& cx);

/// What a connection's timer does when it is due; its deadline has been cleared.
void timer_due(Context& cx, Connection& c, Timer timer);

/// Gives up: the soft error an ICMP left, or ETIMEDOUT. Linux tcp_write_err().
void give_up(Context& cx, Connection& c);

/// A router cannot reach the peer: the silence is no congestion, and one doubling of the RTO is
/// taken back (RFC 6069; Linux tcp_ld_RTO_revert()). `seq`: what the ICMP message quotes.
void revert_backoff(Context& cx, Connection& c, wire::SeqNum seq);

/// The earliest deadline of connections, requests and mini-sockets; may be early (lazy timers).
/// Only what is earlier `than` this is looked at closely.
Time next_deadline(StackState& s, Time than);

}  // namespace netsim::tcp
