// What a packet buffer costs beside its bytes: Linux's sizes on a 64-bit machine, of a kernel
// without wireless and tunnels (each of them widens the headers).
#pragma once

#include <cstdint>

namespace netsim::tcp {

inline constexpr std::uint32_t kPage = 4096;
inline constexpr std::uint32_t kSkb = 256;           // struct sk_buff, aligned
inline constexpr std::uint32_t kSharedInfo = 320;    // struct skb_shared_info, at the buffer's end
inline constexpr std::uint32_t kMaxTcpHeader = 192;  // MAX_TCP_HEADER
/// skb_small_head_cache: room for these headers, 64 more lest it be a power of two.
inline constexpr std::uint32_t kSmallHead = kMaxTcpHeader + kSharedInfo + 64;
/// What an skb for data costs before it has any; data adds its own bytes (tcp_stream_alloc_skb(),
/// skb->truesize).
inline constexpr std::uint32_t kSkbTruesize = kSmallHead + kSkb;

}  // namespace netsim::tcp
