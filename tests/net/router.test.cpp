// Forwarding, TTL, ICMP and its limits (RFC 1812 §5.2, RFC 1122 §3.2.2).
#include "net/router.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "net/icmp.hpp"
#include "net/net_bench.hpp"

namespace netsim::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Ipv4 kA = ipv4(10, 0, 0, 1);
constexpr Ipv4 kB = ipv4(10, 0, 0, 2);
constexpr Ipv4 kR = ipv4(10, 0, 0, 254);

/// a - r - b; the wire towards b has an MTU of 1000.
struct RouterBench {
    RouterBench() {
        r.routes().add(Route{Prefix{kA, 32}, Route::Kind::kUnicast, 0, true});
        r.routes().add(Route{Prefix{kB, 32}, Route::Kind::kUnicast, 1, true});
        r.routes().add(Route{*parse_prefix("198.18.0.0/15"), Route::Kind::kBlackhole});
        r.routes().add(Route{*parse_prefix("192.0.2.0/24"), Route::Kind::kUnreachable});
    }

    void send(wire::Packet packet) {
        left.direction(0).transmit(pool.make(packet));
        sim.run({});
    }

    const wire::Packet& answer() const { return a.arrivals.back().packet; }

    sim::Simulation sim{1};
    wire::PacketPool pool;
    Fabric fabric{sim, pool};
    Sink a{fabric, "a"};
    Sink b{fabric, "b"};
    Router r{fabric, "r", kR};
    Link left{fabric, a, kA, r, kR, {}, {}};
    Link right{fabric, r, kR, b, kB, LinkOptions{.mtu = 1000}, {}};
};

TEST(Router, ForwardsAndTakesOneFromTheTtl) {
    RouterBench t;
    t.send(udp_packet(kA, kB, 100, 7));
    ASSERT_EQ(t.b.arrivals.size(), 1U);
    EXPECT_EQ(t.b.arrivals[0].packet.ttl, 63);
    EXPECT_EQ(t.b.arrivals[0].packet.id, 7);
    EXPECT_EQ(t.r.stats().forwarded, 1U);
}

TEST(Router, WithoutIcmpErrorsItIsABlackHole) {
    RouterBench t;
    t.r.say_icmp_errors(false);
    t.send(udp_packet(kA, kB, 1001));
    EXPECT_TRUE(t.a.arrivals.empty());
    EXPECT_EQ(t.r.dropped(DropReason::kMtuExceeded), 1U);
    EXPECT_EQ(t.r.stats().icmp_sent, 0U);
    t.send(udp_packet(kA, kB, 1000));
    EXPECT_EQ(t.b.arrivals.size(), 1U);
}

TEST(Router, TtlOfOneIsAnsweredWithTimeExceeded) {
    RouterBench t;
    wire::Packet packet = udp_packet(kA, kB, 100);
    packet.ttl = 1;
    t.send(packet);
    EXPECT_TRUE(t.b.arrivals.empty());
    EXPECT_EQ(t.r.dropped(DropReason::kTtlExceeded), 1U);
    ASSERT_EQ(t.a.arrivals.size(), 1U);
    EXPECT_EQ(t.answer().protocol, wire::Protocol::kIcmp);
    EXPECT_EQ(t.answer().icmp.type, wire::icmp::kTimeExceeded);
    EXPECT_EQ(t.answer().source, kR);
    EXPECT_EQ(t.answer().destination, kA);
    EXPECT_EQ(t.answer().icmp.quoted.destination, kB);
    EXPECT_EQ(t.answer().icmp.quoted.destination_port, 2000);
    EXPECT_EQ(t.answer().icmp.quoted.total_length, 100);
}

TEST(Router, NoRouteBlackholeAndUnreachableDiffer) {
    RouterBench t;
    t.send(udp_packet(kA, ipv4(203, 0, 113, 1), 100));
    EXPECT_EQ(t.answer().icmp.type, wire::icmp::kDestinationUnreachable);
    EXPECT_EQ(t.answer().icmp.code, wire::icmp::kNetUnreachable);
    t.send(udp_packet(kA, ipv4(192, 0, 2, 1), 100));
    EXPECT_EQ(t.answer().icmp.code, wire::icmp::kHostUnreachable);
    EXPECT_EQ(t.r.dropped(DropReason::kNoRoute), 2U);
    t.send(udp_packet(kA, ipv4(198, 19, 0, 1), 100));
    EXPECT_EQ(t.a.arrivals.size(), 2U);  // silence
    EXPECT_EQ(t.r.dropped(DropReason::kBlackhole), 1U);
}

TEST(Router, TooLargeForTheNextLinkTellsItsMtu) {
    RouterBench t;
    t.send(udp_packet(kA, kB, 1001));
    EXPECT_EQ(t.answer().icmp.code, wire::icmp::kFragmentationNeeded);
    EXPECT_EQ(t.answer().icmp.mtu, 1000);
    EXPECT_EQ(t.r.dropped(DropReason::kMtuExceeded), 1U);
    t.send(udp_packet(kA, kB, 1000));
    EXPECT_EQ(t.b.arrivals.size(), 1U);
}

wire::Packet ping(Ipv4 destination) {
    wire::Packet packet = udp_packet(kA, destination, 100);
    packet.protocol = wire::Protocol::kIcmp;
    packet.icmp = wire::IcmpHeader{};
    packet.icmp.type = wire::icmp::kEchoRequest;
    packet.icmp.echo_id = 5;
    packet.icmp.echo_seq = 6;
    packet.icmp.echo_length = 56;
    return packet;
}

TEST(Router, AnswersPing) {
    RouterBench t;
    t.send(ping(kR));
    ASSERT_EQ(t.a.arrivals.size(), 1U);
    EXPECT_EQ(t.answer().icmp.type, wire::icmp::kEchoReply);
    EXPECT_EQ(t.answer().source, kR);
    EXPECT_EQ(t.answer().icmp.echo_id, 5);
    EXPECT_EQ(t.answer().icmp.echo_seq, 6);
    EXPECT_EQ(t.answer().length(), 84U);
    EXPECT_EQ(t.r.stats().echo_replies, 1U);
}

// Few interfaces are looked through, many looked up; one that comes later is known as well.
TEST(Router, AnswersPingAtEachOfManyInterfaces) {
    RouterBench t;
    for (std::uint32_t i = 1; i <= 30; ++i) {
        const Ipv4 address{ipv4(172, 16, 0, 0).bits + i};
        t.send(ping(address));
        EXPECT_EQ(t.r.stats().echo_replies, i - 1) << "not an address of its own yet";
        t.r.add_interface(address, 32, 1500);
        t.send(ping(address));
        EXPECT_EQ(t.r.stats().echo_replies, i);
    }
    t.send(ping(kR));
    EXPECT_EQ(t.r.stats().echo_replies, 31U);
}

TEST(Router, OwnPortsAreClosed) {
    RouterBench t;
    t.send(udp_packet(kA, kR, 100));
    EXPECT_EQ(t.answer().icmp.code, wire::icmp::kPortUnreachable);
    wire::Packet tcp = udp_packet(kA, kR, 100);
    tcp.protocol = wire::Protocol::kTcp;
    tcp.tcp = wire::TcpHeader{};
    tcp.tcp.flags = wire::flag::kSyn;
    tcp.tcp.seq = wire::SeqNum(99);
    t.send(tcp);
    ASSERT_EQ(t.a.arrivals.size(), 2U);
    EXPECT_EQ(t.answer().tcp.flags, wire::flag::kRst | wire::flag::kAck);
    EXPECT_EQ(t.answer().tcp.ack, wire::SeqNum(100));
    tcp.tcp.flags = wire::flag::kRst;
    t.send(tcp);
    EXPECT_EQ(t.a.arrivals.size(), 2U);
    EXPECT_EQ(t.r.stats().resets, 1U);
    EXPECT_EQ(t.r.dropped(DropReason::kNoSocket), 3U);
}

TEST(Router, NoErrorAboutAnIcmpErrorButAboutAPing) {
    RouterBench t;
    wire::Packet expired = ping(kB);
    expired.ttl = 1;
    t.send(expired);
    EXPECT_EQ(t.a.arrivals.size(), 1U);
    wire::Packet error = icmp_error(udp_packet(kB, kA, 100), kA, wire::icmp::kTimeExceeded, 0);
    error.destination = kB;
    error.ttl = 1;
    t.send(error);
    EXPECT_EQ(t.a.arrivals.size(), 1U);
    EXPECT_EQ(t.r.dropped(DropReason::kTtlExceeded), 2U);
    wire::Packet nobody = udp_packet(Ipv4{}, kB, 100);
    nobody.ttl = 1;
    t.send(nobody);
    EXPECT_EQ(t.r.stats().icmp_sent, 1U);
}

TEST(Router, DamageInTheHeaderIsSeenHereElsewhereAtTheEnd) {
    RouterBench t;
    wire::Packet packet = udp_packet(kA, kB, 100);
    packet.corrupted = 20;  // the header's last octet
    t.send(packet);
    EXPECT_EQ(t.r.dropped(DropReason::kCorrupted), 1U);
    packet.corrupted = 21;
    t.send(packet);
    ASSERT_EQ(t.b.arrivals.size(), 1U);
    EXPECT_EQ(t.b.arrivals[0].packet.corrupted, 21);
}

TEST(Router, ErrorsPerDestinationAreLimitedAsInLinux) {
    RouterBench t;
    wire::Packet packet = udp_packet(kA, kB, 100);
    packet.ttl = 1;
    for (int i = 0; i < 20; ++i) {
        t.send(packet);
    }
    EXPECT_EQ(t.a.arrivals.size(), 6U);  // XRLIM_BURST_FACTOR
    EXPECT_EQ(t.r.stats().icmp_rate_limited, 14U);
    t.sim.run({.until = Time(milliseconds(999))});
    t.send(packet);
    EXPECT_EQ(t.a.arrivals.size(), 6U);
    t.sim.run({.until = Time(seconds(1))});
    t.send(packet);
    t.send(packet);
    EXPECT_EQ(t.a.arrivals.size(), 7U);
    t.send(udp_packet(kA, kB, 1001));  // path MTU discovery is not limited
    EXPECT_EQ(t.a.arrivals.size(), 8U);
}

TEST(IcmpLimit, FiftyAtOnceThenOnePerMillisecondForTheNode) {
    IcmpLimit limit;
    int allowed = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
        allowed += limit.allow(Time{}, Ipv4{i}, 11, 0) ? 1 : 0;
    }
    EXPECT_EQ(allowed, 50);
    EXPECT_FALSE(limit.allow(Time(Duration(999'999)), Ipv4{1000}, 11, 0));
    EXPECT_TRUE(limit.allow(Time(milliseconds(1)), Ipv4{1000}, 11, 0));
    EXPECT_FALSE(limit.allow(Time(milliseconds(1)), Ipv4{1001}, 11, 0));
}

TEST(IcmpLimit, ItsTableIsBounded) {
    IcmpLimit limit;
    for (std::uint32_t i = 0; i < 50'000; ++i) {
        EXPECT_TRUE(limit.allow(Time(milliseconds(1) * i), Ipv4{i}, 11, 0));
        EXPECT_LE(limit.destinations(), 8192U);
    }
}

TEST(RouteTable, LongestPrefixWins) {
    RouteTable table;
    const auto add = [&](const char* prefix, std::uint32_t interface) {
        table.add(Route{*parse_prefix(prefix), Route::Kind::kUnicast, interface});
    };
    add("10.0.0.0/8", 1);
    add("0.0.0.0/0", 0);
    add("10.1.0.0/16", 2);
    add("10.1.2.3", 3);
    EXPECT_EQ(table.find(ipv4(10, 1, 2, 3))->interface, 3U);
    EXPECT_EQ(table.find(ipv4(10, 1, 2, 4))->interface, 2U);
    EXPECT_EQ(table.find(ipv4(10, 2, 0, 0))->interface, 1U);
    EXPECT_EQ(table.find(ipv4(11, 0, 0, 0))->interface, 0U);
    EXPECT_TRUE(table.remove(*parse_prefix("0.0.0.0/0")));
    EXPECT_FALSE(table.remove(*parse_prefix("0.0.0.0/0")));
    EXPECT_EQ(table.find(ipv4(11, 0, 0, 0)), nullptr);
    EXPECT_EQ(table.size(), 3U);
    const auto all = table.all();
    EXPECT_EQ(to_string(all.front().prefix), "10.1.2.3/32");
    EXPECT_EQ(to_string(all.back().prefix), "10.0.0.0/8");
}

TEST(RouteTable, ComputedRoutesYieldToAScriptsAndGoAlone) {
    RouteTable table;
    const Prefix prefix = *parse_prefix("10.0.0.0/8");
    table.add(Route{prefix, Route::Kind::kUnicast, 1, true});
    table.add(Route{prefix, Route::Kind::kBlackhole, 0, false});
    table.add(Route{prefix, Route::Kind::kUnicast, 2, true});
    EXPECT_EQ(table.find(ipv4(10, 0, 0, 1))->kind, Route::Kind::kBlackhole);
    table.add(Route{*parse_prefix("11.0.0.0/8"), Route::Kind::kUnicast, 1, true});
    table.remove_computed();
    EXPECT_EQ(table.size(), 1U);
    EXPECT_EQ(table.find(ipv4(11, 0, 0, 1)), nullptr);
}

}  // namespace
}  // namespace netsim::net
