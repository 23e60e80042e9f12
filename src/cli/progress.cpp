// The bar: simulated time, events per second, time left.
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace netsim::cli {
namespace {

constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::size_t kWidth = 24;

}  // namespace

void Progress::restart() {
    if (drawn_) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
    }
    drawn_ = false;
    first_ = true;
    begun_ = WallClock::now();
}

void Progress::update(const std::string& name, Time now, Time end, std::uint64_t events) {
    if (!on_) {
        return;
    }
    if (first_) {
        first_ = false;
        began_at_ = now;
        events_before_ = events;
    }
    const WallClock::time_point wall = WallClock::now();
    if (wall - begun_ < kPatience || wall - drawn_at_ < kRedraw) {
        return;
    }
    drawn_ = true;
    drawn_at_ = wall;
    const double spent = std::chrono::duration<double>(wall - begun_).count();
    const double rate = static_cast<double>(events - events_before_) / spent;
    std::string line = fmt::format("{}: {:.1f} s", name, to_seconds(now));
    if (end != kNever && end > began_at_) {
        const double share =
            std::clamp(to_seconds(now - began_at_) / to_seconds(end - began_at_), 0.0, 1.0);
        const auto filled = static_cast<std::size_t>(share * static_cast<double>(kWidth));
        line = fmt::format("{}: [{}{}] {:.1f}/{:.1f} s", name, std::string(filled, '#'),
                           std::string(kWidth - filled, '.'), to_seconds(now), to_seconds(end));
        if (share > 0) {
            line += fmt::format(", {:.0f} s left", spent * (1 - share) / share);
        }
    }
    line += fmt::format(", {:.2f} M events/s", rate / 1e6);
    fmt::print(stderr, "\r{}\033[K", line);
    std::fflush(stderr);
}

}  // namespace netsim::cli
