// What a ladder's rows say: numbers, options, windows, remarks; what was made between the two
// hosts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netsim/result.hpp"
#include "observe/ladder_story.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of ladder_story.hpp
using ::testing::HasSubstr;
using ::testing::Not;
namespace flag = wire::flag;

/// A packet made by the router between user and web.
wire::Packet by_router(wire::Packet packet) {
    packet.uid = (packet.uid & 0xffffffffffU) | (std::uint64_t{kRouterNode} << 40U);
    return packet;
}

wire::Packet icmp_about(const wire::Packet& segment, std::uint8_t code) {
    wire::Packet packet = by_router(segment);
    packet.source = ipv4(10, 0, 0, 3);
    packet.destination = segment.source;
    packet.protocol = wire::Protocol::kIcmp;
    packet.icmp = wire::IcmpHeader{};
    packet.icmp.type = wire::icmp::kDestinationUnreachable;
    packet.icmp.code = code;
    packet.icmp.quoted.source = segment.source;
    packet.icmp.quoted.destination = segment.destination;
    packet.icmp.quoted.source_port = segment.tcp.source_port;
    packet.icmp.quoted.destination_port = segment.tcp.destination_port;
    return packet;
}

TEST(LadderRows, AnIcmpErrorComesFromTheRouterThatMadeIt) {
    Story story;
    const wire::Packet first = syn(1000);
    story.send(0, first);
    story.ladder.on_packet(received(ms(5), kRouterNode, first));
    story.ladder.on_packet(dropped(ms(5), kRouterNode, first, "no route"));
    const wire::Packet error = icmp_about(first, wire::icmp::kHostUnreachable);
    story.ladder.on_packet(sent(ms(5), kRouterNode, error));
    story.ladder.on_packet(received(ms(10), kUserNode, error));
    story.state(10, kUserNode, "SYN-SENT", "CLOSED");
    const std::string text = story.draw();
    EXPECT_THAT(text, HasSubstr("x no route at r"));
    EXPECT_THAT(text, HasSubstr("CLOSED   0.010 |<--"));
    EXPECT_THAT(text, HasSubstr("ICMP host unreachable -- [r]"));
}

TEST(LadderRows, AResetMadeOnTheWayIsNotTheOtherHosts) {
    Story story;
    open_connection(story);
    const wire::Packet reset = by_router(turned(segment(flag::kRst | flag::kAck, 5001, 1001)));
    story.ladder.on_packet(sent(ms(40), kRouterNode, reset));
    story.ladder.on_packet(received(ms(45), kUserNode, reset));
    EXPECT_THAT(story.draw(), HasSubstr("RST,ACK seq=1 ack=1 -- [r]"));
}

TEST(LadderRows, AnIcmpErrorAboutAnotherConnectionIsNotDrawn) {
    Story story;
    open_connection(story);
    wire::Packet other = syn(1000);
    other.tcp.source_port = 41000;
    const wire::Packet error = icmp_about(other, wire::icmp::kHostUnreachable);
    story.ladder.on_packet(sent(ms(5), kRouterNode, error));
    story.ladder.on_packet(received(ms(10), kUserNode, error));
    EXPECT_THAT(story.draw(), Not(HasSubstr("ICMP")));
}

/// Between the two hosts 10.0.0.1:40000 becomes 192.0.2.1:61000.
TEST(LadderRows, BehindANatBothEndsNumbersMakeOneConnection) {
    const Endpoint outside{ipv4(192, 0, 2, 1), 61000};
    Story story;
    const wire::Packet first = syn(1000);
    wire::Packet changed = first;
    changed.source = outside.address;
    changed.tcp.source_port = outside.port;
    story.send(0, first);
    story.ladder.on_packet(received(ms(10), kWebNode, changed));
    wire::Packet answer = syn_ack(5000, 1001);
    answer.destination = outside.address;
    answer.tcp.destination_port = outside.port;
    wire::Packet inside = answer;
    inside.destination = kUser;
    inside.tcp.destination_port = 40000;
    story.send(10, answer);
    story.ladder.on_packet(received(ms(20), kUserNode, inside));
    const std::string text = story.draw();
    EXPECT_THAT(text, HasSubstr("-- SYN seq=0 -"));
    EXPECT_THAT(text, HasSubstr("- SYN,ACK seq=0 ack=1 --"));
    EXPECT_EQ(text.find("user 10.0.0.1:40000"), text.rfind("user 10.0.0.1:40000")) << text;
}

TEST(LadderRows, NumbersStartWhereAsked) {
    Story story;
    open_connection(story);
    EXPECT_THAT(story.draw({.start = {{1000, 4000}}}), HasSubstr("SYN,ACK seq=4000 ack=1001"));
    EXPECT_THAT(story.draw({.start = {{1000, 4000}}}), HasSubstr("ACK seq=1001 ack=4001"));
    EXPECT_THAT(story.draw({.absolute = true, .start = {{1000, 4000}}}),
                HasSubstr("SYN,ACK seq=5000 ack=1001"));
}

TEST(LadderRows, OptionsOfSynsOnDemand) {
    Story story;
    open_connection(story);
    EXPECT_THAT(story.draw({.width = 120, .options = true}),
                HasSubstr("SYN seq=0 <mss 1460, sackOK, TS 1:0, wscale 10>"));
    EXPECT_THAT(story.draw(), Not(HasSubstr("mss")));
}

TEST(LadderRows, WindowsAreScaledOnceBothSaidHow) {
    Story story;
    open_connection(story);
    wire::Packet small = turned(segment(flag::kAck, 5001, 1001));
    small.tcp.window = 3;
    story.send(40, small);
    const std::string text = story.draw({.windows = true});
    EXPECT_THAT(text, HasSubstr("SYN seq=0 win=64240"));
    EXPECT_THAT(text, HasSubstr("ack=1 win=3072"));
}

TEST(LadderRows, DuplicateAcksZeroWindowsAndProbesAreMarked) {
    Story story;
    open_connection(story);
    wire::Packet full = turned(segment(flag::kAck, 5001, 1101));
    full.tcp.window = 0;
    std::int64_t at = 40;
    for (const wire::Packet& packet :
         {segment(flag::kAck, 1001, 5001, 100), turned(segment(flag::kAck, 5001, 1001)),
          turned(segment(flag::kAck, 5001, 1001)), full, segment(flag::kAck, 1100, 5001)}) {
        story.send(at, packet);
        story.arrive(at + 10, packet);
        at += 20;
    }
    const std::string text = story.draw({.width = 120});
    EXPECT_THAT(text, HasSubstr("(dup ACK 1)"));
    EXPECT_THAT(text, Not(HasSubstr("(dup ACK 2)")));
    EXPECT_THAT(text, HasSubstr("ack=101 (zero window)"));
    EXPECT_THAT(text, HasSubstr("seq=100 ack=1 (window probe)"));
}

TEST(LadderRows, AConnectionIsChosenByPortOrNumber) {
    Story story;
    for (std::uint16_t i = 0; i < 3; ++i) {
        wire::Packet packet = syn(1000);
        packet.tcp.source_port = static_cast<std::uint16_t>(40000 + i);
        story.send(i, packet);
    }
    const std::string by_port = story.draw({.port = 40001});
    EXPECT_THAT(by_port, HasSubstr("10.0.0.1:40001"));
    EXPECT_THAT(by_port, Not(HasSubstr("10.0.0.1:40000")));
    EXPECT_EQ(by_port, story.draw({.connection = 2}));
    EXPECT_THAT([&] { static_cast<void>(story.draw({.port = 81})); },
                ::testing::ThrowsMessage<InputError>(
                    "ladder: no connection has port 81 (ports: 80, 40000, 40001, 40002)"));
    EXPECT_THAT(
        [&] { static_cast<void>(story.draw({.connection = 4})); },
        ::testing::ThrowsMessage<InputError>("ladder: connection 4: there are 3, counted from 1"));
}

/// A socket has no port when connect() is called on it.
TEST(LadderRows, ACallThatOpensStandsInItsOwnConnection) {
    Story story;
    for (std::uint16_t port = 40000; port < 40003; ++port) {
        const Endpoint local{kUser, port};
        const std::int64_t at = port - 40000;
        const std::string call = "connect " + std::to_string(port);
        story.ladder.on_call(sim::CallRecord{.at = ms(at),
                                             .node = kUserNode,
                                             .node_name = "user",
                                             .local = {},
                                             .remote = {},
                                             .text = call});
        story.ladder.on_state(sim::StateRecord{.at = ms(at),
                                               .node = kUserNode,
                                               .node_name = "user",
                                               .local = local,
                                               .remote = kWebEnd,
                                               .from = "CLOSED",
                                               .to = "SYN-SENT",
                                               .cause = {}});
        wire::Packet packet = syn(1000);
        packet.tcp.source_port = port;
        story.send(at, packet);
    }
    const std::string second = story.draw({.connection = 2});
    EXPECT_THAT(second, HasSubstr("connect"));
    EXPECT_THAT(second, HasSubstr("40001"));
    EXPECT_THAT(second, Not(HasSubstr("40000")));
    EXPECT_THAT(second, Not(HasSubstr("40002")));
}

TEST(LadderRows, RowsBeyondTheMostAreCounted) {
    Story story;
    open_connection(story);
    const std::string text = story.draw({.rows_max = 1});
    EXPECT_THAT(text, HasSubstr("(2 more rows not drawn)"));
    EXPECT_THAT(text, Not(HasSubstr("SYN,ACK")));
}

TEST(LadderRows, TheBusiestPairComesFirst) {
    Story story;
    open_connection(story);
    wire::Packet other = syn(1);
    other.destination = ipv4(10, 0, 0, 9);
    story.send(50, other);
    const std::vector<LadderPair> pairs =
        story.ladder.pairs({{"web", kWeb}, {"user", kUser}, {"db", ipv4(10, 0, 0, 9)}});
    ASSERT_EQ(pairs.size(), 2U);
    EXPECT_EQ(pairs[0].left, "user");
    EXPECT_EQ(pairs[0].right, "web");
    EXPECT_EQ(pairs[0].segments, 3U);
    EXPECT_EQ(pairs[0].connections, 1U);
    EXPECT_EQ(pairs[1].right, "db");
}

}  // namespace
}  // namespace netsim::observe
