// NAT: ports, both directions, ICMP errors, forwarded ports, exhaustion, and who answers for what
// has no mapping.
#include "net/nat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "net/icmp.hpp"
#include "net/net_bench.hpp"
#include "net/router.hpp"
#include "netsim/result.hpp"
#include "wire/codec.hpp"

namespace netsim::net {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using wire::flag::kAck;
using wire::flag::kRst;
using wire::flag::kSyn;

constexpr Ipv4 kInside = ipv4(192, 168, 0, 2);
constexpr Ipv4 kOther = ipv4(192, 168, 0, 3);
constexpr Ipv4 kServer = ipv4(10, 0, 0, 2);
constexpr Ipv4 kOutside = ipv4(203, 0, 113, 1);
constexpr Ipv4 kRouter = ipv4(10, 0, 0, 254);

/// inside - r - server
struct NatBench : sim::Tracer {
    explicit NatBench(NatOptions options = NatBench::options()) {
        fabric.tracer = this;
        r.routes().add(Route{*parse_prefix("192.168.0.0/24"), Route::Kind::kUnicast, 0, true});
        r.routes().add(Route{Prefix{kServer, 32}, Route::Kind::kUnicast, 1, true});
        r.elements().set_nat(options, kRouter);
    }

    static NatOptions options() {
        NatOptions made;
        made.inside = {*parse_prefix("192.168.0.0/24")};
        made.outside = Prefix{kOutside, 32};
        return made;
    }

    void on_packet(const sim::PacketRecord& record) override {
        if (record.event == sim::PacketEvent::kDropped) {
            told.emplace_back(record.reason);
        }
    }

    void from_inside(wire::Packet packet) {
        packet.uid = ++uid;
        left.direction(0).transmit(pool.make(packet));
        sim.run({});
    }

    void from_outside(wire::Packet packet) {
        packet.uid = ++uid;
        right.direction(1).transmit(pool.make(packet));
        sim.run({});
    }

    const wire::Packet& at_server() const { return server.arrivals.back().packet; }

    const wire::Packet& at_client() const { return client.arrivals.back().packet; }

    const NatStats& stats() { return r.elements().nat()->stats(); }

    sim::Simulation sim{1};
    wire::PacketPool pool;
    Fabric fabric{sim, pool};
    Sink client{fabric, "client"};
    Sink server{fabric, "server"};
    Router r{fabric, "r", kRouter};
    Link left{fabric, client, kInside, r, kRouter, {}, {}};
    Link right{fabric, r, kRouter, server, kServer, {}, {}};
    std::vector<std::string> told;
    std::uint64_t uid = 0;
};

wire::Packet tcp(Ipv4 source, std::uint16_t source_port, Ipv4 destination,
                 std::uint16_t destination_port, std::uint16_t flags = kSyn) {
    wire::Packet packet{};
    packet.source = source;
    packet.destination = destination;
    packet.protocol = wire::Protocol::kTcp;
    packet.tcp.source_port = source_port;
    packet.tcp.destination_port = destination_port;
    packet.tcp.flags = flags;
    packet.tcp.seq = wire::SeqNum(1000);
    packet.tcp.ack = wire::SeqNum(flags == kSyn ? 0 : 1001);
    packet.tcp.window = 1000;
    return packet;
}

TEST(Nat, TheSourceIsTranslatedAndAnswersFindBack) {
    NatBench t;
    wire::Packet syn = tcp(kInside, 40000, kServer, 80);
    syn.tcp.options = wire::option::kTimestamps;
    syn.tcp.tsval = 12345;
    t.from_inside(syn);
    EXPECT_EQ(t.at_server().source, kOutside);
    EXPECT_EQ(t.at_server().tcp.source_port, 40000);  // its own is free
    EXPECT_EQ(t.at_server().tcp.tsval, 12345U);       // the client's clock shows through
    t.from_outside(tcp(kServer, 80, kOutside, 40000, kSyn | kAck));
    ASSERT_EQ(t.client.arrivals.size(), 1U);
    EXPECT_EQ(t.at_client().source, kServer);
    EXPECT_EQ(t.at_client().destination, kInside);
    EXPECT_EQ(t.at_client().tcp.destination_port, 40000);
    EXPECT_EQ(t.stats().mapped, 1U);
    EXPECT_EQ(t.stats().port_changed, 0U);
}

TEST(Nat, ATakenPortIsReplacedByAFreeOneOfItsClass) {
    NatBench t;
    t.from_inside(tcp(kInside, 40000, kServer, 80));
    t.from_inside(tcp(kOther, 40000, kServer, 80));
    const std::uint16_t port = t.at_server().tcp.source_port;
    EXPECT_NE(port, 40000);
    EXPECT_GE(port, 1024);
    t.from_outside(tcp(kServer, 80, kOutside, port, kSyn | kAck));
    EXPECT_EQ(t.at_client().destination, kOther);
    EXPECT_EQ(t.at_client().tcp.destination_port, 40000);
    // Towards another server the same port is free.
    t.from_inside(tcp(kOther, 40000, kServer, 81));
    EXPECT_EQ(t.at_server().tcp.source_port, 40000);
    t.from_inside(tcp(kInside, 1000, kServer, 80));
    t.from_inside(tcp(kOther, 1000, kServer, 80));
    EXPECT_GE(t.at_server().tcp.source_port, 600);
    EXPECT_LT(t.at_server().tcp.source_port, 1024);
    EXPECT_EQ(t.stats().port_changed, 2U);
}

TEST(Nat, PortsCanBeLimitedAndRunOut) {
    NatOptions options = NatBench::options();
    options.ports = PortRange{5000, 5003};
    NatBench t(options);
    std::set<std::uint16_t> used;
    for (std::uint16_t port = 1; port <= 6; ++port) {
        t.from_inside(tcp(kInside, port, kServer, 80));
        used.insert(t.at_server().tcp.source_port);
    }
    EXPECT_EQ(t.server.arrivals.size(), 4U);
    EXPECT_EQ(used, (std::set<std::uint16_t>{5000, 5001, 5002, 5003}));
    EXPECT_THAT(t.told, ElementsAre("NAT: no free port", "NAT: no free port"));
    EXPECT_EQ(t.stats().exhausted, 2U);
    EXPECT_EQ(t.r.dropped(DropReason::kNat), 2U);
    EXPECT_EQ(t.r.elements().conntrack()->stats(t.sim.now()).count, 4U);
    t.sim.run({.until = t.sim.now() + seconds(120)});  // the mappings expire
    t.from_inside(tcp(kInside, 7, kServer, 80));
    EXPECT_EQ(t.server.arrivals.size(), 5U);
}

TEST(Nat, WithoutAMappingTheRouterAnswersUnlessSilent) {
    for (const bool silent : {false, true}) {
        NatOptions options = NatBench::options();
        options.silent = silent;
        NatBench t(options);
        t.from_outside(tcp(kServer, 80, kOutside, 40000, kSyn | kAck));
        EXPECT_EQ(t.stats().unmapped, 1U);
        EXPECT_TRUE(t.client.arrivals.empty());
        ASSERT_EQ(t.server.arrivals.size(), silent ? 0U : 1U);
        if (silent) {
            EXPECT_THAT(t.told, ElementsAre("NAT: no mapping"));
            continue;
        }
        EXPECT_EQ(t.at_server().source, kOutside);
        EXPECT_EQ(t.at_server().tcp.source_port, 40000);
        EXPECT_EQ(t.at_server().tcp.flags, kRst);
        EXPECT_EQ(t.at_server().tcp.seq, wire::SeqNum(1001));
        wire::Packet datagram = udp_packet(kServer, kOutside, 100);
        t.from_outside(datagram);
        EXPECT_EQ(t.at_server().icmp.code, wire::icmp::kPortUnreachable);
    }
}

TEST(Nat, AnExpiredMappingResetsTheServerButNotTheClient) {
    NatBench t;
    t.r.elements().conntrack_settings().tcp_timeout_established = 100;
    t.from_inside(tcp(kInside, 40000, kServer, 80));
    t.from_outside(tcp(kServer, 80, kOutside, 40000, kSyn | kAck));
    wire::Packet ack = tcp(kInside, 40000, kServer, 80, kAck);
    ack.tcp.seq = wire::SeqNum(1001);
    ack.tcp.ack = wire::SeqNum(1001);
    t.from_inside(ack);
    t.sim.run({.until = t.sim.now() + seconds(101)});
    wire::Packet late = tcp(kServer, 80, kOutside, 40000, kAck);
    t.from_outside(late);
    EXPECT_EQ(t.at_server().tcp.flags, kRst);
    EXPECT_EQ(t.client.arrivals.size(), 1U);  // the SYN-ACK
    // The client speaks: the connection is picked up, its port kept.
    t.from_inside(ack);
    EXPECT_EQ(t.at_server().tcp.source_port, 40000);
    EXPECT_EQ(t.at_server().source, kOutside);
}

TEST(Nat, APoolAnswersForAllItsAddresses) {
    NatOptions options;
    options.outside = *parse_prefix("198.18.0.0/24");
    NatBench t(options);
    t.from_outside(tcp(kServer, 80, ipv4(198, 18, 0, 77), 1234, kSyn | kAck));
    ASSERT_EQ(t.server.arrivals.size(), 1U);
    EXPECT_EQ(t.at_server().source, ipv4(198, 18, 0, 77));
    EXPECT_EQ(t.at_server().tcp.flags, kRst);
}

TEST(Nat, UdpAndEchoesHaveMappingsToo) {
    NatBench t;
    wire::Packet query = udp_packet(kInside, kServer, 60);
    t.from_inside(query);
    EXPECT_EQ(t.at_server().source, kOutside);
    wire::Packet answer = udp_packet(kServer, kOutside, 60);
    answer.udp.source_port = 2000;
    answer.udp.destination_port = 1000;
    t.from_outside(answer);
    EXPECT_EQ(t.at_client().destination, kInside);

    wire::Packet ping = udp_packet(kInside, kServer, 60);
    ping.protocol = wire::Protocol::kIcmp;
    ping.icmp = wire::IcmpHeader{};
    ping.icmp.type = wire::icmp::kEchoRequest;
    ping.icmp.echo_id = 7;
    t.from_inside(ping);
    EXPECT_EQ(t.at_server().icmp.echo_id, 7);
    ping.source = kOther;
    t.from_inside(ping);
    const std::uint16_t id = t.at_server().icmp.echo_id;
    EXPECT_NE(id, 7);
    t.from_outside(echo_reply(t.at_server()));
    EXPECT_EQ(t.at_client().destination, kOther);
    EXPECT_EQ(t.at_client().icmp.echo_id, 7);
}

TEST(Nat, IcmpErrorsAreTranslatedWithWhatTheyQuote) {
    NatBench t;
    t.from_inside(tcp(kInside, 40000, kServer, 80));
    t.from_inside(tcp(kOther, 40000, kServer, 80));
    const wire::Packet seen = t.at_server();
    ASSERT_NE(seen.tcp.source_port, 40000);
    wire::Packet error = icmp_error(seen, ipv4(10, 9, 9, 9), wire::icmp::kDestinationUnreachable,
                                    wire::icmp::kFragmentationNeeded, 1400);
    t.from_outside(error);
    ASSERT_EQ(t.client.arrivals.size(), 1U);
    EXPECT_EQ(t.at_client().source, ipv4(10, 9, 9, 9));  // who says so stays
    EXPECT_EQ(t.at_client().destination, kOther);
    EXPECT_EQ(t.at_client().icmp.quoted.source, kOther);
    EXPECT_EQ(t.at_client().icmp.quoted.source_port, 40000);
    EXPECT_EQ(t.at_client().icmp.quoted.destination, kServer);
    EXPECT_EQ(t.at_client().icmp.mtu, 1400);
    // One from inside about an answer: it seems to come from the outside address.
    t.from_outside(tcp(kServer, 80, kOutside, seen.tcp.source_port, kSyn | kAck));
    t.from_inside(icmp_error(t.at_client(), kOther, wire::icmp::kDestinationUnreachable,
                             wire::icmp::kHostUnreachable));
    EXPECT_EQ(t.at_server().source, kOutside);
    EXPECT_EQ(t.at_server().icmp.quoted.destination, kOutside);
    EXPECT_EQ(t.at_server().icmp.quoted.destination_port, seen.tcp.source_port);
}

TEST(Nat, APortCanBeForwarded) {
    NatOptions options = NatBench::options();
    options.forward = {{IpProtocol::kTcp, 8080, {kInside, 80}},
                       {IpProtocol::kUdp, 53, {kOther, 5353}}};
    NatBench t(options);
    t.from_outside(tcp(kServer, 1234, kOutside, 8080));
    ASSERT_EQ(t.client.arrivals.size(), 1U);
    EXPECT_EQ(t.at_client().destination, kInside);
    EXPECT_EQ(t.at_client().tcp.destination_port, 80);
    EXPECT_EQ(t.at_client().source, kServer);
    t.from_inside(tcp(kInside, 80, kServer, 1234, kSyn | kAck));
    EXPECT_EQ(t.at_server().source, kOutside);
    EXPECT_EQ(t.at_server().tcp.source_port, 8080);
    wire::Packet query = udp_packet(kServer, kOutside, 60);
    query.udp.destination_port = 53;
    t.from_outside(query);
    EXPECT_EQ(t.at_client().destination, kOther);
    EXPECT_EQ(t.at_client().udp.destination_port, 5353);
    EXPECT_EQ(t.stats().forwarded, 2U);
}

TEST(Nat, WithinTheInsideNothingIsTranslated) {
    NatBench t;
    t.from_inside(tcp(kInside, 40000, kOther, 80));
    EXPECT_EQ(t.at_client().source, kInside);
    EXPECT_EQ(t.stats().mapped, 0U);
}

TEST(Nat, AnInterfaceCanBeTheInside) {
    NatOptions options;
    options.inside_interfaces = {"eth0"};
    NatBench t(options);
    t.from_inside(tcp(kInside, 40000, kServer, 80));
    EXPECT_EQ(t.at_server().source, kRouter);  // no outside given: its own address
    t.from_outside(tcp(kServer, 80, kRouter, 40000, kSyn | kAck));
    EXPECT_EQ(t.at_client().destination, kInside);
}

TEST(Nat, RefusesWhatMakesNoSense) {
    NatBench t;
    NatOptions options;
    options.ports = PortRange{0, 10};
    EXPECT_THROW(t.r.elements().set_nat(options, kRouter), InputError);
    options = {};
    options.inside_interfaces = {"eth9"};
    EXPECT_THROW(t.r.elements().set_nat(options, kRouter), InputError);
    options = {};
    options.forward = {{IpProtocol::kTcp, 0, {kInside, 80}}};
    EXPECT_THROW(t.r.elements().set_nat(options, kRouter), InputError);
}

}  // namespace
}  // namespace netsim::net
