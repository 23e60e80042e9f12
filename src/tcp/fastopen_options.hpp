// Fast Open's socket options: which states they are for.
#pragma once

#include "netsim/socket.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Why this option cannot be set now (EINVAL: too late for this socket, EOPNOTSUPP: switched off);
/// kOk: it can, or is none of Fast Open's. `c` null: a listener.
Errno refuse_fast_open_option(const StackState& s, const Connection* c, SocketOption option);

}  // namespace netsim::tcp
