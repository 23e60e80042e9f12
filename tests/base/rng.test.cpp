// Random streams: golden vectors that every compiler and machine must agree on, and distributions.
#include "netsim/rng.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <set>
#include <string>

#include "base/det_math.hpp"

namespace netsim {
namespace {

TEST(Rng, GoldenVectorsOfAStream) {
    Rng rng(42, "link/a-b/0/loss");
    const std::array<std::uint32_t, 6> expected{0x07a989e7U, 0xe2ba9ca6U, 0x3c450576U,
                                                0x0f91940dU, 0xe7af0f20U, 0x9a2becdaU};
    for (const std::uint32_t word : expected) {
        EXPECT_EQ(rng.u32(), word);
    }
}

TEST(Rng, GoldenVectorsOfDistributions) {
    Rng rng(7, "golden");
    EXPECT_EQ(rng.u64(), 0x82921da2d3018cc8ULL);
    EXPECT_EQ(rng.below(1'000'000), 216764U);
    EXPECT_EQ(rng.between(-50, 50), 48);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(rng.unit()), 0x3fb7251582f4ad68ULL);
    EXPECT_EQ(rng.exponential(Duration(1'000'000)).count(), 128680);
    EXPECT_EQ(rng.pareto(Duration(1'000'000), 1.5).count(), 682815);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(rng.normal(0, 1)), 0x3fd5fbe273d8a4f9ULL);
}

TEST(Rng, NamesOfOneSeedGiveDifferentStreams) {
    std::set<std::uint32_t> firsts;
    for (int i = 0; i < 1000; ++i) {
        firsts.insert(Rng(0, "stream " + std::to_string(i)).u32());
    }
    EXPECT_GE(firsts.size(), 999U);  // 32 bits: one chance meeting has odds of 1 in 8,600
}

TEST(Rng, StreamIsAFunctionOfSeedAndName) {
    Rng a(1, "x");
    Rng b(1, "x");
    Rng other_seed(2, "x");
    int equal = 0;
    for (int i = 0; i < 100; ++i) {
        const std::uint64_t word = a.u64();
        EXPECT_EQ(word, b.u64());
        equal += word == other_seed.u64() ? 1 : 0;
    }
    EXPECT_EQ(equal, 0);
}

TEST(Rng, BelowCoversItsRangeEvenly) {
    Rng rng(3, "below");
    std::array<int, 10> counts{};
    constexpr int kDraws = 100'000;
    for (int i = 0; i < kDraws; ++i) {
        ++counts.at(rng.below(10));
    }
    for (const int count : counts) {  // sigma is 95
        EXPECT_NEAR(count, kDraws / 10, 400);
    }
}

TEST(Rng, BetweenIncludesBothEnds) {
    Rng rng(3, "between");
    std::set<std::int64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        seen.insert(rng.between(-2, 2));
    }
    EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
    EXPECT_EQ(rng.between(5, 5), 5);
    static_cast<void>(rng.between(INT64_MIN, INT64_MAX));
}

TEST(Rng, ChanceAtItsLimits) {
    Rng rng(3, "chance");
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(rng.chance(0));
        EXPECT_TRUE(rng.chance(1));
        EXPECT_FALSE(rng.chance(-1));
        EXPECT_TRUE(rng.chance(2));
    }
}

TEST(Rng, MeansOfDistributions) {
    Rng rng(11, "means");
    constexpr int kDraws = 200'000;
    double exponential = 0;
    double pareto = 0;
    double normal = 0;
    double square = 0;
    for (int i = 0; i < kDraws; ++i) {
        exponential += static_cast<double>(rng.exponential(Duration(1'000'000)).count());
        pareto += static_cast<double>(rng.pareto(Duration(1'000'000), 3).count());
        const double x = rng.normal(5, 2);
        normal += x;
        square += (x - 5) * (x - 5);
    }
    EXPECT_NEAR(exponential / kDraws, 1e6, 1e4);
    EXPECT_NEAR(pareto / kDraws, 1e6, 1e4);
    EXPECT_NEAR(normal / kDraws, 5, 0.02);
    EXPECT_NEAR(square / kDraws, 4, 0.06);
}

TEST(Rng, ExponentialOfZeroAndOfHugeMeans) {
    Rng rng(1, "edges");
    EXPECT_EQ(rng.exponential(Duration(0)), Duration(0));
    for (int i = 0; i < 1000; ++i) {
        EXPECT_GE(rng.exponential(Duration::max()), Duration(0));
        EXPECT_GE(rng.pareto(Duration::max(), 1.01), Duration(0));
    }
}

TEST(DetMath, LogAndExpAgreeWithLibm) {
    Rng rng(5, "log");
    for (int i = 0; i < 100'000; ++i) {
        const double x = std::ldexp(1 + rng.unit(), static_cast<int>(rng.between(-1000, 1000)));
        EXPECT_NEAR(det_log(x), std::log(x), 1e-13 * std::abs(std::log(x)));
        const double y = rng.unit() * 1390 - 695;
        EXPECT_NEAR(det_exp(y) / std::exp(y), 1, 1e-13);
    }
}

TEST(DetMath, LogNearOneAndOfTheSmallest) {
    EXPECT_EQ(det_log(1), 0);
    EXPECT_NEAR(det_log(1 + 1e-10) / std::log1p(1e-10), 1, 1e-6);  // 1 + 1e-10 is rounded itself
    EXPECT_NEAR(det_log(5e-324), std::log(5e-324), 1e-10);
    EXPECT_EQ(det_exp(0), 1);
}

TEST(DetMath, LogIsTheSameBitsEverywhere) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(det_log(10)), 0x40026bb1bbb55516ULL);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(det_exp(1)), 0x4005bf0a8b14576aULL);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(det_sin(1)), 0x3feaed548f090ceeULL);
}

TEST(DetMath, TrigonometryAgreesWithLibm) {
    for (int i = -628; i <= 628; ++i) {
        const double x = i / 100.0;
        EXPECT_NEAR(det_sin(x), std::sin(x), 1e-14) << x;
        if (i >= -314 && i <= 314) {
            EXPECT_NEAR(det_cos(x), std::cos(x), 1e-14) << x;
        }
    }
    for (int i = -1000; i <= 1000; ++i) {
        const double x = i / 1000.0;
        EXPECT_NEAR(det_asin(x), std::asin(x), 1e-14) << x;
    }
}

}  // namespace
}  // namespace netsim
