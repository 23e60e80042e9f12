// What a packet buffer costs beside its bytes: Linux's sizes on a 64-bit machine.
#pragma once

#include <cstdint>

namespace netsim::tcp {

inline constexpr std::uint32_t kSkb = 256;         // struct sk_buff, aligned
inline constexpr std::uint32_t kSharedInfo = 320;  // struct skb_shared_info, at the buffer's end

}  // namespace netsim::tcp
