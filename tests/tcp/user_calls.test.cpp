// What the socket calls return: errno, poll bits, events, counters. RFC 9293 §3.10.1-6; facts,
// section 12.
#include "support/tcp_bench.hpp"

#include "tcp/request_sock.hpp"
#include "tcp/time_wait.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;

class UserCalls : public AtEachIss {
 protected:
    TcpBench t{config()};
    Stack& s = t.stack();
    SocketId a = *s.socket();
    SocketId b = *s.socket();
};

NETSIM_AT_EACH_ISS(UserCalls);

constexpr SocketId kNone{77, 77};

TEST_P(UserCalls, ADescriptorThatNamesNothing) {
    std::vector<wire::PayloadRef> ranges;
    EXPECT_EQ(s.bind(kNone, {kLocal, 1}).error(), Errno::kEBADF);
    EXPECT_EQ(s.listen(kNone, 1, t.now(), t.out()).error(), Errno::kEBADF);
    EXPECT_EQ(s.connect(kNone, {kPeer, 1}, t.now(), t.out()).error(), Errno::kEBADF);
    EXPECT_EQ(s.accept(kNone).error(), Errno::kEBADF);
    EXPECT_EQ(s.send_room(kNone).error(), Errno::kEBADF);
    EXPECT_EQ(s.receive(kNone, 1, t.now(), t.out(), ranges).error(), Errno::kEBADF);
    EXPECT_EQ(s.shutdown(kNone, Shutdown::kBoth, t.now(), t.out()).error(), Errno::kEBADF);
    EXPECT_EQ(s.close(kNone, t.now(), t.out()).error(), Errno::kEBADF);
    EXPECT_EQ(s.get_option(kNone, SocketOption::kSO_ERROR).error(), Errno::kEBADF);
    EXPECT_EQ(s.set_option(kNone, SocketOption::kTCP_CORK, 1, t.now(), t.out()).error(),
              Errno::kEBADF);
    EXPECT_EQ(s.local_endpoint(kNone).error(), Errno::kEBADF);
    EXPECT_EQ(s.remote_endpoint(kNone).error(), Errno::kEBADF);
    EXPECT_EQ(s.info(kNone, t.now()).error(), Errno::kEBADF);
    ASSERT_TRUE(s.close(a, t.now(), t.out()));
    EXPECT_EQ(s.bind(a, {kLocal, 1}).error(), Errno::kEBADF);  // closed: its number is stale
}

TEST_P(UserCalls, AFreshSocket) {
    std::vector<wire::PayloadRef> ranges;
    EXPECT_EQ(s.poll(a), poll::kOut | poll::kHup);
    EXPECT_EQ(s.send_room(a).error(), Errno::kEPIPE);
    EXPECT_EQ(s.receive(a, 1, t.now(), t.out(), ranges).error(), Errno::kENOTCONN);
    EXPECT_EQ(s.shutdown(a, Shutdown::kBoth, t.now(), t.out()).error(), Errno::kENOTCONN);
    EXPECT_EQ(s.remote_endpoint(a).error(), Errno::kENOTCONN);
    EXPECT_EQ(s.accept(a).error(), Errno::kEINVAL);
    EXPECT_EQ(*s.local_endpoint(a), Endpoint{});
}

TEST_P(UserCalls, Bind) {
    EXPECT_EQ(s.bind(a, {ipv4(9, 9, 9, 9), 1}).error(), Errno::kEADDRNOTAVAIL);
    EXPECT_TRUE(s.bind(a, {kLocal, 5000}));
    EXPECT_EQ(s.bind(a, {kLocal, 5001}).error(), Errno::kEINVAL);
    EXPECT_EQ(s.bind(b, {kLocal, 5000}).error(), Errno::kEADDRINUSE);
    EXPECT_EQ(s.bind(b, {Ipv4{}, 5000}).error(), Errno::kEADDRINUSE);
    EXPECT_TRUE(s.bind(b, {ipv4(127, 0, 0, 1), 5000}));  // another address
    EXPECT_EQ(*s.local_endpoint(a), (Endpoint{kLocal, 5000}));
    EXPECT_TRUE(s.close(a, t.now(), t.out()));
    const SocketId c = *s.socket();
    EXPECT_TRUE(s.bind(c, {kLocal, 5000}));  // free again
}

TEST_P(UserCalls, ReuseAddrOnBothButOnlyOneListens) {
    for (const SocketId x : {a, b}) {
        ASSERT_TRUE(s.set_option(x, SocketOption::kSO_REUSEADDR, 1, t.now(), t.out()));
        ASSERT_TRUE(s.bind(x, {kLocal, 5000}));
    }
    EXPECT_TRUE(s.listen(a, 1, t.now(), t.out()));
    EXPECT_EQ(s.listen(b, 1, t.now(), t.out()).error(), Errno::kEADDRINUSE);
    const SocketId c = *s.socket();
    ASSERT_TRUE(s.set_option(c, SocketOption::kSO_REUSEADDR, 1, t.now(), t.out()));
    EXPECT_EQ(s.bind(c, {kLocal, 5000}).error(), Errno::kEADDRINUSE);
}

TEST_P(UserCalls, Listen) {
    EXPECT_TRUE(s.listen(a, 5, t.now(), t.out()));  // unbound: a port is chosen
    EXPECT_NE(s.local_endpoint(a)->port, 0);
    EXPECT_EQ(s.connect(a, {kPeer, 1}, t.now(), t.out()).error(), Errno::kEISCONN);
    EXPECT_EQ(s.bind(a, {kLocal, 1}).error(), Errno::kEINVAL);
    EXPECT_EQ(s.accept(a).error(), Errno::kEAGAIN);
    EXPECT_EQ(s.remote_endpoint(a).error(), Errno::kENOTCONN);
    EXPECT_EQ(s.send_room(a).error(), Errno::kEPIPE);
    std::vector<wire::PayloadRef> ranges;
    EXPECT_EQ(s.receive(a, 1, t.now(), t.out(), ranges).error(), Errno::kENOTCONN);
    auto u = TcpBench::in_established(config());
    EXPECT_EQ(u.stack().listen(u.sock, 1, u.now(), u.out()).error(), Errno::kEINVAL);
    EXPECT_EQ(u.stack().accept(u.sock).error(), Errno::kEINVAL);
}

TEST_P(UserCalls, ConnectRefusesWhatCannotBe) {
    EXPECT_EQ(s.connect(a, {kPeer, 0}, t.now(), t.out()).error(), Errno::kEINVAL);
    EXPECT_EQ(s.connect(a, {t.paths().unreachable, 1}, t.now(), t.out()).error(),
              Errno::kENETUNREACH);
    EXPECT_EQ(s.connect(a, {ipv4(224, 0, 0, 1), 1}, t.now(), t.out()).error(), Errno::kENETUNREACH);
    ASSERT_TRUE(s.bind(a, {kLocal, 7000}));
    EXPECT_EQ(s.connect(a, {kPeer, 9}, t.now(), t.out()).error(), Errno::kEINPROGRESS);
    ASSERT_TRUE(s.set_option(b, SocketOption::kSO_REUSEADDR, 1, t.now(), t.out()));
    EXPECT_EQ(s.bind(b, {kLocal, 7000}).error(), Errno::kEADDRINUSE);
    EXPECT_TRUE(s.shutdown(a, Shutdown::kBoth, t.now(), t.out()));
}

TEST_P(UserCalls, TheSameFourTupleTwice) {
    for (const SocketId x : {a, b}) {
        ASSERT_TRUE(s.set_option(x, SocketOption::kSO_REUSEADDR, 1, t.now(), t.out()));
        ASSERT_TRUE(s.bind(x, {kLocal, 7000}));
    }
    EXPECT_EQ(s.connect(a, {kPeer, 9}, t.now(), t.out()).error(), Errno::kEINPROGRESS);
    EXPECT_EQ(s.connect(b, {kPeer, 9}, t.now(), t.out()).error(), Errno::kEADDRNOTAVAIL);
    EXPECT_EQ(s.connect(b, {kPeer, 10}, t.now(), t.out()).error(), Errno::kEINPROGRESS);
}

TEST_P(UserCalls, EndpointsOfAConnection) {
    auto u = TcpBench::in_established(config());
    EXPECT_EQ(*u.stack().local_endpoint(u.sock), (Endpoint{kLocal, 80}));
    EXPECT_EQ(*u.stack().remote_endpoint(u.sock), (Endpoint{kPeer, 40000}));
    EXPECT_EQ(u.stack().connect(u.sock, {kPeer, 1}, u.now(), u.out()).error(), Errno::kEISCONN);
}

TEST_P(UserCalls, ConnectionsAreAcceptedInOrder) {
    auto u = TcpBench::in_listen(config());
    for (std::uint16_t i = 0; i < 3; ++i) {
        const Endpoint who{kPeer, static_cast<std::uint16_t>(50000 + i)};
        u.recv(syn().peer(who));
        const std::uint32_t isn = u.take_sent().back().packet.tcp.seq.raw();
        u.recv(ack(std::int64_t{isn - u.iss()} + 1).seq(1).peer(who));
    }
    for (std::uint16_t i = 0; i < 3; ++i) {
        const SocketId c = u.accept();
        EXPECT_EQ(u.stack().remote_endpoint(c)->port, 50000 + i);
    }
    EXPECT_FALSE(u.accept());
}

TEST_P(UserCalls, ReceiveLowWater) {
    auto u = TcpBench::in_established(config());
    EXPECT_EQ(u.option(SocketOption::kSO_RCVLOWAT, 100), Errno::kOk);
    u.recv(data(1, 99).ack(1));
    EXPECT_EQ(u.poll() & poll::kIn, 0U);
    u.recv(data(100, 1).ack(1));
    EXPECT_EQ(u.poll() & poll::kIn, poll::kIn);
}

TEST_P(UserCalls, EventsTellWhatRose) {
    auto u = TcpBench::in_listen(config());
    wire::Packet p{};
    p.source = kPeer;
    p.destination = kLocal;
    p.tcp.source_port = 40000;
    p.tcp.destination_port = 80;
    p.tcp.flags = wire::flag::kSyn;
    u.stack().segment_arrives(p, u.now(), u.out());
    EXPECT_TRUE(u.out().events.empty());
    p.tcp.flags = wire::flag::kAck;
    p.tcp.seq = wire::SeqNum(1);
    p.tcp.ack = u.out().packets.back().tcp.seq + 1;
    u.stack().segment_arrives(p, u.now(), u.out());
    ASSERT_EQ(u.out().events.size(), 1U);
    EXPECT_EQ(u.out().events[0].socket, u.listener);
    EXPECT_EQ(u.out().events[0].events, poll::kIn);
}

TEST_P(UserCalls, AStreamThatChangesIsNoViolation) {
    auto u = TcpBench::in_established(config());
    EXPECT_EQ(u.send(100), 100U);
    EXPECT_EQ(u.stack().send_cursor(u.sock).offset, 100U);
    EXPECT_EQ(u.stack().send_cursor(u.sock).unacked, 100U);
    u.recv(ack(101).seq(1));
    EXPECT_EQ(u.stack().send_cursor(u.sock).unacked, 0U);
    EXPECT_EQ(u.stack().bytes_acked(u.sock), 100U);
}

TEST_P(UserCalls, WhatIsNotTheStreamIsAViolation) {
    auto u = TcpBench::in_established(config());
    wire::Packet p{};
    p.source = kPeer;
    p.destination = kLocal;
    p.tcp.source_port = 40000;
    p.tcp.destination_port = 80;
    p.tcp.flags = wire::flag::kAck;
    p.tcp.seq = wire::SeqNum(u.iss() + 1);
    p.tcp.ack = wire::SeqNum(u.iss() + 1);
    p.tcp.window = 65535;
    p.tcp.payload = {500, 9, 10};  // not the stream's beginning
    u.stack().segment_arrives(p, u.now(), u.out());
    EXPECT_EQ(u.stack().integrity_violations(), 1U);
}

TEST_P(UserCalls, Footprints) {  // issue: at most 64 bytes, 64 bytes, 1 KiB
    EXPECT_LE(sizeof(RequestSock), 64U);
    EXPECT_LE(sizeof(TimeWait), 64U);
    EXPECT_LE(Stack::footprint().connection, 352U);
    EXPECT_GE(Stack::footprint().request, sizeof(RequestSock));
    EXPECT_LE(Stack::footprint().request, 80U);
    EXPECT_GE(Stack::footprint().time_wait, sizeof(TimeWait));
    EXPECT_LE(Stack::footprint().time_wait, 80U);
}

}  // namespace
}  // namespace netsim::tcp
