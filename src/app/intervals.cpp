// Waiting times, drawn in fractions of a nanosecond; the rounding is carried on.
#include "app/intervals.hpp"

namespace netsim::app {
namespace {

constexpr unsigned kFractionBits = 10;
constexpr double kNsPerSecond = 1e9;

}  // namespace

Intervals::Intervals(Rng rng, double seconds, Spacing spacing, double shape)
    : rng_(rng), spacing_(spacing), shape_(shape), mean_(0) {
    double ns = seconds * kNsPerSecond;
    if (ns < kNsPerSecond) {
        shift_ = kFractionBits;
        ns *= static_cast<double>(1U << kFractionBits);
    }
    mean_ = Duration(static_cast<std::int64_t>(ns + 0.5));
}

Duration Intervals::next() {
    std::int64_t drawn = mean_.count();
    if (spacing_ == Spacing::kExponential) {
        drawn = rng_.exponential(mean_).count();
    } else if (spacing_ == Spacing::kPareto) {
        drawn = rng_.pareto(mean_, shape_).count();
    }
    drawn += carry_;
    const std::int64_t whole = drawn >> shift_;
    carry_ = drawn - (whole << shift_);
    return Duration(whole);
}

}  // namespace netsim::app
