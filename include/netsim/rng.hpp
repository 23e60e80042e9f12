// Named, counter-based random streams (Philox4x32-10 from Random123). A stream is a pure function
// of (seed, name): adding a consumer leaves every other stream's draws unchanged. The distributions
// are our own, built on integer and IEEE basic operations only, because libm's and std::'s results
// differ between machines and libraries (docs/decisions/0004).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "netsim/time.hpp"

namespace netsim {

class Rng {
 public:
    /// The stream `name` of the run with this seed, e.g. Rng(42, "link/a-b/loss").
    Rng(std::uint64_t seed, std::string_view name);

    std::uint32_t u32();
    std::uint64_t u64();
    /// Uniform in [0, n); n > 0. Unbiased (Lemire's method).
    std::uint64_t below(std::uint64_t n);
    /// Uniform in [lo, hi], both included; lo <= hi.
    std::int64_t between(std::int64_t lo, std::int64_t hi);
    /// Uniform in [0, 1), 53 bits.
    double unit();
    /// True with probability p; p <= 0 never, p >= 1 always. Draws once in any case.
    bool chance(double p);
    /// Exponential with this mean; the mean must be >= 0.
    Duration exponential(Duration mean);
    /// Pareto with this mean and shape > 1 (smaller shape: heavier tail).
    Duration pareto(Duration mean, double shape);
    /// Normal (Marsaglia's polar method on det_log).
    double normal(double mean, double sigma);

 private:
    std::array<std::uint32_t, 4> block_{};
    std::array<std::uint32_t, 2> key_{};
    std::uint64_t counter_ = 0;
    std::uint64_t stream_ = 0;  // hash of the name
    unsigned left_ = 0;
};

/// Natural logarithm and exponential from IEEE +-*/ only: the same bits on every machine.
/// Relative error under 1e-13. x > 0 for det_log; |x| < 700 for det_exp.
double det_log(double x);
double det_exp(double x);

/// 64-bit hash of a name, the same everywhere (FNV-1a, finished with a mixer).
std::uint64_t name_hash(std::string_view name);

}  // namespace netsim
