// The distribution over time of how many half-open requests of a flood a SYN queue holds: a
// birth-death chain on 0..capacity, integrated with implicit Euler steps (positive and of sum 1 at
// any step length). Legitimate requests come and go so much faster that they stand beside it as a
// Poisson number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace netsim::model {

inline constexpr double kLn2 = 0.69314718;  // Poisson(ln 2) is 0 with probability 1/2

class Occupancy {
 public:
    /// Unproven SYNs are let in while fewer than `unproven` are half-open, proven ones while fewer
    /// than `all` are (>= unproven).
    Occupancy(std::uint64_t unproven, std::uint64_t all);

    /// One step of h seconds. `rate`: the flood's SYNs per second. `leaving`: how many of its
    /// requests end in this step. `legit`: mean number of legitimate requests in the queue.
    void step(double h, double rate, double leaving, double legit);

    /// Of the flood's requests.
    double mean() const { return mean_; }

    double unproven_loss() const { return unproven_loss_; }

    double proven_loss() const { return proven_loss_; }

    const std::vector<double>& distribution() const { return p_; }

    /// E[(n - x)+]; an x below 0 is taken as 0.
    double excess(double x) const;

    /// The largest number reached so far with probability 1/2.
    double peak() const;

 private:
    double let_in(std::uint64_t limit, std::size_t n) const;
    void solve(double h, double rate, double death);
    void measure(double looks);

    std::uint64_t unproven_;
    std::uint64_t all_;
    std::vector<double> p_;
    std::vector<double> legit_cdf_;  // P(legitimate <= j), until it is 1
    std::vector<double> excess_;     // E[(n - i)+]
    std::vector<double> tail_max_;   // the largest P(n >= i) so far
    std::vector<double> looks_;      // independent looks at the queue that found n >= i, expected
    std::vector<double> upper_;      // Thomas's algorithm's scratch
    double mean_ = 0;
    double unproven_loss_ = 0;
    double proven_loss_ = 0;
};

/// P(Poisson(mean) <= j) for j = 0, 1, ... until it is 1 within 1e-12.
void poisson_cdf(double mean, std::vector<double>& out);

}  // namespace netsim::model
