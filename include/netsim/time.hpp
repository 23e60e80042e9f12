// Virtual time: std::chrono over a clock of our own, so that an instant and a duration never mix
// and wall-clock time cannot be passed by mistake. The clock has no now(): time is handed in.
#pragma once

#include <chrono>
#include <cstdint>

namespace netsim {

using Duration = std::chrono::nanoseconds;

struct SimClock {
    using duration = Duration;
    using rep = Duration::rep;
    using period = Duration::period;
    using time_point = std::chrono::time_point<SimClock, Duration>;
    static constexpr bool is_steady = true;
};

/// An instant of virtual time: nanoseconds since the start of the run.
using Time = SimClock::time_point;

/// "No deadline".
inline constexpr Time kNever = Time::max();

/// Nanoseconds since the start of the run.
constexpr std::int64_t to_ns(Time t) {
    return t.time_since_epoch().count();
}

/// Seconds since the start of the run, for printing and plotting only: never for decisions.
constexpr double to_seconds(Time t) {
    return std::chrono::duration<double>(t.time_since_epoch()).count();
}

constexpr double to_seconds(Duration d) {
    return std::chrono::duration<double>(d).count();
}

constexpr Time at_ns(std::int64_t ns) {
    return Time(Duration(ns));
}

}  // namespace netsim
