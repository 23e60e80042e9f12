// Burst sizes.
#include "tcp/tso.hpp"

#include <algorithm>

#include "tcp/path_mtu.hpp"

namespace netsim::tcp {

namespace {

constexpr std::uint64_t kGsoMaxSize = 65536 - 321;  // sk_gso_max_size: room for headers taken off
constexpr unsigned kSizeBits = 32;                  // of sk_gso_max_size

}  // namespace

void update_pacing_rate(Connection& c, const Sysctl& sysctl) {
    constexpr std::uint64_t kPerSecond = 1'000'000 / 100 * 8;  // srtt is kept eightfold
    const bool starting = c.sending().cc.cwnd < c.sending().cc.ssthresh / 2;
    const std::int64_t percent = starting ? sysctl.tcp_pacing_ss_ratio : sysctl.tcp_pacing_ca_ratio;
    std::uint64_t rate = c.snd_mss * kPerSecond * static_cast<std::uint64_t>(percent) *
                         std::max(c.sending().cc.cwnd, c.packets_out());
    if (c.rtt.valid()) {
        rate /= c.rtt.srtt8_us();
    }
    c.pacing_rate = std::min(rate, c.opt->max_pacing_rate);
}

std::uint32_t burst_segments(const Connection& c, const Sysctl& sysctl, std::uint32_t mss) {
    std::uint64_t bytes = c.pacing_rate >> kPacingShift;
    if (c.rtt.has_min()) {
        const auto us = static_cast<std::uint64_t>(c.rtt.min().count() / 1000);
        const std::uint64_t halvings = us >> static_cast<unsigned>(sysctl.tcp_tso_rtt_log);
        if (halvings < kSizeBits) {
            bytes += kGsoMaxSize >> halvings;
        }
    }
    const auto segments = static_cast<std::uint32_t>(std::min(bytes, kGsoMaxSize) / mss);
    return std::max(segments, c.algorithm().least_burst(
                                  c, static_cast<std::uint32_t>(sysctl.tcp_min_tso_segs)));
}

std::uint32_t size_goal(const Connection& c, std::uint32_t mss) {
    const std::uint32_t size = bound_to_half_window(c, static_cast<std::uint32_t>(kGsoMaxSize));
    return std::max(size / mss * mss, mss);
}

std::uint32_t cwnd_quota(const Connection& c) {
    const Sending& tx = c.sending();
    const std::uint32_t flight = c.packets_in_flight();
    if (flight >= tx.cc.cwnd) {
        return 0;
    }
    return std::min(std::max(tx.cc.cwnd >> 1U, 1U), tx.cc.cwnd - flight);
}

std::uint16_t burst_flags(std::uint32_t segments) {
    return segments > 1 ? wire::flag::kPsh : std::uint16_t{0};
}

Defer defer_burst(const Connection& c, const Sysctl& sysctl, const Burst& burst, Time now) {
    const Sending& tx = c.sending();
    using std::chrono::milliseconds;
    // Only what was preceded by another packet within the last millisecond waits. Linux asks for
    // more than that, but no kernel gets here in no time at all.
    if (tx.ca_state >= CaState::kRecovery || now - c.next_send_at >= milliseconds(1)) {
        return Defer::kSend;
    }
    const auto by_window = static_cast<std::uint64_t>(c.window_end() - c.snd_nxt);
    const std::uint64_t by_cwnd = std::uint64_t{tx.cc.cwnd - c.packets_in_flight()} * c.snd_mss;
    const std::uint64_t limit = std::min(by_window, by_cwnd);
    if (limit >= std::uint64_t{burst.segments} * c.snd_mss ||
        (!burst.last && limit >= burst.length)) {
        return Defer::kSend;
    }
    const auto divisor = static_cast<std::uint64_t>(sysctl.tcp_tso_win_divisor);
    if (divisor != 0) {
        const std::uint64_t window =
            std::min<std::uint64_t>(c.snd_wnd, std::uint64_t{tx.cc.cwnd} * c.snd_mss);
        if (limit >= window / divisor) {
            return Defer::kSend;
        }
    } else if (limit > std::uint64_t{3} * c.snd_mss) {
        return Defer::kSend;
    }
    if (tx.sent.empty()) {
        return Defer::kSend;
    }
    // The next ACK must be near: within half a round trip and a millisecond.
    const Duration srtt = c.rtt.srtt();
    const Duration until_ack = tx.sent.front().sent_at + srtt - now;
    if (until_ack > std::min<Duration>(srtt / 2, milliseconds(1))) {
        return Defer::kSend;
    }
    if (by_cwnd < by_window) {
        if (by_cwnd <= burst.length) {
            return Defer::kWaitForCwnd;
        }
    } else if (by_window <= burst.length) {
        return Defer::kWait;
    }
    return burst.fin ? Defer::kSend : Defer::kWait;
}

}  // namespace netsim::tcp
