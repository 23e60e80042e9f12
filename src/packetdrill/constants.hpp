// Names that calls are written with, with Linux's values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netsim::packetdrill {

/// "O_NONBLOCK" -> 2048
std::optional<std::int64_t> constant(std::string_view name);
/// ", did you mean ...?" or nothing.
std::string nearest_constant(std::string_view name);

// Those the engine asks for by value.
inline constexpr std::int64_t kAfUnspec = 0;
inline constexpr std::int64_t kAfInet = 2;
inline constexpr std::int64_t kSockStream = 1;
inline constexpr std::int64_t kSockNonblock = 0x800;
inline constexpr std::int64_t kSockCloexec = 0x80000;
inline constexpr std::int64_t kONonblock = 0x800;
inline constexpr std::int64_t kORdwr = 2;
inline constexpr std::int64_t kMsgDontwait = 0x40;
inline constexpr std::int64_t kMsgNosignal = 0x4000;
inline constexpr std::int64_t kFGetfl = 3;
inline constexpr std::int64_t kFSetfl = 4;
inline constexpr std::int64_t kSiocinq = 0x541B;  // FIONREAD too
inline constexpr std::int64_t kSiocoutq = 0x5411;
inline constexpr std::int64_t kPollNval = 0x20;
inline constexpr std::int64_t kEpollEt = 1LL << 31;
inline constexpr std::int64_t kEpollOneshot = 1LL << 30;

}  // namespace netsim::packetdrill
