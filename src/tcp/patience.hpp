// How long TCP tries: when the repetition of a SYN, of a SYN-ACK or of data is given up.
// RFC 9293 §3.8.3; Linux tcp_write_timeout(), tcp_model_timeout(), reqsk_timer_handler().
#pragma once

#include <cstdint>

#include "tcp/connection.hpp"
#include "tcp/listener.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// tcp_rto_max_ms
Duration rto_max(const StackState& s);

/// Linux tcp_model_timeout(): how long `boundary` exponential retransmissions take.
Duration model_timeout(const StackState& s, std::int64_t boundary, Duration base);

/// Is a connect() over when the SYN's timer expires at `at` for the `retransmits`th time plus one?
bool handshake_over(const StackState& s, const Connection& c, std::int64_t retransmits, Time at);

/// tcp_orphan_retries; 0 means 8, and 0 again once an orphan's RTO is at its largest or an error is
/// noted.
std::int64_t orphan_retries(const StackState& s, const Connection& c, bool alive);

/// TCP_USER_TIMEOUT, or how long so many repetitions of data take: counted from the first one.
Duration data_patience(const StackState& s, const Connection& c, std::int64_t retries);

/// Under pressure old requests live shorter, so that young ones find room.
std::int64_t retries_under_pressure(const StackState& s, const Listener& listener);

/// How long a request's timer runs that has expired so often.
Duration syn_ack_wait(const StackState& s, std::int64_t expiries);

/// When the retransmission timer ends the connection if the peer stays silent; kNever: that timer
/// is not armed, or what it repeats serves as a probe of a closed window.
Time gives_up_at(const StackState& s, const Connection& c);

/// When the request goes if its last ACK does not come and its listener's queue stays as it is.
Time gives_up_at(const StackState& s, const RequestSock& req);

}  // namespace netsim::tcp
