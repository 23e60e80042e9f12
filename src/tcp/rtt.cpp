// RTT estimation. RFC 6298 with Linux's three changes: a floor under the variance (so RTO is never
// far under RTT + 200 ms), a slow reaction to falling RTTs, and a variance that falls once per
// round.
#include "tcp/rtt.hpp"

#include <algorithm>

#include "tcp/sysctl.hpp"

namespace netsim::tcp {

Duration Rtt::floor(const Sysctl& sysctl) const {
    return std::chrono::microseconds(route_floor_us_ != 0 ? route_floor_us_
                                                          : sysctl.tcp_rto_min_us);
}

void Rtt::sample(Duration rtt, bool new_round, const Sysctl& sysctl) {
    const auto us = static_cast<std::uint32_t>(std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::microseconds>(rtt).count()));
    const auto floor_us = static_cast<std::uint32_t>(floor(sysctl).count() / 1000);
    if (srtt8_us_ == 0) {  // RFC 6298 §2.2
        srtt8_us_ = us << 3U;
        mdev4_us_ = us << 1U;
        rttvar_us_ = std::max(mdev4_us_, floor_us);
        mdev_max_us_ = rttvar_us_;
    } else {
        std::int64_t error = static_cast<std::int64_t>(us) - (srtt8_us_ >> 3U);
        srtt8_us_ = static_cast<std::uint32_t>(static_cast<std::int64_t>(srtt8_us_) + error);
        if (error < 0) {
            error = -error - (mdev4_us_ >> 2U);
            // A falling RTT raises the deviation only by an eighth of what a rising one does, so
            // that it does not raise RTO.
            if (error > 0) {
                error >>= 3;
            }
        } else {
            error -= mdev4_us_ >> 2U;
        }
        mdev4_us_ = static_cast<std::uint32_t>(static_cast<std::int64_t>(mdev4_us_) + error);
        if (mdev4_us_ > mdev_max_us_) {
            mdev_max_us_ = mdev4_us_;
            rttvar_us_ = std::max(rttvar_us_, mdev_max_us_);
        }
        if (new_round) {
            if (mdev_max_us_ < rttvar_us_) {
                rttvar_us_ -= (rttvar_us_ - mdev_max_us_) >> 2U;
            }
            mdev_max_us_ = floor_us;
        }
    }
    srtt8_us_ = std::max(srtt8_us_, 1U);
}

void Rtt::note_least(Duration rtt, Time now, const Sysctl& sysctl) {
    const auto us = static_cast<std::uint32_t>(std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::microseconds>(rtt).count()));
    const auto window_ms = static_cast<std::uint32_t>(sysctl.tcp_min_rtt_wlen * 1000);
    least_.take(us, static_cast<std::uint32_t>(to_ns(now) / 1'000'000), window_ms);
}

void WindowedMinimum::take(std::uint32_t value, std::uint32_t now, std::uint32_t window) {
    const Sample sample{value, now};
    const Sample newest = later_ ? later_->third : least_;
    if (value <= least_.value || now - newest.at > window) {  // a new least, or all are too old
        return restart(sample);
    }
    if (later_ && value <= later_->second.value) {
        later_->second = later_->third = sample;
    } else if (later_ && value <= later_->third.value) {
        later_->third = sample;
    }
    age(sample, window);
}

void WindowedMinimum::restart(Sample sample) {
    least_ = sample;
    later_.reset();
}

/// The choices move up when the first has left the window; and they are kept apart in time, the
/// second at least a quarter of the window after the first, the third half a window.
void WindowedMinimum::age(Sample sample, std::uint32_t window) {
    const std::uint32_t passed = sample.at - least_.at;
    if (!later_) {
        if (passed > window / 4) {
            later_ = std::make_unique<Later>(Later{sample, sample});
        }
        return;
    }
    if (passed > window) {
        // Twice at most: the third choice was found to lie in the window.
        do {
            least_ = later_->second;
            later_->second = later_->third;
            later_->third = sample;
        } while (sample.at - least_.at > window);
    } else if (later_->second.at == least_.at && passed > window / 4) {
        later_->second = later_->third = sample;
    } else if (later_->third.at == later_->second.at && passed > window / 2) {
        later_->third = sample;
    }
}

void Rtt::recompute_rto(const Sysctl& sysctl) {
    if (!valid()) {
        return;
    }
    std::uint32_t us = (srtt8_us_ >> 3U) + rttvar_us_;
    if (tick_ms_ != 0) {  // usecs_to_jiffies()
        const std::uint32_t tick_us = tick_ms_ * 1000U;
        us = (us + tick_us - 1) / tick_us * tick_us;
    }
    set_rto(std::min<Duration>(std::chrono::microseconds(us),
                               std::chrono::milliseconds(sysctl.tcp_rto_max_ms)));
}

void Rtt::back_off(const Sysctl& sysctl) {
    set_rto(std::min<Duration>(rto() * 2, std::chrono::milliseconds(sysctl.tcp_rto_max_ms)));
}

}  // namespace netsim::tcp
