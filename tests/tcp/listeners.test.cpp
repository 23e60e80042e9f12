// SO_REUSEPORT groups, what a closing listener leaves to them (tcp_migrate_req), and orphans under
// pressure (tcp_max_orphans).
#include "support/tcp_bench.hpp"

#include <map>

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

struct Listeners : testing::Test {
    BenchConfig config;
    std::map<std::uint16_t, std::int64_t> isns;  // of our SYN-ACKs, by the client's port

    /// Listeners on port 80 that share it.
    static std::vector<SocketId> group(TcpBench& t, int size) {
        std::vector<SocketId> out;
        for (int i = 0; i < size; ++i) {
            const SocketId s = *t.stack().socket();
            EXPECT_TRUE(t.stack().set_option(s, SocketOption::kSO_REUSEPORT, 1, t.now(), t.out()));
            EXPECT_TRUE(t.stack().bind(s, {kLocal, 80}));
            EXPECT_TRUE(t.stack().listen(s, 100, t.now(), t.out()));
            out.push_back(s);
        }
        return out;
    }

    static Endpoint client(int i) {
        return {ipv4(10, 0, 0, 9), static_cast<std::uint16_t>(50000 + i)};
    }

    /// SYNs of so many clients; afterwards each listener's share of the half-open requests.
    std::vector<std::uint32_t> flood(TcpBench& t, const std::vector<SocketId>& listeners,
                                     int clients) {
        for (int i = 0; i < clients; ++i) {
            t.recv(syn().mss(1000).peer(client(i)));
        }
        for (const Sent& sent : t.take_sent()) {
            isns[sent.packet.tcp.destination_port] = sent.packet.tcp.seq.raw() - t.iss();
        }
        std::vector<std::uint32_t> shares;
        for (const SocketId s : listeners) {
            shares.push_back(t.stack().info(s, t.now())->syn_queue);
        }
        return shares;
    }

    /// The client's last ACK of the handshake.
    void complete(TcpBench& t, int i) {
        t.recv(ack(isns.at(client(i).port) + 1).seq(1).peer(client(i)));
    }

    static void close(TcpBench& t, SocketId s) {
        EXPECT_TRUE(t.stack().close(s, t.now(), t.out()));
    }

    static std::uint64_t waiting(TcpBench& t, SocketId s) {
        return t.stack().info(s, t.now())->recv_queue;
    }
};

// Linux reuseport_select_sock_by_hash(): each of the group has the same share, whatever its size.
TEST_F(Listeners, EachOfAGroupGetsItsShare) {
    for (const int size : {2, 3, 4, 5, 8}) {
        TcpBench t(config);
        const auto listeners = group(t, size);
        const int clients = size * 90;
        for (const std::uint32_t share : flood(t, listeners, clients)) {
            EXPECT_GT(share, 60U) << size;
            EXPECT_LT(share, 125U) << size;
        }
    }
}

TEST_F(Listeners, AFlowStaysWithItsListener) {
    TcpBench t(config);
    const auto listeners = group(t, 4);
    const auto first = flood(t, listeners, 40);
    EXPECT_EQ(flood(t, listeners, 40), first);  // the same SYNs again
}

// Without tcp_migrate_req what a listener had goes with it: requests silently, connections by RST.
TEST_F(Listeners, AClosingListenerLeavesNothing) {
    TcpBench t(config);
    const auto listeners = group(t, 2);
    const auto shares = flood(t, listeners, 20);
    ASSERT_GT(shares[0], 2U);
    close(t, listeners[0]);
    EXPECT_EQ(t.records(EndpointKind::kRequest), shares[1]);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMigrateReqSuccess), 0U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMigrateReqFailure), 0U);
    for (int i = 0; i < 20; ++i) {
        complete(t, i);
    }
    EXPECT_EQ(waiting(t, listeners[1]), shares[1]);
    EXPECT_EQ(t.take_sent().size(), shares[0]);  // a RST for each ACK that nobody expects
}

// ip-sysctl: tcp_migrate_req. Connections that wait move at once, requests when their ACK comes.
TEST_F(Listeners, TheGroupTakesOver) {
    config.sysctl.tcp_migrate_req = 1;
    TcpBench t(config);
    const auto listeners = group(t, 2);
    flood(t, listeners, 20);
    for (int i = 0; i < 10; ++i) {
        complete(t, i);
    }
    const std::uint64_t first = waiting(t, listeners[0]);
    ASSERT_GT(first, 0U);
    close(t, listeners[0]);
    EXPECT_EQ(waiting(t, listeners[1]), 10U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMigrateReqSuccess), first);
    for (int i = 10; i < 20; ++i) {
        complete(t, i);
    }
    EXPECT_EQ(waiting(t, listeners[1]), 20U);
    EXPECT_GT(t.count(Mib::kTcpExtTCPMigrateReqSuccess), first);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMigrateReqFailure), 0U);
    EXPECT_EQ(t.records(EndpointKind::kRequest), 0U);
    EXPECT_TRUE(t.sends_nothing());
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(t.stack().accept(listeners[1]));
    }
}

// reqsk_timer_handler(): the SYN-ACK timer moves a request too.
TEST_F(Listeners, TheTimerMovesARequest) {
    config.sysctl.tcp_migrate_req = 1;
    TcpBench t(config);
    const auto listeners = group(t, 2);
    const auto shares = flood(t, listeners, 20);
    close(t, listeners[0]);
    EXPECT_EQ(t.stack().info(listeners[1], t.now())->syn_queue, shares[1]);
    t.advance(1s);
    EXPECT_EQ(t.take_sent().size(), 20U);  // a SYN-ACK each
    EXPECT_EQ(t.stack().info(listeners[1], t.now())->syn_queue, 20U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMigrateReqSuccess), shares[0]);
    t.advance(70s);
    EXPECT_EQ(t.records(EndpointKind::kRequest), 0U);
}

TEST_F(Listeners, NobodyLeftToTakeOver) {
    config.sysctl.tcp_migrate_req = 1;
    TcpBench t(config);
    const auto listeners = group(t, 1);
    flood(t, listeners, 2);
    complete(t, 0);
    close(t, listeners[0]);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMigrateReqFailure), 1U);
    EXPECT_EQ(t.records(EndpointKind::kRequest), 1U);  // until its timer, or its ACK
    complete(t, 1);
    const auto sent = t.take_sent();
    ASSERT_EQ(sent.size(), 2U);  // a RST of the connection that waited, one for the ACK
    EXPECT_TRUE(sent[0].packet.tcp.rst() && sent[0].packet.tcp.ack_flag());
    EXPECT_TRUE(sent[1].packet.tcp.rst() && !sent[1].packet.tcp.ack_flag());
    EXPECT_EQ(t.count(Mib::kTcpExtTCPMigrateReqFailure), 2U);
    EXPECT_EQ(t.records(EndpointKind::kRequest), 0U);
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
}

// The request's own ISN and options outlive the move; the new listener's options reach the child.
TEST_F(Listeners, AListenerThatCameLaterTakesOver) {
    config.sysctl.tcp_migrate_req = 1;
    TcpBench t(config);
    const auto listeners = group(t, 1);
    flood(t, listeners, 1);
    close(t, listeners[0]);
    const auto later = group(t, 1);
    EXPECT_TRUE(t.stack().set_option(later[0], SocketOption::kSO_KEEPALIVE, 1, t.now(), t.out()));
    complete(t, 0);
    const auto child = t.stack().accept(later[0]);
    ASSERT_TRUE(child);
    EXPECT_EQ(t.stack().get_option(*child, SocketOption::kSO_KEEPALIVE), 1);
}

// Linux tcp_out_of_resources(): an orphan whose timer fires while there are too many is given up;
// ICMP errors make it count double.
TEST_F(Listeners, AnOrphanIsGivenUpWhenItsTimerFires) {
    for (const bool unreachable : {false, true}) {
        config.sysctl.tcp_max_orphans = 1;
        config.sysctl.tcp_early_retrans = 0;  // the RTO comes first
        auto t = TcpBench::in_established(config);
        t.close();
        t.take_sent();
        if (unreachable) {
            t.recv_icmp(wire::icmp::kDestinationUnreachable, wire::icmp::kPortUnreachable, 1);
        }
        t.advance(250ms);
        EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnMemory), unreachable ? 1U : 0U);
        EXPECT_EQ(t.records(EndpointKind::kConnection), unreachable ? 0U : 1U);
        if (unreachable) {
            EXPECT_TRUE(t.sends(rst_ack().seq(2)));
        }
    }
}

// tcp_disconnect(): who has nothing to lose is not sent a RST when SO_LINGER 0 throws away.
TEST_F(Listeners, LingerZeroAfterBothFinsIsSilent) {
    auto t = TcpBench::in_last_ack(config);
    t.option(SocketOption::kSO_LINGER, 0);
    t.take_sent();
    t.close();
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
    auto u = TcpBench::in_close_wait(config);
    u.option(SocketOption::kSO_LINGER, 0);
    u.close();
    EXPECT_TRUE(u.sends(rst_ack()));
}

}  // namespace
}  // namespace netsim::tcp
