// The verbs every state shares: change a state, drop a segment, tell the application, end a
// connection.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

// --- finding
/// The record with this tuple, if any.
inline std::optional<RecordRef> find_record(const StackState& s, const FourTuple& tuple) {
    return s.table.find(tuple);
}

// --- changing
/// Alone in writing Connection::state. Checks the table, keeps CurrEstab, tells observers.
void enter(Context& cx, Connection& c, State to, Cause cause);
/// The same for records that are not connections (a request, a TIME-WAIT).
void note_change(Context& cx, const FourTuple& tuple, State from, State to, Cause cause);

/// One reason, one count, one trace event.
void drop(Context& cx, Drop reason);

/// Tells the application that readiness rose. Nothing without a descriptor.
void notify(Context& cx, const Connection& c, unsigned events);

// --- making and ending
Connection& new_connection(StackState& s);
/// Puts the connection into the demultiplexer, in the place of the request it came from if that is
/// given.
void hash_connection(StackState& s, Connection& c, std::uint32_t request = kNoIndex);
void unhash_connection(StackState& s, Connection& c);
/// Counts a user of a port that bind(2) gave (stack_state.hpp, port_holders).
void hold_port(StackState& s, std::uint16_t port);
void let_port_go(StackState& s, std::uint16_t port);
/// Throws away what the application has not read.
void forget_received(Connection& c);
/// Linux tcp_done(): CLOSED, timers off, waiters woken; the record goes with its descriptor, or
/// now.
void done(Context& cx, Connection& c, Cause cause);
/// A reset or a time-out: pending error, then done().
void abort_with(Context& cx, Connection& c, Errno error, Cause cause);
/// Frees the record of a connection that is CLOSED and has no descriptor.
void destroy(StackState& s, Connection& c);
/// Becomes a mini-socket. Linux tcp_time_wait(). `fin_wait_2`: an orphan in FIN-WAIT-2 that lives
/// `life`. The connection is gone afterwards, unless a descriptor still holds it (then it is
/// CLOSED).
void become_time_wait(Context& cx, Connection& c, bool fin_wait_2, Duration life, Cause cause);

void remove_time_wait(StackState& s, std::uint32_t index);
/// Takes a request out of its listener's queue and of the tables.
void remove_request(StackState& s, std::uint32_t index);
/// The same for a request whose place in the demultiplexer its child has taken.
void forget_request(StackState& s, std::uint32_t index);
/// Arms the SYN-ACK timer of a request that is in no stage, as often as it expired so far.
void arm_syn_ack(Context& cx, std::uint32_t index, Duration wait);

/// Arms a timer; the stack's calendar learns of it.
void arm(Context& cx, Connection& c, Timer timer, Time at);
/// The same by a high-resolution timer: at that very time, whatever the timer wheel.
void arm_exactly(Context& cx, Connection& c, Timer timer, Time at);

/// RTO, probe or none; Linux inet_csk_reset_xmit_timer().
void arm_retransmit(Context& cx, Connection& c, RetransmitTimer kind, Duration after);
void clear_retransmit(Connection& c);

/// Linux __tcp_oow_rate_limited(): may an invalid segment be answered? Notes the time when it may.
bool may_answer_invalid(StackState& s, Time now, std::uint32_t& last_ms, Mib skipped);

/// Remembers the peer's RTT (tcp_metrics).
void save_metrics(StackState& s, const Connection& c, Time now);
bool peer_is_proven(const StackState& s, Ipv4 peer);

inline constexpr Duration kTimeWaitLength = std::chrono::seconds(60);  // Linux TCP_TIMEWAIT_LEN

/// tcp_fin_timeout or TCP_LINGER2, at least 3.5 RTO. Linux tcp_fin_time().
Duration fin_time(const StackState& s, const Connection& c);

}  // namespace netsim::tcp
