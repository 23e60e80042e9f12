// A process holds its socket in the midst of a call: what arrives waits for it. Linux lock_sock(),
// tcp_add_backlog(), release_sock().
#include <gtest/gtest.h>

#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

/// Held by a process.
TcpBench held(const BenchConfig& config = {}) {
    auto t = TcpBench::in_established(config);
    t.take_sent();
    t.lock();
    return t;
}

TEST(Backlog, OneAckForAllThatCameMeanwhile) {
    auto t = held();
    for (int i = 0; i < 3; ++i) {
        t.recv(data(1 + 1000 * i, 1000).ack(1));
        EXPECT_TRUE(t.sends_nothing());
    }
    EXPECT_TRUE(t.stack().has_backlog(t.sock));
    t.unlock();
    EXPECT_TRUE(t.sends(ack(3001)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.receive(), 3000U);
    t.recv(data(3001, 1000).ack(1));  // nobody holds it any more
    EXPECT_TRUE(t.sends(ack(4001)));
}

TEST(Backlog, EachIsAcknowledgedWithoutDeferral) {  // tcp_backlog_ack_defer = 0
    BenchConfig config;
    config.sysctl.tcp_backlog_ack_defer = 0;
    auto t = held(config);
    t.recv(data(1, 1000).ack(1));
    t.recv(data(1001, 1000).ack(1));
    EXPECT_TRUE(t.sends_nothing());
    t.unlock();
    EXPECT_TRUE(t.sends(ack(1001)));
    EXPECT_TRUE(t.sends(ack(2001)));
}

TEST(Backlog, AFlushLetsWhatWaitsPassAndHoldsOn) {
    auto t = held();
    t.recv(data(1, 1000).ack(1));
    t.recv(data(1001, 1000).ack(1));
    t.process_backlog();              // two have their turn ...
    t.recv(data(2001, 1000).ack(1));  // ... and one comes before that is over
    EXPECT_TRUE(t.sends_nothing());
    t.flush_backlog();
    EXPECT_TRUE(t.sends(ack(3001)));
    EXPECT_EQ(t.receive(), 3000U);
    t.recv(data(3001, 1000).ack(1));
    EXPECT_TRUE(t.sends_nothing());
    t.unlock();
    EXPECT_TRUE(t.sends(ack(4001)));
}

TEST(Backlog, OnlyWhatFitsIntoSpareRoomIsMerged) {  // skb_try_coalesce()
    auto t = held();
    t.recv(data(1, 1000).ack(1));
    t.recv(data(1001, 1000).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPBacklogCoalesce), 0U);
    t.recv(data(2001, 100).ack(1));
    t.recv(data(2101, 100).ack(1));
    EXPECT_EQ(t.count(Mib::kTcpExtTCPBacklogCoalesce), 2U);
    t.recv(data(2301, 100).ack(1));  // no neighbour
    EXPECT_EQ(t.count(Mib::kTcpExtTCPBacklogCoalesce), 2U);
    t.unlock();
    EXPECT_EQ(t.receive(), 2200U);
    EXPECT_EQ(t.stack().integrity_violations(), 0U);
}

TEST(Backlog, BareAcksBecomeTheLatest) {
    auto t = TcpBench::in_established();
    t.send(3000);
    t.take_sent();
    t.lock();
    t.recv(ack(1001).seq(1));
    t.recv(ack(3001).seq(1));
    EXPECT_EQ(t.info().unacked, 3U);
    t.unlock();
    EXPECT_EQ(t.info().unacked, 0U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPBacklogCoalesce), 1U);
}

TEST(Backlog, IsBounded) {
    auto t = held();
    std::int64_t at = 1;
    for (int i = 0; i < 400; ++i, at += 1000) {
        t.recv(data(at, 1000).ack(1));
    }
    EXPECT_GT(t.count(Mib::kTcpExtTCPBacklogDrop), 0U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPBacklogDrop), t.dropped(Drop::kBacklog));
}

TEST(Backlog, AResetComesToAProcessWhenItLetsGo) {
    auto t = held();
    t.recv(rst(1));
    EXPECT_EQ(t.state(), State::kEstablished);
    t.unlock();
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.receive_errno(), Errno::kECONNRESET);
}

TEST(Backlog, TimersWaitToo) {
    auto t = TcpBench::in_established();
    t.send(1000);
    t.take_sent();
    t.lock();
    t.advance(2s);
    EXPECT_TRUE(t.sends_nothing());
    t.unlock();
    EXPECT_TRUE(t.sends(data(1, 1000)));
}

TEST(Backlog, ADelayedAckWaitsAndIsCounted) {
    auto t = TcpBench::in_established();
    t.option(SocketOption::kTCP_QUICKACK, 0);
    t.recv(data(1, 100).ack(1));
    EXPECT_TRUE(t.sends_nothing());
    t.lock();
    t.advance(250ms);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtDelayedACKLocked), 1U);
    t.unlock();
    EXPECT_TRUE(t.sends(ack(101)));
}

TEST(Backlog, AKeepaliveProbeTriesAgainSoon) {
    auto t = TcpBench::in_established();
    t.option(SocketOption::kTCP_KEEPIDLE, 1);
    t.option(SocketOption::kSO_KEEPALIVE, 1);
    t.take_sent();
    t.lock();
    t.advance(1s);
    EXPECT_TRUE(t.sends_nothing());
    t.unlock();
    EXPECT_TRUE(t.sends_nothing());
    t.advance(60ms);  // HZ / 20
    EXPECT_TRUE(t.sends(ack(1).seq(0)));
}

TEST(Backlog, AnIcmpErrorTearsNothingFromUnderAProcess) {
    auto t = held();
    t.send(1000);
    t.take_sent();
    t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kHostUnreachable, 1);
    EXPECT_EQ(t.count(Mib::kTcpExtLockDroppedIcmps), 1U);
    t.unlock();
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST(Backlog, ASmallerPathIsHeededWhenTheProcessLetsGo) {
    auto t = held();
    t.send(1000);
    t.take_sent();
    t.paths().mtu = 700;
    t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kFragmentationNeeded, 1, 700);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtLockDroppedIcmps), 0U);
    t.unlock();
    EXPECT_TRUE(t.sends(data(1, 660)));
}

}  // namespace
}  // namespace netsim::tcp
