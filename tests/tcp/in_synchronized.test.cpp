// The eight steps for a segment of an open or closing connection. RFC 9293 §3.10.7.4; RFC 5961, RFC
// 7323 §5; Linux tcp_validate_incoming(), tcp_ack().
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

class InSynchronized : public AtEachIss {
 protected:
    static BenchConfig with_timestamps() {
        BenchConfig c = config();
        c.peer_syn = syn().mss(1000).sack_ok().tsval(1000);
        return c;
    }
};

NETSIM_AT_EACH_ISS(InSynchronized);

// --- first: sequence number

TEST_P(InSynchronized, BeyondTheWindowIsAnsweredAndDropped) {
    auto t = TcpBench::in_established(config());
    t.recv(data(70000, 10).ack(1));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.recv(data(70000, 10).ack(1));  // with data: no rate limit
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.recv(ack(1).seq(70000));  // without: one per 500 ms
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.recv(ack(1).seq(70000));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPACKSkippedSeq), 1U);
    t.advance(500ms);
    t.recv(ack(1).seq(70000));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_EQ(t.dropped(Drop::kInvalidSequence), 5U);
    EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
}

/// Each way of tcp_sequence() has its reason; only what lies beyond counts as BeyondWindow.
TEST_P(InSynchronized, WhyTheWindowRefusesASegment) {
    auto t = TcpBench::in_established(config());
    t.recv(ack(1).seq(0));  // a keepalive probe
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_EQ(t.dropped(Drop::kOldSequence), 1U);
    t.recv(data(70000, 10).ack(1));
    EXPECT_EQ(t.dropped(Drop::kInvalidSequence), 1U);
    t.recv(data(1, 1000).ack(1));
    t.recv(data(1500, 64000).ack(1));  // begins within, and data wait to be read
    EXPECT_EQ(t.dropped(Drop::kInvalidEndSequence), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtBeyondWindow), 2U);
    EXPECT_EQ(t.dropped(Drop::kOldSequence) + t.dropped(Drop::kInvalidSequence), 2U);
}

TEST_P(InSynchronized, OldDataIsAnsweredByDsack) {  // RFC 2883 §4
    auto t = TcpBench::in_established(config());
    t.recv(data(1, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(101)));
    t.recv(data(1, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(101).sack({{1, 101}})));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPDSACKOldSent), 1U);
    EXPECT_EQ(t.receive(), 100U);
}

TEST_P(InSynchronized, KeepaliveProbesOfThePeerAreAnswered) {
    auto t = TcpBench::in_established(config());
    t.recv(ack(1).seq(0));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
}

TEST_P(InSynchronized, DataPastTheWindowIsRefusedOnceDataWaits) {
    auto t = TcpBench::in_established(config());
    t.recv(data(1, 100).ack(1));
    t.take_sent();
    const std::uint32_t window = t.info().rcv_wnd;
    t.recv(data(101, window + 1).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtBeyondWindow), 1U);
    EXPECT_TRUE(t.sends(ack(101)));
}

TEST_P(InSynchronized, PawsRefusesOldTimestamps) {  // RFC 7323 §5.3
    auto t = TcpBench::in_established(with_timestamps());
    t.recv(data(1, 10).ack(1).tsval(2000));
    EXPECT_TRUE(t.sends(ack(11).tsecr(2000)));
    t.recv(data(11, 10).ack(1).tsval(1999));
    EXPECT_TRUE(t.sends(ack(11).tsecr(2000)));
    t.recv(data(11, 10).ack(1).tsval(1999));  // data are always answered
    EXPECT_TRUE(t.sends(ack(11).tsecr(2000)));
    EXPECT_EQ(t.count(Mib::kTcpExtPAWSEstab), 2U);
    t.recv(ack(1).seq(15).tsval(1999));
    EXPECT_TRUE(t.sends(ack(11).tsecr(2000)));
    t.recv(ack(1).seq(15).tsval(1999));  // bare ACKs at a limited rate
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtPAWSEstab), 4U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPACKSkippedPAWS), 1U);
    EXPECT_EQ(t.dropped(Drop::kPaws), 4U);
    t.recv(ack(1).seq(5).tsval(1999));  // an old ACK overtaken by data: common, and silent
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtPAWSOldAck), 1U);
    EXPECT_EQ(t.dropped(Drop::kPaws), 5U);
    t.recv(ack(1).seq(11).tsval(2000));
    t.recv(ack(1).seq(11).tsval(1999));  // a duplicate ACK, late by little: it counts
    EXPECT_EQ(t.dropped(Drop::kPaws), 5U);
    t.recv(data(11, 10).ack(1).tsval(2000));
    EXPECT_EQ(t.receive(), 20U);
}

TEST_P(InSynchronized, PawsExemptsRstAndRelaxesAfter24Days) {
    auto t = TcpBench::in_established(with_timestamps());
    t.advance(24h * 24);
    t.recv(data(1, 10).ack(1).tsval(1));
    EXPECT_EQ(t.receive(), 10U);
    auto u = TcpBench::in_established(with_timestamps());
    u.recv(rst(1).tsval(1));
    EXPECT_EQ(u.state(), State::kClosed);
}

// --- second: RST

TEST_P(InSynchronized, OnlyAnExactRstResets) {  // RFC 5961 §3
    auto t = TcpBench::in_established(config());
    t.recv(rst(2));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPChallengeACK), 1U);
    t.recv(rst(3));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPACKSkippedChallenge), 1U);
    t.recv(rst(100000));
    t.recv(rst(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kEstablished);
    t.recv(rst(1));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpEstabResets), 1U);
    EXPECT_EQ(t.count(Mib::kTcpCurrEstab), 0U);
    EXPECT_EQ(t.dropped(Drop::kReset), 3U);
    EXPECT_EQ(t.poll(), poll::kIn | poll::kOut | poll::kErr | poll::kHup | poll::kRdHup);
}

TEST_P(InSynchronized, AResetIsReportedOnceThenEndOfFile) {
    auto t = TcpBench::in_established(config());
    t.recv(rst_ack().seq(1).ack(1));
    EXPECT_EQ(t.receive_errno(), Errno::kECONNRESET);
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.send_errno(), Errno::kEPIPE);
    EXPECT_EQ(t.connect(), Errno::kEISCONN);
    auto u = TcpBench::in_established(config());
    u.recv(rst(1));
    EXPECT_EQ(u.send_errno(), Errno::kECONNRESET);
    EXPECT_EQ(u.send_errno(), Errno::kEPIPE);
}

TEST_P(InSynchronized, AResetAfterTheFinIsAPipeError) {
    auto t = TcpBench::in_close_wait(config());
    t.recv(rst(2));
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.send_errno(), Errno::kEPIPE);
    EXPECT_EQ(t.count(Mib::kTcpEstabResets), 1U);
    auto u = TcpBench::in_close_wait(config());
    u.recv(rst(1));  // counted from before the FIN
    EXPECT_EQ(u.state(), State::kClosed);
    EXPECT_EQ(u.error(), Errno::kEPIPE);
}

TEST_P(InSynchronized, ARstAtTheRightEdgeOfWhatArrivedResets) {
    auto t = TcpBench::in_established(config());
    t.recv(data(101, 100).ack(1));
    t.recv(data(301, 100).ack(1));
    t.take_sent();
    t.recv(rst(201));  // not the highest block
    EXPECT_EQ(t.state(), State::kEstablished);
    t.recv(rst(401));
    EXPECT_EQ(t.state(), State::kClosed);
}

TEST_P(InSynchronized, RstInEachClosingState) {
    const std::pair<TcpBench (*)(const BenchConfig&), std::int64_t> states[] = {
        {TcpBench::in_fin_wait_1, 1}, {TcpBench::in_fin_wait_2, 1}, {TcpBench::in_close_wait, 2},
        {TcpBench::in_closing, 2},    {TcpBench::in_last_ack, 2},   {TcpBench::in_time_wait, 2}};
    for (const auto& [reach, nxt] : states) {
        auto t = reach(config());
        t.recv(rst(nxt));
        EXPECT_EQ(t.state(), State::kClosed) << t.exchange();
        EXPECT_TRUE(t.sends_nothing());
    }
}

// --- fourth: SYN

TEST_P(InSynchronized, AnySynIsChallenged) {  // RFC 5961 §4
    auto t = TcpBench::in_established(config());
    t.recv(syn().seq(1));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.advance(500ms);
    t.recv(syn().seq(500000));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.advance(500ms);
    t.recv(syn_ack().seq(0).ack(1));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSYNChallenge), 3U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPChallengeACK), 3U);
    EXPECT_EQ(t.dropped(Drop::kInvalidSyn), 3U);
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynchronized, ChallengesAreLimitedPerHost) {
    BenchConfig c = config();
    c.sysctl.tcp_challenge_ack_limit = 1;
    auto t = TcpBench::in_established(c);
    t.recv(syn());
    EXPECT_TRUE(t.sends(ack(1)));
    t.stack().sysctl().tcp_invalid_ratelimit = 0;
    t.recv(syn());
    EXPECT_TRUE(t.sends_nothing());
}

// Golden vector 11: a reused four-tuple meets CLOSE-WAIT.
TEST_P(InSynchronized, SynIntoCloseWait) {
    auto t = TcpBench::in_close_wait(config());
    t.recv(syn().seq(90000));
    EXPECT_TRUE(t.sends(ack(2).seq(1)));  // the old incarnation's numbers
    t.recv(rst(2));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPChallengeACK), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSYNChallenge), 1U);
    EXPECT_EQ(t.count(Mib::kTcpEstabResets), 1U);
    t.recv(syn().seq(90000));
    EXPECT_TRUE(t.sends(segment(flag::kSyn | flag::kAck).ack(90001)));
    EXPECT_EQ(t.state(), State::kSynReceived);
}

// --- fifth: ACK

TEST_P(InSynchronized, WithoutAckNothingHappens) {
    auto t = TcpBench::in_established(config());
    t.recv(segment(0).seq(1).len(10));
    t.recv(segment(flag::kFin | flag::kPsh | flag::kUrg).seq(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kNoAck), 2U);
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynchronized, AckOfUnsentDataIsChallenged) {
    auto t = TcpBench::in_established(config());
    t.recv(data(1, 10).ack(2));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_EQ(t.dropped(Drop::kAckUnsentData), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPChallengeACK), 1U);
    EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
}

TEST_P(InSynchronized, AnAckOlderThanTheLargestWindowIsChallenged) {  // RFC 5961 §5
    BenchConfig c = config();
    c.peer_window = 1000;
    auto t = TcpBench::in_established(c);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(t.send(1000), 1000U);
        t.recv(ack(1001 + i * 1000).seq(1));
    }
    t.take_sent();
    t.recv(data(1, 10).ack(2001));  // old, but within the window: its text counts
    EXPECT_EQ(t.receive(), 10U);
    t.take_sent();
    t.recv(data(11, 10).ack(2000));
    EXPECT_TRUE(t.sends(ack(11)));
    EXPECT_EQ(t.dropped(Drop::kTooOldAck), 1U);
    EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
}

// Linux tcp_may_update_window(): of the same segment only a wider window is believed, or none.
TEST_P(InSynchronized, OnlyNewerSegmentsUpdateTheWindow) {
    auto t = TcpBench::in_established(config());
    t.recv(data(1, 10).ack(1).win(5000));
    EXPECT_EQ(t.info().snd_wnd, 65535U);
    t.recv(data(11, 10).ack(1).win(5000));
    EXPECT_EQ(t.info().snd_wnd, 5000U);
    t.recv(data(1, 20).ack(1).win(60000));  // before SND.WL1
    EXPECT_EQ(t.info().snd_wnd, 5000U);
    t.recv(ack(1).seq(21).win(4000));
    EXPECT_EQ(t.info().snd_wnd, 4000U);
    t.recv(ack(1).seq(21).win(3000));
    EXPECT_EQ(t.info().snd_wnd, 4000U);
    t.recv(ack(1).seq(21).win(6000));
    EXPECT_EQ(t.info().snd_wnd, 6000U);
    t.recv(ack(1).seq(21).win(0));
    EXPECT_EQ(t.info().snd_wnd, 0U);
}

TEST_P(InSynchronized, WindowsAreScaled) {
    BenchConfig c = config();
    c.peer_syn = syn().mss(1000).wscale(3);
    c.peer_window = 1000;
    auto t = TcpBench::in_established(c);
    EXPECT_EQ(t.info().snd_wnd, 8000U);
    t.recv(data(1, 1).ack(1));
    const auto sent = t.take_sent();
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(std::uint32_t{sent.back().packet.tcp.window} << 10U, t.info().rcv_wnd);
}

// --- seventh: text

TEST_P(InSynchronized, DataIsTakenInOrder) {
    auto t = TcpBench::in_established(config());
    t.recv(data(1, 1000).ack(1));
    EXPECT_TRUE(t.sends(ack(1001).seq(1)));
    EXPECT_EQ(t.poll(), poll::kIn | poll::kOut);
    EXPECT_EQ(t.receive(400), 400U);
    EXPECT_EQ(t.receive(), 600U);
    EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
    EXPECT_EQ(t.info().bytes_received, 1000U);
    EXPECT_EQ(t.count(Mib::kTcpInSegs), 3U);
}

TEST_P(InSynchronized, OutOfOrderDataIsKeptAndReported) {  // RFC 2018 §4
    auto t = TcpBench::in_established(config());
    t.recv(data(201, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(1).sack({{201, 301}})));
    t.recv(data(401, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(1).sack({{401, 501}, {201, 301}})));
    t.recv(data(101, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(1).sack({{101, 301}, {401, 501}})));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPOFOQueue), 3U);
    t.recv(data(1, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(301).sack({{401, 501}})));
    t.recv(data(301, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(501)));
    EXPECT_EQ(t.receive(), 500U);
    EXPECT_EQ(t.stack().integrity_violations(), 0U);
    // 100 bytes do not fit into the spare room of a packet of 100.
    EXPECT_EQ(t.count(Mib::kTcpExtTCPRcvCoalesce), 0U);
}

TEST_P(InSynchronized, OverlapsAndDuplicatesGiveEachByteOnce) {
    auto t = TcpBench::in_established(config());
    t.recv(data(101, 100).ack(1));
    t.recv(data(151, 100).ack(1));
    t.take_sent();
    t.recv(data(120, 50).ack(1));  // there already: DSACK
    EXPECT_TRUE(t.sends(ack(1).sack({{120, 170}, {101, 251}})));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPOFOMerge), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPDSACKOfoSent), 2U);  // the second segment's overlap, and this
    EXPECT_EQ(t.dropped(Drop::kOfoMerge), 1U);
    t.recv(data(90, 300).ack(1));  // swallows both
    t.recv(data(1, 95).ack(1));
    t.take_sent();
    t.recv(data(300, 200).ack(1));  // partly known
    EXPECT_TRUE(t.sends(ack(500).sack({{300, 390}})));
    EXPECT_EQ(t.receive(), 499U);
    EXPECT_EQ(t.stack().integrity_violations(), 0U);
}

TEST_P(InSynchronized, WithoutSackNoBlocks) {
    BenchConfig c = config();
    c.peer_syn = syn().mss(1000);
    auto t = TcpBench::in_established(c);
    t.recv(data(201, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(1).options(0)));
    t.recv(data(201, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(1).options(0)));
}

TEST_P(InSynchronized, WithTimestampsThreeBlocksFit) {
    auto t = TcpBench::in_established(with_timestamps());
    for (int i = 1; i <= 5; ++i) {
        t.recv(data(200 * i + 1, 100).ack(1).ts());
    }
    const auto sent = t.take_sent();
    EXPECT_EQ(sent.back().packet.tcp.sack_count, 3U);
}

TEST_P(InSynchronized, TheOutOfOrderQueueIsBounded) {
    auto t = TcpBench::in_established(config());
    EXPECT_EQ(t.option(SocketOption::kSO_RCVBUF, 2000), Errno::kOk);
    for (int i = 1; i <= 10; ++i) {
        t.recv(data(1000 * i + 1, 1000).ack(1));
    }
    EXPECT_GT(t.count(Mib::kTcpExtTCPOFODrop), 0U);
    EXPECT_EQ(t.dropped(Drop::kOfoDrop), t.count(Mib::kTcpExtTCPOFODrop));
}

TEST_P(InSynchronized, AZeroWindowTakesNothing) {
    auto t = TcpBench::in_established(config());
    std::int64_t at = 1;
    while (t.info().rcv_wnd > 0 && at < 200000) {  // nobody reads
        const std::uint32_t length = std::min(1000U, t.info().rcv_wnd);
        t.recv(data(at, length).ack(1));
        at += length;
        t.advance(50ms);  // a delayed ACK tells the window
    }
    const auto sent = t.take_sent();
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent.back().packet.tcp.window, 0U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPToZeroWindowAdv), 1U);
    const std::int64_t nxt = static_cast<std::int32_t>(sent.back().packet.tcp.ack.raw() - t.iss());
    t.recv(data(nxt, 100).ack(1));
    EXPECT_TRUE(t.sends(ack(nxt).win(0)));
    EXPECT_GE(t.count(Mib::kTcpExtBeyondWindow), 1U);
    t.recv(ack(1).seq(nxt - 1));  // the peer's probe
    EXPECT_TRUE(t.sends(ack(nxt).win(0)));
    EXPECT_GT(*t.receive(), 0U);  // room again: told at once
    EXPECT_TRUE(t.sends(ack(nxt)));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPFromZeroWindowAdv), 1U);
    EXPECT_GT(t.info().rcv_wnd, 0U);
}

TEST_P(InSynchronized, AZeroWindowThatNobodyOpensTakesNothing) {
    auto t = TcpBench::in_established(config());
    std::int64_t at = 1;
    while (t.info().rcv_wnd > 0 && at < 200000) {
        const std::uint32_t length = std::min(1000U, t.info().rcv_wnd);
        t.recv(data(at, length).ack(1));
        at += length;
        t.advance(50ms);
    }
    EXPECT_EQ(t.shutdown(Shutdown::kRead), Errno::kOk);  // no window update any more
    const std::int64_t nxt = 1 + static_cast<std::int64_t>(*t.receive());
    t.take_sent();
    t.recv(data(nxt, 100).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPZeroWindowDrop), 1U);
    EXPECT_EQ(t.dropped(Drop::kZeroWindow), 1U);
    EXPECT_TRUE(t.sends(ack(nxt)));
}

TEST_P(InSynchronized, TheWindowNeverShrinks) {  // RFC 9293 §3.8.6
    auto t = TcpBench::in_established(config());
    std::int64_t edge = 0;
    for (std::int64_t at = 1; at < 66000; at += 1000) {  // each takes a packet of its own
        t.recv(data(at, 1000).ack(1));
        t.advance(50ms);
        for (const Sent& s : t.take_sent()) {
            const std::int64_t right =
                static_cast<std::int32_t>(s.packet.tcp.ack.raw() - t.iss()) + s.packet.tcp.window;
            EXPECT_GE(right, edge);
            edge = right;
        }
    }
    EXPECT_GE(t.count(Mib::kTcpExtTCPWantZeroWindowAdv), 1U);
}

TEST_P(InSynchronized, AcksAreDelayedAfterQuickAck) {
    auto t = TcpBench::in_established(config());
    std::int64_t at = 1;
    while (true) {  // quick-ack at the start (facts, section 7)
        t.recv(data(at, 100).ack(1));
        at += 100;
        t.receive();
        if (t.take_sent().empty()) {
            break;
        }
        ASSERT_LT(at, 5000);
        t.advance(30ms);
    }
    EXPECT_GT(at, 500);
    EXPECT_EQ(t.info().timer, TimerKind::kDelack);
    const auto moments = t.sent_at(1s);
    ASSERT_EQ(moments.size(), 1U);
    EXPECT_GE(moments[0], 0.02);
    EXPECT_LE(moments[0], 0.2);
    EXPECT_EQ(t.count(Mib::kTcpExtDelayedACKs), 1U);
}

TEST_P(InSynchronized, AnAckRidesOnData) {
    auto t = TcpBench::in_established(config());
    EXPECT_EQ(t.option(SocketOption::kTCP_QUICKACK, 0), Errno::kOk);
    t.recv(data(1, 100).ack(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.send(50), 50U);
    EXPECT_TRUE(t.sends(data(1, 50).ack(101)));
    t.recv(ack(51).seq(101));
    t.advance(1s);
    EXPECT_TRUE(t.sends_nothing());
}

// --- eighth: FIN

TEST_P(InSynchronized, FinGivesEndOfFile) {
    auto t = TcpBench::in_established(config());
    t.recv(fin(1).ack(1).len(10));
    EXPECT_EQ(t.state(), State::kCloseWait);
    EXPECT_EQ(t.poll(), poll::kIn | poll::kOut | poll::kRdHup);
    EXPECT_EQ(t.receive(), 10U);
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.send(10), 10U);
    t.advance(24h * 365);  // no timer: CLOSE-WAIT lasts until the application closes
    t.take_sent();
    EXPECT_NE(t.state(), State::kTimeWait);
}

TEST_P(InSynchronized, CloseWaitHasNoTimer) {
    auto t = TcpBench::in_close_wait(config());
    t.advance(24h * 30);
    EXPECT_EQ(t.state(), State::kCloseWait);
    EXPECT_TRUE(t.sends_nothing());
}

TEST_P(InSynchronized, AFinOutOfOrderWaits) {
    auto t = TcpBench::in_established(config());
    t.recv(fin(101).ack(1));
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_TRUE(t.sends(ack(1)));
    t.recv(data(1, 100).ack(1));
    EXPECT_EQ(t.state(), State::kCloseWait);
    t.advance(1s);
    EXPECT_TRUE(t.sends(ack(102)));
    EXPECT_EQ(t.receive(), 100U);
    EXPECT_EQ(t.receive(), 0U);
}

TEST_P(InSynchronized, ARepeatedFinIsAcknowledgedAgain) {
    auto t = TcpBench::in_close_wait(config());
    t.recv(fin(1).ack(1));
    EXPECT_TRUE(t.sends(ack(2)));
    EXPECT_EQ(t.state(), State::kCloseWait);
}

TEST_P(InSynchronized, TextAfterTheFinIsNotTaken) {
    auto t = TcpBench::in_close_wait(config());
    t.recv(data(2, 100).ack(1));
    EXPECT_EQ(t.state(), State::kCloseWait);
    EXPECT_EQ(t.receive(), 0U);
}

TEST_P(InSynchronized, OutOfOrderCopiesOfOldDataAreOldData) {
    auto t = TcpBench::in_established(config());
    t.recv(data(1, 500).ack(1));
    t.recv(data(501, 500).ack(1));
    t.take_sent();
    // still at or after RCV.WUP is a matter of when the last ACK left: a copy right behind
    EXPECT_EQ(t.option(SocketOption::kTCP_QUICKACK, 0), Errno::kOk);
    t.recv(data(1001, 100).ack(1));
    t.recv(data(1001, 100).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtDelayedACKLost), 1U);
    EXPECT_EQ(t.dropped(Drop::kOldData), 1U);
    EXPECT_TRUE(t.sends(ack(1101).sack({{1001, 1101}})));
}

TEST_P(InSynchronized, DataAtTheRightEdgeIsOverTheWindow) {
    auto t = TcpBench::in_established(config());
    const std::int64_t edge = 1 + t.info().rcv_wnd;
    t.recv(data(edge, 10).ack(1));
    EXPECT_EQ(t.dropped(Drop::kOverWindow), 1U);
    EXPECT_TRUE(t.sends(ack(1)));
}

}  // namespace
}  // namespace netsim::tcp
