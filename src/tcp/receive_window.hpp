// The window a segment advertises. RFC 9293 §3.8.6, RFC 1122 §4.2.3.3; Linux tcp_select_window().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// The window to advertise now, and its bookkeeping. Linux tcp_select_window().
std::uint16_t select_window(Context& cx, Connection& c);

/// What could be advertised. Linux __tcp_select_window(); a buffer that is half full also ends
/// quick ACKs.
std::uint32_t window_available(const Context& cx, Connection& c);

}  // namespace netsim::tcp
