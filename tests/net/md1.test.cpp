// A link with Poisson arrivals of packets of one size is an M/D/1 queue: its mean waiting time is
// rho S / (2 (1 - rho)) (Pollaczek-Khinchine).
#include <gtest/gtest.h>

#include <cmath>

#include "net/net_bench.hpp"

namespace netsim::net {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kLength = 1000;
constexpr Duration kService = milliseconds(1);  // 1000 octets at 8 Mbit/s

/// Mean and half width of its 99 % interval.
struct Estimate {
    double mean;
    double half_width;
};

/// Sends at Poisson instants and measures each packet's time in the queue.
class PoissonSource final : private sim::EventTarget {
 public:
    PoissonSource(LinkBench& bench, double load)
        : bench_(bench),
          rng_(bench.sim.rng("md1/arrivals")),
          gap_(static_cast<std::int64_t>(static_cast<double>(kService.count()) / load)) {
        next();
    }

    std::vector<Time> sent;

 private:
    void next() { bench_.sim.schedule(bench_.sim.now() + rng_.exponential(gap_), 0, *this); }

    void fire(std::uint64_t argument) override {
        static_cast<void>(argument);
        sent.push_back(bench_.sim.now());
        bench_.send(kLength);
        next();
    }

    LinkBench& bench_;
    Rng rng_;
    Duration gap_;
};

/// Batch means: successive waits are correlated, means of long batches nearly are not.
Estimate mean_wait(double load, std::uint64_t seed) {
    constexpr std::size_t kBatches = 30;
    constexpr std::size_t kPerBatch = 20'000;
    constexpr std::size_t kWarmUp = 5'000;
    constexpr double kStudent = 2.756;  // t, 29 degrees of freedom, 99 % two-sided
    LinkBench bench{LinkOptions{.rate_bps = 8'000'000}, seed};
    PoissonSource source(bench, load);
    while (bench.b.arrivals.size() < kWarmUp + kBatches * kPerBatch) {
        bench.sim.step();
    }
    std::vector<double> means(kBatches, 0.0);
    for (std::size_t i = 0; i < kBatches * kPerBatch; ++i) {
        const Arrival& arrival = bench.b.arrivals[kWarmUp + i];
        const Duration wait = arrival.at - source.sent[arrival.packet.uid] - kService;
        means[i / kPerBatch] += static_cast<double>(wait.count()) / kPerBatch;
    }
    double mean = 0;
    for (const double m : means) {
        mean += m / kBatches;
    }
    double square = 0;
    for (const double m : means) {
        square += (m - mean) * (m - mean);
    }
    return {mean, kStudent * std::sqrt(square / (kBatches - 1) / kBatches)};
}

class Md1 : public testing::TestWithParam<double> {};

TEST_P(Md1, MeanWaitWithinItsInterval) {
    const double load = GetParam();
    const auto service = static_cast<double>(kService.count());
    const double expected = load * service / (2 * (1 - load));
    const Estimate estimate = mean_wait(load, 1);
    EXPECT_NEAR(estimate.mean, expected, estimate.half_width);
    EXPECT_LT(estimate.half_width, 0.08 * expected);  // narrow enough to prove something
}

INSTANTIATE_TEST_SUITE_P(Loads, Md1, testing::Values(0.3, 0.6, 0.9));

}  // namespace
}  // namespace netsim::net
