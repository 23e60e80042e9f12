// Loss: fast retransmit, SACK, the retransmission timer and its end, path MTU. RFC 5681, 6298,
// 6582, 6675, 6937; facts, section 6.
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

class Recovery : public AtEachIss {
 protected:
    /// Only the retransmission timer: without loss probes (tests/packetdrill/tlp has those).
    static BenchConfig without_probes() {
        BenchConfig c = config();
        c.sysctl.tcp_early_retrans = 0;
        return c;
    }

    static TcpBench ten_in_flight(bool sack = true) {
        BenchConfig c = without_probes();
        c.sysctl.tcp_congestion_control = "reno";  // ssthresh is half of cwnd
        c.peer_syn = syn().mss(1000);
        c.peer_syn.sack_ok(sack);
        auto t = TcpBench::in_established(c);
        t.advance(1s);
        EXPECT_EQ(t.send(10000), 10000U);
        EXPECT_EQ(t.take_sent().size(), 10U);
        return t;
    }
};

NETSIM_AT_EACH_ISS(Recovery);

// The handshake had no delay, so a quarter of the least RTT is no time to wait for the overtaken.
TEST_P(Recovery, WhatWasSentBeforeWhatArrivedIsLost) {  // RFC 8985 §6.2
    auto t = ten_in_flight();
    t.advance(50ms);
    EXPECT_EQ(t.info().ca_state, "Open");
    t.recv(ack(1).seq(1).sack({{1001, 4001}}));
    EXPECT_TRUE(t.sends(data(1, 1000)));
    EXPECT_EQ(t.info().ca_state, "Recovery");
    EXPECT_EQ(t.info().snd_ssthresh, 5U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSackRecovery), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPFastRetrans), 1U);
    EXPECT_EQ(t.count(Mib::kTcpRetransSegs), 1U);
    EXPECT_EQ(t.info().sacked, 3U);
    EXPECT_EQ(t.info().lost, 1U);
    EXPECT_EQ(t.info().retrans, 1U);
    t.recv(ack(10001).seq(1));
    EXPECT_EQ(t.info().ca_state, "Open");
    EXPECT_EQ(t.info().snd_cwnd, 6U);  // ssthresh, and seven arrived at once
    EXPECT_EQ(t.info().unacked, 0U);
}

TEST_P(Recovery, EachHoleIsRepairedOnce) {  // RFC 6675
    auto t = ten_in_flight();
    t.recv(ack(1).seq(1).sack({{1001, 3001}}));
    t.recv(ack(1).seq(1).sack({{4001, 5001}, {1001, 3001}}));
    EXPECT_TRUE(t.sends(data(1, 1000)));
    t.recv(ack(1).seq(1).sack({{4001, 7001}, {1001, 3001}}));
    EXPECT_TRUE(t.sends(data(3001, 1000)));
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(1).seq(1).sack({{4001, 8001}, {1001, 3001}}));
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(10001).seq(1));
    EXPECT_EQ(t.count(Mib::kTcpRetransSegs), 2U);
}

TEST_P(Recovery, ProportionalRateReduction) {  // RFC 6937
    auto t = ten_in_flight();
    t.send(20000);  // more to send than cwnd lets
    t.take_sent();
    std::size_t sent = 0;
    for (int i = 2; i <= 10; ++i) {
        t.recv(ack(1).seq(1).sack({{1001, 1 + 1000 * i}}));
        const std::size_t now = t.take_sent().size();
        EXPECT_LE(now, 2U);
        sent += now;
    }
    EXPECT_GE(sent, 4U);  // towards half of ten, spread over the ACKs
    EXPECT_LE(sent, 6U);
    t.recv(ack(10001).seq(1));
    EXPECT_LE(t.info().snd_cwnd, 6U);
}

TEST_P(Recovery, WithoutSackThreeDuplicatesMeanLoss) {
    auto t = ten_in_flight(false);
    t.recv(ack(1).seq(1));
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends(data(1, 1000)));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPRenoRecovery), 1U);
    t.recv(ack(3001).seq(1));  // a partial ACK shows the next hole: RFC 6582
    EXPECT_EQ(t.info().lost, 1U);
    EXPECT_TRUE(t.sends_nothing());  // ssthresh is in flight
    t.recv(ack(3001).seq(1));
    EXPECT_TRUE(t.sends(data(3001, 1000)));
    t.recv(ack(10001).seq(1));
    EXPECT_EQ(t.info().ca_state, "Recovery");  // until something newer is acknowledged
    t.send(1000);
    t.take_sent();
    t.recv(ack(11001).seq(1));
    EXPECT_EQ(t.info().ca_state, "Open");
    EXPECT_EQ(t.info().snd_cwnd, 5U);
}

TEST_P(Recovery, DuplicatesAreBareAcksOnly) {  // RFC 5681 §2
    auto t = ten_in_flight(false);
    for (int i = 0; i < 5; ++i) {
        t.recv(data(1 + i * 10, 10).ack(1));
    }
    t.recv(data(51, 10).ack(1).win(60000));
    for (std::uint32_t i = 1; i < 5; ++i) {  // window updates
        t.recv(ack(1).seq(61).win(60000 + i));
    }
    EXPECT_EQ(t.count(Mib::kTcpRetransSegs), 0U);
}

TEST_P(Recovery, LateDuplicatesAfterTheTimerDoNotStall) {
    auto t = ten_in_flight(false);
    t.advance(300ms);  // RTO: all ten are lost
    t.take_sent();
    for (int i = 0; i < 5; ++i) {
        t.recv(ack(1).seq(1));
    }
    t.recv(ack(2001).seq(1));
    EXPECT_EQ(t.take_sent().size(), 3U);  // slow start goes on: two came in
}

TEST_P(Recovery, TheTimerSendsTheFirstAgainAndBacksOff) {
    auto t = ten_in_flight();
    const auto at = t.sent_at(7s);
    ASSERT_EQ(at.size(), 5U);  // RTO 200 ms: 0.2, 0.6, 1.4, 3.0, 6.2 s
    EXPECT_NEAR(at[0], 0.2, 0.001);
    EXPECT_NEAR(at[1], 0.6, 0.001);
    EXPECT_NEAR(at[2], 1.4, 0.001);
    EXPECT_NEAR(at[4], 6.2, 0.001);
    EXPECT_EQ(t.info().ca_state, "Loss");
    EXPECT_EQ(t.info().snd_cwnd, 1U);
    EXPECT_EQ(t.info().snd_ssthresh, 5U);
    EXPECT_EQ(t.info().lost, 10U);
    EXPECT_EQ(t.info().backoff, 5U);
    EXPECT_EQ(t.info().retransmits, 5U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPTimeouts), 5U);
    EXPECT_EQ(t.count(Mib::kTcpExtTcpTimeoutRehash), 5U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPLostRetransmit), 4U);  // each but the last was lost again
}

TEST_P(Recovery, LossRecoveryIsSlowStart) {
    auto t = ten_in_flight();
    t.advance(250ms);
    EXPECT_TRUE(t.sends(data(1, 1000)));
    t.recv(ack(1001).seq(1));
    EXPECT_TRUE(t.sends(data(1001, 1000)));
    EXPECT_TRUE(t.sends(data(2001, 1000)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSlowStartRetrans), 2U);
    t.recv(ack(10001).seq(1));
    EXPECT_EQ(t.info().ca_state, "Open");
    EXPECT_EQ(t.info().retransmits, 0U);
}

TEST_P(Recovery, SackedSegmentsAreNotSentAgainAfterTheTimer) {
    auto t = ten_in_flight();
    t.recv(ack(1).seq(1).sack({{1001, 3001}}));
    t.advance(250ms);
    EXPECT_TRUE(t.sends(data(1, 1000)));  // RACK's reordering timer
    EXPECT_TRUE(t.sends(data(1, 1000)));  // RTO
    t.recv(ack(3001).seq(1));
    EXPECT_TRUE(t.sends(data(3001, 1000)));
}

TEST_P(Recovery, AReceiverThatTakesBackItsSack) {  // RFC 2018 §8
    auto t = ten_in_flight();
    t.recv(ack(1).seq(1).sack({{1001, 3001}}));
    t.recv(ack(1001).seq(1));  // the head is SACKed, yet not acknowledged
    t.advance(500ms);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSACKReneging), 1U);
    EXPECT_TRUE(t.sends(data(1001, 1000)));
}

TEST_P(Recovery, KarnTakesNoSampleFromARetransmission) {
    auto t = ten_in_flight();
    const Duration srtt = t.info().srtt;
    t.advance(250ms);
    t.recv(ack(10001).seq(1));
    EXPECT_EQ(t.info().srtt, srtt);
    EXPECT_GE(t.info().rto, 400ms);
    t.send(1000);
    t.advance(10ms);
    t.recv(ack(11001).seq(1));
    EXPECT_LT(t.info().rto, 400ms);  // a sample ends the back-off
}

// Facts, section 6: T(15) = 924.6 s after the first retransmission.
TEST_P(Recovery, Retries2IsABoundInTime) {
    auto t = ten_in_flight();
    const Time begin = t.now();
    t.advance(900s);
    EXPECT_EQ(t.state(), State::kEstablished);
    const Time first = t.take_sent().front().at;
    EXPECT_NEAR(to_seconds(first - begin), 0.2, 0.001);
    t.advance(first + 924600ms - 1ms - t.now());
    EXPECT_EQ(t.state(), State::kEstablished);
    t.advance(121s);  // the first RTO past the bound
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnTimeout), 1U);
    EXPECT_EQ(t.poll() & poll::kHup, poll::kHup);
}

TEST_P(Recovery, SmallerRetries2) {
    BenchConfig c = without_probes();
    c.sysctl.tcp_retries2 = 3;  // T(3) = 3.0 s
    auto t = TcpBench::in_established(c);
    t.send(100);
    t.take_sent();
    const auto at = t.sent_at(100s);
    EXPECT_EQ(at.size(), 4U);  // 0.2 0.6 1.4 3.0, and 6.2 is past 0.2 + 3.0
    EXPECT_EQ(t.state(), State::kClosed);
}

TEST_P(Recovery, ASoftErrorIsReportedInsteadOfTheTimeout) {
    using namespace wire::icmp;
    auto t = ten_in_flight();
    t.advance(300ms);
    t.recv_icmp(kDestinationUnreachable, kHostUnreachable, 1);
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.error(), Errno::kOk);
    t.advance(1100s);
    EXPECT_EQ(t.error(), Errno::kEHOSTUNREACH);
}

TEST_P(Recovery, UserTimeoutReplacesTheBound) {  // RFC 5482
    auto t = TcpBench::in_established(without_probes());
    t.option(SocketOption::kTCP_USER_TIMEOUT, 2000);
    t.send(100);
    t.take_sent();
    t.advance(2190ms);
    EXPECT_EQ(t.state(), State::kEstablished);
    t.advance(50ms);
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
}

TEST_P(Recovery, AbsurdSackBlocksArePassedOver) {
    auto t = ten_in_flight();
    t.recv(ack(1).seq(1).sack({{3001, 2001}}));              // backwards
    t.recv(ack(1).seq(1).sack({{2001, 2001}}));              // empty
    t.recv(ack(1).seq(1).sack({{5001, 99001}}));             // never sent
    t.recv(ack(1).seq(1).sack({{-5000, 5001}}));             // before SND.UNA
    t.recv(ack(1).seq(1).sack({{2147483000, 2147484000}}));  // half the space away
    t.recv(ack(1).seq(1).sack({{1500, 1700}}));              // part of a segment
    EXPECT_EQ(t.info().sacked, 0U);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.info().ca_state, "Open");
}

TEST_P(Recovery, ADsackIsCountedNotMarked) {  // RFC 2883
    auto t = ten_in_flight();
    t.recv(ack(3001).seq(1).sack({{1001, 2001}}));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPDSACKRecv), 1U);
    EXPECT_EQ(t.info().sacked, 0U);
}

TEST_P(Recovery, APartialAckCutsASegment) {
    auto t = ten_in_flight();
    t.recv(ack(501).seq(1));
    EXPECT_EQ(t.info().unacked, 10U);
    t.advance(500ms);
    EXPECT_TRUE(t.sends(data(501, 500)));
}

TEST_P(Recovery, PathMtuShrinksAndSendsAgain) {  // RFC 1191 §6
    BenchConfig c = config();
    c.peer_syn = syn().mss(1460).sack_ok();
    auto t = TcpBench::in_established(c);
    t.send(2920);
    EXPECT_EQ(t.take_sent().size(), 2U);
    t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kFragmentationNeeded, 1, 1000);
    EXPECT_EQ(t.info().snd_mss, 960U);
    EXPECT_TRUE(t.sends(data(1, 960)));
    EXPECT_TRUE(t.sends(data(961, 500)));
    EXPECT_TRUE(t.sends(data(1461, 960)));
    EXPECT_TRUE(t.sends(data(2421, 500)));
    t.recv(ack(2921).seq(1));
    EXPECT_EQ(t.info().unacked, 0U);
    t.send(2000);
    EXPECT_TRUE(t.sends(data(2921, 960)));
}

TEST_P(Recovery, PathMtuMeetsARetransmission) {
    BenchConfig c = config();
    c.peer_syn = syn().mss(1460).sack_ok();
    auto t = TcpBench::in_established(c);
    t.send(2920);
    t.advance(250ms);  // the head is lost and in flight again when the router complains
    t.take_sent();
    t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kFragmentationNeeded, 1, 1000);
    EXPECT_TRUE(t.sends(data(1, 960)));
    t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kFragmentationNeeded, 1, 68);
    EXPECT_EQ(t.info().snd_mss, 512U);  // never below 552 octets
    t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kFragmentationNeeded, 90000, 600);
    EXPECT_EQ(t.count(Mib::kTcpExtOutOfWindowIcmps), 1U);
}

TEST_P(Recovery, PathMtuWithoutSack) {
    BenchConfig c = config();
    c.peer_syn = syn().mss(1460);
    auto t = TcpBench::in_established(c);
    t.send(4380);
    t.take_sent();
    t.recv(ack(1).seq(1));
    t.recv(ack(1).seq(1));
    t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kFragmentationNeeded, 1, 1000);
    EXPECT_EQ(t.take_sent().size(), 6U);
    t.recv(ack(4381).seq(1));
    EXPECT_EQ(t.info().unacked, 0U);
}

}  // namespace
}  // namespace netsim::tcp
