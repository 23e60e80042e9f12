// Two flows share a bottleneck: how well they use it, and what queue they keep, as theory says for
// each congestion control. 10 Mbit/s and 40 ms: a bandwidth-delay product of 33 packets.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kRate = 10e6;
constexpr double kProduct = kRate * 0.040 / (8 * 1500);

struct Outcome {
    double utilisation = 0;  // of the bottleneck, by payload and headers
    double queue = 0;        // mean, packets
    double queue_least = 0;
    double share = 0;  // the first flow's of both
    std::uint64_t dropped = 0;
    std::uint64_t marked = 0;
    std::uint64_t delivered_ce = 0;  // segments, as both senders counted them
    std::uint64_t ce_arrived = 0;
};

struct Setting {
    std::string algorithm;
    std::uint32_t limit = 0;  // packets
    std::string ecn = "2";
    std::optional<std::uint32_t> threshold{};
};

/// Measured from 20 s to 80 s: what begins with slow start is over.
Outcome share_bottleneck(const Setting& setting) {
    Network net{{.seed = 7}};
    const HostOptions host{.sysctl = {{"net.ipv4.tcp_congestion_control", setting.algorithm},
                                      {"net.ipv4.tcp_ecn", setting.ecn}}};
    HostRef a = net.host("a", host);
    HostRef b = net.host("b", host);
    HostRef sink = net.host("sink", host);
    const RouterRef r = net.router("r");
    net.link(a, r, {.rate_bps = 1'000'000'000, .delay = milliseconds(1)});
    net.link(b, r, {.rate_bps = 1'000'000'000, .delay = milliseconds(1)});
    const LinkRef neck = net.link(r, sink,
                                  {.rate_bps = static_cast<std::uint64_t>(kRate),
                                   .delay = milliseconds(19),
                                   .ecn_threshold = setting.threshold,
                                   .limit_packets = setting.limit},
                                  {.delay = milliseconds(19)});
    sink.sink(9);
    const auto* first = a.bulk("sink:9", {});
    const auto* second = b.bulk("sink:9", {.start = Time(seconds(1))});
    constexpr int kFrom = 20;
    constexpr int kTo = 80;
    net.run_until(Time(seconds(kFrom)));
    const std::uint64_t bytes_before = neck.stats(0).delivered_bytes;
    const std::uint64_t first_before = first->bytes_acked;
    const std::uint64_t second_before = second->bytes_acked;
    Outcome out;
    out.queue_least = 1e9;
    constexpr int kSamples = (kTo - kFrom) * 100;
    for (int i = 1; i <= kSamples; ++i) {
        net.run_until(Time(seconds(kFrom) + milliseconds(10) * i));
        const double queued = neck.queue_packets(0);
        out.queue += queued / kSamples;
        out.queue_least = std::min(out.queue_least, queued);
    }
    const auto bytes = static_cast<double>(neck.stats(0).delivered_bytes - bytes_before);
    out.utilisation = bytes * 8 / (kRate * (kTo - kFrom));
    const auto by_first = static_cast<double>(first->bytes_acked - first_before);
    const auto by_second = static_cast<double>(second->bytes_acked - second_before);
    out.share = by_first / (by_first + by_second);
    out.dropped = neck.stats(0).dropped_total();
    out.marked = neck.stats(0).marked;
    out.ce_arrived = sink.counter("IpExtInCEPkts");
    out.delivered_ce = a.counter("TcpExtTCPDeliveredCE") + b.counter("TcpExtTCPDeliveredCE");
    return out;
}

// RFC 5681: halving a window of two products leaves one: the queue runs almost empty, the link
// does not. The sawtooth's mean is half of the limit, above it while the flows halve in turn.
TEST(Bottleneck, RenoWithAProductOfBufferFillsTheLink) {
    const auto limit = static_cast<std::uint32_t>(kProduct);
    const Outcome out = share_bottleneck({.algorithm = "reno", .limit = limit});
    EXPECT_GT(out.utilisation, 0.97);
    EXPECT_GT(out.queue, 0.4 * limit);
    EXPECT_LT(out.queue, 0.85 * limit);
    EXPECT_GT(out.dropped, 0U);
}

// With a tenth of that the window after a loss does not fill the path: three quarters for one flow,
// more for two that do not lose together (Appenzeller et al., 2004).
TEST(Bottleneck, RenoWithLittleBufferDoesNot) {
    const Outcome reno = share_bottleneck({.algorithm = "reno", .limit = 3});
    const Outcome cubic = share_bottleneck({.algorithm = "cubic", .limit = 3});
    EXPECT_GT(reno.utilisation, 0.70);
    EXPECT_LT(reno.utilisation, 0.95);
    EXPECT_GT(cubic.utilisation, reno.utilisation);  // RFC 9438 §4.6: it keeps seven tenths
}

// RFC 9438 §4.6: seven tenths of two products leave two fifths of the queue.
TEST(Bottleneck, CubicKeepsTheQueueUp) {
    const auto limit = static_cast<std::uint32_t>(kProduct);
    const Outcome out = share_bottleneck({.algorithm = "cubic", .limit = limit});
    EXPECT_GT(out.utilisation, 0.99);
    EXPECT_GT(out.queue, 0.55 * limit);
    EXPECT_GT(out.queue_least, 0.0);
}

// Ten products of buffer: CUBIC fills them. Two BBR flows keep cwnd_gain = 2 products in flight,
// and somewhat more, because their bandwidths' maxima together exceed the link's: the queue is one
// product and a part of the second, and nothing is lost.
TEST(Bottleneck, BbrKeepsTheQueueShort) {
    const auto limit = static_cast<std::uint32_t>(10 * kProduct);
    const Outcome bbr = share_bottleneck({.algorithm = "bbr", .limit = limit});
    EXPECT_GT(bbr.utilisation, 0.93);  // PROBE_RTT takes 2 %
    EXPECT_LT(bbr.queue, 2 * kProduct);
    EXPECT_NEAR(bbr.share, 0.5, 0.15);
    EXPECT_EQ(bbr.dropped, 0U);
    const Outcome cubic = share_bottleneck({.algorithm = "cubic", .limit = limit});
    EXPECT_GT(cubic.queue, 4 * bbr.queue);
    EXPECT_GT(cubic.dropped, 0U);
}

// RFC 3168: marks do what losses did, and nothing is lost.
TEST(Bottleneck, MarksInPlaceOfLosses) {
    const auto threshold = static_cast<std::uint32_t>(kProduct);
    const Outcome out = share_bottleneck(
        {.algorithm = "cubic", .limit = 10 * threshold, .ecn = "1", .threshold = threshold});
    EXPECT_GT(out.utilisation, 0.99);
    EXPECT_EQ(out.dropped, 0U);
    EXPECT_GT(out.marked, 10U);
    EXPECT_NEAR(static_cast<double>(out.ce_arrived), static_cast<double>(out.marked), threshold);
    EXPECT_GE(out.delivered_ce, out.marked / 2);  // every echo counts what it acknowledges
    EXPECT_LT(out.queue, threshold);
}

}  // namespace
}  // namespace netsim
