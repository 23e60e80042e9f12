// The send buffer's limits: what SO_SNDBUF counts, TCP_NOTSENT_LOWAT, and when a socket is
// writable. Linux sk_stream_*(), tcp_stream_memory_free(), tcp_sndbuf_expand().
#pragma once

#include <cstdint>

#include "tcp/connection.hpp"
#include "tcp/sysctl.hpp"

namespace netsim::tcp {

/// May another skb be made? sk_stream_memory_free().
bool memory_free(const Connection& c, const Sysctl& sysctl);
/// Is it worth waking a writer? __sk_stream_is_writeable(sk, 1): a third of the buffer is free, and
/// less than half of TCP_NOTSENT_LOWAT is unsent.
bool writable(const Connection& c, const Sysctl& sysctl);
/// Room for twice cwnd, each segment with the kernel's overhead. tcp_sndbuf_expand().
std::uint32_t wanted_send_buffer(const Connection& c);

}  // namespace netsim::tcp
