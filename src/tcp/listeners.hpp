// Which listener serves a segment or a request, and what a closing listener leaves behind.
// SO_REUSEPORT groups and tcp_migrate_req: Linux inet_hashtables.c, sock_reuseport.c.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// The listener a segment to this local end and from this peer is for: exact address before "any";
/// among SO_REUSEPORT ones by a keyed hash of the tuple. Linux __inet_lookup_listener().
Listener* find_listener(StackState& s, const FourTuple& tuple);

/// The listener of a half-open request: its own, or, if that has been closed, the one of its
/// SO_REUSEPORT group that takes over (tcp_migrate_req). Null: none does. Changes nothing but the
/// count of failures. Linux reuseport_migrate_sock().
Listener* serving_listener(StackState& s, const RequestSock& req);
/// Moves the request from its closed listener's queue to `to`'s. Linux reqsk_queue_migrated().
void move_request(StackState& s, std::uint32_t index, Listener& to);

/// How many half-open requests a backlog is good for (Rules::SynQueueFull).
std::uint32_t syn_queue_limit(const Sysctl& sysctl, std::uint32_t backlog);

/// Has the queue as many as listen(2)'s backlog allows? Linux inet_csk_reqsk_queue_is_full(),
/// sk_acceptq_is_full().
inline bool syn_queue_full(const StackState& s, const Listener& listener) {
    return listener.syn_queue_full() && s.follows(LessonRule::kSynQueueLimit);
}

inline bool accept_queue_full(const StackState& s, const Listener& listener) {
    return listener.accept_queue_full() && s.follows(LessonRule::kAcceptQueueLimit);
}

/// A listener that closes takes its half-open requests and its unaccepted connections with it, or
/// leaves them to its group (tcp_migrate_req). Linux inet_csk_listen_stop().
void close_listener(Context& cx, Listener& listener);
/// Frees the record of a closed listener that no request refers to any more.
void forget_if_done(StackState& s, Listener& listener);

}  // namespace netsim::tcp
