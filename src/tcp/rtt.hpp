// Round-trip time and RTO in Linux's flavour of RFC 6298: tcp_rtt_estimator(), tcp_set_rto(),
// tcp_min_rtt().
#pragma once

#include <cstdint>
#include <memory>

#include "netsim/time.hpp"

namespace netsim::tcp {

struct Sysctl;

/// The least RTT of the last `window`, in constant room: Kathleen Nichols' algorithm (Linux
/// lib/win_minmax.c). Besides the least it keeps the least of what came after that, and the least
/// of what came after that one, so that something is at hand when the first grows too old.
class WindowedMinimum {
 public:
    static constexpr std::uint32_t kNone = 0xffffffffU;

    std::uint32_t get() const { return least_.value; }

    /// Times in milliseconds, of a clock that may wrap.
    void take(std::uint32_t value, std::uint32_t now, std::uint32_t window);

 private:
    struct Sample {
        std::uint32_t value = kNone;
        std::uint32_t at = 0;
    };

    /// The second and third choice. Until a quarter of the window has passed since the least was
    /// measured both are the least itself, and there is no such object: most connections end, or
    /// measure a smaller one, before.
    struct Later {
        Sample second;
        Sample third;
    };

    void restart(Sample sample);
    void age(Sample sample, std::uint32_t window);

    Sample least_;
    std::unique_ptr<Later> later_;
};

class Rtt {
 public:
    /// Takes a sample (> 0). `new_round`: snd_una passed the mark set one RTT ago; the caller keeps
    /// it.
    void sample(Duration rtt, bool new_round, const Sysctl& sysctl);

    bool valid() const { return srtt8_us_ != 0; }

    Duration srtt() const { return std::chrono::microseconds(srtt8_us_ >> 3U); }

    /// As tcp_info shows it.
    Duration mean_deviation() const { return std::chrono::microseconds(mdev4_us_ >> 2U); }

    /// Eight times the smoothed RTT in microseconds, as the kernel keeps it.
    std::uint32_t srtt8_us() const { return srtt8_us_; }

    /// The least of the last tcp_min_rtt_wlen seconds.
    Duration min() const { return std::chrono::microseconds(least_.get()); }

    bool has_min() const { return least_.get() != WindowedMinimum::kNone; }

    /// What an ACK that did not wait measured. Linux tcp_update_rtt_min().
    void note_least(Duration rtt, Time now, const Sysctl& sysctl);

    Duration rto() const { return std::chrono::microseconds(rto_us_); }

    /// To the microsecond, and below four minutes.
    void set_rto(Duration rto) {
        rto_us_ = static_cast<std::uint32_t>(rto.count() / 1000) & kRtoMask;
    }

    /// RTO counts in ticks of this length (a host with a timer wheel); 0: any length.
    void use_ticks(Duration tick) {
        tick_ms_ = static_cast<std::uint32_t>(tick.count() / 1'000'000) & 15U;
    }

    /// The least variance that RTO adds: the route's (`ip route ... rto_min`), not the sysctl's.
    void set_floor(std::uint32_t us) { route_floor_us_ = us; }

    /// Linux tcp_rto_min()
    Duration floor(const Sysctl& sysctl) const;

    /// Recomputes RTO from the estimate: ends a back-off.
    void recompute_rto(const Sysctl& sysctl);
    /// Doubles RTO, up to tcp_rto_max_ms.
    void back_off(const Sysctl& sysctl);

 private:
    static constexpr unsigned kRtoBits = 28;
    static constexpr std::uint32_t kRtoMask = (1U << kRtoBits) - 1;

    std::uint32_t srtt8_us_ = 0;     // 8 times the smoothed RTT
    std::uint32_t mdev4_us_ = 0;     // 4 times the mean deviation
    std::uint32_t mdev_max_us_ = 0;  // largest mdev4 of this round
    std::uint32_t rttvar_us_ = 0;    // 4 times the variance: what RTO adds
    std::uint32_t route_floor_us_ = 0;
    std::uint32_t tick_ms_ : 4 = 0;
    std::uint32_t rto_us_ : kRtoBits = 1'000'000;
    WindowedMinimum least_;  // in microseconds
};

}  // namespace netsim::tcp
