// Segments no sane peer sends: illegal flags in every state, numbers half a circle away, storms of
// one-byte segments, SACK blocks that overlap. Nothing breaks, everything stays bounded, each drop
// names its reason.
#include "support/tcp_bench.hpp"
#include "tcp/input.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

class Hostile : public AtEachIss {};

NETSIM_AT_EACH_ISS(Hostile);

constexpr std::uint16_t kAllFlags = 0x1ff;

struct Start {
    State state;
    TcpBench (*reach)(const BenchConfig&);
    std::int64_t next;  // SEG.SEQ the stack expects
};

constexpr std::array<Start, 10> kStarts{{
    {State::kListen, TcpBench::in_listen, 0},
    {State::kSynSent, TcpBench::in_syn_sent, 0},
    {State::kSynReceived, TcpBench::in_syn_received, 1},
    {State::kEstablished, TcpBench::in_established, 1},
    {State::kFinWait1, TcpBench::in_fin_wait_1, 1},
    {State::kFinWait2, TcpBench::in_fin_wait_2, 1},
    {State::kCloseWait, TcpBench::in_close_wait, 2},
    {State::kClosing, TcpBench::in_closing, 2},
    {State::kLastAck, TcpBench::in_last_ack, 2},
    {State::kTimeWait, TcpBench::in_time_wait, 2},
}};

/// What no state takes: SYN with FIN, SYN with RST, none of SYN, ACK and RST.
bool illegal(std::uint16_t flags) {
    const bool syn = (flags & flag::kSyn) != 0;
    return (syn && (flags & (flag::kFin | flag::kRst)) != 0) ||
           (flags & (flag::kSyn | flag::kAck | flag::kRst)) == 0;
}

TEST_P(Hostile, IllegalFlagsAreDroppedForAReasonInEveryState) {
    for (const Start& start : kStarts) {
        for (std::uint16_t flags = 0; flags <= kAllFlags; ++flags) {
            if (!illegal(flags)) {
                continue;
            }
            const bool rst = (flags & flag::kRst) != 0;
            if (start.state == State::kSynSent && (flags & flag::kSyn) != 0 && !rst) {
                continue;  // the FIN is passed over, the SYN counts (RFC 9293 §3.10.7.3)
            }
            auto t = start.reach(config());
            const State before =
                start.state == State::kListen ? State::kClosed : t.state();  // no record yet
            t.take_sent();
            Seg seg = segment(flags).seq(start.next).len(3);
            if ((flags & flag::kAck) != 0) {
                seg.ack(1);
            }
            t.recv(seg);
            // A RST that is believed ends it, and a half-open request ends by any other SYN too.
            const bool request_killed =
                start.state == State::kSynReceived && (flags & flag::kSyn) != 0;
            const bool ended = (rst || request_killed) && t.state() == State::kClosed;
            EXPECT_TRUE(!t.last_drop().empty() || (rst && ended))
                << start.state << " flags " << flags << "\n"
                << t.exchange();
            EXPECT_TRUE(t.state() == before || ended)
                << start.state << " flags " << flags << " -> " << t.state() << "\n"
                << t.exchange();
            EXPECT_LE(t.take_sent().size(), 1U) << start.state << " flags " << flags;
        }
    }
}

/// After 2^31 nothing is older or newer: such a segment is out of any window.
TEST_P(Hostile, HalfACircleAwayIsOutOfTheWindow) {
    for (const std::int64_t away : {0x7fffffffLL, 0x80000000LL, 0x80000001LL, -0x7fffffffLL}) {
        auto t = TcpBench::in_established(config());
        t.recv(data(1 + away, 100).ack(1));
        EXPECT_TRUE(t.sends(ack(1).seq(1)));
        EXPECT_EQ(t.dropped(Drop::kInvalidSequence) + t.dropped(Drop::kOldSequence), 1U);
        t.recv(rst(1 + away));
        t.recv(data(1, 10).ack(1 + away));
        EXPECT_EQ(t.state(), State::kEstablished) << t.exchange();
        EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
    }
}

TEST_P(Hostile, AWindowThatWrapsTakesItsDataOnce) {
    auto t = TcpBench::in_established(config());
    t.recv(data(30001, 1000).ack(1));  // beyond a gap, whatever the numbers wrap
    for (std::int64_t at = 1; at < 30001; at += 1000) {
        t.recv(data(at, 1000).ack(1));
        t.recv(data(at, 1000).ack(1));
    }
    EXPECT_EQ(t.receive().value_or(0), 31000U);
    EXPECT_EQ(t.stack().integrity_violations(), 0U);
}

/// 64 KiB, a byte each, every other byte missing: the receive buffer is the limit (tcp_rmem's
/// maximum, which tcp_clamp_window() would let it grow to).
TEST_P(Hostile, AStormOfSingleBytesIsBounded) {
    BenchConfig small = config();
    small.sysctl.tcp_rmem[2] = 131'072;
    auto t = TcpBench::in_established(small);
    constexpr std::uint64_t kStorm = 65536 / 2;
    for (std::uint64_t i = 0; i < kStorm; ++i) {
        t.recv(data(static_cast<std::int64_t>(3 + 2 * i), 1).ack(1));
    }
    const std::uint64_t kept = t.count(Mib::kTcpExtTCPOFOQueue);
    EXPECT_GT(kept, 100U);
    EXPECT_GT(t.count(Mib::kTcpExtOfoPruned) + t.dropped(Drop::kOfoDrop), 0U);
    EXPECT_EQ(kept + t.dropped(Drop::kOfoDrop) + t.dropped(Drop::kInvalidSequence) +
                  t.dropped(Drop::kInvalidEndSequence) + t.dropped(Drop::kOverWindow),
              kStorm);
    EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
    // It goes on working: the gaps filled, what was kept is there, and no more.
    t.recv(data(1, 2).ack(1));
    EXPECT_EQ(t.receive().value_or(0), 3U);
    t.recv(data(4, 1).ack(1));
    EXPECT_EQ(t.receive().value_or(0), 2U);
}

TEST_P(Hostile, AStormOfSingleBytesInOrderIsTaken) {
    auto t = TcpBench::in_established(config());
    std::uint64_t got = 0;
    for (std::int64_t i = 0; i < 65536; ++i) {
        t.recv(data(1 + i, 1).ack(1));
        if (i % 1000 == 999) {
            got += t.receive().value_or(0);
        }
    }
    got += t.receive().value_or(0);
    EXPECT_EQ(got, 65536U);
}

/// The same from behind: each comes before all that is there.
TEST_P(Hostile, AStormFromBehindIsBounded) {
    BenchConfig small = config();
    small.sysctl.tcp_rmem[2] = 131'072;
    auto t = TcpBench::in_established(small);
    for (std::int64_t i = 30000; i > 1; --i) {
        t.recv(data(i, 1).ack(1));
    }
    EXPECT_GT(t.count(Mib::kTcpExtOfoPruned) + t.dropped(Drop::kOfoDrop), 0U);
    EXPECT_GT(t.count(Mib::kTcpExtTCPOFOQueue) + t.dropped(Drop::kOfoDrop), 29000U);
    EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
}

TEST_P(Hostile, OverlappingSackBlocksMarkASegmentOnce) {
    auto t = TcpBench::in_established(config());
    ASSERT_EQ(t.send(8000).value_or(0), 8000U);
    t.take_sent();
    t.recv(ack(1).seq(1).sack({{1001, 4001}, {2001, 5001}, {1001, 2001}, {3001, 4001}}));
    EXPECT_EQ(t.info().sacked, 4U) << t.exchange();
    t.recv(ack(1).seq(1).sack({{1001, 5001}, {1500, 2500}, {7999, 8001}, {2001, 1001}}));
    EXPECT_EQ(t.info().sacked, 4U) << t.exchange();
    t.recv(ack(8001).seq(1).sack({{1001, 5001}, {1, 8001}, {8001, 9001}, {0, 0}}));
    EXPECT_EQ(t.info().sacked, 0U);
    EXPECT_EQ(t.info().unacked, 0U);
}

/// A receiver that acknowledges byte by byte cannot make the sender keep more than it wrote.
TEST_P(Hostile, SackBlocksOfOneByteSplitNothing) {
    auto t = TcpBench::in_established(config());
    ASSERT_EQ(t.send(8000).value_or(0), 8000U);
    t.take_sent();
    const std::uint32_t segments = t.info().unacked;
    for (std::int64_t i = 2; i < 7900; i += 3) {
        t.recv(ack(1).seq(1).sack({{i, i + 1}, {i + 2, i + 3}}));
    }
    EXPECT_LE(t.info().unacked, segments);
    EXPECT_EQ(t.info().sacked, 0U);  // no segment was covered whole
    EXPECT_EQ(t.state(), State::kEstablished);
}

}  // namespace
}  // namespace netsim::tcp
