// A firewall on a router: which rule decides, what is answered, what is counted and said.
#include "net/firewall.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/net_bench.hpp"
#include "net/reject.hpp"
#include "net/router.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using wire::flag::kAck;
using wire::flag::kFin;
using wire::flag::kPsh;
using wire::flag::kRst;
using wire::flag::kSyn;

constexpr Ipv4 kA = ipv4(10, 0, 0, 1);
constexpr Ipv4 kB = ipv4(10, 0, 0, 2);
constexpr Ipv4 kR = ipv4(10, 0, 0, 254);

/// a - r - b; eth0 of r leads to a.
struct WallBench : sim::Tracer {
    WallBench() {
        fabric.tracer = this;
        r.routes().add(Route{Prefix{kA, 32}, Route::Kind::kUnicast, 0, true});
        r.routes().add(Route{Prefix{kB, 32}, Route::Kind::kUnicast, 1, true});
    }

    void on_packet(const sim::PacketRecord& record) override {
        if (record.event == sim::PacketEvent::kDropped) {
            told.emplace_back(record.reason);
        }
    }

    void send(wire::Packet packet) {
        Link& link = packet.source == kB ? right : left;
        packet.uid = ++uid;
        link.direction(packet.source == kB ? 1 : 0).transmit(pool.make(packet));
        sim.run({});
    }

    Firewall& wall(const std::vector<FirewallRule>& rules, Target policy = Target::kAccept) {
        FirewallOptions options;
        options.policy[static_cast<std::size_t>(Chain::kForward)] = policy;
        options.rules = rules;
        return r.elements().set_firewall(options);
    }

    std::size_t passed() {
        const std::size_t now = b.arrivals.size();
        return now - std::exchange(seen, now);
    }

    sim::Simulation sim{1};
    wire::PacketPool pool;
    Fabric fabric{sim, pool};
    Sink a{fabric, "a"};
    Sink b{fabric, "b"};
    Router r{fabric, "r", kR};
    Link left{fabric, a, kA, r, kR, {}, {}};
    Link right{fabric, r, kR, b, kB, {}, {}};
    std::vector<std::string> told;
    std::uint64_t uid = 0;
    std::size_t seen = 0;
};

wire::Packet tcp(std::uint16_t flags, std::uint16_t port = 80, std::uint32_t seq = 1000,
                 std::uint32_t ack = 0) {
    wire::Packet packet{};
    packet.source = kA;
    packet.destination = kB;
    packet.protocol = wire::Protocol::kTcp;
    packet.tcp.source_port = 40000;
    packet.tcp.destination_port = port;
    packet.tcp.flags = flags;
    packet.tcp.seq = wire::SeqNum(seq);
    packet.tcp.ack = wire::SeqNum(ack);
    packet.tcp.window = 1000;
    return packet;
}

wire::Packet back(wire::Packet packet) {
    std::swap(packet.source, packet.destination);
    std::swap(packet.tcp.source_port, packet.tcp.destination_port);
    return packet;
}

FirewallRule rule(Target target, IpProtocol protocol = IpProtocol::kTcp) {
    FirewallRule made;
    made.target = target;
    made.protocol = protocol;
    return made;
}

TEST(Firewall, TheFirstRuleThatMatchesDecides) {
    WallBench t;
    FirewallRule accept = rule(Target::kAccept);
    accept.destination_port = PortRange{80, 81};
    FirewallRule drop = rule(Target::kDrop);
    drop.comment = "no TCP";
    Firewall& wall = t.wall({accept, drop});
    t.send(tcp(kSyn, 80));
    t.send(tcp(kSyn, 82));
    t.send(udp_packet(kA, kB, 100));
    EXPECT_EQ(t.passed(), 2U);
    EXPECT_THAT(t.told, ElementsAre("firewall rule 2 (no TCP)"));
    EXPECT_EQ(t.r.dropped(DropReason::kFirewall), 1U);
    EXPECT_EQ(wall.rules(Chain::kForward)[0].packets, 1U);
    EXPECT_EQ(wall.rules(Chain::kForward)[0].bytes, 40U);
    EXPECT_EQ(wall.policy(Chain::kForward).packets, 1U);
    EXPECT_EQ(wall.policy(Chain::kForward).bytes, 100U);
    wall.zero();
    EXPECT_EQ(wall.policy(Chain::kForward).packets, 0U);
    EXPECT_EQ(wall.rules(Chain::kForward)[0].packets, 0U);
}

TEST(Firewall, ThePolicyDecidesTheRest) {
    WallBench t;
    t.wall({rule(Target::kAccept)}, Target::kDrop);
    t.send(udp_packet(kA, kB, 100));
    t.send(tcp(kSyn));
    EXPECT_EQ(t.passed(), 1U);
    EXPECT_THAT(t.told, ElementsAre("firewall policy"));
}

TEST(Firewall, LooksAtInterfacesAddressesPortsAndFlags) {
    WallBench t;
    Firewall& wall = t.wall({});
    const auto drops = [&](const FirewallRule& one, const wire::Packet& packet) {
        wall.flush(Chain::kForward);
        wall.append(one);
        const std::size_t before = t.told.size();
        t.send(packet);
        return t.told.size() > before;
    };
    FirewallRule one = rule(Target::kDrop);
    one.in = {"eth0"};
    EXPECT_TRUE(drops(one, tcp(kSyn)));
    EXPECT_FALSE(drops(one, back(tcp(kSyn))));
    one = rule(Target::kDrop);
    one.out = {"eth1", "lo"};
    EXPECT_TRUE(drops(one, tcp(kSyn)));
    EXPECT_FALSE(drops(one, back(tcp(kSyn))));
    one = rule(Target::kDrop);
    one.source = *parse_prefix("10.0.0.0/31");
    EXPECT_TRUE(drops(one, tcp(kSyn)));
    EXPECT_FALSE(drops(one, back(tcp(kSyn))));
    one = rule(Target::kDrop);
    one.destination = Prefix{kB, 32};
    one.source_port = PortRange{40000, 40000};
    EXPECT_TRUE(drops(one, tcp(kSyn)));
    EXPECT_FALSE(drops(one, back(tcp(kSyn))));
    one = rule(Target::kDrop);
    one.flags.letters = "S";
    EXPECT_TRUE(drops(one, tcp(kSyn)));
    EXPECT_TRUE(drops(one, tcp(kSyn | wire::flag::kEce | wire::flag::kCwr)));  // not looked at
    EXPECT_FALSE(drops(one, tcp(kSyn | kAck)));
    one.flags = {"F.", FlagMatch::How::kAllOf};
    EXPECT_TRUE(drops(one, tcp(kFin | kPsh | kAck)));
    EXPECT_FALSE(drops(one, tcp(kAck)));
    one.flags = {"FR", FlagMatch::How::kAnyOf};
    EXPECT_TRUE(drops(one, tcp(kRst)));
    EXPECT_FALSE(drops(one, tcp(kAck)));
    one = rule(Target::kDrop, IpProtocol::kUdp);
    EXPECT_FALSE(drops(one, tcp(kSyn)));
    EXPECT_TRUE(drops(one, udp_packet(kA, kB, 100)));
}

TEST(Firewall, RejectAnswersWithARstThatIsTaken) {
    WallBench t;
    FirewallRule one = rule(Target::kReject);
    one.reject = RejectWith::kTcpReset;
    t.wall({one});
    t.send(tcp(kSyn));
    ASSERT_EQ(t.a.arrivals.size(), 1U);
    const wire::Packet& reset = t.a.arrivals[0].packet;
    EXPECT_EQ(reset.source, kB);  // as if the server had said it
    EXPECT_EQ(reset.tcp.source_port, 80);
    EXPECT_EQ(reset.tcp.flags, kRst | kAck);
    EXPECT_EQ(reset.tcp.ack, wire::SeqNum(1001));
    EXPECT_THAT(t.told, ElementsAre("firewall rule 1: reject with tcp-reset"));
    t.send(tcp(kAck, 80, 1001, 7777));
    EXPECT_EQ(t.a.arrivals[1].packet.tcp.flags, kRst);
    EXPECT_EQ(t.a.arrivals[1].packet.tcp.seq, wire::SeqNum(7777));
    t.send(tcp(kRst));  // never answered
    EXPECT_EQ(t.a.arrivals.size(), 2U);
    EXPECT_EQ(t.passed(), 0U);
}

TEST(Firewall, RejectAnswersWithIcmpWhateverTheRouterElseSays) {
    WallBench t;
    t.r.say_icmp_errors(false);
    const std::vector<std::pair<RejectWith, int>> codes{
        {RejectWith::kNetUnreachable, 0},   {RejectWith::kHostUnreachable, 1},
        {RejectWith::kProtoUnreachable, 2}, {RejectWith::kPortUnreachable, 3},
        {RejectWith::kNetProhibited, 9},    {RejectWith::kHostProhibited, 10},
        {RejectWith::kAdminProhibited, 13}};
    for (const auto& [reject, code] : codes) {
        FirewallRule one = rule(Target::kReject);
        one.reject = reject;
        t.wall({one});
        t.a.arrivals.clear();
        t.send(tcp(kSyn));
        ASSERT_EQ(t.a.arrivals.size(), 1U);
        const wire::IcmpHeader& icmp = t.a.arrivals[0].packet.icmp;
        EXPECT_EQ(icmp.type, wire::icmp::kDestinationUnreachable);
        EXPECT_EQ(icmp.code, code);
        EXPECT_EQ(icmp.quoted.destination_port, 80);
        EXPECT_EQ(t.a.arrivals[0].packet.source, kR);
        t.sim.run({.until = t.sim.now() + seconds(10)});  // ICMP's own limit
    }
}

TEST(Firewall, StatesComeFromConnectionTracking) {
    WallBench t;
    FirewallRule established = rule(Target::kAccept, IpProtocol::kAny);
    established.states = ct_state::kEstablished | ct_state::kRelated;
    FirewallRule outwards = rule(Target::kAccept, IpProtocol::kAny);
    outwards.states = ct_state::kNew;
    outwards.in = {"eth0"};
    Firewall& wall = t.wall({established, outwards}, Target::kDrop);
    EXPECT_TRUE(wall.needs_conntrack());
    t.send(back(tcp(kSyn)));  // from outside
    EXPECT_EQ(t.a.arrivals.size(), 0U);
    EXPECT_EQ(t.r.elements().conntrack()->stats(t.sim.now()).count, 0U);  // dropped: no entry
    t.send(tcp(kSyn));
    t.send(back(tcp(kSyn | kAck, 80, 5000, 1001)));
    t.send(tcp(kAck, 80, 1001, 5001));
    EXPECT_EQ(t.passed(), 2U);
    EXPECT_EQ(t.a.arrivals.size(), 1U);
    wire::Packet error = udp_packet(kB, kA, 100);
    error.protocol = wire::Protocol::kIcmp;
    error.icmp = wire::IcmpHeader{};
    error.icmp.type = wire::icmp::kTimeExceeded;
    error.icmp.quoted = {kA, kB, wire::Protocol::kTcp, 1, 40, 1, 40000, 80, 1000};
    t.send(error);
    EXPECT_EQ(t.a.arrivals.size(), 2U);
    EXPECT_EQ(wall.rules(Chain::kForward)[0].packets, 3U);
    EXPECT_EQ(wall.rules(Chain::kForward)[1].packets, 1U);
}

TEST(Firewall, AResetItMadeClosesTheTrackedConnection) {
    WallBench t;
    t.wall({});
    t.r.elements().need_conntrack();
    t.send(tcp(kSyn));
    t.send(back(tcp(kSyn | kAck, 80, 5000, 1001)));
    t.send(tcp(kAck, 80, 1001, 5001));
    FirewallRule one = rule(Target::kReject);
    one.reject = RejectWith::kTcpReset;
    one.states = ct_state::kEstablished;
    t.r.elements().firewall()->append(one);
    t.send(tcp(kAck, 80, 1001, 5001));
    const CtEntry* entry = t.r.elements().conntrack()->find(*tuple_of(tcp(kAck))).entry;
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->tcp.state, TcpTrackState::kClose);
}

TEST(Firewall, ATableThatIsFullDropsAndSaysSo) {
    WallBench t;
    t.r.elements().conntrack_settings().max = 1;
    t.r.elements().conntrack_settings().buckets = 1;
    t.r.elements().need_conntrack();
    t.send(tcp(kSyn));
    t.send(back(tcp(kSyn | kAck, 80, 5000, 1001)));
    t.send(tcp(kAck, 80, 1001, 5001));
    for (int i = 0; i < 12; ++i) {
        t.send(tcp(kSyn, 81));
    }
    EXPECT_EQ(t.passed(), 2U);
    EXPECT_EQ(t.told.size(), 12U);
    EXPECT_EQ(t.told.back(), "nf_conntrack: table full");
    EXPECT_EQ(t.r.dropped(DropReason::kConntrack), 12U);
    EXPECT_EQ(t.r.elements().log().size(), 10U);  // rate limited
    EXPECT_THAT(
        t.r.elements().log().text(),
        HasSubstr("[    0.000000] nf_conntrack: nf_conntrack: table full, dropping packet\n"));
}

TEST(Firewall, ALimitIsATokenBucket) {
    WallBench t;
    FirewallRule one = rule(Target::kAccept);
    one.limit = PacketLimit{100, 20, false, false};
    t.wall({one}, Target::kDrop);
    for (int i = 0; i < 30; ++i) {
        t.send(tcp(kSyn));
    }
    EXPECT_EQ(t.passed(), 20U);
    t.sim.run({.until = t.sim.now() + milliseconds(9)});
    t.send(tcp(kSyn));
    EXPECT_EQ(t.passed(), 0U);
    t.sim.run({.until = t.sim.now() + milliseconds(1)});
    t.send(tcp(kSyn));
    t.send(tcp(kSyn));
    EXPECT_EQ(t.passed(), 1U);
    t.sim.run({.until = t.sim.now() + seconds(10)});  // full again, not more
    for (int i = 0; i < 30; ++i) {
        t.send(tcp(kSyn));
    }
    EXPECT_EQ(t.passed(), 20U);
}

TEST(Firewall, ALimitPerSourceLeavesOthersAlone) {
    WallBench t;
    FirewallRule one = rule(Target::kDrop);
    one.limit = PacketLimit{1, 2, true, true};  // what is above
    t.wall({one});
    for (int i = 0; i < 5; ++i) {
        t.send(tcp(kSyn));
    }
    EXPECT_EQ(t.passed(), 2U);
    wire::Packet other = tcp(kSyn);
    other.source = ipv4(10, 0, 0, 77);
    t.send(other);
    EXPECT_EQ(t.passed(), 1U);
}

TEST(RateLimiter, SourcesAreBoundedAndForgottenWhenIdle) {
    RateLimiter limiter(PacketLimit{1, 1, true, false});
    Time now{};
    for (std::uint32_t i = 0; i < 70'000; ++i) {
        limiter.matches(now, Ipv4{i});
    }
    EXPECT_EQ(limiter.sources(), 65'536U);
    EXPECT_FALSE(limiter.matches(now, Ipv4{1'000'000}));
    now += seconds(10);
    EXPECT_TRUE(limiter.matches(now, Ipv4{1'000'000}));
    EXPECT_EQ(limiter.sources(), 1U);
}

TEST(Firewall, LogsAsTheKernelDoesAndGoesOn) {
    WallBench t;
    FirewallRule one = rule(Target::kNone);
    one.log = "web: ";
    t.wall({one});
    t.sim.run({.until = Time(milliseconds(1500))});
    t.send(tcp(kSyn));
    EXPECT_EQ(t.passed(), 1U);
    EXPECT_EQ(t.r.elements().log().text(),
              "[    1.500000] web: IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 LEN=40 TOS=0x00 "
              "PREC=0x00 TTL=63 ID=0 DF PROTO=TCP SPT=40000 DPT=80 WINDOW=1000 RES=0x00 SYN "
              "URGP=0 \n");
}

TEST(Firewall, InputAndOutputAreForTheRouterItself) {
    WallBench t;
    FirewallRule one = rule(Target::kDrop, IpProtocol::kIcmp);
    one.chain = Chain::kInput;
    Firewall& wall = t.wall({one});
    wire::Packet ping = udp_packet(kA, kR, 100);
    ping.protocol = wire::Protocol::kIcmp;
    ping.icmp = wire::IcmpHeader{};
    ping.icmp.type = wire::icmp::kEchoRequest;
    t.send(ping);
    EXPECT_TRUE(t.a.arrivals.empty());
    EXPECT_THAT(t.told, ElementsAre("firewall INPUT rule 1"));
    wall.remove(Chain::kInput, 1);
    t.send(ping);
    EXPECT_EQ(t.a.arrivals.size(), 1U);
    one.chain = Chain::kOutput;
    wall.append(one);
    t.send(ping);
    EXPECT_EQ(t.a.arrivals.size(), 1U);
    EXPECT_EQ(t.told.back(), "firewall OUTPUT rule 1");
}

TEST(Firewall, RulesChangeWhileItWorks) {
    WallBench t;
    Firewall& wall = t.wall({rule(Target::kDrop)});
    wall.insert(1, rule(Target::kAccept));
    t.send(tcp(kSyn));
    EXPECT_EQ(t.passed(), 1U);
    wall.remove(Chain::kForward, 1);
    t.send(tcp(kSyn));
    EXPECT_EQ(t.passed(), 0U);
    wall.flush(Chain::kForward);
    t.send(tcp(kSyn));
    EXPECT_EQ(t.passed(), 1U);
}

TEST(Firewall, RefusesWhatMakesNoSense) {
    WallBench t;
    Firewall& wall = t.wall({});
    const auto message = [&](const FirewallRule& one) {
        try {
            wall.append(one);
        } catch (const InputError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    FirewallRule one = rule(Target::kDrop, IpProtocol::kAny);
    one.destination_port = PortRange{80, 80};
    EXPECT_THAT(message(one), HasSubstr("ports need the protocol"));
    one = rule(Target::kDrop, IpProtocol::kAny);
    one.flags.letters = "S";
    EXPECT_THAT(message(one), HasSubstr("flags need the protocol tcp"));
    one = rule(Target::kReject, IpProtocol::kUdp);
    one.reject = RejectWith::kTcpReset;
    EXPECT_THAT(message(one), HasSubstr("tcp-reset needs the protocol tcp"));
    one = rule(Target::kDrop);
    one.in = {"eth7"};
    EXPECT_THAT(message(one), HasSubstr("no interface of r (there are: eth0, eth1, lo)"));
    one = rule(Target::kDrop);
    one.chain = Chain::kInput;
    one.out = {"eth0"};
    EXPECT_THAT(message(one), HasSubstr("no outgoing interface"));
    one = rule(Target::kDrop);
    one.chain = Chain::kOutput;
    one.in = {"eth0"};
    EXPECT_THAT(message(one), HasSubstr("no incoming interface"));
    EXPECT_THAT(message(rule(Target::kNone)), HasSubstr("accepts, drops, rejects or logs"));
    one = rule(Target::kAccept);
    one.limit = PacketLimit{0, 5, false, false};
    EXPECT_THAT(message(one), HasSubstr("limit is 0/s"));
    one.limit = PacketLimit{1, 0, false, false};
    EXPECT_THAT(message(one), HasSubstr("burst is 0"));
    EXPECT_THROW(wall.insert(2, rule(Target::kDrop)), InputError);
    EXPECT_THROW(wall.remove(Chain::kForward, 1), InputError);
    EXPECT_THROW(wall.set_policy(Chain::kForward, Target::kReject), InputError);
}

}  // namespace
}  // namespace netsim::net
