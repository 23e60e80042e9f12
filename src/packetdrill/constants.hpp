// Names that calls are written with, with Linux's values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "netsim/result.hpp"

namespace netsim::packetdrill {

/// "O_NONBLOCK" -> 2048
std::optional<std::int64_t> constant(std::string_view name);
/// "EAGAIN"; also of those a file or epoll gives.
std::string_view errno_word(Errno error);
/// ", did you mean ...?" or nothing.
std::string nearest_constant(std::string_view name);

// Those the engine asks for by value.
inline constexpr std::int64_t kAfUnspec = 0;
inline constexpr std::int64_t kAfInet = 2;
inline constexpr std::int64_t kSockStream = 1;
inline constexpr std::int64_t kSockDgram = 2;
inline constexpr std::int64_t kSockNonblock = 0x800;
inline constexpr std::int64_t kSockCloexec = 0x80000;
inline constexpr std::int64_t kONonblock = 0x800;
inline constexpr std::int64_t kORdwr = 2;
inline constexpr std::int64_t kMsgOob = 1;
inline constexpr std::int64_t kMsgPeek = 2;
inline constexpr std::int64_t kMsgTrunc = 0x20;
inline constexpr std::int64_t kMsgDontwait = 0x40;
inline constexpr std::int64_t kMsgEor = 0x80;
inline constexpr std::int64_t kMsgWaitall = 0x100;
inline constexpr std::int64_t kMsgErrqueue = 0x2000;
inline constexpr std::int64_t kMsgNosignal = 0x4000;
inline constexpr std::int64_t kMsgMore = 0x8000;
inline constexpr std::int64_t kMsgZerocopy = 0x4000000;
inline constexpr std::int64_t kMsgFastopen = 0x20000000;
inline constexpr std::int64_t kSpliceNonblock = 2;
inline constexpr std::int64_t kSpliceMore = 4;
inline constexpr std::int64_t kFGetfl = 3;
inline constexpr std::int64_t kFSetfl = 4;
inline constexpr std::int64_t kSiocinq = 0x541B;  // FIONREAD too
inline constexpr std::int64_t kSiocoutq = 0x5411;
inline constexpr std::int64_t kSiocoutqnsd = 0x894B;
inline constexpr std::int64_t kPollNval = 0x20;
inline constexpr std::int64_t kEpollExclusive = 1LL << 28;
inline constexpr std::int64_t kEpollEt = 1LL << 31;
inline constexpr std::int64_t kEpollOneshot = 1LL << 30;

}  // namespace netsim::packetdrill
