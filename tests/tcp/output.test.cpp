// What is sent when: MSS, Nagle, cork, windows, the zero window and its probes. RFC 9293 §3.7,
// §3.8.6; RFC 832; Linux tcp_output.c.
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

class Output : public AtEachIss {
 protected:
    /// RTO is 200 ms: the handshake took no time.
    static TcpBench with_window(std::uint32_t window) {
        BenchConfig c = config();
        c.peer_window = window;
        return TcpBench::in_established(c);
    }
};

NETSIM_AT_EACH_ISS(Output);

TEST_P(Output, SegmentsAreOneMssAndTheLastIsPushed) {
    auto t = TcpBench::in_established(config());
    EXPECT_EQ(t.send(2500), 2500U);
    EXPECT_TRUE(t.sends(data(1, 1000).ack(1)));
    EXPECT_TRUE(t.sends(data(1001, 1000)));
    EXPECT_TRUE(t.sends(segment(flag::kPsh | flag::kAck).seq(2001).len(500)));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPOrigDataSent), 3U);
    EXPECT_EQ(t.info().bytes_sent, 2500U);
    t.recv(ack(2501).seq(1));
    EXPECT_EQ(t.info().bytes_acked, 2500U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPDelivered), 3U);
    const std::uint64_t predicted = t.count(Mib::kTcpExtTCPHPAcks);
    t.send(10);
    t.take_sent();
    t.recv(ack(2511).seq(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPHPAcks), predicted + 1);  // header prediction
    EXPECT_EQ(t.info().timer, TimerKind::kOff);
}

TEST_P(Output, TimestampsTakeTwelveBytes) {
    BenchConfig c = config();
    c.peer_syn = syn().mss(1460).tsval(5);
    auto t = TcpBench::in_established(c);
    t.send(3000);
    EXPECT_TRUE(t.sends(data(1, 1448).tsecr(5)));
}

TEST_P(Output, SackBlocksTakeTheirRoomFromTheData) {  // the packet must still fit the MTU
    BenchConfig c = config();
    c.peer_syn = syn().mss(1460).tsval(5);
    c.peer_syn.sack_ok(true);
    auto t = TcpBench::in_established(c);
    t.recv(data(11, 10).ack(1).tsval(6));  // a gap: one block to report from now on
    t.take_sent();
    t.send(3000);
    EXPECT_TRUE(t.sends(data(1, 1448 - 12)));
    EXPECT_TRUE(t.sends(data(1437, 1448 - 12)));
}

TEST_P(Output, TheInitialWindowIsTenSegments) {  // RFC 6928
    auto t = TcpBench::in_established(config());
    t.send(50000);
    EXPECT_EQ(t.take_sent().size(), 10U);
    t.recv(ack(1001).seq(1));
    EXPECT_EQ(t.take_sent().size(), 2U);  // slow start: one more for each acknowledged
    t.recv(ack(3001).seq(1));
    EXPECT_EQ(t.take_sent().size(), 4U);
    EXPECT_EQ(t.info().snd_cwnd, 13U);
}

TEST_P(Output, NothingGoesBeyondThePeersWindow) {
    auto t = with_window(2500);
    t.send(10000);
    EXPECT_TRUE(t.sends(data(1, 1000)));
    EXPECT_TRUE(t.sends(data(1001, 1000)));
    EXPECT_TRUE(t.sends_nothing());  // 500 would fit: silly window avoidance
    t.recv(ack(2001).seq(1).win(1000));
    EXPECT_TRUE(t.sends(data(2001, 1000)));
    EXPECT_TRUE(t.sends_nothing());
}

TEST_P(Output, NagleHoldsASecondSmallSegment) {  // RFC 832 with Minshall's change
    auto t = TcpBench::in_established(config());
    t.send(100);
    EXPECT_TRUE(t.sends(data(1, 100)));
    t.send(100);
    t.send(100);
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(101).seq(1));
    EXPECT_TRUE(t.sends(data(101, 200)));
}

TEST_P(Output, NagleLetsASmallSegmentFollowFullOnes) {
    auto t = TcpBench::in_established(config());
    t.send(1000);
    t.send(100);
    EXPECT_TRUE(t.sends(data(1, 1000)));
    EXPECT_TRUE(t.sends(data(1001, 100)));
}

TEST_P(Output, NagleFillsASegment) {
    auto t = TcpBench::in_established(config());
    t.send(100);
    t.send(400);
    EXPECT_TRUE(t.sends(data(1, 100)));
    t.send(700);
    EXPECT_TRUE(t.sends(data(101, 1000)));
    EXPECT_TRUE(t.sends_nothing());
}

TEST_P(Output, NodelaySendsAtOnce) {
    auto t = TcpBench::in_established(config());
    t.send(100);
    t.send(100);
    EXPECT_TRUE(t.sends(data(1, 100)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.option(SocketOption::kTCP_NODELAY, 1), Errno::kOk);  // lets go of what waits
    EXPECT_TRUE(t.sends(data(101, 100)));
    t.send(1);
    EXPECT_TRUE(t.sends(data(201, 1)));
}

TEST_P(Output, CorkHoldsPartialSegments) {
    auto t = TcpBench::in_established(config());
    t.option(SocketOption::kTCP_CORK, 1);
    t.send(1300);
    EXPECT_TRUE(t.sends(data(1, 1000)));
    EXPECT_TRUE(t.sends_nothing());
    t.option(SocketOption::kTCP_CORK, 0);
    EXPECT_TRUE(t.sends(data(1001, 300)));
}

TEST_P(Output, CorkHoldsForTwoHundredMilliseconds) {
    auto t = TcpBench::in_established(config());
    t.option(SocketOption::kTCP_CORK, 1);
    t.send(300);
    EXPECT_TRUE(t.sends_nothing());
    t.advance(199ms);
    EXPECT_TRUE(t.sends_nothing());
    t.advance(2ms);
    EXPECT_TRUE(t.sends(data(1, 300)));
}

TEST_P(Output, TheSendBufferIsBounded) {
    auto t = with_window(1000);  // so the MSS is 500 (tcp_bound_to_half_wnd())
    EXPECT_EQ(t.option(SocketOption::kSO_SNDBUF, 5000), Errno::kOk);
    // Eleven skbs of 500 bytes; those unsent were joined to seven meanwhile.
    EXPECT_EQ(t.send(1000000), 5500U);
    EXPECT_EQ(t.info().wmem_queued, 5500U + 7 * 832);
    EXPECT_EQ(t.send_errno(), Errno::kEAGAIN);
    EXPECT_EQ(t.poll() & poll::kOut, 0U);
    t.recv(ack(1001).seq(1));
    EXPECT_EQ(t.poll() & poll::kOut, 0U);
    t.recv(ack(2001).seq(1));  // a third is free
    EXPECT_EQ(t.poll() & poll::kOut, poll::kOut);
}

TEST_P(Output, AZeroWindowIsProbed) {  // RFC 9293 §3.8.6.1
    auto t = with_window(1000);
    t.send(3000);
    EXPECT_TRUE(t.sends(data(1, 500)));
    EXPECT_TRUE(t.sends(data(501, 500)));
    t.recv(ack(1001).seq(1).win(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.info().timer, TimerKind::kPersist);
    const auto at = t.sent_at(7s);
    ASSERT_EQ(at.size(), 5U);  // RTO, then doubling: 0.2, 0.6, 1.4, 3.0, 6.2 s
    EXPECT_NEAR(at[0], 0.2, 0.01);
    EXPECT_NEAR(at[4], 6.2, 0.01);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPWinProbe), 5U);
}

TEST_P(Output, AProbeIsAnOldSequenceNumberWithoutAByte) {
    auto t = with_window(1000);
    t.send(3000);
    t.take_sent();
    t.recv(ack(1001).seq(1).win(0));
    t.advance(210ms);
    EXPECT_TRUE(t.sends(ack(1).seq(1000).len(0)));
    t.recv(ack(1001).seq(1).win(0));
    t.recv(ack(1001).seq(1).win(5000));
    EXPECT_TRUE(t.sends(data(1001, 1000)));
    EXPECT_TRUE(t.sends(data(2001, 1000)));
}

TEST_P(Output, AnsweredProbesGoOnForEver) {
    auto t = with_window(1000);
    t.send(3000);
    t.recv(ack(1001).seq(1).win(0));
    for (int i = 0; i < 100; ++i) {
        t.take_sent();
        t.advance(120s);
        t.recv(ack(1001).seq(1).win(0));
    }
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_GE(t.count(Mib::kTcpExtTCPWinProbe), 100U);
}

TEST_P(Output, FifteenUnansweredProbesEndIt) {
    auto t = with_window(1000);
    t.send(3000);
    t.recv(ack(1001).seq(1).win(0));
    t.take_sent();
    t.advance(2h);
    EXPECT_EQ(t.take_sent().size(), 15U);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnTimeout), 1U);
}

TEST_P(Output, APartOfASegmentGoesWhenTheProbeIsDue) {
    auto t = with_window(1000);
    t.send(3000);
    t.take_sent();
    t.recv(ack(1001).seq(1).win(400));
    EXPECT_TRUE(t.sends_nothing());
    t.advance(210ms);
    EXPECT_TRUE(t.sends(segment(flag::kPsh | flag::kAck).seq(1001).len(400)));
}

TEST_P(Output, AWindowTakenBackIsProbedUntilSilence) {  // Linux tcp_rtx_probe0_timed_out()
    auto t = TcpBench::in_established(config());
    t.send(3000);
    t.take_sent();
    t.recv(ack(1).seq(1).win(0));
    for (int i = 0; i < 20; ++i) {  // longer than tcp_retries2's 924.6 s, but the peer answers
        t.advance(60s);
        t.recv(ack(1).seq(1).win(0));
    }
    EXPECT_EQ(t.state(), State::kEstablished);
    t.advance(500s);
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
}

TEST_P(Output, AFinWaitsForTheWindowToo) {
    auto t = with_window(1000);
    t.send(1000);
    t.take_sent();
    t.shutdown(Shutdown::kWrite);
    t.recv(ack(1001).seq(1).win(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.info().timer, TimerKind::kPersist);
    t.advance(210ms);
    EXPECT_TRUE(t.sends(ack(1).seq(1000)));
    t.recv(ack(1001).seq(1).win(1000));
    EXPECT_TRUE(t.sends(fin(1001)));
}

TEST_P(Output, AnIdleConnectionStartsSlowlyAgain) {
    auto t = TcpBench::in_established(config());
    std::int64_t una = 1;
    for (int i = 0; i < 4; ++i) {  // cwnd grows to 10, 20, 40, 80
        t.send(30000);
        t.send(30000);
        const auto sent = t.take_sent();
        for (std::size_t k = 0; k < sent.size(); ++k) {
            una += sent[k].packet.tcp.payload.length;
            t.recv(ack(una).seq(1));
        }
    }
    for (auto rest = t.take_sent(); !rest.empty(); rest = t.take_sent()) {
        for (const Sent& s : rest) {
            una += s.packet.tcp.payload.length;
            t.recv(ack(una).seq(1));
        }
    }
    EXPECT_GT(t.info().snd_cwnd, 30U);
    t.advance(60s);
    t.send(30000);
    EXPECT_EQ(t.info().snd_cwnd, 10U);
    EXPECT_EQ(t.take_sent().size(), 10U);
}

TEST_P(Output, TtlIsASysctl) {
    BenchConfig c = config();
    c.sysctl.ip_default_ttl = 33;
    auto t = TcpBench::in_listen(c);
    t.recv(syn());
    EXPECT_EQ(t.take_sent().front().packet.ttl, 33);
}

TEST_P(Output, ReceiveBuffersGrowWithWhatIsRead) {  // Linux tcp_rcv_space_adjust()
    BenchConfig c = config();
    c.peer_syn = syn().mss(1000).tsval(1).wscale(7);
    auto t = TcpBench::in_established(c);
    const std::uint32_t before = t.info().rcv_wnd;
    std::int64_t at = 1;
    for (int round = 0; round < 12; ++round) {
        for (std::uint32_t got = 0; got + 1000 < t.info().rcv_wnd / 2 + 1000 && got < 200000;
             got += 1000) {
            t.recv(data(at, 1000).ack(1).ts());
            at += 1000;
        }
        t.advance(10ms);
        t.receive();
    }
    EXPECT_GT(t.info().rcv_wnd, before);
    EXPECT_EQ(t.stack().integrity_violations(), 0U);
}

}  // namespace
}  // namespace netsim::tcp
