// How long connects took, of all there were.
#include "report/connects.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using report::ConnectTimes;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::uint64_t sum_of(const ConnectTimes& times) {
    return std::accumulate(times.counts.begin(), times.counts.end(), std::uint64_t{0});
}

/// Which bin a connect over a link of this delay is in; none: in several or in none.
std::optional<std::size_t> bin_of(Duration delay) {
    Network net;
    net.watch_report();
    HostRef web = net.host("web");
    HostRef user = net.host("user");
    net.link(web, user, {.delay = delay});
    web.serve({.port = 80});
    user.load("web:80", {.rate = 100, .max_connections = 3});
    net.run();
    const ConnectTimes times = net.report()->connects;
    EXPECT_EQ(times.failed + times.waiting, 0U);
    const auto most = std::max_element(times.counts.begin(), times.counts.end());
    return *most == 3 ? std::optional(static_cast<std::size_t>(most - times.counts.begin()))
                      : std::nullopt;
}

TEST(Connects, AreInTheBinOfTheirRoundTrip) {
    EXPECT_EQ(bin_of(std::chrono::microseconds(1)), 0U);
    EXPECT_EQ(bin_of(std::chrono::microseconds(60)), 1U);  // 100 to 200 us
    EXPECT_EQ(bin_of(milliseconds(10)), 8U);               // 12.8 to 25.6 ms
    EXPECT_EQ(bin_of(milliseconds(450)), 14U);             // 0.82 to 1.64 s, one SYN
    EXPECT_EQ(ConnectTimes::bound(8), std::chrono::microseconds(25'600));
}

TEST(Connects, AllAreCountedThoughFewAreListed) {
    Network net;
    net.watch_report(0.05);
    HostRef web = net.host("web");
    HostRef user = net.host("user");
    net.link(web, user, {.delay = milliseconds(1)});
    web.serve({.port = 80, .request = 5, .response = 5});
    const StatsRef<LoadStats> load =
        user.load("web:80", {.rate = 4000, .request = 5, .response = 5, .max_connections = 5000});
    net.run();
    const auto seen = net.report();
    EXPECT_LT(seen->connections.size(), 1000U);
    EXPECT_EQ(sum_of(seen->connects), load->connected);
    EXPECT_EQ(load->connected, 5000U);
}

TEST(Connects, ThatComeToNothing) {
    Network net;
    net.watch_report();
    HostRef web = net.host("web");
    HostRef user = net.host("user", {.sysctl = {{"net.ipv4.tcp_syn_retries", "1"}}});
    LinkRef link = net.link(web, user, {.delay = milliseconds(1)});
    user.load("web:80", {.rate = 100, .max_connections = 2});  // refused
    net.run();
    EXPECT_EQ(net.report()->connects.failed, 2U);
    link.set_options(1, {.delay = milliseconds(1), .loss = 1});
    user.load("web:80", {.rate = 1000, .max_connections = 1});
    net.run_until(net.now() + seconds(2));
    EXPECT_EQ(net.report()->connects.waiting, 1U);
    net.run();
    EXPECT_EQ(net.report()->connects.failed, 3U);
    EXPECT_EQ(net.report()->connects.waiting, 0U);
    EXPECT_EQ(sum_of(net.report()->connects), 0U);
}

class Changes : public testing::Test {
 protected:
    void change(Duration at, tcp::State from, tcp::State to, std::uint16_t port = 1) {
        sim::StateRecord record{};
        record.at = Time(at);
        record.local = {Ipv4{1}, port};
        record.remote = {Ipv4{2}, 80};
        connects_.state(record, {from, tcp::Cause::kRcvSynAck, to});
    }

    ConnectTimes times() {
        report::Case one;
        connects_.put(one);
        thinned_ = one.thinned;
        return one.connects;
    }

    report::Connects connects_;
    std::vector<std::string> thinned_;
};

TEST_F(Changes, ASimultaneousOpenIsOneConnect) {
    using tcp::State;
    change(milliseconds(0), State::kClosed, State::kSynSent);
    change(milliseconds(1), State::kSynSent, State::kSynReceived);
    change(milliseconds(3), State::kSynReceived, State::kEstablished);
    change(milliseconds(4), State::kSynReceived, State::kEstablished);  // a listener's
    EXPECT_EQ(sum_of(times()), 1U);
    EXPECT_EQ(times().counts[5], 1U);  // 1.6 to 3.2 ms
}

TEST_F(Changes, WhatThereIsNoRoomForIsSaid) {
    for (std::size_t i = 0; i < report::Connects::kWaitingMax + 3; ++i) {
        sim::StateRecord record{};
        record.local = {Ipv4{static_cast<std::uint32_t>(i)}, 1};
        connects_.state(record,
                        {tcp::State::kClosed, tcp::Cause::kActiveOpen, tcp::State::kSynSent});
    }
    EXPECT_EQ(times().waiting, report::Connects::kWaitingMax);
    EXPECT_EQ(thinned_, std::vector<std::string>{"3 connects are not in the latencies"});
}

}  // namespace
}  // namespace netsim
