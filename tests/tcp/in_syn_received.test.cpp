// The life of a half-open request, and the child it becomes. RFC 9293 §3.10.7.4; Linux
// reqsk_timer_handler(), tcp_check_req().
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

class InSynReceived : public AtEachIss {};

NETSIM_AT_EACH_ISS(InSynReceived);

constexpr Endpoint kOther{ipv4(10, 0, 0, 9), 50000};

/// The usual peer's request stands, and a backlog of 0 is used up by another connection.
TcpBench with_full_accept_queue(BenchConfig c) {
    c.backlog = 0;
    c.sysctl.tcp_syncookies = 1;
    auto t = TcpBench::in_syn_received(c);
    EXPECT_TRUE(t.stack().listen(t.listener, 1, t.now(), t.out()));
    t.recv(syn().peer(kOther));
    const std::uint32_t isn = t.take_sent().back().packet.tcp.seq.raw();
    t.recv(ack(std::int64_t{isn - t.iss()} + 1).seq(1).peer(kOther));
    EXPECT_EQ(t.accept_queue(), 1U);
    EXPECT_TRUE(t.stack().listen(t.listener, 0, t.now(), t.out()));
    return t;
}

// Facts, section 3: at 1, 3, 7, 15, 31 s; gone at 63 s.
TEST_P(InSynReceived, SynAckIsRepeatedAndGivenUpAt63Seconds) {
    auto t = TcpBench::in_syn_received(config());
    const Time begin = t.now();
    EXPECT_EQ(t.sent_at(62s), (std::vector<double>{1, 3, 7, 15, 31}));
    t.advance(begin + 63s - t.now() - 1ns);
    EXPECT_EQ(t.state(), State::kSynReceived);
    t.advance(1ns);
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.syn_queue(), 0U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPTimeouts), 6U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSynRetrans), 5U);
    EXPECT_EQ(t.count(Mib::kTcpRetransSegs), 5U);
    EXPECT_EQ(t.changes().back(), "SYN-RECEIVED -> CLOSED (time-out)");
}

TEST_P(InSynReceived, RetriesAreASysctlAndASocketOption) {
    BenchConfig c = config();
    c.sysctl.tcp_synack_retries = 2;
    auto t = TcpBench::in_syn_received(c);
    EXPECT_EQ(t.sent_at(100s), (std::vector<double>{1, 3}));
    auto u = TcpBench::in_listen(c);
    EXPECT_EQ(u.option(SocketOption::kTCP_SYNCNT, 3), Errno::kOk);
    u.recv(syn());
    u.take_sent();
    EXPECT_EQ(u.sent_at(100s), (std::vector<double>{1, 3, 7}));
}

TEST_P(InSynReceived, ARepeatedSynIsAnsweredAtOnceAndRestartsTheTimer) {
    auto t = TcpBench::in_syn_received(config());
    t.advance(600ms);
    t.recv(config().peer_syn);
    EXPECT_TRUE(t.sends(syn_ack().ack(1)));
    t.advance(100ms);  // within tcp_invalid_ratelimit of the last
    t.recv(config().peer_syn);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPACKSkippedSynRecv), 1U);
    EXPECT_EQ(t.sent_at(4s), (std::vector<double>{0.9, 2.9}));
    EXPECT_EQ(t.syn_queue(), 1U);
}

TEST_P(InSynReceived, ItsAckMakesAConnection) {
    auto t = TcpBench::in_syn_received(config());
    t.advance(30ms);
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.syn_queue(), 0U);
    EXPECT_EQ(t.accept_queue(), 1U);
    EXPECT_EQ(t.poll(), poll::kIn);
    EXPECT_EQ(t.info().srtt, 30ms);
    EXPECT_EQ(t.info().rto, 230ms);
    EXPECT_EQ(t.count(Mib::kTcpPassiveOpens), 1U);
    EXPECT_EQ(t.count(Mib::kTcpCurrEstab), 1U);
    t.sock = t.accept();
    EXPECT_EQ(t.poll(), poll::kOut);
    EXPECT_EQ(t.changes().back(), "SYN-RECEIVED -> ESTABLISHED (rcv ACK of SYN)");
}

TEST_P(InSynReceived, DataAndFinOnTheLastAckAreTaken) {
    auto t = TcpBench::in_syn_received(config());
    t.recv(fin(1).ack(1).len(10));
    EXPECT_EQ(t.state(), State::kCloseWait);
    t.sock = t.accept();
    EXPECT_EQ(t.receive(), 10U);
    EXPECT_EQ(t.receive(), 0U);
}

TEST_P(InSynReceived, NoRttSampleAfterARepeatedSynAck) {
    auto t = TcpBench::in_syn_received(config());
    t.advance(1s);
    t.recv(ack(1).seq(1));
    EXPECT_EQ(t.info().rto, 3s);
    EXPECT_EQ(t.info().srtt, 0s);
    EXPECT_EQ(t.info().snd_cwnd, 10U);
}

TEST_P(InSynReceived, TwoRepetitionsMeanACwndOfOne) {
    auto t = TcpBench::in_syn_received(config());
    t.advance(3s);
    t.recv(ack(1).seq(1));
    EXPECT_EQ(t.info().snd_cwnd, 1U);
}

TEST_P(InSynReceived, AWrongAckIsResetAndTheRequestStays) {
    auto t = TcpBench::in_syn_received(config());
    t.recv(ack(2).seq(1));
    EXPECT_TRUE(t.sends(rst(2)));
    t.recv(ack(0).seq(1));
    EXPECT_TRUE(t.sends(rst(0)));
    t.recv(syn_ack().ack(77));
    EXPECT_TRUE(t.sends(rst(77)));
    t.recv(rst_ack().seq(1).ack(99));  // a RST with an ACK of nothing is for the listener
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kRstInListen), 1U);
    EXPECT_EQ(t.state(), State::kSynReceived);
}

TEST_P(InSynReceived, OutOfWindowIsAnsweredAndDropped) {
    auto t = TcpBench::in_syn_received(config());
    t.recv(data(100000, 10).ack(1));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.recv(data(100000, 10).ack(1));  // rate limit
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kRequestOutOfWindow), 2U);
    EXPECT_EQ(t.state(), State::kSynReceived);
}

TEST_P(InSynReceived, AnOldTimestampIsAnsweredAndDropped) {
    BenchConfig c = config();
    c.peer_syn.tsval(1000);
    auto t = TcpBench::in_syn_received(c);
    t.recv(ack(1).seq(1).tsval(999));
    EXPECT_TRUE(t.sends(ack(1).seq(1).tsecr(1000)));
    EXPECT_EQ(t.count(Mib::kTcpExtPAWSEstab), 1U);
    EXPECT_EQ(t.state(), State::kSynReceived);
    t.recv(ack(1).seq(1).tsval(1001));
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynReceived, WhatItEchoesMustHaveBeenSent) {  // tcp_check_req() from 6.15 on
    BenchConfig c = config();
    c.peer_syn.tsval(1000);
    auto t = TcpBench::in_listen(c);
    t.recv(c.peer_syn);
    const std::uint32_t first = t.take_sent().back().packet.tcp.tsval;
    t.recv(ack(1).seq(1).tsval(1001).tsecr(first - 1));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.recv(ack(1).seq(1).tsval(1001).tsecr(first + 1));
    t.recv(rst(1).tsval(1001).tsecr(first + 1));
    EXPECT_EQ(t.count(Mib::kTcpExtTSEcrRejected), 3U);
    EXPECT_EQ(t.dropped(Drop::kTsEcr), 3U);
    t.recv(ack(1).seq(1).tsval(999).tsecr(first + 1));  // PAWS comes first
    EXPECT_EQ(t.count(Mib::kTcpExtTSEcrRejected), 3U);
    t.advance(7s);  // sent again at 1, 3 and 7 s
    EXPECT_EQ(t.take_sent().back().packet.tcp.tsval, first + 7000);
    t.recv(ack(1).seq(1).tsval(8001).tsecr(first + 7001));
    EXPECT_EQ(t.count(Mib::kTcpExtTSEcrRejected), 4U);
    t.recv(ack(1).seq(1).tsval(8001).tsecr(first + 7000));
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynReceived, AnEchoOf0IsNone) {
    BenchConfig c = config();
    c.peer_syn.tsval(1000);
    auto t = TcpBench::in_syn_received(c);
    t.recv(ack(1).seq(1).tsval(1001).tsecr(0));
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynReceived, OnlyAnExactRstKills) {  // RFC 5961 §3
    auto t = TcpBench::in_syn_received(config());
    t.recv(rst(500));
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPChallengeACK), 1U);
    EXPECT_EQ(t.state(), State::kSynReceived);
    t.recv(rst(100000));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kSynReceived);
    t.recv(rst(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpAttemptFails), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtEmbryonicRsts), 1U);
    EXPECT_EQ(t.dropped(Drop::kRequestRst), 2U);
    EXPECT_EQ(t.syn_queue(), 0U);
}

TEST_P(InSynReceived, AnotherSynKills) {
    auto t = TcpBench::in_syn_received(config());
    t.recv(syn().seq(10));
    EXPECT_TRUE(t.sends(rst_ack().ack(11)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpAttemptFails), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtEmbryonicRsts), 1U);
}

TEST_P(InSynReceived, WithoutAckNothingHappens) {
    auto t = TcpBench::in_syn_received(config());
    t.recv(segment(0).seq(1).len(10));
    t.recv(segment(flag::kFin).seq(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kRequestNoAck), 2U);
    EXPECT_EQ(t.state(), State::kSynReceived);
}

// Golden vector 9, abort 0.
TEST_P(InSynReceived, OverflowIsSilentAndTriedAgain) {
    auto t = with_full_accept_queue(config());
    for (std::uint64_t i = 1; i <= 3; ++i) {
        t.recv(ack(1).seq(1));
        EXPECT_TRUE(t.sends_nothing());
        EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), i);
        EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), i);
    }
    t.recv(data(1, 100).ack(1));
    t.recv(fin(101).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), 5U);
    EXPECT_EQ(t.dropped(Drop::kRequestOverflow), 5U);
    EXPECT_EQ(t.sent_at(62s), (std::vector<double>{1, 3, 7, 15, 31}));
    EXPECT_EQ(t.state(), State::kSynReceived);
    EXPECT_TRUE(t.accept());  // room: any repetition completes it
    t.recv(data(1, 100).ack(1));
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.accept_queue(), 1U);
}

TEST_P(InSynReceived, OverflowThatLastsEndsInARst) {
    auto t = with_full_accept_queue(config());
    t.recv(ack(1).seq(1));
    t.advance(63s);
    t.take_sent();
    EXPECT_EQ(t.state(), State::kClosed);
    t.recv(data(1, 100).ack(1));
    EXPECT_TRUE(t.sends(rst(1)));
}

// Golden vector 9, abort 1.
TEST_P(InSynReceived, OverflowWithAbortResets) {
    BenchConfig c = config();
    c.sysctl.tcp_abort_on_overflow = 1;
    auto t = with_full_accept_queue(c);
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends(rst(1)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtEmbryonicRsts), 1U);
    EXPECT_EQ(t.count(Mib::kTcpOutRsts), 1U);
}

// Facts, section 12: 4 to 7 seconds are three SYN-ACKs, of which the quiet ones are not sent.
TEST_P(InSynReceived, DeferAcceptWaitsForData) {
    auto t = TcpBench::in_listen(config());
    EXPECT_EQ(t.option(SocketOption::kTCP_DEFER_ACCEPT, 5), Errno::kOk);
    EXPECT_EQ(t.get_option(SocketOption::kTCP_DEFER_ACCEPT), 7);
    t.recv(syn().mss(1000));
    EXPECT_TRUE(t.sends(syn_ack()));
    t.recv(ack(1).seq(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPDeferAcceptDrop), 1U);
    EXPECT_EQ(t.dropped(Drop::kDeferAccept), 1U);
    EXPECT_EQ(t.accept_queue(), 0U);
    t.advance(500ms);
    t.recv(data(1, 10).ack(1));
    EXPECT_EQ(t.accept_queue(), 1U);
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynReceived, DeferAcceptEndsWithItsLastPeriod) {
    auto t = TcpBench::in_listen(config());
    EXPECT_EQ(t.option(SocketOption::kTCP_DEFER_ACCEPT, 5), Errno::kOk);
    t.recv(syn().mss(1000));
    EXPECT_TRUE(t.sends(syn_ack()));
    t.recv(ack(1).seq(1));
    EXPECT_EQ(t.sent_at(7s), (std::vector<double>{7}));  // silent at 1 and 3 s
    t.recv(ack(1).seq(1));
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.accept_queue(), 1U);
}

TEST_P(InSynReceived, SomeIcmpErrorsEndIt) {
    using namespace wire::icmp;
    auto t = TcpBench::in_syn_received(config());
    t.recv_icmp(kDestinationUnreachable, kPortUnreachable, 0);
    t.recv_icmp(kDestinationUnreachable, kProtocolUnreachable, 0);
    EXPECT_EQ(t.state(), State::kSynReceived);
    t.recv_icmp(kDestinationUnreachable, kHostUnreachable, 1);  // not our sequence number
    EXPECT_EQ(t.state(), State::kSynReceived);
    EXPECT_EQ(t.count(Mib::kTcpExtOutOfWindowIcmps), 1U);
    t.recv_icmp(kDestinationUnreachable, kHostUnreachable, 0);
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 1U);
}

TEST_P(InSynReceived, AnUnacceptedConnectionThatWasResetIsStillReturned) {
    auto t = TcpBench::in_syn_received(config());
    t.recv(ack(1).seq(1));
    t.recv(rst(1));
    EXPECT_EQ(t.accept_queue(), 1U);
    t.sock = t.accept();
    EXPECT_TRUE(t.sock);
    EXPECT_EQ(t.receive_errno(), Errno::kECONNRESET);
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.count(Mib::kTcpEstabResets), 1U);
}

TEST_P(InSynReceived, TheChildInheritsTheListenersOptions) {
    auto t = TcpBench::in_listen(config());
    EXPECT_EQ(t.option(SocketOption::kTCP_NODELAY, 1), Errno::kOk);
    EXPECT_EQ(t.option(SocketOption::kSO_KEEPALIVE, 1), Errno::kOk);
    EXPECT_EQ(t.option(SocketOption::kTCP_MAXSEG, 600), Errno::kOk);
    t.recv(syn().mss(1000));
    EXPECT_TRUE(t.sends(syn_ack().mss(600)));
    t.recv(ack(1).seq(1));
    t.sock = t.accept();
    EXPECT_EQ(t.get_option(SocketOption::kTCP_NODELAY), 1);
    EXPECT_EQ(t.get_option(SocketOption::kTCP_MAXSEG), 600);
    EXPECT_EQ(t.info().timer, TimerKind::kKeepalive);
}

TEST_P(InSynReceived, NegotiationTakesWhatBothOffer) {
    BenchConfig c = config();
    c.peer_syn = syn().mss(1200).sack_ok().tsval(5).wscale(9);
    auto t = TcpBench::in_established(c);
    const SocketInfo i = t.info();
    EXPECT_TRUE(i.timestamps && i.sack && i.window_scale);
    EXPECT_EQ(i.snd_mss, 1188U);
    EXPECT_EQ(i.snd_wscale, 9U);
    EXPECT_EQ(i.rcv_wscale, 10U);
    EXPECT_EQ(i.snd_wnd, 65535U << 9U);
}

TEST_P(InSynReceived, NegotiationDefaults) {
    BenchConfig c = config();
    c.peer_syn = syn();
    auto t = TcpBench::in_established(c);
    const SocketInfo i = t.info();
    EXPECT_FALSE(i.timestamps || i.sack || i.window_scale);
    EXPECT_EQ(i.snd_mss, 536U);  // RFC 9293 §3.7.1
    EXPECT_EQ(i.snd_wnd, 65535U);
}

TEST_P(InSynReceived, NegotiationBounds) {
    BenchConfig c = config();
    c.peer_syn = syn().mss(1).wscale(200);  // RFC 7323 §2.3: 14 at most
    auto t = TcpBench::in_established(c);
    EXPECT_EQ(t.info().snd_mss, 48U);  // tcp_min_snd_mss
    EXPECT_EQ(t.info().snd_wscale, 14U);
    c.peer_syn = syn().mss(9000);
    auto u = TcpBench::in_established(c);
    EXPECT_EQ(u.info().snd_mss, 1460U);  // the path's
}

}  // namespace
}  // namespace netsim::tcp
