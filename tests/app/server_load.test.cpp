// Servers and loads on two hosts.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "app/load.hpp"
#include "app/server.hpp"
#include "app/two_hosts.hpp"

namespace netsim::app {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tcp::Mib;

constexpr LoadOptions hundred_fixed() {
    LoadOptions o;
    o.rate = 100;
    o.spacing = Spacing::kFixed;
    o.request = 100;
    o.response = 1000;
    o.max_connections = 100;
    return o;
}

constexpr ServerOptions hello() {
    ServerOptions o;
    o.request = 100;
    o.response = 1000;
    return o;
}

TEST(ServerAndLoad, EveryExchangeCompletes) {
    TwoHosts net;
    Server server(*net.server, 0, hello());
    Load load(*net.client, 0, net.target(80), hundred_fixed());
    net.run(seconds(10));
    const LoadStats& l = load.stats();
    EXPECT_EQ(l.attempts, 100U);
    EXPECT_EQ(l.connected, 100U);
    EXPECT_EQ(l.first_syn_connected, 100U);
    EXPECT_EQ(l.completed, 100U);
    EXPECT_EQ(l.failed + l.pending + l.broken, 0U);
    EXPECT_EQ(l.bytes_sent, 10'000U);
    EXPECT_EQ(l.bytes_received, 100'000U);
    ASSERT_EQ(l.connect_ns.size(), 100U);
    for (const std::int64_t ns : l.connect_ns) {
        EXPECT_EQ(ns, 10'000'000) << "one round trip of 2 x 5 ms";
    }
    const ServerStats& s = server.stats();
    EXPECT_EQ(s.accepted, 100U);
    EXPECT_EQ(s.served, 100U);
    EXPECT_EQ(s.closed, 100U);
    EXPECT_EQ(s.failed, 0U);
    EXPECT_EQ(s.bytes_received, 10'000U);
    EXPECT_EQ(s.bytes_sent, 100'000U);
    EXPECT_EQ(net.client->integrity_violations() + net.server->integrity_violations(), 0U);
    EXPECT_EQ(net.counter(*net.server, Mib::kTcpPassiveOpens), 100U);
    EXPECT_EQ(net.counter(*net.client, Mib::kTcpActiveOpens), 100U);
}

TEST(ServerAndLoad, ServerClosesFirstUnlessTheLoadDoes) {
    const auto time_waits = [](const host::Host& host) {
        int count = 0;
        host.for_each_socket([&](const tcp::SocketInfo& info) {
            count += info.state == tcp::State::kTimeWait ? 1 : 0;
        });
        return count;
    };
    {
        TwoHosts net;
        Server server(*net.server, 0, hello());
        Load load(*net.client, 0, net.target(80), hundred_fixed());
        net.run(seconds(10));
        EXPECT_EQ(time_waits(*net.server), 100);
        EXPECT_EQ(time_waits(*net.client), 0);
    }
    {
        TwoHosts net;
        ServerOptions patient = hello();
        patient.keep_open = true;
        LoadOptions first = hundred_fixed();
        first.close_first = true;
        Server server(*net.server, 0, patient);
        Load load(*net.client, 0, net.target(80), first);
        net.run(seconds(10));
        EXPECT_EQ(load.stats().completed, 100U);
        EXPECT_EQ(time_waits(*net.client), 100);
        EXPECT_EQ(time_waits(*net.server), 0);
    }
}

TEST(ServerAndLoad, NothingListensThere) {
    TwoHosts net;
    Load load(*net.client, 0, net.target(81), hundred_fixed());
    net.run(seconds(10));
    EXPECT_EQ(load.stats().failed, 100U);
    EXPECT_EQ(load.stats().pending, 0U);
    ASSERT_EQ(load.stats().errors.size(), 1U);
    EXPECT_EQ(load.stats().errors[0], (std::pair{Errno::kECONNREFUSED, std::uint64_t{100}}));
}

TEST(ServerAndLoad, ConnectTimeoutGivesUp) {
    TwoHosts net;
    net.wire->set_up(false);
    LoadOptions o = hundred_fixed();
    o.max_connections = 3;
    o.connect_timeout = seconds(2);
    Load load(*net.client, 0, net.target(80), o);
    net.run(milliseconds(1999));
    EXPECT_EQ(load.stats().pending, 3U);
    net.run(seconds(3));
    EXPECT_EQ(load.stats().failed, 3U);
    EXPECT_EQ(load.stats().pending, 0U);
    EXPECT_EQ(load.stats().errors[0].first, Errno::kETIMEDOUT);
}

TEST(ServerAndLoad, HeldConnectionsAreSilentUntilTheirTime) {
    TwoHosts net;
    Server server(*net.server, 0, {.port = 80, .request = 10, .response = 20});
    LoadOptions o = hundred_fixed();
    o.max_connections = 50;
    o.request = 10;
    o.response = 20;
    o.hold = seconds(5);
    o.connect_timeout = seconds(1);  // connected in time: it must not end a held one
    Load load(*net.client, 0, net.target(80), o);
    net.run(milliseconds(4900));
    EXPECT_EQ(load.stats().connected, 50U);
    EXPECT_EQ(load.stats().bytes_sent, 0U);
    EXPECT_EQ(net.server->mibs().get(tcp::Mib::kTcpCurrEstab), 50U);
    net.run(seconds(7));
    EXPECT_EQ(load.stats().completed, 50U);
    EXPECT_EQ(load.stats().bytes_received, 1000U);
    EXPECT_EQ(load.stats().broken + load.stats().failed, 0U);
}

TEST(ServerAndLoad, WithoutTimeoutTcpGivesUpAfter131Seconds) {
    TwoHosts net;
    net.wire->set_up(false);
    LoadOptions o = hundred_fixed();
    o.max_connections = 1;
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(130));
    EXPECT_EQ(load.stats().pending, 1U);
    net.run(seconds(132));
    EXPECT_EQ(load.stats().failed, 1U);
    EXPECT_EQ(load.stats().errors[0].first, Errno::kETIMEDOUT);
}

TEST(ServerAndLoad, ClosedLoopKeepsItsUsersBusy) {
    TwoHosts net;
    Server server(*net.server, 0, hello());
    LoadOptions o;
    o.users = 10;
    o.spacing = Spacing::kFixed;
    o.think = milliseconds(80);
    o.request = 100;
    o.response = 1000;
    o.stop = Time(seconds(10));
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(20));
    // connect 10 ms, exchange and end of file 10 ms, think 80 ms: 10 rounds a second and user.
    EXPECT_NEAR(static_cast<double>(load.stats().completed), 1000, 20);
    EXPECT_EQ(load.stats().attempts, load.stats().completed);
}

TEST(ServerAndLoad, ClosedLoopSurvivesFailuresAtOnce) {
    TwoHosts net;
    net.client->sysctl().ip_local_port_range = {40000, 40001};
    net.wire->set_up(false);
    LoadOptions o;
    o.users = 5;
    Load load(*net.client, 0, net.target(80), o);
    net.run(milliseconds(100));
    EXPECT_EQ(load.stats().pending, 2U);
    EXPECT_GT(load.stats().failed, 100U);
    EXPECT_EQ(load.stats().errors[0].first, Errno::kEADDRNOTAVAIL);
}

TEST(ServerAndLoad, ServiceTimeAndWorkersBoundTheThroughput) {
    TwoHosts net;
    ServerOptions slow = hello();
    slow.service_time = milliseconds(100);
    slow.workers = 2;
    Server server(*net.server, 0, slow);
    LoadOptions o = hundred_fixed();
    o.max_connections = 0;
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(10));
    // Two workers, 100 ms each plus the wait for a request already there: about 20 a second.
    EXPECT_NEAR(static_cast<double>(server.stats().served), 200, 10);
    EXPECT_GT(net.counter(*net.server, Mib::kTcpExtListenOverflows), 0U);
}

TEST(ServerAndLoad, SlowAcceptLoopFillsTheAcceptQueue) {
    TwoHosts net;
    ServerOptions slow = hello();
    slow.backlog = 8;
    slow.accept_delay = milliseconds(50);
    Server server(*net.server, 0, slow);
    LoadOptions o = hundred_fixed();
    o.max_connections = 0;
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(2));
    EXPECT_EQ(net.server->accept_queue_length(80), 9U) << "backlog + 1";
    EXPECT_NEAR(static_cast<double>(server.stats().accepted), 40, 2);
}

TEST(ServerAndLoad, ServerWithoutRequestSpeaksFirst) {
    TwoHosts net;
    ServerOptions s;
    s.response = 5;
    Server server(*net.server, 0, s);
    LoadOptions o = hundred_fixed();
    o.request = 0;
    o.response = 5;
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(3));
    EXPECT_EQ(load.stats().completed, 100U);
    EXPECT_EQ(load.stats().bytes_received, 500U);
}

TEST(ServerAndLoad, KeepOpenServesRequestAfterRequest) {
    TwoHosts net;
    ServerOptions s;
    s.keep_open = true;
    s.request = 10;
    s.response = 10;
    Server server(*net.server, 0, s);
    LoadOptions o = hundred_fixed();
    o.max_connections = 1;
    o.request = 50;  // five requests in one stream
    o.response = 50;
    o.close_first = true;
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(3));
    EXPECT_EQ(load.stats().completed, 1U);
    EXPECT_EQ(server.stats().served, 5U);
    EXPECT_EQ(server.stats().closed, 1U);
}

TEST(ServerAndLoad, ShortResponseIsBroken) {
    TwoHosts net;
    Server server(*net.server, 0, hello());
    LoadOptions o = hundred_fixed();
    o.response = 2000;
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(3));
    EXPECT_EQ(load.stats().broken, 100U);
    EXPECT_EQ(load.stats().completed, 0U);
}

TEST(ServerAndLoad, PoissonArrivalsHaveTheirRate) {
    TwoHosts net;
    Server server(*net.server, 0, hello());
    LoadOptions o = hundred_fixed();
    o.spacing = Spacing::kExponential;
    o.max_connections = 0;
    o.stop = Time(seconds(100));
    Load load(*net.client, 0, net.target(80), o);
    net.run(seconds(110));
    EXPECT_NEAR(static_cast<double>(load.stats().attempts), 10'000, 300);
    EXPECT_EQ(load.stats().completed, load.stats().attempts);
}

TEST(ServerAndLoad, LateServerListensWhenItsTimeComes) {
    TwoHosts net;
    ServerOptions s = hello();
    s.start = Time(milliseconds(500));
    Server server(*net.server, 0, s);
    Load load(*net.client, 0, net.target(80), hundred_fixed());
    net.run(seconds(10));
    EXPECT_GT(load.stats().failed, 40U);
    EXPECT_GT(load.stats().completed, 40U);
    EXPECT_EQ(load.stats().completed + load.stats().failed, 100U);
}

TEST(ServerAndLoad, PortTakenIsSaidAtOnce) {
    TwoHosts net;
    Server first(*net.server, 0, hello());
    EXPECT_THROW(Server(*net.server, 1, hello()), InputError);
}

TEST(ServerAndLoad, BadOptionsAreRefused) {
    TwoHosts net;
    const auto refused = [&](const LoadOptions& o) {
        EXPECT_THROW(Load(*net.client, 0, net.target(80), o), InputError);
    };
    refused({});
    refused({.rate = -1});
    refused({.rate = 10, .users = 3});
    refused({.rate = 10, .spacing = Spacing::kPareto, .pareto_shape = 1.0});
    refused({.users = 3, .think = seconds(-1)});
    refused({.rate = 10, .connect_timeout = Duration{0}});
    EXPECT_THROW(Server(*net.server, 0, {.port = 0}), InputError);
    EXPECT_THROW(Server(*net.server, 0, {.service_time = seconds(-1)}), InputError);
    EXPECT_EQ(net.sim.events_pending(), 0U) << "nothing was scheduled";
}

}  // namespace
}  // namespace netsim::app
