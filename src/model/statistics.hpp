// Confidence intervals at 99 %, for comparing a simulation with a formula.
#pragma once

#include <cstdint>
#include <span>

namespace netsim::model {

struct Interval {
    double low = 0;
    double high = 0;

    bool contains(double x) const { return low <= x && x <= high; }
};

/// Two-sided 99 % quantile of the normal distribution.
inline constexpr double kZ99 = 2.5758293035489004;

/// Two-sided 99 % quantile of Student's t.
double student_t99(std::uint64_t degrees_of_freedom);

/// Wilson's score interval for a probability, from independent trials (trials > 0).
Interval binomial_interval(std::uint64_t successes, std::uint64_t trials);

/// For the mean of independent (or batch) means; at least 2.
Interval mean_interval(std::span<const double> values);

double mean(std::span<const double> values);

}  // namespace netsim::model
