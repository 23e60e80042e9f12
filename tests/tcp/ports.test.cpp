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

// tcp_connect_init(): what the record knew of the peer's clock is echoed by the SYN, and the window
// is whole segments with timestamps (recording time_wait_client_ports).
TEST_F(Ports, ASynThatReusesTimeWaitEchoesItsTimestamp) {
    config.sysctl.ip_local_port_range = {40000, 40000};
    config.sysctl.tcp_tw_reuse = 1;
    TcpBench t(config);
    leave_time_wait(t, true);
    t.advance(2s);
    connect(t, {kPeer, 80});
    const wire::TcpHeader& syn = t.out().packets.back().tcp;
    EXPECT_EQ(syn.tsecr, 5U);
    EXPECT_EQ(syn.window, 65160U);
    connect(t, {kPeer, 81});
    EXPECT_EQ(t.out().packets.back().tcp.tsecr, 0U);
    EXPECT_EQ(t.out().packets.back().tcp.window, 64240U);
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

// Linux looks at an even number of ports: of three, the last is never chosen (recording
// time_wait_client_ports).
TEST_F(Ports, AnOddRangeLosesItsLastPort) {
    config.sysctl.ip_local_port_range = {45370, 45372};
    TcpBench t(config);
    EXPECT_EQ(connect(t, {kPeer, 80}), 45370);
    EXPECT_EQ(connect(t, {kPeer, 80}), 45371);
    connect(t, {kPeer, 80}, Errno::kEADDRNOTAVAIL);
}

TEST_F(Ports, ReservedPortsAreNeverChosen) {
    config.sysctl.ip_local_port_range = {40000, 40009};
    set_sysctl(config.sysctl, "net.ipv4.ip_local_reserved_ports", "40004-40008,40001");
    EXPECT_EQ(get_sysctl(config.sysctl, "net.ipv4.ip_local_reserved_ports"), "40001,40004-40008");
    TcpBench t(config);
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 4; ++i) {
        seen.insert(connect(t, {kPeer, 80}));
    }
    EXPECT_EQ(seen, (std::set<std::uint16_t>{40000, 40002, 40003, 40009}));
    connect(t, {kPeer, 80}, Errno::kEADDRNOTAVAIL);
    TcpBench u(config);
    std::set<std::uint16_t> bound;
    for (int i = 0; i < 4; ++i) {
        const SocketId s = *u.stack().socket();
        ASSERT_TRUE(u.stack().bind(s, {kLocal, 0}));
        bound.insert(u.stack().local_endpoint(s)->port);
    }
    EXPECT_EQ(bound, seen);
    EXPECT_EQ(u.stack().bind(*u.stack().socket(), {kLocal, 0}).error(), Errno::kEADDRINUSE);
    EXPECT_TRUE(u.stack().bind(*u.stack().socket(), {kLocal, 40005}));  // asked for by name
}

TEST_F(Ports, ReservedPortsAreText) {
    Sysctl sysctl;
    constexpr const char* kName = "net.ipv4.ip_local_reserved_ports";
    set_sysctl(sysctl, kName, "9148-9150,8080,9151,9000");
    EXPECT_EQ(get_sysctl(sysctl, kName), "8080,9000,9148-9151");
    for (const char* bad : {"70000", "5-", "-5", "9-8", "a", "1,,2", "1 2"}) {
        EXPECT_THROW(set_sysctl(sysctl, kName, bad), InputError) << bad;
    }
    EXPECT_EQ(get_sysctl(sysctl, kName), "8080,9000,9148-9151");
    set_sysctl(sysctl, kName, "");
    EXPECT_EQ(get_sysctl(sysctl, kName), "");
}

std::int64_t port_range(std::uint16_t low, std::uint16_t high) {
    return (std::int64_t{high} << 16) | low;
}

/// Connects a socket with IP_LOCAL_PORT_RANGE; 0: no port.
std::uint16_t connect_within(TcpBench& t, std::int64_t range, Endpoint to = {kPeer, 80}) {
    const SocketId s = *t.stack().socket();
    EXPECT_TRUE(
        t.stack().set_option(s, SocketOption::kIP_LOCAL_PORT_RANGE, range, t.now(), t.out()));
    const auto result = t.stack().connect(s, to, t.now(), t.out());
    return result.error() == Errno::kEINPROGRESS ? t.stack().local_endpoint(s)->port : 0;
}

// ip(7): the socket's range within the host's; every port of it, whatever its parity.
TEST_F(Ports, ASocketsOwnRange) {
    TcpBench t(config);
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 5; ++i) {
        seen.insert(connect_within(t, port_range(40001, 40005)));
    }
    EXPECT_EQ(seen, (std::set<std::uint16_t>{40001, 40002, 40003, 40004, 40005}));
    EXPECT_EQ(connect_within(t, port_range(40001, 40005)), 0);
}

TEST_F(Ports, AnEndOutsideTheHostsRangeDoesNotCount) {
    config.sysctl.ip_local_port_range = {40000, 40003};
    TcpBench t(config);
    EXPECT_EQ(connect_within(t, port_range(40003, 50000)), 40003);
    EXPECT_EQ(connect_within(t, port_range(0, 40000)), 40000);
    EXPECT_EQ(connect_within(t, port_range(40003, 50000)), 0);
    const SocketId s = *t.stack().socket();
    const auto set = [&](std::int64_t value) {
        return t.stack()
            .set_option(s, SocketOption::kIP_LOCAL_PORT_RANGE, value, t.now(), t.out())
            .error();
    };
    EXPECT_EQ(set(port_range(40003, 40002)), Errno::kEINVAL);
    EXPECT_EQ(set(port_range(40002, 0)), Errno::kOk);
    EXPECT_EQ(*t.stack().get_option(s, SocketOption::kIP_LOCAL_PORT_RANGE), 40002);
}

// ip(7) IP_BIND_ADDRESS_NO_PORT: bind() fixes the address only, so one port serves as many
// destinations as there are.
TEST_F(Ports, BindAddressNoPort) {
    config.sysctl.ip_local_port_range = {40000, 40000};
    TcpBench t(config);
    for (const std::uint16_t to : {std::uint16_t{80}, std::uint16_t{81}}) {
        const SocketId s = *t.stack().socket();
        ASSERT_TRUE(
            t.stack().set_option(s, SocketOption::kIP_BIND_ADDRESS_NO_PORT, 1, t.now(), t.out()));
        ASSERT_TRUE(t.stack().bind(s, {kLocal, 0}));
        EXPECT_EQ(*t.stack().local_endpoint(s), (Endpoint{kLocal, 0}));
        EXPECT_EQ(t.stack().connect(s, {kPeer, to}, t.now(), t.out()).error(), Errno::kEINPROGRESS);
        EXPECT_EQ(*t.stack().local_endpoint(s), (Endpoint{kLocal, 40000}));
    }
    EXPECT_EQ(t.stack().bind(*t.stack().socket(), {kLocal, 0}).error(), Errno::kEADDRINUSE);
}

// A port that bind() gave stays out of connect()'s choice while anything bound uses it: a
// TIME-WAIT record too, even one that could be reused (recording time_wait_client_ports).
TEST_F(Ports, TimeWaitOfABoundSocketKeepsItsPort) {
    config.sysctl.ip_local_port_range = {40000, 40001};
    config.sysctl.tcp_tw_reuse = 1;
    config.local_port = 40000;
    config.peer_port = 80;
    config.peer_syn = syn().mss(1000).ts().tsval(5);
    TcpBench t = TcpBench::in_time_wait(config);
    t.close_listener();
    t.advance(5s);
    EXPECT_EQ(connect(t, {kPeer, 80}), 40001);
    connect(t, {kPeer, 81}, Errno::kEINPROGRESS);  // 40001 again: another four-tuple
    connect(t, {kPeer, 80}, Errno::kEADDRNOTAVAIL);
    t.advance(60s);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 0U);
    EXPECT_EQ(connect(t, {kPeer, 80}), 40000);
}

TEST_F(Ports, AcceptedConnectionsKeepTheirListenersPort) {
    config.sysctl.ip_local_port_range = {40000, 40001};
    config.local_port = 40000;
    config.peer_port = 80;
    TcpBench t = TcpBench::in_established(config);
    t.close_listener();
    EXPECT_EQ(connect(t, {kPeer, 81}), 40001);
    connect(t, {kPeer, 81}, Errno::kEADDRNOTAVAIL);
    t.recv(rst(1));
    EXPECT_EQ(connect(t, {kPeer, 81}), 40000);
}

// inet_csk_find_open_port(): with SO_REUSEADDR the lower half of the range is tried first.
TEST_F(Ports, BindZeroWithReuseAddrStartsInTheLowerHalf) {
    config.sysctl.ip_local_port_range = {40000, 40019};
    TcpBench t(config);
    for (int i = 0; i < 20; ++i) {
        const SocketId s = *t.stack().socket();
        ASSERT_TRUE(t.stack().set_option(s, SocketOption::kSO_REUSEADDR, 1, t.now(), t.out()));
        ASSERT_TRUE(t.stack().bind(s, {kLocal, 0}));
        EXPECT_EQ(t.stack().local_endpoint(s)->port < 40010, i < 10) << i;
    }
}

// net.ipv4.ip_autobind_reuse: a last resort, where all have SO_REUSEADDR.
TEST_F(Ports, AutobindReuse) {
    config.sysctl.ip_local_port_range = {40000, 40000};
    for (const int on : {0, 1}) {
        config.sysctl.ip_autobind_reuse = on;
        TcpBench t(config);
        for (const bool second : {false, true}) {
            const SocketId s = *t.stack().socket();
            ASSERT_TRUE(t.stack().set_option(s, SocketOption::kSO_REUSEADDR, 1, t.now(), t.out()));
            EXPECT_EQ(t.stack().bind(s, {kLocal, 0}).error(),
                      second && on == 0 ? Errno::kEADDRINUSE : Errno::kOk);
        }
    }
}

// A port of bind(0) goes with the connection, one named by the application stays
// (SOCK_BINDPORT_LOCK).
TEST_F(Ports, AFailedConnectGivesBackThePortOfBindZero) {
    config.sysctl.ip_local_port_range = {40000, 40000};
    for (const std::uint16_t named : {std::uint16_t{0}, std::uint16_t{40000}}) {
        TcpBench t(config);
        const SocketId s = *t.stack().socket();
        ASSERT_TRUE(t.stack().bind(s, {kLocal, named}));
        EXPECT_EQ(t.stack().connect(s, {kPeer, 80}, t.now(), t.out()).error(), Errno::kEINPROGRESS);
        static_cast<void>(t.stack().shutdown(s, Shutdown::kBoth, t.now(), t.out()));
        EXPECT_EQ(t.stack().bind(*t.stack().socket(), {kLocal, 40000}).error(),
                  named == 0 ? Errno::kOk : Errno::kEADDRINUSE);
    }
}

// bind(2), inet_bind_conflict(): who may share a port with whom.
TEST_F(Ports, SharingAPort) {
    struct Case {
        bool addr1, port1, listens1, addr2, port2;
        Errno bind2, listen2;
    };

    constexpr Errno kTaken = Errno::kEADDRINUSE;
    for (const Case& c : {
             Case{false, false, false, false, false, kTaken, Errno::kOk},
             Case{true, false, false, false, false, kTaken, Errno::kOk},
             Case{false, false, false, true, false, kTaken, Errno::kOk},
             Case{true, false, false, true, false, Errno::kOk, Errno::kOk},
             Case{true, false, true, true, false, kTaken, Errno::kOk},
             Case{false, true, true, false, true, Errno::kOk, Errno::kOk},
             Case{false, true, true, false, false, kTaken, Errno::kOk},
             Case{true, true, true, true, false, kTaken, Errno::kOk},
             Case{true, true, true, true, true, Errno::kOk, Errno::kOk},
         }) {
        TcpBench t(config);
        const auto make = [&](bool addr, bool port) {
            const SocketId s = *t.stack().socket();
            static_cast<void>(
                t.stack().set_option(s, SocketOption::kSO_REUSEADDR, addr, t.now(), t.out()));
            static_cast<void>(
                t.stack().set_option(s, SocketOption::kSO_REUSEPORT, port, t.now(), t.out()));
            return s;
        };
        const SocketId first = make(c.addr1, c.port1);
        ASSERT_TRUE(t.stack().bind(first, {kLocal, 8080}));
        if (c.listens1) {
            ASSERT_TRUE(t.stack().listen(first, 1, t.now(), t.out()));
        }
        const SocketId second = make(c.addr2, c.port2);
        EXPECT_EQ(t.stack().bind(second, {Ipv4{}, 8080}).error(), c.bind2);
        if (c.bind2 == Errno::kOk) {
            EXPECT_EQ(t.stack().listen(second, 1, t.now(), t.out()).error(), c.listen2);
            // Of two that share by SO_REUSEADDR only one may listen.
            if (!c.listens1) {
                EXPECT_EQ(t.stack().listen(first, 1, t.now(), t.out()).error(), kTaken);
            }
        }
    }
}

}  // namespace
}  // namespace netsim::tcp
