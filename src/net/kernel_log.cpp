// Lines with their time, and Linux's default rate limit of warnings.
#include "net/kernel_log.hpp"

namespace netsim::net {
namespace {

constexpr std::size_t kLogLinesMax = 10'000;
constexpr Duration kWarnWindow = std::chrono::seconds(5);  // DEFAULT_RATELIMIT_INTERVAL
constexpr std::uint32_t kWarnBurst = 10;                   // DEFAULT_RATELIMIT_BURST

std::string log_stamp(Time now) {
    const std::int64_t us = to_ns(now) / 1000;
    std::string seconds = std::to_string(us / 1'000'000);
    std::string fraction = std::to_string(us % 1'000'000);
    seconds.insert(0, seconds.size() < 5 ? 5 - seconds.size() : 0, ' ');
    fraction.insert(0, 6 - fraction.size(), '0');
    return "[" + seconds + "." + fraction + "] ";
}

}  // namespace

void KernelLog::add(Time now, const std::string& line) {
    if (lines_.size() == kLogLinesMax) {
        lines_.pop_front();
    }
    lines_.push_back(log_stamp(now) + line);
}

void KernelLog::warn(Time now, const std::string& line) {
    if (warned_ == 0 || now - window_began_ > kWarnWindow) {
        if (suppressed_ > 0) {
            add(now, "net_ratelimit: " + std::to_string(suppressed_) + " callbacks suppressed");
        }
        window_began_ = now;
        warned_ = 0;
        suppressed_ = 0;
    }
    if (warned_ < kWarnBurst) {
        ++warned_;
        add(now, line);
    } else {
        ++suppressed_;
    }
}

std::string KernelLog::text() const {
    std::string all;
    for (const std::string& line : lines_) {
        all += line;
        all += '\n';
    }
    return all;
}

}  // namespace netsim::net
