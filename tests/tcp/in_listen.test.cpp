// SYNs and stray segments at a listener. RFC 9293 §3.10.7.2; Linux tcp_conn_request().
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;
namespace option = wire::option;

class InListen : public AtEachIss {};

NETSIM_AT_EACH_ISS(InListen);

/// SYNs from `count` different addresses that nobody answers for.
void flood(TcpBench& t, std::uint32_t count, std::uint32_t first = 0) {
    for (std::uint32_t i = 0; i < count; ++i) {
        t.recv(syn().mss(1460).peer({Ipv4{ipv4(198, 18, 0, 0).bits + first + i}, 1024}));
    }
}

BenchConfig listener(std::uint32_t iss, int backlog, std::int64_t cookies) {
    BenchConfig c;
    c.iss = iss;
    c.backlog = backlog;
    c.sysctl.tcp_syncookies = cookies;
    c.sysctl.tcp_max_syn_backlog = 4096;
    return c;
}

TEST_P(InListen, SynIsAnsweredWithSynAckAndCostsOneRequest) {
    auto t = TcpBench::in_listen(config());
    t.recv(syn().mss(1460).sack_ok().tsval(7).wscale(7));
    EXPECT_TRUE(t.sends(syn_ack().ack(1).mss(1460).sack_ok().tsecr(7).wscale(10).win(65160)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.syn_queue(), 1U);
    EXPECT_EQ(t.state(), State::kSynReceived);
    EXPECT_EQ(t.records(EndpointKind::kRequest), 1U);
    EXPECT_EQ(t.poll(), 0U);
    EXPECT_EQ(t.changes(), (std::vector<std::string>{"CLOSED -> LISTEN (listen)",
                                                     "LISTEN -> SYN-RECEIVED (rcv SYN)"}));
}

TEST_P(InListen, SignedSegmentsAreNotForASocketWithoutAKey) {  // RFC 2385 §3
    auto t = TcpBench::in_listen(config());
    t.recv(syn().options(option::kMd5));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kMd5Unexpected), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMD5Unexpected), 1U);
    EXPECT_EQ(t.syn_queue(), 0U);
}

TEST_P(InListen, OptionsTheSynDoesNotOfferAreNotAnswered) {
    auto t = TcpBench::in_listen(config());
    t.recv(syn());
    EXPECT_TRUE(t.sends(syn_ack().options(option::kMss).win(64240)));
}

TEST_P(InListen, OptionsSwitchedOffHereAreNotAnswered) {
    BenchConfig c = config();
    c.sysctl.tcp_sack = 0;
    c.sysctl.tcp_timestamps = 0;
    c.sysctl.tcp_window_scaling = 0;
    auto t = TcpBench::in_listen(c);
    t.recv(syn().mss(1460).sack_ok().tsval(7).wscale(7));
    EXPECT_TRUE(t.sends(syn_ack().options(option::kMss)));
}

TEST_P(InListen, RstIsDropped) {
    auto t = TcpBench::in_listen(config());
    t.recv(rst(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kRstInListen), 1U);
    t.recv(rst_ack().seq(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kRstInListen), 2U);
}

TEST_P(InListen, AckIsAnsweredWithRst) {
    auto t = TcpBench::in_listen(config());
    t.recv(ack(1234).seq(77));
    EXPECT_TRUE(t.sends(rst(1234)));
    EXPECT_EQ(t.count(Mib::kTcpOutRsts), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesFailed), 0U);
    EXPECT_EQ(t.dropped(Drop::kCookieMissing), 1U);
}

TEST_P(InListen, IllegalFlagsLeaveNoTrace) {
    auto t = TcpBench::in_listen(config());
    t.recv(segment(flag::kSyn | flag::kFin).seq(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kBadFlags), 1U);
    t.recv(segment(0).seq(0));
    t.recv(segment(flag::kFin | flag::kPsh | flag::kUrg).seq(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kNoSynInListen), 2U);
    t.recv(segment(flag::kSyn | flag::kAck).seq(0).ack(5));
    EXPECT_TRUE(t.sends(rst(5)));
    EXPECT_EQ(t.dropped(Drop::kBadFlags), 2U);
    t.recv(segment(flag::kSyn | flag::kRst).seq(0));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.syn_queue(), 0U);
}

TEST_P(InListen, SynToAMulticastAddressIsDropped) {
    BenchConfig c = config();
    TcpBench t(c);
    t.listener = *t.stack().socket();
    ASSERT_TRUE(t.stack().bind(t.listener, {Ipv4{}, 80}));
    ASSERT_TRUE(t.stack().listen(t.listener, 1, t.now(), t.out()));
    t.recv(syn().local(ipv4(224, 0, 0, 1)));
    t.recv(syn().local(ipv4(255, 255, 255, 255)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kBroadcastSyn), 2U);
    EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 2U);
}

TEST_P(InListen, NoRouteBackMeansNoRequest) {
    auto t = TcpBench::in_listen(config());
    t.recv(syn().peer({t.paths().unreachable, 1}));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kNoRoute), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 1U);
}

TEST_P(InListen, ASegmentForNobodyIsReset) {  // RFC 9293 §3.10.7.1
    TcpBench t(config());
    t.recv(syn());
    EXPECT_TRUE(t.sends(rst_ack().ack(1)));
    t.recv(data(1, 10).ack(99));
    EXPECT_TRUE(t.sends(rst(99)));
    t.recv(segment(flag::kFin).seq(5).len(3));
    EXPECT_TRUE(t.sends(rst_ack().ack(9)));
    t.recv(rst(1));
    t.recv(rst_ack().seq(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kNoSocket), 5U);
    EXPECT_EQ(t.count(Mib::kTcpOutRsts), 3U);
}

// Golden vectors 1 and 2: the last quarter of tcp_max_syn_backlog, M - (M >> 2) + 1 requests.
TEST_P(InListen, TheLastQuarterIsKeptForProvenPeers) {
    for (const auto& [most, held] : {std::pair{128, 97U}, std::pair{80, 61U}}) {
        BenchConfig c = listener(GetParam(), most, 0);
        c.sysctl.tcp_max_syn_backlog = most;
        auto t = TcpBench::in_listen(c);
        flood(t, 300);
        EXPECT_EQ(t.syn_queue(), held);
        EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 300 - held);
        EXPECT_EQ(t.count(Mib::kTcpExtTCPReqQFullDrop), 0U);
        EXPECT_EQ(t.dropped(Drop::kLastQuarter), 300 - held);
    }
}

TEST_P(InListen, AProvenPeerGetsIntoTheLastQuarter) {
    BenchConfig c = listener(GetParam(), 128, 0);
    c.sysctl.tcp_max_syn_backlog = 128;
    auto t = TcpBench::in_established(c);  // leaves its RTT with tcp_metrics when it ends
    t.advance(1s);
    EXPECT_EQ(t.shutdown(Shutdown::kWrite), Errno::kOk);
    t.advance(10ms);
    t.recv(fin(1).ack(2));
    EXPECT_EQ(t.state(), State::kTimeWait);
    t.take_sent();
    flood(t, 200);
    EXPECT_EQ(t.syn_queue(), 97U);
    t.recv(syn().peer({kPeer, 40001}));
    EXPECT_EQ(t.syn_queue(), 98U);
    t.recv(syn().peer({ipv4(10, 0, 0, 3), 40001}));
    EXPECT_EQ(t.syn_queue(), 98U);
}

TEST_P(InListen, MaxSynBacklogHasNoEffectWithCookies) {
    BenchConfig c = listener(GetParam(), 128, 1);
    c.sysctl.tcp_max_syn_backlog = 4;
    auto t = TcpBench::in_listen(c);
    flood(t, 129);
    EXPECT_EQ(t.syn_queue(), 129U);
}

// Golden vectors 3 and 6: the queue holds backlog + 1.
TEST_P(InListen, AFullSynQueueDropsWithoutCookies) {
    for (const auto& [backlog, syns, held] :
         {std::tuple{16, 100U, 17U}, std::tuple{0, 10U, 1U}, std::tuple{1, 10U, 2U}}) {
        auto t = TcpBench::in_listen(listener(GetParam(), backlog, 0));
        flood(t, syns);
        EXPECT_EQ(t.syn_queue(), held);
        EXPECT_EQ(t.count(Mib::kTcpExtTCPReqQFullDrop), syns - held);
        EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), syns - held);
        EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), 0U);
        EXPECT_EQ(t.dropped(Drop::kSynQueueFull), syns - held);
    }
}

TEST_P(InListen, ANegativeBacklogMeansSomaxconn) {
    BenchConfig c = listener(GetParam(), -1, 0);
    c.sysctl.somaxconn = 5;
    auto t = TcpBench::in_listen(c);
    flood(t, 20);
    EXPECT_EQ(t.syn_queue(), 6U);
    EXPECT_EQ(t.stack().info(t.listener, t.now())->send_queue, 5U);
    t.stack().sysctl().somaxconn = 100;  // an existing listener does not follow it
    flood(t, 20, 100);
    EXPECT_EQ(t.syn_queue(), 6U);
    ASSERT_TRUE(t.stack().listen(t.listener, 8, t.now(), t.out()));  // listen() again does
    flood(t, 20, 200);
    EXPECT_EQ(t.syn_queue(), 9U);
}

// Golden vector 4.
TEST_P(InListen, AFullSynQueueSendsCookies) {
    auto t = TcpBench::in_listen(listener(GetParam(), 16, 1));
    flood(t, 100);
    EXPECT_EQ(t.syn_queue(), 17U);
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesSent), 83U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPReqQFullDoCookies), 83U);
    EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 0U);
    EXPECT_EQ(t.take_sent().size(), 100U);
}

// Golden vector 5.
TEST_P(InListen, ModeTwoNeverKeepsARequest) {
    auto t = TcpBench::in_listen(listener(GetParam(), 16, 2));
    flood(t, 100);
    EXPECT_EQ(t.syn_queue(), 0U);
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesSent), 100U);
    t.advance(200s);
    EXPECT_EQ(t.take_sent().size(), 100U);  // a cookie is never sent again
}

/// `count` handshakes nobody accepts.
void fill_accept_queue(TcpBench& t, std::uint16_t count) {
    for (std::uint16_t i = 0; i < count; ++i) {
        const Endpoint who{ipv4(10, 0, 0, 9), static_cast<std::uint16_t>(50000 + i)};
        t.recv(syn().mss(1460).peer(who));
        const std::uint32_t isn = t.take_sent().back().packet.tcp.seq.raw();
        t.recv(ack(std::int64_t{isn - t.iss()} + 1).seq(1).peer(who));
    }
}

// Golden vector 8: the drop is silent and counted each time.
TEST_P(InListen, AFullAcceptQueueDropsSyns) {
    auto t = TcpBench::in_listen(listener(GetParam(), 2, 1));
    fill_accept_queue(t, 3);
    EXPECT_EQ(t.accept_queue(), 3U);
    EXPECT_EQ(t.stack().info(t.listener, t.now())->recv_queue, 3U);
    EXPECT_EQ(t.stack().info(t.listener, t.now())->send_queue, 2U);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        t.recv(syn());
        EXPECT_TRUE(t.sends_nothing());
        EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), i);
        EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), i);
    }
    EXPECT_EQ(t.dropped(Drop::kAcceptQueueFull), 3U);
    EXPECT_TRUE(t.accept());
    t.recv(syn());
    EXPECT_TRUE(t.sends(syn_ack()));
}

TEST_P(InListen, AFullAcceptQueueRefusesWhatWantedACookie) {
    auto t = TcpBench::in_listen(listener(GetParam(), 1, 1));
    fill_accept_queue(t, 2);
    t.stack().sysctl().tcp_syncookies = 2;
    t.recv(syn());
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPReqQFullDoCookies), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtListenOverflows), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtListenDrops), 1U);
    EXPECT_EQ(t.count(Mib::kTcpExtSyncookiesSent), 0U);
}

// Golden vector 7: under pressure the old make room.
TEST_P(InListen, OldRequestsArePrunedUnderPressure) {
    auto t = TcpBench::in_listen(listener(GetParam(), 16, 0));
    flood(t, 40);
    std::vector<std::size_t> synacks;
    const auto at = [&](Duration d, Time begin) {
        t.advance(begin + d - t.now());
        synacks.push_back(t.take_sent().size());
    };
    const Time begin = t.now();
    at(0ms, begin);
    EXPECT_EQ(t.syn_queue(), 17U);
    for (const Duration d : {1s, 3s, 7s, 15s, 31s}) {
        at(d, begin);
    }
    EXPECT_EQ(synacks, (std::vector<std::size_t>{17, 17, 17, 8, 8, 8}));
    EXPECT_EQ(t.syn_queue(), 8U);
    t.advance(begin + 63s - t.now() - 1ns);
    EXPECT_EQ(t.syn_queue(), 8U);
    t.advance(1ns);
    EXPECT_EQ(t.syn_queue(), 0U);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSynRetrans), 58U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPTimeouts), 75U);
}

TEST_P(InListen, ClosingTheListenerEndsRequestsAndResetsWhatWaits) {
    auto t = TcpBench::in_syn_received(config());
    fill_accept_queue(t, 1);
    EXPECT_EQ(t.close_listener(), Errno::kOk);
    EXPECT_TRUE(t.sends(rst_ack().peer({ipv4(10, 0, 0, 9), 50000})));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.records(EndpointKind::kRequest), 0U);
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends(rst(1)));
}

TEST_P(InListen, AnExactAddressComesBeforeAny) {
    TcpBench t(config());
    const SocketId any = *t.stack().socket();
    const SocketId exact = *t.stack().socket();
    for (const SocketId s : {any, exact}) {
        ASSERT_TRUE(t.stack().set_option(s, SocketOption::kSO_REUSEPORT, 1, t.now(), t.out()));
    }
    ASSERT_TRUE(t.stack().bind(any, {Ipv4{}, 80}));
    ASSERT_TRUE(t.stack().bind(exact, {kLocal, 80}));
    ASSERT_TRUE(t.stack().listen(any, 5, t.now(), t.out()));
    ASSERT_TRUE(t.stack().listen(exact, 5, t.now(), t.out()));
    flood(t, 6);
    EXPECT_EQ(t.stack().info(exact, t.now())->syn_queue, 6U);
    EXPECT_EQ(t.stack().info(any, t.now())->syn_queue, 0U);
}

TEST_P(InListen, ReuseportSpreadsTheLoad) {
    TcpBench t(config());
    std::vector<SocketId> group;
    for (int i = 0; i < 4; ++i) {
        const SocketId s = *t.stack().socket();
        ASSERT_TRUE(t.stack().set_option(s, SocketOption::kSO_REUSEPORT, 1, t.now(), t.out()));
        ASSERT_TRUE(t.stack().bind(s, {kLocal, 80}));
        ASSERT_TRUE(t.stack().listen(s, 1000, t.now(), t.out()));
        group.push_back(s);
    }
    flood(t, 400);
    for (const SocketId s : group) {
        EXPECT_GT(t.stack().info(s, t.now())->syn_queue, 50U);
        EXPECT_LT(t.stack().info(s, t.now())->syn_queue, 150U);
    }
}

}  // namespace
}  // namespace netsim::tcp
