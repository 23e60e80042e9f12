// Waiting times between starts, or think times, with a mean that need not be whole nanoseconds.
#pragma once

#include <cstdint>

#include "netsim/apps.hpp"
#include "netsim/rng.hpp"
#include "netsim/time.hpp"

namespace netsim::app {

class Intervals {
 public:
    /// Mean `seconds` >= 0; `shape` > 1 is Pareto's.
    Intervals(Rng rng, double seconds, Spacing spacing, double shape);

    Duration next();

 private:
    Rng rng_;
    Spacing spacing_;
    double shape_;
    Duration mean_;           // in 2^-shift ns
    unsigned shift_ = 0;      // so that a million a second is no less exact than one
    std::int64_t carry_ = 0;  // what rounding down left of the intervals so far
};

}  // namespace netsim::app
