// Ephemeral ports: RFC 6056 algorithm 4 as Linux does it, bind(0), exhaustion, TIME-WAIT reuse.
#include "support/tcp_bench.hpp"

#include <set>

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

struct Ports : testing::Test {
    BenchConfig config;

    static std::uint16_t connect(TcpBench& t, Endpoint to, Errno expected = Errno::kEINPROGRESS) {
        const SocketId s = *t.stack().socket();
        const auto result = t.stack().connect(s, to, t.now(), t.out());
        EXPECT_EQ(result.error(), expected);
        return t.stack().local_endpoint(s)->port;
    }
};

TEST_F(Ports, ConnectTakesEvenPortsFirst) {
    TcpBench t(config);
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 200; ++i) {
        const std::uint16_t port = connect(t, {kPeer, 80});
        EXPECT_EQ(port % 2, 0);
        EXPECT_GE(port, 32768);
        EXPECT_LE(port, 60999);
        EXPECT_TRUE(seen.insert(port).second);
    }
}

TEST_F(Ports, OddOnesFollowThenNone) {
    config.sysctl.ip_local_port_range = {40000, 40009};
    TcpBench t(config);
    std::vector<int> parity;
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 10; ++i) {
        const std::uint16_t port = connect(t, {kPeer, 80});
        parity.push_back(port % 2);
        seen.insert(port);
    }
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_EQ(parity, (std::vector<int>{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}));
    connect(t, {kPeer, 80}, Errno::kEADDRNOTAVAIL);
    connect(t, {kPeer, 81});  // another destination has its own four-tuples
}

TEST_F(Ports, BoundPortsAreSkipped) {
    config.sysctl.ip_local_port_range = {40000, 40003};
    TcpBench t(config);
    const SocketId bound = *t.stack().socket();
    ASSERT_TRUE(t.stack().bind(bound, {kLocal, 40002}));
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 3; ++i) {
        seen.insert(connect(t, {kPeer, 80}));
    }
    EXPECT_EQ(seen, (std::set<std::uint16_t>{40000, 40001, 40003}));
    connect(t, {kPeer, 80}, Errno::kEADDRNOTAVAIL);
}

TEST_F(Ports, BindZeroTakesOddPortsFirstThenNone) {
    config.sysctl.ip_local_port_range = {40000, 40009};
    TcpBench t(config);
    std::vector<int> parity;
    for (int i = 0; i < 10; ++i) {
        const SocketId s = *t.stack().socket();
        ASSERT_TRUE(t.stack().bind(s, {kLocal, 0}));
        parity.push_back(t.stack().local_endpoint(s)->port % 2);
    }
    EXPECT_EQ(parity, (std::vector<int>{1, 1, 1, 1, 1, 0, 0, 0, 0, 0}));
    EXPECT_EQ(t.stack().bind(*t.stack().socket(), {kLocal, 0}).error(), Errno::kEADDRINUSE);
}

TEST_F(Ports, ARangeOfOne) {
    config.sysctl.ip_local_port_range = {40001, 40001};
    TcpBench t(config);
    EXPECT_EQ(connect(t, {kPeer, 80}), 40001);
    TcpBench u(config);
    const SocketId s = *u.stack().socket();
    ASSERT_TRUE(u.stack().bind(s, {kLocal, 0}));
    EXPECT_EQ(u.stack().local_endpoint(s)->port, 40001);
}

/// A connection from an automatic port that ended in TIME-WAIT here; returns the port.
std::uint16_t leave_time_wait(TcpBench& t, bool timestamps) {
    const SocketId s = *t.stack().socket();
    static_cast<void>(t.stack().connect(s, {kPeer, 80}, t.now(), t.out()));
    const wire::Packet sent = t.out().packets.back();
    t.out().packets.clear();
    wire::Packet p{};
    p.source = kPeer;
    p.destination = kLocal;
    p.tcp.source_port = 80;
    p.tcp.destination_port = sent.tcp.source_port;
    p.tcp.seq = wire::SeqNum(1000);
    p.tcp.ack = sent.tcp.seq + 1;
    p.tcp.window = 65535;
    if (timestamps) {
        p.tcp.options = wire::option::kTimestamps;
        p.tcp.tsval = 5;
        p.tcp.tsecr = sent.tcp.tsval;
    }
    p.tcp.flags = flag::kSyn | flag::kAck;
    t.stack().segment_arrives(p, t.now(), t.out());
    static_cast<void>(t.stack().shutdown(s, Shutdown::kWrite, t.now(), t.out()));
    p.tcp.flags = flag::kFin | flag::kAck;
    p.tcp.seq = wire::SeqNum(1001);
    p.tcp.ack = sent.tcp.seq + 2;
    t.stack().segment_arrives(p, t.now(), t.out());
    static_cast<void>(t.stack().close(s, t.now(), t.out()));
    t.out().packets.clear();
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 1U);
    return sent.tcp.source_port;
}

// Facts, section 8: tcp_tw_reuse 2 is for loopback only, 1 needs timestamps and a second.
TEST_F(Ports, TimeWaitReuse) {
    config.sysctl.ip_local_port_range = {40000, 40000};
    for (const auto& [mode, timestamps, after, reused] :
         {std::tuple{2, true, Duration(5s), false}, std::tuple{1, true, Duration(900ms), false},
          std::tuple{1, true, Duration(1100ms), true}, std::tuple{1, false, Duration(5s), false},
          std::tuple{0, true, Duration(5s), false}}) {
        config.sysctl.tcp_tw_reuse = mode;
        TcpBench t(config);
        EXPECT_EQ(leave_time_wait(t, timestamps), 40000);
        t.advance(after);
        connect(t, {kPeer, 80}, reused ? Errno::kEINPROGRESS : Errno::kEADDRNOTAVAIL);
        EXPECT_EQ(t.count(Mib::kTcpExtTWRecycled), reused ? 1U : 0U);
    }
}

TEST_F(Ports, TheSequenceDependsOnSecretAndTime) {
    TcpBench t(config);
    const std::uint16_t first = connect(t, {kPeer, 80});
    TcpBench u(config);
    EXPECT_EQ(connect(u, {kPeer, 80}), first);  // deterministic
    TcpBench v(config);
    v.advance(20s);
    EXPECT_NE(connect(v, {kPeer, 80}), first);  // another seed every ten seconds
}

}  // namespace
}  // namespace netsim::tcp
