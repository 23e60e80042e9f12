// A node's kernel log, as dmesg shows it: what firewalls log, and warnings of full tables.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "netsim/time.hpp"

namespace netsim::net {

class KernelLog {
 public:
    void add(Time now, const std::string& line);
    /// At most 10 in 5 seconds: net_warn_ratelimited().
    void warn(Time now, const std::string& line);

    /// "[   12.345678] ..." a line; the oldest are forgotten after 10,000.
    std::string text() const;

    std::size_t size() const { return lines_.size(); }

 private:
    std::deque<std::string> lines_;
    Time window_began_{};
    std::uint32_t warned_ = 0;
    std::uint64_t suppressed_ = 0;
};

}  // namespace netsim::net
