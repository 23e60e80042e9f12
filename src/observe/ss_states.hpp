// Sets of states as ss's filters name them: a bit per tcp::State.
#pragma once

#include <cstdint>
#include <string_view>

#include "tcp/socket_info.hpp"

namespace netsim::observe {

constexpr std::uint32_t state_bit(tcp::State state) {
    return std::uint32_t{1} << static_cast<unsigned>(state);
}

inline constexpr std::uint32_t kEveryState =
    state_bit(tcp::State::kEstablished) | state_bit(tcp::State::kSynSent) |
    state_bit(tcp::State::kSynReceived) | state_bit(tcp::State::kFinWait1) |
    state_bit(tcp::State::kFinWait2) | state_bit(tcp::State::kTimeWait) |
    state_bit(tcp::State::kClosed) | state_bit(tcp::State::kCloseWait) |
    state_bit(tcp::State::kLastAck) | state_bit(tcp::State::kListen) |
    state_bit(tcp::State::kClosing);
inline constexpr std::uint32_t kConnectedStates =
    kEveryState & ~(state_bit(tcp::State::kListen) | state_bit(tcp::State::kClosed));
inline constexpr std::uint32_t kBucketStates =
    state_bit(tcp::State::kSynReceived) | state_bit(tcp::State::kTimeWait);

/// "time-wait", "connected": which states that is. InputError: unknown.
std::uint32_t ss_states(std::string_view name);

}  // namespace netsim::observe
