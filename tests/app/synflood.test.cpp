// Floods and pings, as the target's wire sees them.
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "app/load.hpp"
#include "app/ping.hpp"
#include "app/server.hpp"
#include "app/synflood.hpp"
#include "app/two_hosts.hpp"

namespace netsim::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using tcp::Mib;

/// Keeps what arrives; takes it, so that nothing answers.
class Collector final : public host::PacketTap {
 public:
    bool on_packet(const wire::Packet& packet) override {
        packets.push_back(packet);
        return true;
    }

    std::vector<wire::Packet> packets;
};

TEST(SynFlood, LooksLikeLinuxClientsFromThePrefix) {
    TwoHosts net;
    Collector seen;
    net.server->add_tap(seen);
    const Prefix from = *parse_prefix("198.18.0.0/15");
    SynFlood flood(*net.client, 0, net.target(80),
                   {.rate = 1000, .spoof = from, .stop = Time(seconds(10))});
    net.run(seconds(11));
    EXPECT_EQ(flood.stats().syns_sent, seen.packets.size());
    EXPECT_NEAR(static_cast<double>(seen.packets.size()), 10'000, 300);
    std::set<Ipv4> sources;
    std::set<std::uint32_t> isns;
    for (const wire::Packet& p : seen.packets) {
        EXPECT_TRUE(from.contains(p.source));
        EXPECT_EQ(p.ttl, 64);
        EXPECT_EQ(p.tcp.flags, wire::flag::kSyn);
        EXPECT_EQ(p.tcp.window, 64240);
        EXPECT_EQ(p.tcp.mss, 1460);
        EXPECT_EQ(p.tcp.window_scale, 7);
        EXPECT_TRUE(p.tcp.has_option(wire::option::kMss | wire::option::kSackPermitted |
                                     wire::option::kTimestamps | wire::option::kWindowScale));
        EXPECT_GE(p.tcp.source_port, 1024);
        sources.insert(p.source);
        isns.insert(p.tcp.seq.raw());
    }
    EXPECT_GT(sources.size(), 9000U) << "drawn from 131,072 addresses";
    EXPECT_GE(isns.size() + 1, seen.packets.size()) << "32 random bits each";
}

TEST(SynFlood, FixedSpacingIsExact) {
    TwoHosts net;
    Collector seen;
    net.server->add_tap(seen);
    SynFlood flood(*net.client, 0, net.target(80),
                   {.rate = 1000,
                    .spacing = Spacing::kFixed,
                    .spoof = Prefix{ipv4(198, 18, 0, 0), 15},
                    .start = Time(seconds(1)),
                    .stop = Time(seconds(2))});
    net.run(seconds(3));
    EXPECT_EQ(seen.packets.size(), 1000U);
}

TEST(SynFlood, UnspoofedSwallowsTheAnswersSoTheyStayHalfOpen) {
    TwoHosts net;
    Server server(*net.server, 0, {.backlog = 200});
    SynFlood flood(*net.client, 0, net.target(80), {.rate = 1000, .max_syns = 100});
    net.run(milliseconds(900));
    EXPECT_EQ(flood.stats().syns_sent, 100U);
    EXPECT_EQ(flood.stats().synacks_received, 100U);
    EXPECT_EQ(flood.stats().rsts_received, 0U);
    EXPECT_EQ(net.server->syn_queue_length(80), 100U) << "no RST frees them";
    EXPECT_EQ(net.counter(*net.client, Mib::kTcpOutRsts), 0U);
}

TEST(SynFlood, UnspoofedSeesRsts) {
    TwoHosts net;
    SynFlood flood(*net.client, 0, net.target(80), {.rate = 1000, .max_syns = 50});
    net.run(seconds(1));
    EXPECT_EQ(flood.stats().rsts_received, 50U);
}

TEST(SynFlood, UnspoofedLeavesRealConnectionsOfItsHostAlone) {
    TwoHosts net;
    net.server->sysctl().tcp_max_syn_backlog = 100000;
    Server server(*net.server, 0, {.backlog = 4096, .response = 5});
    SynFlood flood(*net.client, 0, net.target(80), {.rate = 500, .max_syns = 2000});
    Load load(*net.client, 0, net.target(80), {.rate = 100, .response = 5, .max_connections = 300});
    net.run(seconds(10));
    EXPECT_EQ(load.stats().completed, 300U);
}

TEST(SynFlood, BadOptionsAreRefused) {
    TwoHosts net;
    const auto refused = [&](const SynFloodOptions& o) {
        EXPECT_THROW(SynFlood(*net.client, 0, net.target(80), o), InputError);
    };
    refused({.rate = 0});
    refused({.rate = -5});
    refused({.source_port_low = 10, .source_port_high = 5});
    refused({.spacing = Spacing::kPareto});
    refused({.window_scale = 15});
}

TEST(Ping, MeasuresTheRoundTrip) {
    TwoHosts net;
    Ping ping(*net.client, 0, net.server->address(), {.count = 3});
    net.run(seconds(5));
    EXPECT_EQ(ping.stats().sent, 3U);
    EXPECT_EQ(ping.stats().received, 3U);
    ASSERT_EQ(ping.stats().replies.size(), 3U);
    for (std::uint32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(ping.stats().replies[i].sequence, i + 1);
        EXPECT_EQ(ping.stats().replies[i].rtt, milliseconds(10));
        EXPECT_EQ(ping.stats().replies[i].ttl, 64);
        EXPECT_EQ(ping.stats().replies[i].what, "");
    }
}

TEST(Ping, TwoOnOneHostDoNotMixTheirReplies) {
    TwoHosts net;
    Ping a(*net.client, 0, net.server->address(), {.count = 5});
    Ping b(*net.client, 1, net.server->address(), {.count = 2});
    net.run(seconds(10));
    EXPECT_EQ(a.stats().received, 5U);
    EXPECT_EQ(b.stats().received, 2U);
}

TEST(Ping, ErrorsInWords) {
    wire::IcmpHeader icmp;
    icmp.type = wire::icmp::kTimeExceeded;
    EXPECT_EQ(icmp_error_text(icmp), "Time to live exceeded");
    icmp.type = wire::icmp::kDestinationUnreachable;
    icmp.code = wire::icmp::kHostUnreachable;
    EXPECT_EQ(icmp_error_text(icmp), "Destination Host Unreachable");
    icmp.code = wire::icmp::kFragmentationNeeded;
    icmp.mtu = 1280;
    EXPECT_EQ(icmp_error_text(icmp), "Frag needed and DF set (mtu = 1280)");
}

TEST(Ping, BadOptionsAreRefused) {
    TwoHosts net;
    EXPECT_THROW(Ping(*net.client, 0, net.server->address(), {.count = 0}), InputError);
    EXPECT_THROW(Ping(*net.client, 0, net.server->address(), {.ttl = 0}), InputError);
    EXPECT_THROW(Ping(*net.client, 0, net.server->address(), {.size = 70000}), InputError);
}

}  // namespace
}  // namespace netsim::app
