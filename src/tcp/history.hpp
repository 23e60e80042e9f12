// What SocketHistory says of each kind of endpoint, read from its own fields.
#pragma once

#include "tcp/stack_state.hpp"

namespace netsim::tcp {

SocketHistory history_of(const StackState& s, const Connection& c);
SocketHistory history_of(const StackState& s, const RequestSock& req);
SocketHistory history_of(const Listener& listener);
/// `entered`: when the record took its state.
SocketHistory history_of(const TimeWait& record, Time entered);

}  // namespace netsim::tcp
