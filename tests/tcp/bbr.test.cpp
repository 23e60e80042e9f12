// BBR: the windowed maximum, the pacing rate, and a transfer through its modes.
#include "tcp/bbr.hpp"

#include <gtest/gtest.h>

#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

TEST(WindowedMax, RemembersTheBestOfTheWindow) {
    WindowedMax m;
    m.reset(0, 0);
    m.add(10, 1, 100);
    for (std::uint32_t round = 2; round <= 11; ++round) {
        m.add(10, round, 50 + round);
        EXPECT_EQ(m.get(), 100U) << round;
    }
    m.add(10, 12, 40);  // the hundred is more than ten rounds old
    EXPECT_LT(m.get(), 100U);
    EXPECT_GE(m.get(), 50U);
    m.add(10, 13, 200);
    EXPECT_EQ(m.get(), 200U);
}

TEST(WindowedMax, ForgetsAllAfterASilence) {
    WindowedMax m;
    m.reset(0, 0);
    m.add(10, 1, 100);
    m.add(10, 40, 7);
    EXPECT_EQ(m.get(), 7U);
}

TEST(BbrRate, IsOnePercentBelowTheBandwidth) {
    // One segment of 1000 bytes per millisecond is 1 MB/s.
    const std::uint64_t bandwidth = bbr::kBwUnit / 1000;
    EXPECT_NEAR(static_cast<double>(bbr::bytes_per_second(1000, bandwidth, bbr::kUnit)), 990'000,
                100);
    EXPECT_NEAR(static_cast<double>(bbr::bytes_per_second(1000, bandwidth, bbr::kHighGain)),
                990'000 * 739 / 256, 300);
}

}  // namespace
}  // namespace netsim::tcp
