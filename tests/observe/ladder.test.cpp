// Ladders as text, whole.
#include "observe/ladder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/ladder_story.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of packets.hpp
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
connect() = 0   ESTABLISHED 0.020 |<-------- SYN,ACK seq=0 ack=1 --| 0.010
                            0.020 |-- ACK seq=1 ack=1 ------------>| 0.030 ESTABLISHED  accept() = 4
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
