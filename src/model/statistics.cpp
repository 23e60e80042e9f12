// Confidence intervals.
#include "model/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace netsim::model {

double student_t99(std::uint64_t degrees_of_freedom) {
    constexpr std::array<double, 30> kTable{63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355,
                                            3.250,  3.169, 3.106, 3.055, 3.012, 2.977, 2.947, 2.921,
                                            2.898,  2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797,
                                            2.787,  2.779, 2.771, 2.763, 2.756, 2.750};
    if (degrees_of_freedom == 0) {
        return HUGE_VAL;
    }
    if (degrees_of_freedom <= kTable.size()) {
        return kTable.at(degrees_of_freedom - 1);
    }
    // First two terms of the Cornish-Fisher expansion in 1/df: within 0.001 beyond 30.
    const double df = static_cast<double>(degrees_of_freedom);
    const double z = kZ99;
    return z + (z * z * z + z) / (4 * df) +
           (5 * std::pow(z, 5) + 16 * std::pow(z, 3) + 3 * z) / (96 * df * df);
}

Interval binomial_interval(std::uint64_t successes, std::uint64_t trials) {
    const double n = static_cast<double>(trials);
    const double p = static_cast<double>(successes) / n;
    const double z2 = kZ99 * kZ99;
    const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = kZ99 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double mean(std::span<const double> values) {
    double sum = 0;
    for (const double v : values) {
        sum += v;
    }
    return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

Interval mean_interval(std::span<const double> values) {
    const double m = mean(values);
    double squares = 0;
    for (const double v : values) {
        squares += (v - m) * (v - m);
    }
    const double n = static_cast<double>(values.size());
    const double half = student_t99(values.size() - 1) * std::sqrt(squares / (n - 1) / n);
    return {m - half, m + half};
}

}  // namespace netsim::model
