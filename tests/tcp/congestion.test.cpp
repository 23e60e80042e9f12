// Reno and CUBIC as algorithms: thresholds, growth, HyStart. RFC 5681, RFC 9438.
#include "tcp/congestion.hpp"

#include <gtest/gtest.h>

#include "support/tcp_bench.hpp"
#include "tcp/connection.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

AckSample ack_at(Duration at, std::uint32_t acked, Duration rtt = 0ms) {
    return {.now = Time(at),
            .acked = acked,
            .limited = true,
            .rtt = rtt,
            .snd_una = wire::SeqNum(0),
            .snd_nxt = wire::SeqNum(1000)};
}

/// An ACK as the sender passes it on: the RTT sample first.
void acknowledge(const CongestionControl& algorithm, Congestion& c, const AckSample& sample) {
    algorithm.on_rtt(c, sample);
    algorithm.on_ack(c, sample);
}

Congestion with(std::uint32_t cwnd, std::uint32_t ssthresh) {
    Congestion c;
    c.cwnd = cwnd;
    c.ssthresh = ssthresh;
    return c;
}

TEST(Reno, GrowsByOneAWindowAndHalves) {  // RFC 5681 §3.1
    Congestion c = with(10, 10);
    for (int i = 0; i < 9; ++i) {
        reno().on_ack(c, ack_at(1s, 1));
    }
    EXPECT_EQ(c.cwnd, 10U);
    reno().on_ack(c, ack_at(1s, 1));
    EXPECT_EQ(c.cwnd, 11U);
    EXPECT_EQ(reno().ssthresh(c), 5U);
}

TEST(Reno, SlowStartStopsAtTheThreshold) {
    Congestion c = with(10, 15);
    reno().on_ack(c, ack_at(1s, 10));
    EXPECT_EQ(c.cwnd, 15U);  // five by slow start, the other five are half a window
    EXPECT_EQ(c.cwnd_count, 5U);
}

TEST(Reno, AnIdleWindowDoesNotGrow) {
    Congestion c = with(10, kInfiniteSsthresh);
    AckSample sample = ack_at(1s, 10);
    sample.limited = false;
    reno().on_ack(c, sample);
    EXPECT_EQ(c.cwnd, 10U);
}

TEST(Cubic, KeepsSeventyPercentAndRemembersLessOnASecondLoss) {  // RFC 9438 §4.6, §4.7
    Congestion c = with(100, 50);
    EXPECT_EQ(cubic().ssthresh(c), 70U);
    EXPECT_EQ(c.cubic->last_max_cwnd, 100U);
    c.cwnd = 80;
    EXPECT_EQ(cubic().ssthresh(c), 56U);
    EXPECT_EQ(c.cubic->last_max_cwnd, 68U);  // 80 * (1 + 0.7) / 2
}

// W(t) = C (t - K)^3 + Wmax with K = cbrt(Wmax (1 - beta) / C) = cbrt(300 / 0.4) = 9.09 s for Wmax
// = 1000.
TEST(Cubic, ReturnsToTheLastMaximumAfterK) {
    Congestion c = with(1000, 500);
    c.ssthresh = cubic().ssthresh(c);
    c.cwnd = c.ssthresh;
    Duration at = 10s;
    const Duration end = at + 9090ms;
    std::uint32_t half_way = 0;
    for (; at < end; at += 200ms) {  // one RTT: the whole window is acknowledged
        acknowledge(cubic(), c, ack_at(at, c.cwnd, 200ms));
        if (at < 14500ms) {
            half_way = c.cwnd;
        }
    }
    // At half of K the curve has made 7/8 of the way: concave.
    EXPECT_NEAR(half_way, 700 + 300 * 7 / 8, 15);
    EXPECT_NEAR(c.cwnd, 1000U, 10);
    for (; at < end + 4545ms; at += 200ms) {
        acknowledge(cubic(), c, ack_at(at, c.cwnd, 200ms));
    }
    EXPECT_NEAR(c.cwnd, 1000 + 300 / 8, 20);  // convex: as slow after the maximum as before it
}

TEST(Cubic, IsNeverSlowerThanReno) {  // RFC 9438 §4.3: short RTTs
    Congestion c = with(10, 10);
    c.ssthresh = cubic().ssthresh(c);
    c.cwnd = c.ssthresh;
    Duration at = 1s;
    for (int round = 0; round < 100; ++round, at += 1ms) {
        acknowledge(cubic(), c, ack_at(at, c.cwnd, 1ms));
    }
    // Reno with beta 0.7 grows by about 0.53 segments an RTT.
    EXPECT_GT(c.cwnd, 30U);
}

TEST(Cubic, HystartLeavesSlowStartWhenTheRttRises) {
    Congestion c = with(20, kInfiniteSsthresh);
    for (int i = 0; i < 20; ++i) {
        acknowledge(cubic(), c, ack_at(1s + i * 5ms, 1, 100ms));
    }
    EXPECT_EQ(c.ssthresh, kInfiniteSsthresh);
    for (int i = 0; i < 20; ++i) {
        AckSample sample = ack_at(2s + i * 5ms, 1, 130ms);
        if (i == 0) {  // a new round
            sample.snd_una = wire::SeqNum(1001);
        }
        sample.snd_nxt = wire::SeqNum(2000);
        acknowledge(cubic(), c, sample);
    }
    EXPECT_LT(c.ssthresh, kInfiniteSsthresh);
    EXPECT_EQ(c.left_slow_start, SlowStartExit::kDelay);
}

TEST(Cubic, ForgetsOnATimeout) {
    Congestion c = with(100, 50);
    c.ssthresh = cubic().ssthresh(c);
    Connection connection;
    connection.edit_sending().cc = std::move(c);
    const FakePaths paths;
    StackState state(paths, Sysctl{}, Rng(1, "test"));
    Outbox out;
    cubic().on_timeout(Context{state, Time(1s), out}, connection);
    EXPECT_EQ(connection.sending().cc.cubic->last_max_cwnd, 0U);
}

TEST(CongestionControl, NamesAreThoseOfTheSysctl) {
    for (const std::string_view name : congestion_controls()) {
        EXPECT_EQ(congestion_control(*find_congestion_control(name)).name(), name);
    }
}

}  // namespace
}  // namespace netsim::tcp
