// Waiting times: their means, exactness and tails.
#include "app/intervals.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace netsim::app {
namespace {

Duration sum_of(Intervals intervals, int count) {
    Duration sum{0};
    for (int i = 0; i < count; ++i) {
        const Duration d = intervals.next();
        EXPECT_GE(d, Duration{0});
        sum += d;
    }
    return sum;
}

TEST(Intervals, FixedOnesDoNotDriftAtRatesThatDivideNoSecond) {
    // Three million a second: 333.33 ns each; a thousand of them must be 333,333 ns, not 333,000.
    const Duration sum = sum_of({Rng(1, "x"), 1 / 3e6, Spacing::kFixed, 1.5}, 3'000'000);
    EXPECT_NEAR(static_cast<double>(sum.count()), 1e9, 2000);
    const Duration exact = sum_of({Rng(1, "x"), 0.001, Spacing::kFixed, 1.5}, 1000);
    EXPECT_EQ(exact, std::chrono::seconds(1));
}

TEST(Intervals, ExponentialHasItsMeanAndDeviation) {
    Intervals intervals(Rng(7, "x"), 5e-5, Spacing::kExponential, 1.5);
    double sum = 0;
    double squares = 0;
    constexpr int kCount = 200'000;
    for (int i = 0; i < kCount; ++i) {
        const auto ns = static_cast<double>(intervals.next().count());
        sum += ns;
        squares += ns * ns;
    }
    const double mean = sum / kCount;
    EXPECT_NEAR(mean, 50'000, 50'000 * 0.01);
    EXPECT_NEAR(squares / kCount / (mean * mean), 2.0, 0.05) << "E[x2] = 2 E[x]2";
}

TEST(Intervals, ParetoIsHeavyTailed) {
    const Duration sum = sum_of({Rng(7, "x"), 0.001, Spacing::kPareto, 3.0}, 200'000);
    EXPECT_NEAR(to_seconds(sum), 200.0, 4.0);
}

TEST(Intervals, LongMeansStayInRange) {
    EXPECT_GT(sum_of({Rng(7, "x"), 86400.0, Spacing::kExponential, 1.5}, 1000),
              std::chrono::hours(24 * 800));
}

}  // namespace
}  // namespace netsim::app
