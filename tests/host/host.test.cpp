// Hosts over links: bytes end to end, ICMP errors as errno, loopback, corruption, path MTU, echo.
#include "host/host_bench.hpp"

namespace netsim::host {
namespace {

using namespace std::chrono_literals;
using tcp::Mib;

std::string text(std::size_t length) {
    std::string s;
    for (std::size_t i = 0; s.size() < length; ++i) {
        s += std::to_string(i * 7919) + "\n";
    }
    s.resize(length);
    return s;
}

/// Writes all of `what` on one side while the other reads; what was read.
std::string transfer(HostBench& b, SocketId from, SocketId to, const std::string& what) {
    std::string got;
    std::size_t sent = 0;
    for (int i = 0; i < 20000 && got.size() < what.size(); ++i) {
        if (sent < what.size()) {
            sent += b.client.send(from, std::string_view(what).substr(sent)).value_or(0);
        }
        b.run(10ms);
        got += b.server.receive(to, 1U << 20U).value_or("");
    }
    return got;
}

TEST(HostTest, RealBytesArriveAsTheyWereSent) {
    HostBench b;
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(100ms);
    EXPECT_EQ(b.error(c), Errno::kOk);
    const SocketId s = *b.server.accept(l);
    const std::string what = text(300000);
    EXPECT_EQ(transfer(b, c, s, what), what);
    EXPECT_TRUE(b.server.send(s, "and back"));
    b.run(100ms);
    EXPECT_EQ(*b.client.receive(c, 100), "and back");
    EXPECT_TRUE(b.client.close(c));
    b.run(1s);
    EXPECT_EQ(*b.server.receive(s, 100), "");
    EXPECT_TRUE(b.server.close(s));
    b.run(1s);
    EXPECT_EQ(b.bytes.bytes_kept(), 0U);  // nothing of the streams is left
    EXPECT_EQ(b.server.integrity_violations(), 0U);
    EXPECT_EQ(b.packets.in_use(), 0U);
    EXPECT_GT(HostBench::count(b.server, Mib::kIpInReceives), 200U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpInDelivers),
              HostBench::count(b.server, Mib::kIpInReceives));
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpOutRequests),
              HostBench::count(b.server, Mib::kTcpOutSegs) +
                  HostBench::count(b.server, Mib::kTcpRetransSegs));
    EXPECT_GT(HostBench::count(b.server, Mib::kTcpExtTCPPureAcks), 0U);
}

TEST(HostTest, RealBytesSurviveANastyLink) {
    HostBench b({.delay = 5ms, .jitter = 4ms, .loss = 0.03, .duplicate = 0.02, .reorder = 0.05});
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(10s);
    const SocketId s = *b.server.accept(l);
    const std::string what = text(100000);
    EXPECT_EQ(transfer(b, c, s, what), what);
    EXPECT_EQ(b.server.integrity_violations(), 0U);
    EXPECT_GT(HostBench::count(b.client, Mib::kTcpRetransSegs), 0U);
}

TEST(HostTest, SyntheticBytesAreCheckedNotStored) {
    HostBench b;
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(100ms);
    const SocketId s = *b.server.accept(l);
    std::uint64_t sent = 0;
    std::uint64_t got = 0;
    for (int i = 0; i < 1000; ++i) {
        sent += b.client.send_synthetic(c, 50000).value_or(0);
        b.run(5ms);
        got += b.server.receive_discard(s, 1U << 30U).value_or(0);
    }
    for (int i = 0; i < 100 && got < sent; ++i) {  // what the send buffer still holds
        b.run(100ms);
        got += b.server.receive_discard(s, 1U << 30U).value_or(0);
    }
    EXPECT_EQ(got, sent);
    EXPECT_GT(got, 1000000U);
    EXPECT_EQ(b.server.integrity_violations(), 0U);
    EXPECT_EQ(b.bytes.bytes_kept(), 0U);
}

TEST(HostTest, IcmpErrorsReachConnectAsErrno) {
    HostBench b;
    b.router.routes().add({Prefix{ipv4(203, 0, 113, 0), 24}, net::Route::Kind::kUnreachable});
    b.client.routes().add({Prefix{ipv4(0, 0, 0, 0), 0}, net::Route::Kind::kUnicast, 0});
    const SocketId host = b.connect({ipv4(203, 0, 113, 1), 80});
    const SocketId network = b.connect({ipv4(198, 51, 100, 1), 80});
    const SocketId port = b.connect({HostBench::kServer, 81});
    b.run(1s);
    EXPECT_EQ(b.error(host), Errno::kEHOSTUNREACH);
    EXPECT_EQ(b.error(network), Errno::kENETUNREACH);
    EXPECT_EQ(b.error(port), Errno::kECONNREFUSED);
    EXPECT_EQ(HostBench::count(b.client, Mib::kIcmpInMsgs), 2U);
    EXPECT_EQ(HostBench::count(b.client, Mib::kIcmpInDestUnreachs), 2U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kTcpOutRsts), 1U);
}

TEST(HostTest, TtlRunsOut) {
    HostBench b;
    b.client.sysctl().ip_default_ttl = 1;
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(1s);
    EXPECT_EQ(b.error(c), Errno::kEHOSTUNREACH);
    EXPECT_EQ(HostBench::count(b.client, Mib::kIcmpInTimeExcds), 1U);
}

TEST(HostTest, NoRouteIsToldAtOnce) {
    HostBench b;
    b.client.routes().remove_computed();
    const SocketId c = *b.client.socket();
    EXPECT_EQ(b.client.connect(c, {ipv4(203, 0, 113, 1), 80}).error(), Errno::kENETUNREACH);
    b.client.routes().add({Prefix{ipv4(203, 0, 113, 0), 24}, net::Route::Kind::kUnreachable});
    EXPECT_EQ(b.client.connect(c, {ipv4(203, 0, 113, 1), 80}).error(), Errno::kEHOSTUNREACH);
    wire::Packet p{};
    p.source = HostBench::kClient;
    p.destination = ipv4(192, 0, 2, 1);
    EXPECT_EQ(b.client.send_packet(p), Errno::kENETUNREACH);
    EXPECT_EQ(HostBench::count(b.client, Mib::kIpOutNoRoutes), 1U);
    EXPECT_EQ(b.client.dropped(DropReason::kNoRoute), 1U);
}

TEST(HostTest, LoopbackConnections) {
    for (const Ipv4 to : {ipv4(127, 0, 0, 1), HostBench::kClient}) {
        HostBench b;
        const SocketId l = *b.client.socket();
        EXPECT_TRUE(b.client.bind(l, {Ipv4{}, 80}));
        EXPECT_TRUE(b.client.listen(l, 5));
        const SocketId c = b.connect({to, 80});
        b.run(1s);
        EXPECT_EQ(b.error(c), Errno::kOk);
        const SocketId s = *b.client.accept(l);
        EXPECT_EQ(b.client.local_endpoint(c)->address, to);
        EXPECT_EQ(*b.client.send(c, "hello"), 5U);
        b.run(1s);
        EXPECT_EQ(*b.client.receive(s, 100), "hello");
        EXPECT_EQ(b.client.info(c)->snd_mss, 32768U);  // tcp_bound_to_half_wnd()
        EXPECT_EQ(b.left.direction(0).stats().sent_packets, 0U);
    }
}

TEST(HostTest, CorruptionIsCountedAndRepaired) {
    HostBench b({.delay = 5ms, .corrupt = 0.2});
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(30s);
    const SocketId s = *b.server.accept(l);
    const std::string what = text(60000);
    EXPECT_EQ(transfer(b, c, s, what), what);
    const std::uint64_t bad = HostBench::count(b.server, Mib::kTcpInCsumErrors) +
                              HostBench::count(b.client, Mib::kTcpInCsumErrors);
    EXPECT_GT(bad, 5U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kTcpInErrs),
              HostBench::count(b.server, Mib::kTcpInCsumErrors));
    EXPECT_GT(b.server.dropped(DropReason::kCorrupted), 0U);
    EXPECT_EQ(b.server.integrity_violations(), 0U);
}

TEST(HostTest, ADamagedIpHeaderOrAForeignAddressIsDropped) {
    HostBench b;
    wire::Packet p{};
    p.source = HostBench::kClient;
    p.destination = HostBench::kServer;
    p.tcp.flags = wire::flag::kSyn;
    p.corrupted = 3;
    b.server.receive(b.packets.make(p), 0);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpInHdrErrors), 1U);
    p.corrupted = 0;
    p.destination = ipv4(9, 9, 9, 9);
    b.server.receive(b.packets.make(p), 0);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIpInAddrErrors), 1U);
    EXPECT_EQ(b.server.dropped(DropReason::kNotForMe), 1U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kTcpInSegs), 0U);
}

TEST(HostTest, ThePathMtuIsLearnt) {  // RFC 1191
    HostBench b({.delay = 5ms}, {.delay = 5ms, .mtu = 1000});
    b.server.interfaces()[0].mtu = 1500;  // what its SYN-ACK promises is more than the path holds
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(100ms);
    const SocketId s = *b.server.accept(l);
    const std::string what = text(50000);
    EXPECT_EQ(transfer(b, c, s, what), what);
    EXPECT_LE(b.client.info(c)->snd_mss, 960U);
    EXPECT_GE(HostBench::count(b.client, Mib::kIcmpInDestUnreachs), 1U);
    const SocketId again = b.connect({HostBench::kServer, 80});  // known for ten minutes
    b.run(100ms);
    EXPECT_LE(b.client.info(again)->snd_mss, 960U);
}

TEST(HostTest, EchoAndUdpAreAnswered) {
    HostBench b;
    wire::Packet ping{};
    ping.source = HostBench::kClient;
    ping.destination = HostBench::kServer;
    ping.protocol = wire::Protocol::kIcmp;
    ping.icmp = wire::IcmpHeader{};
    ping.icmp.type = wire::icmp::kEchoRequest;
    EXPECT_EQ(b.client.send_packet(ping), Errno::kOk);
    b.run(1s);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIcmpInEchos), 1U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIcmpOutEchoReps), 1U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIcmpOutMsgs), 1U);
    EXPECT_EQ(HostBench::count(b.client, Mib::kIcmpInEchoReps), 1U);
    wire::Packet datagram{};
    datagram.source = HostBench::kClient;
    datagram.destination = HostBench::kServer;
    datagram.protocol = wire::Protocol::kUdp;
    datagram.udp = wire::UdpHeader{5000, 53, {}};
    EXPECT_EQ(b.client.send_packet(datagram), Errno::kOk);
    b.run(1s);
    EXPECT_EQ(HostBench::count(b.server, Mib::kUdpNoPorts), 1U);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIcmpOutDestUnreachs), 1U);
    EXPECT_EQ(HostBench::count(b.client, Mib::kIcmpInDestUnreachs), 1U);
    datagram.corrupted = 25;
    b.server.receive(b.packets.make(datagram), 0);
    EXPECT_EQ(HostBench::count(b.server, Mib::kUdpInErrors), 1U);
    ping.icmp.type = 99;
    b.server.receive(b.packets.make(ping), 0);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIcmpInErrors), 1U);
    ping.icmp.type = wire::icmp::kParameterProblem;
    b.server.receive(b.packets.make(ping), 0);
    EXPECT_EQ(HostBench::count(b.server, Mib::kIcmpInParmProbs), 1U);
}

class Accepter final : public SocketWatcher {
 public:
    Accepter(HostBench& bench, SocketId listener) : bench_(bench), listener_(listener) {}

    void on_socket(SocketId socket, unsigned events) override {
        if (socket == listener_) {
            while (const auto accepted = bench_.server.accept(listener_)) {
                bench_.server.watch(*accepted, this);
                ++accepted_;
                on_socket(*accepted, poll::kIn);
            }
            return;
        }
        while (true) {
            const auto got = bench_.server.receive(socket, 100);
            if (!got) {
                return;
            }
            if (got->empty()) {
                static_cast<void>(bench_.server.close(socket));
                ++closed_;
                return;
            }
            static_cast<void>(bench_.server.send(socket, *got));
            seen_ |= events;
        }
    }

    int accepted_ = 0;
    int closed_ = 0;
    unsigned seen_ = 0;

 private:
    HostBench& bench_;
    SocketId listener_;
};

TEST(HostTest, WatchersMayCallFromInside) {
    HostBench b;
    const SocketId l = b.listen(7);
    Accepter accepter(b, l);
    b.server.watch(l, &accepter);
    std::vector<SocketId> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(b.connect({HostBench::kServer, 7}));
    }
    b.run(100ms);
    EXPECT_EQ(accepter.accepted_, 5);
    for (const SocketId c : clients) {
        EXPECT_TRUE(b.client.send(c, "echo me"));
    }
    b.run(100ms);
    for (const SocketId c : clients) {
        EXPECT_EQ(*b.client.receive(c, 100), "echo me");
        EXPECT_TRUE(b.client.close(c));
    }
    b.run(1s);
    EXPECT_EQ(accepter.closed_, 5);
    EXPECT_EQ(accepter.seen_ & poll::kIn, poll::kIn);
    EXPECT_EQ(HostBench::count(b.server, Mib::kTcpCurrEstab), 0U);
}

TEST(HostTest, ALinkThatGoesDownEndsInATimeout) {
    HostBench b;
    const SocketId l = b.listen(80);
    const SocketId c = b.connect({HostBench::kServer, 80});
    b.run(100ms);
    EXPECT_TRUE(b.server.accept(l));
    b.right.set_up(false);
    EXPECT_TRUE(b.client.send(c, "into the void"));
    b.run(1200s);
    EXPECT_EQ(b.error(c), Errno::kETIMEDOUT);
}

// Each connection arms timers at ever new times; what the host has pending must not grow with them.
TEST(HostTest, FewTimerEventsArePending) {
    HostBench b;
    const SocketId l = b.listen(80);
    std::size_t most = 0;
    for (int i = 0; i < 500; ++i) {
        const SocketId c = b.connect({HostBench::kServer, 80});
        b.run(30ms);
        const SocketId s = *b.server.accept(l);
        EXPECT_TRUE(b.server.close(s));
        b.run(7ms);
        EXPECT_TRUE(b.client.close(c));
        most = std::max(most, b.sim.events_pending());
    }
    EXPECT_LE(most, 16U);
    b.run(2min);
    EXPECT_EQ(b.sim.events_pending(), 0U);
}

TEST(HostTest, TwoRunsAreTheSame) {
    const auto run = [] {
        HostBench b({.delay = 5ms, .jitter = 3ms, .loss = 0.05});
        const SocketId l = b.listen(80);
        const SocketId c = b.connect({HostBench::kServer, 80});
        b.run(10s);
        const SocketId s = *b.server.accept(l);
        transfer(b, c, s, text(50000));
        return b.sim.digest();
    };
    EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace netsim::host
