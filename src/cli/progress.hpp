// A progress bar for what takes over a second, on a terminal only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "netsim/time.hpp"

namespace netsim::cli {

class Progress {
 public:
    /// Draws nothing if not `on`.
    explicit Progress(bool on) : on_(on) {}

    /// A run begins or ends: the bar of the last one goes.
    void restart();
    void update(const std::string& name, Time now, Time end, std::uint64_t events);

 private:
    using WallClock = std::chrono::steady_clock;

    bool on_;
    bool drawn_ = false;
    WallClock::time_point begun_ = WallClock::now();
    WallClock::time_point drawn_at_{};
    Time began_at_{};
    std::uint64_t events_before_ = 0;
    bool first_ = true;
};

}  // namespace netsim::cli
