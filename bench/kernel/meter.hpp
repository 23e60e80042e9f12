// CPU time of this thread per event: what others do on a shared machine does not count, and a
// softirq that the kernel runs inside a call does.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace netsim::kernel_bench {

inline std::int64_t clock_ns(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

class Meter {
 public:
    /// Runs `all`, which does `count` events, and keeps the time of one under `name`.
    template <typename F>
    void time(const std::string& name, std::size_t count, F all) {
        const std::int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        all();
        const std::int64_t spent = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
        add(name, static_cast<double>(spent) / static_cast<double>(count));
    }

    void add(const std::string& name, double ns) { batches_[name].push_back(ns); }

    /// The median of the batches: none is so lucky or unlucky that it counts alone.
    std::map<std::string, double> medians() const {
        std::map<std::string, double> out;
        for (const auto& [name, batches] : batches_) {
            std::vector<double> sorted = batches;
            std::sort(sorted.begin(), sorted.end());
            out[name] = sorted[sorted.size() / 2];
        }
        return out;
    }

 private:
    std::map<std::string, std::vector<double>> batches_;
};

}  // namespace netsim::kernel_bench
