// The lateness of Linux's timers: jiffies, and a wheel whose buckets grow eightfold by level
// (kernel/time/timer.c). Off by default: ideal timers fire on their deadline.
#pragma once

#include <cstdint>

#include "netsim/time.hpp"

namespace netsim::tcp {

struct TimerWheel {
    bool on = false;
    /// Where in its tick count the host stands at time 0: which buckets a timer falls into depends
    /// on it.
    Duration phase{0};

    static constexpr Duration kJiffy = std::chrono::milliseconds(4);  // HZ=250

    /// The unit of the kernel's times; 0: none.
    Duration granularity() const { return on ? kJiffy : Duration{0}; }

    /// The last tick: what a kernel means by "now" where it counts in jiffies.
    Time tick(Time now) const {
        if (!on) {
            return now;
        }
        const std::int64_t since = to_ns(now) + phase.count();
        return Time(Duration(since / kJiffy.count() * kJiffy.count()) - phase);
    }

    /// A length of time as the kernel's timers know it: whole ticks, rounded up.
    Duration in_ticks(Duration d) const {
        return on ? Duration((d.count() + kJiffy.count() - 1) / kJiffy.count() * kJiffy.count())
                  : d;
    }

    /// Half of it; whole ticks, rounded down.
    Duration halved(Duration d) const {
        return on ? Duration(d.count() / 2 / kJiffy.count() * kJiffy.count()) : d / 2;
    }

    /// When a timer armed at `now` for `at` fires. Linux calc_wheel_index(), calc_index().
    Time fires_at(Time now, Time at) const {
        if (!on || at == kNever) {
            return at;
        }
        constexpr std::int64_t kLevels = 9;
        constexpr std::int64_t kLevelSize = 64;
        constexpr std::int64_t kShift = 3;
        const std::int64_t ticks_now = (to_ns(now) + phase.count()) / kJiffy.count();
        const std::int64_t wait = (at - now).count();
        const std::int64_t ticks = wait <= 0 ? 0 : (wait + kJiffy.count() - 1) / kJiffy.count();
        const std::int64_t expires = ticks_now + ticks;
        std::int64_t level = 0;
        while (level + 1 < kLevels && ticks >= (kLevelSize - 1) << (level * kShift)) {
            ++level;
        }
        const std::int64_t bucket = ((expires >> (level * kShift)) + 1) << (level * kShift);
        return Time(Duration(bucket * kJiffy.count()) - phase);
    }
};

}  // namespace netsim::tcp
