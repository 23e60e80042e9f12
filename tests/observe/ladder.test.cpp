// Ladders as text, whole.
#include "observe/ladder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "observe/ladder_story.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of packets.hpp
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
namespace flag = wire::flag;

TEST(Ladder, TheHandshake) {
    Story story;
    open_connection(story);
    EXPECT_EQ(story.draw(), R"(
                                  user 10.0.0.1:40000 web 10.0.0.2:80
                CLOSED            |                                |       LISTEN
connect(web:80) SYN-SENT    0.000 |-- SYN seq=0 ------------------>| 0.010 SYN-RECEIVED
                ESTABLISHED 0.020 |<-------- SYN,ACK seq=0 ack=1 --| 0.010
connect() = 0               0.020 |-- ACK seq=1 ack=1 ------------>| 0.030 ESTABLISHED  accept() = 4
)");
}

TEST(Ladder, AListenerThatClosesIsNoStateOfItsConnection) {
    Story story;
    open_connection(story);
    const std::string before = story.draw();
    story.ladder.on_state(sim::StateRecord{.at = ms(40),
                                           .node = kWebNode,
                                           .node_name = name_of(kWebNode),
                                           .local = Endpoint{Ipv4{}, 80},
                                           .remote = Endpoint{},
                                           .from = "LISTEN",
                                           .to = "CLOSED",
                                           .cause = {}});
    EXPECT_EQ(story.draw(), before);
}

TEST(Ladder, LossAndRetransmissionAcrossASilence) {
    Story story;
    const wire::Packet first = syn(1000);
    story.send(0, first);
    story.ladder.on_packet(dropped(ms(0), kUserNode, first, "loss"));
    const wire::Packet second = syn(1000);
    story.send(1000, second);
    story.arrive(1010, second);
    story.ladder.on_packet(dropped(ms(1010), kWebNode, second, "TCPReqQFullDrop"));
    EXPECT_EQ(story.draw(), R"(
        user 10.0.0.1:40000                               web 10.0.0.2:80
  0.000 |-- SYN seq=0 ----------------------x loss                      |
        |                        ... 1.000 s ...                        |
  1.000 |-- SYN seq=0 (again) [SYN queue full (TCPReqQFullDrop)] ------x| 1.010
)");
}

TEST(Ladder, CrossingSegmentsAreDrawnInHalves) {
    Story story;
    const wire::Packet a = segment(flag::kSyn, 1000);
    const wire::Packet b = turned(segment(flag::kSyn, 5000));
    story.send(0, a);
    story.send(0, b);
    story.arrive(10, a);
    story.arrive(10, b);
    EXPECT_EQ(story.draw(), R"(
        user 10.0.0.1:40000 web 10.0.0.2:80
  0.000 |-- SYN seq=0 -------- - -     |
        |     - - -------- SYN seq=0 --| 0.000
        |    - - -- SYN seq=0 -------->| 0.010
  0.010 |<-------- SYN seq=0 -- - -    |
)");
}

TEST(Ladder, ABurstIsWholeArrowsAndOvertakingIsNot) {
    Story story;
    const wire::Packet a = segment(flag::kAck, 1, 1, 100);
    const wire::Packet b = segment(flag::kAck, 101, 1, 100);
    const wire::Packet c = segment(flag::kAck, 201, 1, 100);
    story.send(0, a);
    story.send(1, b);
    story.send(2, c);
    story.arrive(10, a);
    story.arrive(12, c);
    story.arrive(15, b);
    EXPECT_EQ(story.draw(), R"(
        user 10.0.0.1:40000       web 10.0.0.2:80
  0.000 |-- ACK seq=1 ack=1 len=100 ----------->| 0.010
  0.001 |-- ACK seq=101 ack=1 len=100 ----- - - |
  0.002 |-- ACK seq=201 ack=1 len=100 --------->| 0.012
        | - - -- ACK seq=101 ack=1 len=100 ---->| 0.015
)");
}

TEST(Ladder, ACopyArrivesTwice) {
    Story story;
    const wire::Packet a = syn(1000);
    story.send(0, a);
    story.arrive(10, a);
    story.arrive(11, a);
    EXPECT_THAT(story.draw(), HasSubstr("SYN seq=0 (copy)"));
}

TEST(Ladder, ALateCopyThatIsDroppedIsNotItsOriginal) {
    Story story;
    open_connection(story);
    const wire::Packet data = segment(flag::kPsh | flag::kAck, 1001, 5001, 10);
    story.send(40, data);
    story.arrive(50, data);
    story.arrive(90, data);
    story.ladder.on_packet(dropped(ms(90), kWebNode, data, "TCP_OLD_DATA"));
    const std::string text = story.draw({.width = 120});
    EXPECT_THAT(text, HasSubstr("PSH,ACK seq=1 ack=1 len=10 ---"));
    EXPECT_THAT(text, HasSubstr("len=10 (copy) [received before |"));
    EXPECT_THAT(text, HasSubstr("--x| 0.090"));
}

TEST(Ladder, BehindARouterTheCopyComesSecondToo) {
    Story story;
    wire::Packet first = syn(1000);
    first.ttl = 64;
    wire::Packet routed = first;
    routed.ttl = 63;
    story.send(0, first);
    story.ladder.on_packet(received(ms(5), kRouterNode, first));
    story.arrive(10, routed);
    story.ladder.on_packet(received(ms(25), kRouterNode, first));
    story.arrive(30, routed);
    const std::string text = story.draw();
    EXPECT_THAT(text, HasSubstr("0.000 |-- SYN seq=0 ---------------->| 0.010"));
    EXPECT_THAT(text, HasSubstr("SYN seq=0 (copy) ---->| 0.030"));
}

TEST(Ladder, TheResetThatAnswersASynHasNumberZero) {
    Story story;
    const wire::Packet a = syn(1000);
    const wire::Packet reset = turned(segment(flag::kRst | flag::kAck, 0, 1001));
    story.send(0, a);
    story.arrive(10, a);
    story.send(10, reset);
    story.arrive(20, reset);
    EXPECT_THAT(story.draw(), HasSubstr("RST,ACK seq=0 ack=1 --"));
    EXPECT_THAT(story.draw({.absolute = true}), HasSubstr("RST,ACK seq=0 ack=1001 --"));
    EXPECT_THAT(story.draw({.start = {{7000, 9000}}}), HasSubstr("RST,ACK seq=0 ack=7001 --"));
}

TEST(Ladder, AResetOfAConnectionThatHasNumbersIsZeroToo) {
    Story story;
    const wire::Packet own = turned(syn(5000));  // simultaneous, then gone
    const wire::Packet a = syn(1000);
    const wire::Packet reset = turned(segment(flag::kRst | flag::kAck, 0, 1001));
    story.send(0, own);
    story.send(1, a);
    story.arrive(11, a);
    story.send(11, reset);
    EXPECT_THAT(story.draw(), HasSubstr("RST,ACK seq=0 ack=1 "));
}

/// The right side's times, from the top.
std::vector<std::string> right_times(const std::string& text) {
    std::vector<std::string> times;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t bar = line.rfind('|');
        const std::string rest = bar == std::string::npos ? "" : line.substr(bar + 1);
        if (rest.size() >= 6 && rest[2] == '.') {
            times.push_back(rest.substr(1, 5));
        }
    }
    return times;
}

TEST(Ladder, EachSideReadsDownwardsInOrderOfTime) {
    Story story;
    const wire::Packet a = syn(1000);
    story.send(0, a);
    story.state(1, kWebNode, "CLOSED", "LISTEN");  // while the SYN flies
    story.arrive(10, a);
    story.state(10, kWebNode, "LISTEN", "SYN-RECEIVED");
    const wire::Packet b = syn_ack(5000, 1001);
    story.send(10, b);
    story.arrive(20, b);
    const wire::Packet c = segment(flag::kAck, 1001, 5001);
    const wire::Packet d = segment(flag::kAck, 1001, 5001, 10);
    story.send(20, c);
    story.send(20, d);
    story.arrive(30, c);
    story.state(30, kWebNode, "SYN-RECEIVED", "ESTABLISHED");
    story.arrive(32, d);
    const std::string text = story.draw();
    EXPECT_THAT(right_times(text), ElementsAre("0.001", "0.010", "0.010", "0.030", "0.032"))
        << text;
    EXPECT_THAT(text, HasSubstr("| 0.001 LISTEN"));
    EXPECT_THAT(text, HasSubstr("-- SYN seq=0 ---------------------->| 0.010 SYN-RECEIVED"));
    EXPECT_THAT(text, HasSubstr("-- ACK seq=1 ack=1 ---------------->| 0.030 ESTABLISHED"));
}

/// An ACK leaves, then the application closes: that is the FIN's cause.
TEST(Ladder, ACallStandsBesideWhatItSends) {
    Story story;
    open_connection(story);
    const wire::Packet data = turned(segment(flag::kPsh | flag::kAck, 5001, 1001, 10));
    const wire::Packet ack = segment(flag::kAck, 1001, 5011);
    const wire::Packet fin = segment(flag::kFin | flag::kAck, 1001, 5011);
    story.send(40, data);
    story.arrive(50, data);
    story.send(50, ack);
    story.call(50, kUserNode, "close()");
    story.state(50, kUserNode, "ESTABLISHED", "FIN-WAIT-1");
    story.send(50, fin);
    story.arrive(60, ack);
    story.arrive(60, fin);
    story.state(60, kWebNode, "ESTABLISHED", "CLOSE-WAIT");
    story.call(60, kWebNode, "close()");
    story.state(60, kWebNode, "CLOSE-WAIT", "LAST-ACK");
    const wire::Packet last = turned(segment(flag::kFin | flag::kAck, 5011, 1002));
    story.send(60, last);
    story.arrive(70, last);
    const std::string text = story.draw();
    EXPECT_THAT(text, ContainsRegex("\n +0.050 .-- ACK seq=1 ack=11 -+>. 0.060\n"));
    EXPECT_THAT(text, ContainsRegex("close\\(\\) +FIN-WAIT-1 +0.050 .-- FIN.* 0.060 CLOSE-WAIT\n"));
    EXPECT_THAT(text, ContainsRegex("FIN,ACK seq=11 ack=2 --. 0.060 LAST-ACK +close\\(\\)\n"));
}

TEST(Ladder, WordsAreNotBroken) {
    Story story;
    open_connection(story);
    const wire::Packet data = segment(flag::kPsh | flag::kAck, 1001, 5001, 10);
    story.send(40, data);
    story.arrive(50, data);
    story.ladder.on_packet(dropped(ms(50), kWebNode, data, "TCP_ACK_UNSENT_DATA"));
    story.call(50, kUserNode, "connect() fails: ECONNREFUSED");
    story.call(50, kWebNode, "setsockopt(SO_LINGER)");
    const std::string text = story.draw({.width = 100});
    EXPECT_THAT(text, HasSubstr("(TCP_ACK_UNSENT_DATA)]"));
    EXPECT_THAT(text, HasSubstr("ECONNREFUSED"));
    EXPECT_THAT(text, HasSubstr("setsockopt\n"));
    EXPECT_THAT(text, HasSubstr("(SO_LINGER)\n"));
}

TEST(Ladder, AbsoluteNumbers) {
    Story story;
    open_connection(story);
    EXPECT_THAT(story.draw({.absolute = true}), HasSubstr("SYN,ACK seq=5000 ack=1001"));
}

TEST(Ladder, Utf8) {
    Story story;
    open_connection(story);
    EXPECT_THAT(story.draw({.utf8 = true}), HasSubstr("│── SYN seq=0 ──"));
}

TEST(Ladder, NoLineIsWiderThanAsked) {
    for (const std::size_t width : {80U, 100U, 120U}) {
        Story story;
        open_connection(story);
        story.call(40, kUserNode, "send(\"a request that is much longer than any margin\") = 46");
        wire::Packet sack = turned(segment(flag::kAck, 5001, 1001));
        sack.tcp.options = wire::option::kSack;
        sack.tcp.sack_count = 4;
        for (wire::SeqRange& block : sack.tcp.sack) {
            block = wire::SeqRange{wire::SeqNum(100'000'000), wire::SeqNum(200'000'000)};
        }
        story.send(50, sack);
        story.arrive(60, sack);
        const std::string text = story.draw({.width = width});
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            EXPECT_LE(end - at, width) << text;
            at = end + 1;
        }
    }
}

TEST(Ladder, OnlyTheBeginningIsKeptAndItSaysSo) {
    Story story(2);
    open_connection(story);
    EXPECT_THAT(story.draw(), HasSubstr("later records not kept: limit 2)"));
    EXPECT_LE(story.ladder.records().messages.size() + story.ladder.records().notes.size(), 2U);
}

TEST(Ladder, ManyConnectionsAreCounted) {
    Story story;
    for (std::uint16_t i = 0; i < 6; ++i) {
        wire::Packet packet = syn(1000);
        packet.tcp.source_port = static_cast<std::uint16_t>(40000 + i);
        story.send(i, packet);
    }
    const std::string text = story.draw();
    EXPECT_THAT(text, HasSubstr("user 10.0.0.1:40003"));
    EXPECT_THAT(text, Not(HasSubstr("user 10.0.0.1:40004")));
    EXPECT_THAT(text, HasSubstr("(2 more connections not drawn)"));
    EXPECT_THAT(text, HasSubstr("(in flight)"));
}

TEST(Ladder, NothingToDraw) {
    const Story story;
    EXPECT_EQ(story.draw(), "\nno TCP segment between user and web\n");
}

}  // namespace
}  // namespace netsim::observe
