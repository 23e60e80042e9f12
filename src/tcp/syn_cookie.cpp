// SYN cookies: making and checking.
#include "tcp/syn_cookie.hpp"

#include <array>
#include <chrono>

namespace netsim::tcp {

namespace {

constexpr std::array<std::uint16_t, 4> kMssTable{536, 1300, 1440, 1460};
constexpr std::uint32_t kLow24 = 0x00ffffffU;
constexpr std::uint32_t kCounterAgeMax = 2;

// In the timestamp: bits 0-3 the window scale (15: none), bit 4 SACK, bit 5 ECN.
constexpr std::uint32_t kScaleMask = 0x0fU;
constexpr std::uint32_t kSackBit = 0x10U;
constexpr std::uint32_t kEcnBit = 0x20U;
constexpr std::uint32_t kOptionMask = 0x3fU;

/// Linux tcp_cookie_time()
std::uint32_t minute(const StackState& s, Time now) {
    return static_cast<std::uint32_t>(
        std::chrono::floor<std::chrono::minutes>(now.time_since_epoch() + s.clock_offset).count());
}

std::uint32_t hash(const StackState& s, const FourTuple& t, std::uint32_t counter,
                   std::size_t key) {
    const std::uint32_t ports = (std::uint32_t{t.remote_port} << 16U) | t.local_port;
    return static_cast<std::uint32_t>(
        siphash_4u32(s.secrets.cookie[key], t.remote.bits, t.local.bits, ports, counter));
}

}  // namespace

wire::SeqNum make_cookie(const StackState& s, const FourTuple& tuple, wire::SeqNum client_isn,
                         Time now, std::uint16_t& mss) {
    std::uint32_t index = kMssTable.size() - 1;
    while (index > 0 && mss < kMssTable[index]) {
        --index;
    }
    mss = kMssTable[index];
    const std::uint32_t t = minute(s, now);
    return wire::SeqNum(hash(s, tuple, 0, 0) + client_isn.raw() + (t << 24U) +
                        ((hash(s, tuple, t, 1) + index) & kLow24));
}

std::optional<std::uint16_t> check_cookie(const StackState& s, const FourTuple& tuple,
                                          wire::SeqNum client_isn, wire::SeqNum cookie, Time now) {
    const std::uint32_t rest = cookie.raw() - hash(s, tuple, 0, 0) - client_isn.raw();
    const std::uint32_t t = minute(s, now);
    const std::uint32_t age = (t - (rest >> 24U)) & 0xffU;
    if (age >= kCounterAgeMax) {
        return std::nullopt;
    }
    const std::uint32_t index = (rest - hash(s, tuple, t - age, 1)) & kLow24;
    if (index >= kMssTable.size()) {
        return std::nullopt;
    }
    return kMssTable[index];
}

std::uint32_t cookie_timestamp(const Negotiated& options, std::uint32_t clock) {
    std::uint32_t bits = options.wscale_ok ? options.snd_wscale : kScaleMask;
    if (options.sack_ok) {
        bits |= kSackBit;
    }
    if (options.ecn_ok) {
        bits |= kEcnBit;
    }
    const std::uint32_t stamped = (clock & ~kOptionMask) | bits;
    return stamped > clock ? stamped - (kOptionMask + 1) : stamped;
}

bool options_from_timestamp(const Sysctl& sysctl, std::uint32_t echoed, Negotiated& options) {
    if (sysctl.tcp_timestamps == 0) {
        return false;
    }
    options.tstamp_ok = true;
    options.sack_ok = (echoed & kSackBit) != 0;
    options.ecn_ok = (echoed & kEcnBit) != 0 && sysctl.tcp_ecn != 0;
    if (options.sack_ok && sysctl.tcp_sack == 0) {
        return false;
    }
    const std::uint32_t scale = echoed & kScaleMask;
    if (scale == kScaleMask) {
        options.wscale_ok = false;
        return true;
    }
    options.wscale_ok = true;
    options.snd_wscale = static_cast<std::uint8_t>(scale & 0x0fU);
    return sysctl.tcp_window_scaling != 0;
}

}  // namespace netsim::tcp
