// States from segments alone.
#include "observe/inferred_states.hpp"

#include <gtest/gtest.h>

#include <string>

#include "observe/packets.hpp"

namespace netsim::observe {
namespace {

using namespace testing;  // NOLINT: the helpers of packets.hpp
namespace flag = wire::flag;

/// Both ends, the segments between them arriving at once.
struct Ends {
    /// From side 0 or 1; returns "side 0's state/side 1's" after it.
    std::string pass(std::size_t from, std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
                     std::uint32_t length = 0) {
        const wire::TcpHeader tcp = segment(flags, seq, ack, length).tcp;
        if (const auto change = states.sends(from, tcp)) {
            now.at(from) = change->to;
        }
        if (const auto change = states.gets(1 - from, tcp)) {
            now.at(1 - from) = change->to;
        }
        return now[0] + '/' + now[1];
    }

    void open() {
        pass(0, flag::kSyn, 1000, 0);
        pass(1, flag::kSyn | flag::kAck, 5000, 1001);
        pass(0, flag::kAck, 1001, 5001);
    }

    InferredStates states;
    std::array<std::string, 2> now;
};

TEST(InferredStates, OpeningAndFourWayClose) {
    Ends ends;
    EXPECT_EQ(ends.pass(0, flag::kSyn, 1000, 0), "SYN-SENT/");
    EXPECT_EQ(ends.pass(1, flag::kSyn | flag::kAck, 5000, 1001), "ESTABLISHED/SYN-RECEIVED");
    EXPECT_EQ(ends.pass(0, flag::kAck, 1001, 5001), "ESTABLISHED/ESTABLISHED");
    EXPECT_EQ(ends.pass(0, flag::kFin | flag::kAck, 1001, 5001), "FIN-WAIT-1/CLOSE-WAIT");
    EXPECT_EQ(ends.pass(1, flag::kAck, 5001, 1002), "FIN-WAIT-2/CLOSE-WAIT");
    EXPECT_EQ(ends.pass(1, flag::kFin | flag::kAck, 5001, 1002), "TIME-WAIT/LAST-ACK");
    EXPECT_EQ(ends.pass(0, flag::kAck, 1002, 5002), "TIME-WAIT/CLOSED");
}

TEST(InferredStates, ThreeSegmentsClose) {
    Ends ends;
    ends.open();
    ends.pass(0, flag::kFin | flag::kAck, 1001, 5001);
    EXPECT_EQ(ends.pass(1, flag::kFin | flag::kAck, 5001, 1002), "TIME-WAIT/LAST-ACK");
}

TEST(InferredStates, SimultaneousOpenAndClose) {
    Ends ends;
    const wire::TcpHeader a = segment(flag::kSyn, 1000).tcp;
    const wire::TcpHeader b = segment(flag::kSyn, 5000).tcp;
    ends.states.sends(0, a);
    ends.states.sends(1, b);
    ends.states.gets(1, a);
    ends.states.gets(0, b);
    EXPECT_EQ(ends.states.sends(0, segment(flag::kSyn | flag::kAck, 1000, 5001).tcp)->to,
              "SYN-RECEIVED");
    EXPECT_EQ(ends.states.sends(1, segment(flag::kSyn | flag::kAck, 5000, 1001).tcp)->to,
              "SYN-RECEIVED");
    EXPECT_EQ(ends.states.gets(1, segment(flag::kSyn | flag::kAck, 1000, 5001).tcp)->to,
              "ESTABLISHED");
    EXPECT_EQ(ends.states.gets(0, segment(flag::kSyn | flag::kAck, 5000, 1001).tcp)->to,
              "ESTABLISHED");
    const wire::TcpHeader fin_a = segment(flag::kFin | flag::kAck, 1001, 5001).tcp;
    const wire::TcpHeader fin_b = segment(flag::kFin | flag::kAck, 5001, 1001).tcp;
    ends.states.sends(0, fin_a);
    ends.states.sends(1, fin_b);
    EXPECT_EQ(ends.states.gets(0, fin_b)->to, "CLOSING");
    EXPECT_EQ(ends.states.gets(1, fin_a)->to, "CLOSING");
    EXPECT_EQ(ends.states.gets(0, segment(flag::kAck, 5002, 1002).tcp)->to, "TIME-WAIT");
}

TEST(InferredStates, AFinCountsWhenAllBeforeItHasCome) {
    Ends ends;
    ends.open();
    const wire::TcpHeader lost = segment(flag::kAck, 1001, 5001, 100).tcp;
    const wire::TcpHeader fin = segment(flag::kFin | flag::kAck, 1101, 5001).tcp;
    ends.states.sends(0, lost);
    EXPECT_EQ(ends.states.sends(0, fin)->to, "FIN-WAIT-1");
    EXPECT_FALSE(ends.states.gets(1, fin));
    EXPECT_EQ(ends.states.gets(1, lost)->to, "CLOSE-WAIT");  // fills the hole
}

TEST(InferredStates, ResetsAndTheMiddleOfAConnection) {
    Ends ends;
    EXPECT_EQ(ends.pass(0, flag::kAck, 1001, 5001, 10), "ESTABLISHED/ESTABLISHED");
    EXPECT_EQ(ends.pass(1, flag::kRst, 5001, 0), "CLOSED/CLOSED");
    Ends refused;
    EXPECT_EQ(refused.pass(0, flag::kSyn, 1000, 0), "SYN-SENT/");
    EXPECT_EQ(refused.pass(1, flag::kRst | flag::kAck, 0, 1001), "CLOSED/");
}

}  // namespace
}  // namespace netsim::observe
