// Samples of a gauge over virtual time.
#pragma once

#include <string>
#include <vector>

#include "netsim/time.hpp"

namespace netsim {

/// A series of samples, one per interval from its start on.
struct Series {
    std::string name{};
    Duration interval{0};
    Time start{};
    std::vector<double> values{};
};

}  // namespace netsim
