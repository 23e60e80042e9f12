// RTT estimation against numbers worked out by hand from Linux's rules (facts, section 6).
#include "tcp/rtt.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "netsim/rng.hpp"
#include "tcp/sysctl.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

struct RttTest : testing::Test {
    Sysctl sysctl;
    Rtt rtt;

    Duration after(Duration sample, bool new_round = true) {
        rtt.sample(sample, new_round, sysctl);
        rtt.recompute_rto(sysctl);
        return rtt.rto();
    }
};

TEST_F(RttTest, StartsAtOneSecond) {
    EXPECT_EQ(rtt.rto(), 1s);
    EXPECT_FALSE(rtt.valid());
    rtt.recompute_rto(sysctl);
    EXPECT_EQ(rtt.rto(), 1s);
}

TEST_F(RttTest, TheFirstSample) {
    EXPECT_EQ(after(50ms), 250ms);  // var = max(2R, 200 ms)
    EXPECT_EQ(rtt.srtt(), 50ms);
    EXPECT_EQ(rtt.mean_deviation(), 25ms);
    Rtt far;
    far.sample(300ms, true, sysctl);
    far.recompute_rto(sysctl);
    EXPECT_EQ(far.rto(), 900ms);
    EXPECT_TRUE(rtt.valid());
}

TEST_F(RttTest, ARisingRtt) {
    after(100ms);
    EXPECT_EQ(rtt.rto(), 300ms);
    EXPECT_EQ(after(180ms), 340ms);  // srtt 110; D = 200 + (80 - 50) = 230
    EXPECT_EQ(rtt.srtt(), 110ms);
}

TEST_F(RttTest, AFallingRttHardlyRaisesTheDeviation) {
    after(400ms);
    EXPECT_EQ(rtt.rto(), 1200ms);  // D = 800
    // e = -300: |e| - D/4 = 100, an eighth of it: D = 812.5; srtt 362.5
    EXPECT_EQ(after(100ms, false), 1175ms);
    EXPECT_EQ(rtt.srtt(), 362500us);
}

TEST_F(RttTest, TheVarianceFallsOncePerRound) {
    after(400ms);  // var 800, mdev_max 800
    after(400ms);  // the round ends: mdev_max restarts at the floor
    const Duration before = rtt.rto();
    after(400ms);  // var falls by a quarter of its distance to this round's largest
    EXPECT_LT(rtt.rto(), before);
    for (int i = 0; i < 100; ++i) {
        after(400ms);
    }
    EXPECT_NEAR(to_seconds(rtt.rto()), 0.6, 0.001);  // RTT + 200 ms, never less
    EXPECT_GE(rtt.rto(), 600ms);
}

/// What the filter is to give at a quarter of the memory: the least of all samples of the window.
TEST(WindowedMinimum, IsNearTheTrueMinimumOfTheWindow) {
    constexpr std::uint32_t kWindow = 1000;
    Rng rng(7, "windowed-minimum");
    WindowedMinimum least;
    EXPECT_EQ(least.get(), WindowedMinimum::kNone);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> samples;  // (time, value)
    std::uint32_t now = 0xfffff000U;                               // the clock wraps on the way
    for (int i = 0; i < 20000; ++i) {
        now += static_cast<std::uint32_t>(rng.below(20));
        const auto value = static_cast<std::uint32_t>(100 + rng.below(1000));
        samples.emplace_back(now, value);
        least.take(value, now, kWindow);
        std::uint32_t exact = WindowedMinimum::kNone;
        for (std::size_t k = samples.size(); k-- > 0 && now - samples[k].first <= kWindow;) {
            exact = std::min(exact, samples[k].second);
        }
        // Never less than the truth: what has left the window is forgotten. Hardly ever more.
        ASSERT_GE(least.get(), exact);
        ASSERT_LE(least.get(), exact + 150);
    }
}

TEST(WindowedMinimum, TheSecondChoiceTakesOverAndThenTheThird) {
    WindowedMinimum least;
    least.take(10, 0, 100);
    least.take(30, 25, 100);  // within the first quarter nothing is kept
    least.take(20, 26, 100);  // second and third choice
    least.take(25, 51, 100);  // half a window has passed: third choice
    least.take(40, 100, 100);
    EXPECT_EQ(least.get(), 10U);
    least.take(40, 101, 100);  // the 10 is 101 old
    EXPECT_EQ(least.get(), 20U);
    least.take(40, 127, 100);
    EXPECT_EQ(least.get(), 25U);
    least.take(60, 228, 100);  // all of them are too old
    EXPECT_EQ(least.get(), 60U);
    least.take(5, 229, 100);
    EXPECT_EQ(least.get(), 5U);
}

TEST_F(RttTest, TheLeastRttIsForgottenAfterTcpMinRttWlen) {
    const auto note = [&](Duration sample, Duration at) {
        rtt.note_least(sample, Time{} + at, sysctl);
    };
    EXPECT_FALSE(rtt.has_min());
    note(10ms, 1s);
    EXPECT_EQ(rtt.min(), 10ms);
    for (int second = 2; second <= 301; ++second) {
        note(50ms, std::chrono::seconds(second));
    }
    EXPECT_EQ(rtt.min(), 10ms);  // 300 s old
    note(50ms, 302s);
    EXPECT_EQ(rtt.min(), 50ms);
    note(20ms, 303s);
    sysctl.tcp_min_rtt_wlen = 5;
    note(40ms, 309s);
    EXPECT_EQ(rtt.min(), 40ms);
}

TEST_F(RttTest, BackOffDoublesUpTo120Seconds) {
    after(100ms);
    Duration expected = 300ms;
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(rtt.rto(), expected);
        rtt.back_off(sysctl);
        expected = std::min<Duration>(expected * 2, 120s);
    }
    EXPECT_EQ(rtt.rto(), 120s);
    EXPECT_LE(after(100ms), 300ms);  // a sample ends it
}

TEST_F(RttTest, BoundsAreSysctls) {
    sysctl.tcp_rto_min_us = 5000;
    EXPECT_EQ(after(1ms), 6ms);
    sysctl.tcp_rto_max_ms = 2000;
    for (int i = 0; i < 20; ++i) {
        rtt.back_off(sysctl);
    }
    EXPECT_EQ(rtt.rto(), 2s);
    Rtt far;
    far.sample(60s, true, sysctl);
    far.recompute_rto(sysctl);
    EXPECT_EQ(far.rto(), 2s);
}

TEST_F(RttTest, TinySamplesCountAsAMicrosecond) {
    EXPECT_EQ(after(1ns), 200001us);
    EXPECT_TRUE(rtt.valid());
    for (int i = 0; i < 50; ++i) {
        after(1ns);
    }
    EXPECT_TRUE(rtt.valid());
    EXPECT_FALSE(rtt.has_min());
    rtt.note_least(20ms, Time{} + 1s, sysctl);
    rtt.note_least(1ns, Time{} + 1s, sysctl);
    rtt.note_least(30ms, Time{} + 1s, sysctl);
    EXPECT_EQ(rtt.min(), 1us);
}

}  // namespace
}  // namespace netsim::tcp
