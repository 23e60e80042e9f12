// What is random on a link, with fixed seeds: shares, bursts, order. Bounds are four sigma.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "net/net_bench.hpp"

namespace netsim::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint32_t kCount = 100'000;

/// Four standard deviations of a count of kCount trials.
double four_sigma(double p) {
    return 4 * std::sqrt(kCount * p * (1 - p));
}

TEST(Impairment, IndependentLoss) {
    LinkBench t{LinkOptions{.loss = 0.03}};
    t.send_every(microseconds(10), kCount);
    EXPECT_NEAR(static_cast<double>(t.dropped(DropReason::kLoss)), kCount * 0.03, four_sigma(0.03));
    EXPECT_EQ(t.b.arrivals.size() + t.dropped(DropReason::kLoss), kCount);
    EXPECT_TRUE(t.balanced());
}

TEST(Impairment, LossOfAllAndOfNone) {
    LinkBench all{LinkOptions{.loss = 1}};
    all.send_every(microseconds(10), 1000);
    EXPECT_EQ(all.dropped(DropReason::kLoss), 1000U);
    LinkBench none{LinkOptions{.loss = 0}};
    none.send_every(microseconds(10), 1000);
    EXPECT_EQ(none.b.arrivals.size(), 1000U);
}

TEST(Impairment, ALostPacketHasUsedTheWire) {
    LinkBench t{LinkOptions{.rate_bps = 8'000'000, .loss = 1}};
    t.send();
    EXPECT_EQ(t.link.direction(0).queue_packets(), 1U);
}

/// Lengths of the runs of missing uids.
std::vector<std::uint64_t> bursts(const LinkBench& t) {
    std::vector<std::uint64_t> lengths;
    std::uint64_t expected = 0;
    for (const std::uint64_t uid : t.uids()) {
        if (uid > expected) {
            lengths.push_back(uid - expected);
        }
        expected = uid + 1;
    }
    return lengths;
}

TEST(Impairment, GilbertElliottLosesInBurstsOfMeanOneOverR) {
    LinkBench t{LinkOptions{.gemodel = GilbertElliott{.p = 0.01, .r = 0.2}}};
    t.send_every(microseconds(10), kCount);
    const std::vector<std::uint64_t> lengths = bursts(t);
    double sum = 0;
    for (const std::uint64_t length : lengths) {
        sum += static_cast<double>(length);
    }
    // Geometric: mean 5, sigma sqrt(0.8)/0.2 = 4.5; p/(p+r) = 4.8 % of packets in p kCount bursts.
    const auto n = static_cast<double>(lengths.size());
    EXPECT_NEAR(sum / n, 5, 4 * 4.5 / std::sqrt(n));
    EXPECT_NEAR(static_cast<double>(t.dropped(DropReason::kLoss)) / kCount, 0.01 / 0.21, 0.008);
    EXPECT_TRUE(t.balanced());
}

TEST(Impairment, GilbertElliottWithPartialLosses) {
    LinkBench t{LinkOptions{
        .gemodel = GilbertElliott{.p = 0.1, .r = 0.3, .loss_bad = 0.5, .loss_good = 0.02}}};
    t.send_every(microseconds(10), kCount);
    const double bad = 0.1 / 0.4;
    EXPECT_NEAR(static_cast<double>(t.dropped(DropReason::kLoss)) / kCount,
                bad * 0.5 + (1 - bad) * 0.02, 0.01);
}

TEST(Impairment, GilbertElliottIsReproducibleAfterAChangeElsewhere) {
    const GilbertElliott model{.p = 0.01, .r = 0.2};
    LinkBench plain{LinkOptions{.delay = milliseconds(5), .gemodel = model}};
    LinkBench jittery{
        LinkOptions{.delay = milliseconds(5), .jitter = milliseconds(1), .gemodel = model}};
    plain.send_every(microseconds(10), 10'000);
    jittery.send_every(microseconds(10), 10'000);
    const auto uids = jittery.uids();
    EXPECT_EQ(std::set(uids.begin(), uids.end()), [&] {
        const auto other = plain.uids();
        return std::set(other.begin(), other.end());
    }());  // the same packets are lost: jitter draws from a stream of its own
}

TEST(Impairment, Duplication) {
    LinkBench t{LinkOptions{.delay = milliseconds(1), .duplicate = 0.1}};
    t.send_every(microseconds(10), kCount);
    const auto duplicated = static_cast<double>(t.stats().duplicated);
    EXPECT_NEAR(duplicated, kCount * 0.1, four_sigma(0.1));
    EXPECT_EQ(t.b.arrivals.size(), kCount + t.stats().duplicated);
    EXPECT_EQ(t.stats().sent_packets, kCount + t.stats().duplicated);
    EXPECT_TRUE(t.balanced());
}

TEST(Impairment, ALostDuplicateLeavesOneAsInNetem) {
    LinkBench t{LinkOptions{.loss = 1, .duplicate = 1}};
    t.send_every(microseconds(10), 100);
    EXPECT_EQ(t.b.arrivals.size(), 100U);
    EXPECT_EQ(t.stats().sent_packets, 200U);
    EXPECT_EQ(t.dropped(DropReason::kLoss), 100U);
    EXPECT_TRUE(t.balanced());
}

TEST(Impairment, CorruptionMarksOneOctetOfTheFirst255) {
    LinkBench t{LinkOptions{.corrupt = 0.2}};
    t.send_every(microseconds(10), kCount, 300);
    std::uint64_t marked = 0;
    std::set<std::uint8_t> octets;
    for (const Arrival& arrival : t.b.arrivals) {
        if (arrival.packet.corrupted != 0) {
            ++marked;
            octets.insert(arrival.packet.corrupted);
        }
    }
    EXPECT_EQ(marked, t.stats().corrupted);
    EXPECT_NEAR(static_cast<double>(marked), kCount * 0.2, four_sigma(0.2));
    EXPECT_EQ(octets.size(), 255U);
    LinkBench tiny{LinkOptions{.corrupt = 1}};
    tiny.send_every(microseconds(10), 2000, 28);
    for (const Arrival& arrival : tiny.b.arrivals) {
        EXPECT_GE(arrival.packet.corrupted, 1);
        EXPECT_LE(arrival.packet.corrupted, 28);
    }
}

TEST(Impairment, JitterIsUniformAndReorders) {
    LinkBench t{LinkOptions{.delay = milliseconds(10), .jitter = milliseconds(4)}};
    t.send_every(microseconds(10), kCount);
    double sum = 0;
    std::array<int, 8> bins{};
    for (const Arrival& arrival : t.b.arrivals) {
        const Duration transit = arrival.at - Time(microseconds(10) * arrival.packet.uid);
        ASSERT_GE(transit, milliseconds(6));
        ASSERT_LE(transit, milliseconds(14));
        sum += static_cast<double>(transit.count());
        ++bins.at(std::min<std::size_t>(
            7, static_cast<std::size_t>((transit - milliseconds(6)) / milliseconds(1))));
    }
    EXPECT_NEAR(sum / kCount, 10e6, 4 * 8e6 / std::sqrt(12.0 * kCount));
    for (const int bin : bins) {
        EXPECT_NEAR(bin, kCount / 8.0, four_sigma(0.125));
    }
    const auto uids = t.uids();
    EXPECT_FALSE(std::is_sorted(uids.begin(), uids.end()));
    EXPECT_TRUE(t.balanced());
}

TEST(Impairment, JitterWithoutReorderingNeverOvertakes) {
    LinkBench t{LinkOptions{
        .delay = milliseconds(10), .jitter = milliseconds(10), .jitter_reorders = false}};
    t.send_every(microseconds(10), kCount);
    const auto uids = t.uids();
    EXPECT_EQ(uids.size(), kCount);
    EXPECT_TRUE(std::is_sorted(uids.begin(), uids.end()));
}

TEST(Impairment, ReorderSendsAShareAtOnce) {
    LinkBench t{LinkOptions{.delay = milliseconds(10), .reorder = 0.25}};
    t.send_every(milliseconds(1), kCount);
    std::uint64_t at_once = 0;
    for (const Arrival& arrival : t.b.arrivals) {
        const Duration transit = arrival.at - Time(milliseconds(1) * arrival.packet.uid);
        ASSERT_TRUE(transit == Duration(0) || transit == milliseconds(10));
        at_once += transit == Duration(0) ? 1U : 0U;
    }
    EXPECT_EQ(at_once, t.stats().reordered);
    EXPECT_NEAR(static_cast<double>(at_once), kCount * 0.25, four_sigma(0.25));
    EXPECT_TRUE(t.balanced());
}

TEST(Impairment, ReorderWithGapTakesEveryNth) {
    LinkBench t{LinkOptions{.delay = milliseconds(10), .reorder = 1, .reorder_gap = 5}};
    t.send_every(milliseconds(1), 20);
    for (const Arrival& arrival : t.b.arrivals) {
        const Duration transit = arrival.at - Time(milliseconds(1) * arrival.packet.uid);
        EXPECT_EQ(transit == Duration(0), arrival.packet.uid % 5 == 4) << arrival.packet.uid;
    }
    EXPECT_EQ(t.stats().reordered, 4U);
}

TEST(Impairment, EverythingAtOnceStaysBalancedAtAnyMoment) {
    LinkBench t{LinkOptions{.rate_bps = 100'000'000,
                            .delay = milliseconds(5),
                            .jitter = milliseconds(5),
                            .gemodel = GilbertElliott{.p = 0.05, .r = 0.5},
                            .duplicate = 0.1,
                            .corrupt = 0.1,
                            .reorder = 0.1,
                            .limit_packets = 20}};
    for (int round = 0; round < 2000; ++round) {
        for (int i = 0; i < 3; ++i) {
            t.send(1000);
        }
        t.sim.run({.until = t.sim.now() + microseconds(200)});
        ASSERT_TRUE(t.balanced());
        if (round % 500 == 499) {
            t.link.set_up(false);
            ASSERT_TRUE(t.balanced());
            t.link.set_up(true);
        }
    }
    t.sim.run({});
    EXPECT_EQ(t.stats().in_flight, 0U);
    EXPECT_GT(t.dropped(DropReason::kQueueFull), 0U);
    EXPECT_GT(t.dropped(DropReason::kLinkDown), 0U);
    EXPECT_EQ(t.pool.in_use(), 0U);
}

}  // namespace
}  // namespace netsim::net
