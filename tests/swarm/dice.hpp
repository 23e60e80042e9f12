// Draws of one seed: a named stream, with the shapes a swarm needs.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "netsim/rng.hpp"
#include "netsim/time.hpp"

namespace netsim::swarm {

class Dice {
 public:
    Dice(std::uint64_t seed, std::string_view name) : rng_(seed, name) {}

    bool chance(double p) { return rng_.chance(p); }

    std::uint64_t below(std::uint64_t n) { return rng_.below(n); }

    /// lo and hi included.
    std::uint64_t between(std::uint64_t lo, std::uint64_t hi) {
        return lo + rng_.below(hi - lo + 1);
    }

    Duration between(Duration lo, Duration hi) {
        return Duration(rng_.between(lo.count(), hi.count()));
    }

    Duration exponential(Duration mean) { return rng_.exponential(mean); }

    double unit() { return rng_.unit(); }

    template <typename T, std::size_t N>
    T pick(const T (&choices)[N]) {
        return choices[rng_.below(N)];
    }

    template <typename Container>
    auto& one_of(Container& container) {
        return container[static_cast<std::size_t>(rng_.below(container.size()))];
    }

 private:
    Rng rng_;
};

}  // namespace netsim::swarm
