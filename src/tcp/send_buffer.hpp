// The send buffer's limits: what SO_SNDBUF counts, TCP_NOTSENT_LOWAT, and when a socket is
// writable. Linux sk_stream_*(), tcp_stream_memory_free(), tcp_sndbuf_expand().
#pragma once

#include <cstdint>

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// The memory of all skbs written and not yet acknowledged. sk_wmem_queued.
std::uint32_t wmem_queued(const Connection& c);
/// May another skb be made? sk_stream_memory_free().
bool memory_free(const Connection& c, const Sysctl& sysctl);
/// Is it worth waking a writer? __sk_stream_is_writeable(sk, 1): a third of the buffer is free, and
/// less than half of TCP_NOTSENT_LOWAT is unsent.
bool writable(const Connection& c, const Sysctl& sysctl);
/// Room for twice cwnd, each segment with the kernel's overhead. tcp_sndbuf_expand().
void expand_send_buffer(Connection& c, const Sysctl& sysctl);
/// A writer found no room before: the buffer grows if cwnd does not hold it up, and he is told when
/// there is room. tcp_check_space().
void check_space(Context& cx, Connection& c);
/// Tells of room, whoever waits. sk_stream_write_space().
void write_space(Context& cx, Connection& c);

}  // namespace netsim::tcp
