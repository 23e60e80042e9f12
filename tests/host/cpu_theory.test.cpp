// The softirq queue against theory: D/D/1 saturation, M/D/1 waiting, and the loss of a gated queue
// of limited length as an embedded Markov chain.
#include <cmath>

#include "host/cpu_bench.hpp"
#include "host/rss.hpp"

namespace netsim::host {
namespace {

using namespace std::chrono_literals;

/// Calls `packet(i)` at gaps drawn by `gap`.
template <typename Gap, typename Packet>
class Source final : private sim::EventTarget {
 public:
    Source(CpuBench& bench, std::uint64_t count, Gap gap, Packet packet)
        : bench_(bench), left_(count), gap_(gap), packet_(packet) {
        bench_.sim.schedule(bench_.sim.now() + gap_(), 0, *this);
    }

 private:
    void fire(std::uint64_t argument) override {
        static_cast<void>(argument);
        packet_();
        if (--left_ > 0) {
            bench_.sim.schedule(bench_.sim.now() + gap_(), 0, *this);
        }
    }

    CpuBench& bench_;
    std::uint64_t left_;
    Gap gap_;
    Packet packet_;
};

TEST(CpuTheoryTest, SaturatedThroughputIsCoresOverCost) {
    for (const std::uint32_t cores : {1U, 2U, 4U}) {
        CpuBench b(only_packets(10us, cores));
        std::uint32_t flow = 0;
        // 800,000 packets per second offered, twice what four cores can take.
        const Source source(
            b, 800'000, [] { return Duration(1250); }, [&] { b.packet(++flow % 251); });
        b.sim.run({.until = Time(1s)});
        // RSS does not know of load: all cores are saturated, since each flow's share is small.
        EXPECT_NEAR(static_cast<double>(b.served.size()), cores * 100'000.0, cores * 2.0);
        for (std::size_t i = 0; i < cores; ++i) {
            EXPECT_GT(b.core(i).softirq, 999ms);
            EXPECT_GT(b.core(i).dropped, 0U);
        }
    }
}

TEST(CpuTheoryTest, FixedArrivalsLoseWhatExceedsTheRate) {
    CpuBench b(only_packets(10us));
    const Source source(
        b, 150'000, [] { return Duration(6667); }, [&] { b.packet(); });
    b.sim.run({});
    const CoreStats core = b.core();
    EXPECT_EQ(core.processed + core.dropped, 150'000U);
    EXPECT_EQ(core.processed, b.served.size());
    // D/D/1/K: all but what the queue holds at the end is lost at the rate 1 - mu/lambda.
    EXPECT_NEAR(static_cast<double>(core.dropped), 150'000 * (1 - 6667.0 / 10'000), 2 * 1001);
    EXPECT_LE(core.backlog_peak, 2 * 1001U);
    EXPECT_GE(core.backlog_peak, 1001U);
    EXPECT_EQ(b.host.dropped(DropReason::kCpuBacklog), core.dropped);
}

TEST(CpuTheoryTest, PoissonArrivalsWaitAsInMD1) {
    constexpr std::uint64_t kPackets = 400'000;
    constexpr std::size_t kBatches = 20;
    constexpr double kStudent = 2.861;  // 19 degrees of freedom, 99 % two-sided
    for (const double load : {0.3, 0.6, 0.8}) {
        for (const std::uint64_t seed : {1ULL, 2ULL}) {
            CpuBench b(only_packets(10us), {}, seed);
            Rng rng = b.sim.rng("arrivals");
            const Duration gap(static_cast<std::int64_t>(10'000 / load));
            std::vector<Time> sent;
            const Source source(
                b, kPackets, [&] { return rng.exponential(gap); },
                [&] {
                    sent.push_back(b.sim.now());
                    b.packet();
                });
            b.sim.run({});
            ASSERT_EQ(b.served.size(), kPackets);
            std::vector<double> means(kBatches, 0.0);
            for (std::size_t i = 0; i < kPackets; ++i) {
                means[i * kBatches / kPackets] +=
                    static_cast<double>((b.served[i] - sent[i]).count()) * kBatches / kPackets;
            }
            double mean = 0;
            double square = 0;
            for (const double m : means) {
                mean += m / kBatches;
            }
            for (const double m : means) {
                square += (m - mean) * (m - mean);
            }
            const double half = kStudent * std::sqrt(square / (kBatches - 1) / kBatches);
            const double expected = load * 10'000 / (2 * (1 - load));
            EXPECT_NEAR(mean, expected, half) << load << " seed " << seed;
            EXPECT_LT(half, 0.08 * expected);
        }
    }
}

/// The softirq takes all that waits, n packets, at once; while it works on them, n S long, others
/// arrive, of which `limit` + 1 find room. n at these instants is a Markov chain; the loss is the
/// mean overflow of a cycle over its mean arrivals.
double gated_loss(double load, std::size_t limit) {
    const std::size_t most = limit + 1;
    std::vector<double> state(most + 1, 0.0);
    state.at(1) = 1;
    double lost = 0;
    double arrived = 0;
    for (int step = 0; step < 2000; ++step) {
        std::vector<double> next(most + 1, 0.0);
        lost = 0;
        arrived = 0;
        for (std::size_t n = 1; n <= most; ++n) {
            const double mean = load * static_cast<double>(n);
            double p = std::exp(-mean);
            double tail = 1;
            double below = 0;  // E[min(A, most)]
            for (std::size_t a = 0; a < most; ++a) {
                // Nobody came: the next to come begins the next cycle alone.
                next[a == 0 ? 1 : a] += state[n] * p;
                below += static_cast<double>(a) * p;
                arrived += a == 0 ? state[n] * p : 0;
                tail -= p;
                p *= mean / static_cast<double>(a + 1);
            }
            next[most] += state[n] * tail;
            below += static_cast<double>(most) * tail;
            lost += state[n] * (mean - below);
            arrived += state[n] * mean;
        }
        state = next;
    }
    return lost / arrived;
}

TEST(CpuTheoryTest, ShortBacklogsLoseAsTheChainSays) {
    constexpr std::uint64_t kPackets = 300'000;
    for (const std::int64_t limit : {0, 3, 10}) {
        for (const double load : {0.7, 1.0, 1.5}) {
            tcp::Sysctl sysctl;
            sysctl.netdev_max_backlog = limit;
            CpuBench b(only_packets(10us), sysctl, 7);
            Rng rng = b.sim.rng("arrivals");
            const Duration gap(static_cast<std::int64_t>(10'000 / load));
            const Source source(
                b, kPackets, [&] { return rng.exponential(gap); }, [&] { b.packet(); });
            b.sim.run({});
            const double loss = static_cast<double>(b.core().dropped) / kPackets;
            const double expected = gated_loss(load, static_cast<std::size_t>(limit));
            // Losses come in bunches of a cycle or two; four standard deviations with room for
            // that.
            const double tolerance =
                4 * std::sqrt(expected * (static_cast<double>(limit) + 2) / kPackets);
            EXPECT_NEAR(loss, expected, tolerance) << "limit " << limit << " load " << load;
        }
    }
}

}  // namespace
}  // namespace netsim::host
