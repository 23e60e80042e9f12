// Bulk transfers into a sink.
#include <gtest/gtest.h>

#include <chrono>

#include "app/bulk.hpp"
#include "app/sink.hpp"
#include "app/two_hosts.hpp"

namespace netsim::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

LinkOptions hundred_megabit() {
    LinkOptions o;
    o.rate_bps = 100'000'000;
    o.delay = milliseconds(5);
    o.limit_packets = 1000;
    return o;
}

TEST(Bulk, ArrivesWholeAndAtTheLinksRate) {
    TwoHosts net(hundred_megabit());
    Sink sink(*net.server, 0, 9);
    Bulk bulk(*net.client, 0, net.target(9), {.bytes = 50'000'000});
    net.run(seconds(60));
    EXPECT_EQ(sink.stats().bytes_received, 50'000'000U);
    EXPECT_EQ(sink.stats().closed, 1U);
    EXPECT_EQ(bulk.stats().bytes_sent, 50'000'000U);
    EXPECT_EQ(bulk.stats().bytes_acked, 50'000'000U);
    EXPECT_EQ(bulk.stats().error, Errno::kOk);
    EXPECT_GE(bulk.stats().connected, Time(milliseconds(10)));
    EXPECT_LT(bulk.stats().connected, Time(milliseconds(11)));
    EXPECT_EQ(net.server->integrity_violations(), 0U);
    // 50 MB at 100 Mbit/s less headers: 4.0 s at the very best.
    EXPECT_GT(bulk.stats().finished, Time(milliseconds(4000)));
    EXPECT_LT(bulk.stats().finished, Time(milliseconds(6000)));
}

TEST(Bulk, SurvivesLossReorderingAndDuplication) {
    LinkOptions o = hundred_megabit();
    o.loss = 0.01;
    o.duplicate = 0.01;
    o.jitter = milliseconds(1);
    TwoHosts net(o);
    Sink sink(*net.server, 0, 9);
    Bulk bulk(*net.client, 0, net.target(9), {.bytes = 2'000'000});
    net.run(seconds(600));
    EXPECT_EQ(sink.stats().bytes_received, 2'000'000U);
    EXPECT_EQ(net.server->integrity_violations(), 0U);
    EXPECT_NE(bulk.stats().finished, kNever);
    EXPECT_GT(net.counter(*net.client, tcp::Mib::kTcpRetransSegs), 0U);
}

TEST(Bulk, StopsWhenToldTo) {
    TwoHosts net(hundred_megabit());
    Sink sink(*net.server, 0, 9);
    Bulk bulk(*net.client, 0, net.target(9), {.stop = Time(seconds(2))});
    net.run(seconds(20));
    EXPECT_EQ(sink.stats().bytes_received, bulk.stats().bytes_sent);
    EXPECT_GT(bulk.stats().bytes_sent, 10'000'000U);
    EXPECT_GE(bulk.stats().finished, Time(seconds(2)));
    EXPECT_LT(bulk.stats().finished, Time(seconds(6)));
}

TEST(Bulk, SaysWhyItFailed) {
    TwoHosts net;
    Bulk bulk(*net.client, 0, net.target(9), {.bytes = 1000});
    net.run(seconds(1));
    EXPECT_EQ(bulk.stats().error, Errno::kECONNREFUSED);
    EXPECT_EQ(bulk.stats().finished, kNever);
    EXPECT_THROW(
        Bulk(*net.client, 1, net.target(9), {.start = Time(seconds(2)), .stop = Time(seconds(1))}),
        InputError);
}

TEST(Sink, TwoOnOnePortAreRefused) {
    TwoHosts net;
    Sink sink(*net.server, 0, 9);
    EXPECT_THROW(Sink(*net.server, 1, 9), InputError);
}

}  // namespace
}  // namespace netsim::app
