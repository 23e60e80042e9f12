// Mini-sockets: TIME-WAIT, and FIN-WAIT-2 without a descriptor. RFC 9293 §3.6, RFC 1337, RFC 6191;
// Linux tcp_timewait_state_process().
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

class InTimeWait : public AtEachIss {
 protected:
    static BenchConfig with_timestamps() {
        BenchConfig c = config();
        c.peer_syn = syn().mss(1000).sack_ok().tsval(1000);
        return c;
    }

    /// An orphan whose FIN is acknowledged: the record plays FIN-WAIT-2.
    static TcpBench orphan_fin_wait_2(const BenchConfig& c) {
        auto t = TcpBench::in_fin_wait_2(c);
        EXPECT_EQ(t.close(), Errno::kOk);
        EXPECT_EQ(t.state(), State::kFinWait2);
        EXPECT_EQ(t.records(EndpointKind::kTimeWait), 1U);
        EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
        return t;
    }
};

NETSIM_AT_EACH_ISS(InTimeWait);

TEST_P(InTimeWait, LastsSixtySeconds) {
    BenchConfig c = config();
    c.sysctl.tcp_fin_timeout = 5;  // changes nothing
    auto t = TcpBench::in_time_wait(c);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 1U);
    EXPECT_EQ(t.info().timer, TimerKind::kTimeWait);
    EXPECT_EQ(t.count(Mib::kTcpExtTW), 1U);
    t.advance(60s - 1ns);
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.advance(1ns);
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.changes().back(), "TIME-WAIT -> CLOSED (TIME-WAIT over)");
}

TEST_P(InTimeWait, TheSocketMeanwhileIsClosed) {
    auto t = TcpBench::in_time_wait(config());
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.send_errno(), Errno::kEPIPE);
    EXPECT_EQ(t.shutdown(Shutdown::kWrite), Errno::kENOTCONN);
    EXPECT_EQ(t.close(), Errno::kOk);
    EXPECT_EQ(t.state(), State::kTimeWait);
}

TEST_P(InTimeWait, ARepeatedFinIsAcknowledgedAndRestartsTheTimer) {
    auto t = TcpBench::in_time_wait(config());
    t.advance(30s);
    t.recv(fin(1).ack(2));
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    t.recv(fin(1).ack(2));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPACKSkippedTimeWait), 1U);
    EXPECT_EQ(t.dropped(Drop::kTimeWaitOld), 2U);
    t.advance(60s - 1ns);
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.advance(1ns);
    EXPECT_EQ(t.state(), State::kClosed);
}

TEST_P(InTimeWait, ABareAckRestartsTheTimerSilently) {
    auto t = TcpBench::in_time_wait(config());
    t.advance(30s);
    t.recv(ack(2).seq(2));
    EXPECT_TRUE(t.sends_nothing());
    t.advance(59s);
    EXPECT_EQ(t.state(), State::kTimeWait);
}

TEST_P(InTimeWait, AssassinationUnlessRfc1337) {
    auto t = TcpBench::in_time_wait(config());
    t.recv(rst(3));
    t.recv(rst(1));
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.stack().sysctl().tcp_rfc1337 = 1;
    t.recv(rst(2));
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.stack().sysctl().tcp_rfc1337 = 0;
    t.recv(rst(2));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kTimeWaitRst), 4U);
}

TEST_P(InTimeWait, ANewSynTakesItsPlace) {  // RFC 1122 §4.2.2.13
    auto t = TcpBench::in_time_wait(config());
    t.recv(syn().seq(3).mss(1000));
    EXPECT_TRUE(t.sends(syn_ack().seq(2 + 65537).ack(4)));
    EXPECT_EQ(t.state(), State::kSynReceived);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 0U);
    t.recv(ack(2 + 65538).seq(4));
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InTimeWait, AnOldSynIsAcknowledged) {
    auto t = TcpBench::in_time_wait(config());
    t.recv(syn().seq(2));
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.advance(59s);
    t.recv(syn().seq(0));  // without ACK: the timer goes on
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    t.advance(1s);
    EXPECT_EQ(t.state(), State::kClosed);
}

TEST_P(InTimeWait, ANewerTimestampOpensAnewWhateverTheSequence) {  // RFC 6191
    auto t = TcpBench::in_established(with_timestamps());
    t.shutdown(Shutdown::kWrite);
    t.recv(segment(wire::flag::kFin | wire::flag::kAck).seq(1).ack(2).tsval(5000));
    t.take_sent();
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.recv(syn().seq(-1000).mss(1000).tsval(5000));
    EXPECT_TRUE(t.sends(ack(2).tsecr(5000)));
    t.recv(syn().seq(-1000).mss(1000).tsval(5001));
    EXPECT_TRUE(t.sends(syn_ack().seq(65539).ack(-999)));
}

TEST_P(InTimeWait, AnOldTimestampIsAnswered) {
    auto t = TcpBench::in_established(with_timestamps());
    t.shutdown(Shutdown::kWrite);
    t.recv(segment(wire::flag::kFin | wire::flag::kAck).seq(1).ack(2).tsval(5000));
    t.take_sent();
    t.advance(30s);
    t.recv(syn().seq(70000).tsval(4000));
    EXPECT_TRUE(t.sends(ack(2).tsecr(5000)));
    EXPECT_EQ(t.count(Mib::kTcpExtPAWSTimewait), 1U);
    t.advance(31s);  // a PAWS failure restarts the timer
    EXPECT_EQ(t.state(), State::kTimeWait);
}

TEST_P(InTimeWait, TheSynBypassesTheSynQueueButNotTheAcceptQueue) {  // facts, section 8
    BenchConfig c = config();
    c.backlog = 0;
    c.sysctl.tcp_syncookies = 0;
    auto t = TcpBench::in_time_wait(c);
    t.recv(syn().peer({ipv4(10, 9, 9, 9), 1}));
    EXPECT_EQ(t.syn_queue(), 1U);  // full
    t.take_sent();
    t.recv(syn().seq(3));
    EXPECT_TRUE(t.sends(syn_ack().seq(65539).ack(4)));
    EXPECT_EQ(t.syn_queue(), 2U);
    auto u = TcpBench::in_time_wait(c);
    u.recv(syn().peer({ipv4(10, 9, 9, 9), 1}));
    const std::uint32_t isn = u.take_sent().back().packet.tcp.seq.raw();
    u.recv(ack(std::int64_t{isn - u.iss()} + 1).seq(1).peer({ipv4(10, 9, 9, 9), 1}));
    EXPECT_EQ(u.accept_queue(), 1U);
    u.recv(syn().seq(3));
    EXPECT_TRUE(u.sends_nothing());
    EXPECT_EQ(u.count(Mib::kTcpExtListenOverflows), 1U);
}

TEST_P(InTimeWait, WithoutAListenerASynIsAcknowledged) {
    auto t = TcpBench::in_time_wait(config());
    EXPECT_EQ(t.close(), Errno::kOk);
    EXPECT_EQ(t.close_listener(), Errno::kOk);
    t.recv(syn().seq(5));
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_EQ(t.state(), State::kTimeWait);
}

TEST_P(InTimeWait, AtTheLimitNoRecordIsMade) {
    BenchConfig c = config();
    c.sysctl.tcp_max_tw_buckets = 0;
    auto t = TcpBench::in_fin_wait_2(c);
    t.recv(fin(1).ack(2));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPTimeWaitOverflow), 1U);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 0U);
    auto u = TcpBench::in_closing(c);
    u.recv(ack(2).seq(2));
    EXPECT_EQ(u.state(), State::kClosed);
}

// --- FIN-WAIT-2 as a record

TEST_P(InTimeWait, AnOrphanInFinWait2VanishesSilently) {
    auto t = orphan_fin_wait_2(config());
    t.advance(60s - 1ns);
    EXPECT_EQ(t.state(), State::kFinWait2);
    t.advance(1ns);
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.changes().back(), "FIN-WAIT-2 -> CLOSED (FIN-WAIT-2 over)");
}

TEST_P(InTimeWait, FinTimeoutAndLinger2SetItsLife) {
    BenchConfig c = config();
    c.sysctl.tcp_fin_timeout = 10;
    auto t = orphan_fin_wait_2(c);
    t.advance(10s);
    EXPECT_EQ(t.state(), State::kClosed);
    auto u = TcpBench::in_fin_wait_2(config());
    u.option(SocketOption::kTCP_LINGER2, 3);
    u.close();
    EXPECT_EQ(u.count(Mib::kTcpExtTWKilled), 1U);
    u.advance(3s);
    EXPECT_EQ(u.state(), State::kClosed);
    auto v = TcpBench::in_fin_wait_2(config());  // longer than TIME-WAIT: first a full socket
    v.option(SocketOption::kTCP_LINGER2, 100);
    v.close();
    EXPECT_EQ(v.records(EndpointKind::kTimeWait), 0U);
    v.advance(40s);
    EXPECT_EQ(v.records(EndpointKind::kTimeWait), 1U);
    v.advance(60s);
    EXPECT_EQ(v.state(), State::kClosed);
}

// ss tells when timers of small records are due, not where the wheel fires them.
TEST_P(InTimeWait, WhatASmallRecordWaitsForIsTold) {
    const BenchConfig c = config();
    TcpBench t(c);
    TimerWheel wheel;
    wheel.on = true;
    t.stack().set_timer_wheel(wheel);
    t.listen(16);
    t.recv(c.peer_syn);
    EXPECT_NEAR(static_cast<double>(t.info().timer_left.count()), 1e9, 1e6);
    t.recv(ack(1).seq(1));
    t.sock = t.accept();
    t.option(SocketOption::kTCP_LINGER2, 5);
    t.shutdown(Shutdown::kWrite);
    t.recv(ack(2).seq(1));
    t.close();
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 1U) << t.exchange();
    EXPECT_NEAR(static_cast<double>(t.info().timer_left.count()), 5e9, 1e6);
}

TEST_P(InTimeWait, NegativeLinger2MeansNoFinWait2) {
    auto t = TcpBench::in_fin_wait_2(config());
    t.option(SocketOption::kTCP_LINGER2, -1);
    EXPECT_EQ(t.close(), Errno::kOk);
    EXPECT_TRUE(t.sends(rst_ack().seq(2).ack(1)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnLinger), 1U);
    auto u = TcpBench::in_established(config());
    u.option(SocketOption::kTCP_LINGER2, -1);
    u.close();
    EXPECT_TRUE(u.sends(fin(1)));
    u.recv(ack(2).seq(1));
    EXPECT_TRUE(u.sends(rst(2)));
    EXPECT_EQ(u.count(Mib::kTcpExtTCPAbortOnData), 1U);
    EXPECT_EQ(u.state(), State::kClosed);
}

TEST_P(InTimeWait, TheFinTurnsItIntoTimeWait) {
    auto t = orphan_fin_wait_2(config());
    t.advance(50s);
    t.recv(fin(1).ack(2));
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.advance(60s - 1ns);
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.advance(1ns);
    EXPECT_EQ(t.state(), State::kClosed);
}

TEST_P(InTimeWait, DataForTheRecordIsReset) {
    auto t = orphan_fin_wait_2(config());
    t.recv(data(1, 10).ack(2));
    EXPECT_TRUE(t.sends(rst(2)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.dropped(Drop::kFinWait2Data), 1U);
    auto u = orphan_fin_wait_2(config());
    u.recv(fin(1).ack(2).len(5));
    EXPECT_TRUE(u.sends(rst(2)));
    EXPECT_EQ(u.state(), State::kClosed);
}

TEST_P(InTimeWait, TheRecordInFinWait2AnswersOnlyWhatIsOut) {
    auto t = orphan_fin_wait_2(config());
    t.recv(ack(2).seq(1));
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(2).seq(500000));
    EXPECT_TRUE(t.sends(ack(1).seq(2)));
    t.recv(ack(2).seq(500000));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPACKSkippedFinWait2), 1U);
    t.recv(syn().seq(10));
    EXPECT_TRUE(t.sends(rst_ack().ack(11)));
    t.recv(rst(2));  // in the window
    EXPECT_EQ(t.state(), State::kClosed);
}

// --- reuse by the side that closed first: facts, section 8

TEST_P(InTimeWait, ABoundClientMayReuseItsTupleAtOnce) {
    auto t = TcpBench::in_established_active(with_timestamps());
    t.shutdown(Shutdown::kWrite);
    t.recv(segment(wire::flag::kFin | wire::flag::kAck).seq(1).ack(2).ts());
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.close();
    t.take_sent();
    t.sock = *t.stack().socket();
    t.option(SocketOption::kSO_REUSEADDR, 1);
    EXPECT_EQ(t.stack().bind(t.sock, {kLocal, 80}).error(), Errno::kEADDRINUSE);  // one side only
    BenchConfig c = with_timestamps();
    TcpBench u(c);
    u.sock = *u.stack().socket();
    u.option(SocketOption::kSO_REUSEADDR, 1);
    ASSERT_TRUE(u.stack().bind(u.sock, {kLocal, 80}));
    u.connect();
    u.take_sent();
    u.recv(syn_ack().ack(1).mss(1000).tsval(1));
    u.shutdown(Shutdown::kWrite);
    u.recv(segment(wire::flag::kFin | wire::flag::kAck).seq(1).ack(2).ts());
    EXPECT_EQ(u.state(), State::kTimeWait);
    u.close();
    u.take_sent();
    u.sock = *u.stack().socket();
    u.option(SocketOption::kSO_REUSEADDR, 1);
    ASSERT_TRUE(u.stack().bind(u.sock, {kLocal, 80}));
    EXPECT_EQ(u.connect(), Errno::kEINPROGRESS);
    EXPECT_TRUE(u.sends(syn().seq(2 + 65537)));
    EXPECT_EQ(u.count(Mib::kTcpExtTWRecycled), 1U);
}

}  // namespace
}  // namespace netsim::tcp
