// With tcp_synack_retries = 2 a half-open request lives exactly 1 + 2 + 4 s and pruning cannot
// shorten it (it never asks for fewer than two retries): the SYN queue is an M/D/c/c loss system,
// and its loss is Erlang's formula.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <vector>

#include "model/queueing.hpp"
#include "model/statistics.hpp"
#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::seconds;

constexpr double kLife = 7;         // seconds
constexpr int kBacklog = 49;        // 50 places
constexpr int kBatches = 30;        // means of so long stretches are independent
constexpr int kBatchSeconds = 700;  // a hundred lives each

class ErlangLoss : public testing::TestWithParam<double> {};

TEST_P(ErlangLoss, SimulatedLossAgrees) {
    const double offered = GetParam();
    Network net({.seed = 20260101});
    HostRef web = net.host("web", {.sysctl = {{"net.ipv4.tcp_syncookies", "0"},
                                              {"net.ipv4.tcp_max_syn_backlog", "1000000"},
                                              {"net.ipv4.tcp_synack_retries", "2"}}});
    HostRef bot = net.host("bot");
    const RouterRef r = net.router("r");
    net.link(web, r, {});
    net.link(bot, r, {});
    web.serve({.port = 80, .backlog = kBacklog});
    const auto* flood =
        bot.synflood("web:80", {.rate = offered / kLife, .spoof = parse_prefix("198.18.0.0/15")});

    net.run_until(Time(seconds(100)));  // past the start from empty
    std::vector<double> losses;
    for (int batch = 0; batch < kBatches; ++batch) {
        const std::uint64_t sent = flood->syns_sent;
        const std::uint64_t dropped = web.counter("TcpExtTCPReqQFullDrop");
        net.run_until(net.now() + seconds(kBatchSeconds));
        losses.push_back(static_cast<double>(web.counter("TcpExtTCPReqQFullDrop") - dropped) /
                         static_cast<double>(flood->syns_sent - sent));
    }
    const double expected = model::erlang_b(kBacklog + 1, offered);
    const model::Interval interval = model::mean_interval(losses);
    EXPECT_TRUE(interval.contains(expected))
        << "Erlang B " << expected << ", simulated " << model::mean(losses) << " in ["
        << interval.low << ", " << interval.high << "]";
    EXPECT_LT(interval.high - interval.low, 0.35 * expected + 0.01)
        << "the interval says something";
    EXPECT_EQ(web.counter("TcpExtListenDrops"), web.counter("TcpExtTCPReqQFullDrop"));
}

INSTANTIATE_TEST_SUITE_P(ThreeLoads, ErlangLoss, testing::Values(40.0, 50.0, 75.0));

}  // namespace
}  // namespace netsim
