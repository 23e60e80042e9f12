// Keepalive, and the order of deadlines. RFC 9293 §3.8.4, §3.10.8; facts, section 10.
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

class Timeouts : public AtEachIss {
 protected:
    static TcpBench with_keepalive() {
        auto t = TcpBench::in_established(config());
        EXPECT_EQ(t.option(SocketOption::kSO_KEEPALIVE, 1), Errno::kOk);
        return t;
    }
};

NETSIM_AT_EACH_ISS(Timeouts);

TEST_P(Timeouts, NineProbesThenTheEndAt7875Seconds) {
    auto t = with_keepalive();
    EXPECT_EQ(t.info().timer, TimerKind::kKeepalive);
    t.advance(7200s - 1ns);
    EXPECT_TRUE(t.sends_nothing());
    t.advance(1ns);
    EXPECT_TRUE(t.sends(ack(1).seq(0).len(0)));
    EXPECT_EQ(t.sent_at(600s), (std::vector<double>{75, 150, 225, 300, 375, 450, 525, 600}));
    t.advance(75s);
    EXPECT_TRUE(t.sends(rst_ack().seq(1).ack(1)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPKeepAlive), 9U);
}

TEST_P(Timeouts, AnAnswerResetsThePatience) {
    auto t = with_keepalive();
    t.advance(7300s);
    t.take_sent();
    t.recv(ack(1).seq(1));
    t.advance(7000s);
    EXPECT_TRUE(t.sends_nothing());
    t.advance(300s);
    EXPECT_FALSE(t.take_sent().empty());
    EXPECT_EQ(t.state(), State::kEstablished);
    t.recv(rst(1));  // the peer has rebooted
    EXPECT_EQ(t.error(), Errno::kECONNRESET);
}

TEST_P(Timeouts, OptionsSetTheSchedule) {
    auto t = with_keepalive();
    t.option(SocketOption::kTCP_KEEPIDLE, 10);
    t.option(SocketOption::kTCP_KEEPINTVL, 2);
    t.option(SocketOption::kTCP_KEEPCNT, 3);
    EXPECT_EQ(t.sent_at(60s), (std::vector<double>{10, 12, 14, 16}));  // three probes, a RST
    EXPECT_EQ(t.state(), State::kClosed);
}

TEST_P(Timeouts, SwitchedOffItIsQuiet) {
    auto t = with_keepalive();
    t.option(SocketOption::kSO_KEEPALIVE, 0);
    t.advance(10000s);
    EXPECT_TRUE(t.sends_nothing());
}

TEST_P(Timeouts, NoProbesWhileDataIsUnacknowledged) {
    auto t = with_keepalive();
    t.option(SocketOption::kTCP_KEEPIDLE, 1);
    t.send(100);
    t.advance(30s);
    for (const Sent& s : t.take_sent()) {
        EXPECT_EQ(s.packet.tcp.payload.length, 100U);
    }
    EXPECT_EQ(t.count(Mib::kTcpExtTCPKeepAlive), 0U);
}

TEST_P(Timeouts, UserTimeoutBoundsKeepaliveToo) {
    auto t = with_keepalive();
    t.option(SocketOption::kTCP_KEEPIDLE, 10);
    t.option(SocketOption::kTCP_KEEPINTVL, 5);
    t.option(SocketOption::kTCP_USER_TIMEOUT, 12000);
    EXPECT_EQ(t.sent_at(60s), (std::vector<double>{10, 15}));  // a probe, a RST
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
}

TEST_P(Timeouts, DeadlinesOfAllKindsFireInOrder) {
    BenchConfig c = config();
    c.sysctl.tcp_synack_retries = 1;
    auto t = TcpBench::in_time_wait(c);  // a record: 60 s
    const Time begin = t.now();
    t.recv(syn().peer({kPeer, 50001}));  // a request: 1 s, gone at 3 s
    t.sock = *t.stack().socket();        // a connection: SYN at 1, 2, 3 ... s
    t.connect(false);
    t.take_sent();
    EXPECT_LE(t.stack().next_deadline(), begin + 1s);  // early at worst, never late
    const auto at = t.sent_at(4s);
    EXPECT_EQ(at, (std::vector<double>{1, 1, 2, 3, 4}));
    EXPECT_EQ(t.syn_queue(), 0U);
    t.advance(56s);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 0U);
}

TEST_P(Timeouts, OneLateCallFiresEverythingDue) {
    auto t = TcpBench::in_syn_received(config());
    t.stack().timers_expire(t.now() + 100s, t.out());
    EXPECT_EQ(t.stack().next_deadline() == kNever || t.stack().next_deadline() > t.now() + 100s,
              true);
    t.stack().check_invariants();
}

}  // namespace
}  // namespace netsim::tcp
