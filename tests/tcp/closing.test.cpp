// Every way a connection ends: four segments, three, simultaneous, half-close, abort; the FIN's
// schedule; orphans. RFC 9293 §3.6; facts, section 8.
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

class Closing : public AtEachIss {};

NETSIM_AT_EACH_ISS(Closing);

TEST_P(Closing, FourSegmentsFromHere) {  // RFC 9293 figure 12
    auto t = TcpBench::in_established(config());
    t.changes();
    EXPECT_EQ(t.shutdown(Shutdown::kWrite), Errno::kOk);
    EXPECT_TRUE(t.sends(fin(1).ack(1)));
    t.recv(ack(2).seq(1));
    t.recv(fin(1).ack(2));
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_EQ(t.changes(), (std::vector<std::string>{"ESTABLISHED -> FIN-WAIT-1 (close)",
                                                     "FIN-WAIT-1 -> FIN-WAIT-2 (rcv ACK of FIN)",
                                                     "FIN-WAIT-2 -> TIME-WAIT (rcv FIN)"}));
    EXPECT_EQ(t.count(Mib::kTcpCurrEstab), 0U);
}

TEST_P(Closing, FourSegmentsFromThere) {
    auto t = TcpBench::in_close_wait(config());
    t.changes();
    EXPECT_EQ(t.count(Mib::kTcpCurrEstab), 1U);
    EXPECT_EQ(t.close(), Errno::kOk);
    EXPECT_TRUE(t.sends(fin(1).ack(2)));
    EXPECT_EQ(t.state(), State::kLastAck);
    t.recv(ack(2).seq(2));
    EXPECT_EQ(t.changes(), (std::vector<std::string>{"CLOSE-WAIT -> LAST-ACK (close)",
                                                     "LAST-ACK -> CLOSED (rcv ACK of FIN)"}));
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
    EXPECT_EQ(t.records(EndpointKind::kTimeWait), 0U);
}

TEST_P(Closing, ThreeSegments) {
    auto t = TcpBench::in_established(config());
    t.shutdown(Shutdown::kWrite);
    EXPECT_TRUE(t.sends(fin(1)));
    t.recv(fin(1).ack(2));  // acknowledges and finishes at once
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kTimeWait);
}

TEST_P(Closing, Simultaneous) {  // RFC 9293 figure 13
    auto t = TcpBench::in_closing(config());
    t.recv(ack(2).seq(2));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kTimeWait);
    EXPECT_EQ(t.changes().back(), "CLOSING -> TIME-WAIT (rcv ACK of FIN)");
}

TEST_P(Closing, HalfCloseStillReceives) {
    auto t = TcpBench::in_fin_wait_2(config());
    EXPECT_EQ(t.poll(), poll::kOut);
    t.recv(data(1, 500).ack(2));
    EXPECT_TRUE(t.sends(ack(501).seq(2)));
    EXPECT_EQ(t.receive(), 500U);
    EXPECT_EQ(t.send_errno(), Errno::kEPIPE);
    t.advance(24h);  // the application holds it: no timer
    EXPECT_EQ(t.state(), State::kFinWait2);
    t.recv(fin(501).ack(2));
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.state(), State::kTimeWait);
}

TEST_P(Closing, TheFinFollowsTheData) {
    auto t = TcpBench::in_established(config());
    EXPECT_EQ(t.send(1500), 1500U);
    t.take_sent();
    t.send(100);
    t.take_sent();
    t.close();
    EXPECT_TRUE(t.sends(fin(1501).len(100)));  // Nagle held it until now
    t.recv(ack(1602).seq(1));
    EXPECT_EQ(t.state(), State::kFinWait2);
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
}

TEST_P(Closing, TheFinRidesOnTheLastData) {
    BenchConfig c = config();
    c.peer_window = 1000;
    auto t = TcpBench::in_established(c);
    t.send(1000);
    EXPECT_TRUE(t.sends(data(1, 500)));  // half the window: tcp_bound_to_half_wnd()
    EXPECT_TRUE(t.sends(data(501, 500)));
    t.send(500);
    t.shutdown(Shutdown::kWrite);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kFinWait1);
    t.recv(ack(1001).seq(1));
    EXPECT_TRUE(t.sends(fin(1001).len(500)));
}

TEST_P(Closing, TheFinNeedsAPlaceInTheWindow) {
    BenchConfig c = config();
    c.peer_window = 2000;
    auto t = TcpBench::in_established(c);
    t.send(2000);
    t.take_sent();
    t.send(1000);
    t.shutdown(Shutdown::kWrite);
    t.recv(ack(2001).seq(1).win(1000));
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(2001).seq(1).win(1001));
    EXPECT_TRUE(t.sends(fin(2001).len(1000)));
}

TEST_P(Closing, UnreadDataMeansReset) {  // RFC 2525 §2.17
    auto t = TcpBench::in_established(config());
    t.recv(data(1, 10).ack(1));
    t.take_sent();
    EXPECT_EQ(t.close(), Errno::kOk);
    EXPECT_TRUE(t.sends(rst_ack().seq(1).ack(11)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnClose), 1U);
    EXPECT_EQ(t.count(Mib::kTcpOutRsts), 1U);
}

TEST_P(Closing, LingerZeroMeansReset) {
    auto t = TcpBench::in_established(config());
    t.option(SocketOption::kSO_LINGER, 0);
    t.send(10);
    t.take_sent();
    EXPECT_EQ(t.close(), Errno::kOk);
    EXPECT_TRUE(t.sends(rst_ack().seq(11).ack(1)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnData), 1U);
    auto u = TcpBench::in_established(config());
    u.option(SocketOption::kSO_LINGER, 5);
    u.close();
    EXPECT_TRUE(u.sends(fin(1)));
}

TEST_P(Closing, DataAfterCloseIsReset) {  // RFC 1122 §4.2.2.13
    auto t = TcpBench::in_established(config());
    t.close();
    EXPECT_TRUE(t.sends(fin(1)));
    t.recv(data(1, 10).ack(1));
    EXPECT_TRUE(t.sends(rst(1)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnData), 1U);
    EXPECT_EQ(t.dropped(Drop::kAfterClose), 1U);
    auto u = TcpBench::in_established(config());
    u.close();
    u.take_sent();
    u.recv(data(1, 10).ack(2));  // acknowledges the FIN too
    EXPECT_TRUE(u.sends(rst(2)));
    EXPECT_EQ(u.state(), State::kClosed);
}

TEST_P(Closing, DataAfterShutdownOfReadingIsReset) {
    auto t = TcpBench::in_fin_wait_2(config());
    EXPECT_EQ(t.shutdown(Shutdown::kRead), Errno::kOk);
    t.recv(data(1, 10).ack(2));
    EXPECT_TRUE(t.sends(rst(2)));
    EXPECT_EQ(t.receive_errno(), Errno::kECONNRESET);
    EXPECT_EQ(t.receive(), 0U);
}

TEST_P(Closing, TheFinIsRepeatedUntilTheOrphanIsGivenUp) {
    BenchConfig c = config();
    c.sysctl.tcp_early_retrans = 0;  // no loss probe before the first repetition
    auto t = TcpBench::in_established(c);
    t.advance(1s);
    t.close();
    EXPECT_TRUE(t.sends(fin(1)));
    const Time begin = t.now();
    std::vector<Sent> sent;
    t.advance(300s);
    sent = t.take_sent();
    // RTO 200 ms (a handshake without delay), doubled: T(8) = 102.2 s after the first repetition.
    ASSERT_EQ(sent.size(), 9U);
    Duration at = 200ms;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_NEAR(to_seconds(sent[i].at - begin), to_seconds(at), 0.001) << i;
        EXPECT_TRUE(sent[i].packet.tcp.fin());
        at = at * 2 + 200ms;
    }
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnTimeout), 1U);
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
}

TEST_P(Closing, OrphanRetriesIsASysctl) {
    BenchConfig c = config();
    c.sysctl.tcp_orphan_retries = 2;
    c.sysctl.tcp_early_retrans = 0;
    auto t = TcpBench::in_established(c);
    t.close();
    t.take_sent();
    EXPECT_EQ(t.sent_at(300s).size(), 3U);  // T(2) = 1.4 s: 0.2, 0.6, 1.4 then gone at 3.0
}

TEST_P(Closing, TooManyOrphansAreReset) {
    BenchConfig c = config();
    c.sysctl.tcp_max_orphans = 0;
    auto t = TcpBench::in_established(c);
    t.close();
    EXPECT_TRUE(t.sends(fin(1)));
    EXPECT_TRUE(t.sends(rst_ack().seq(2)));
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnMemory), 1U);
}

TEST_P(Closing, AClosingOrphanEndsInTimeWait) {
    auto t = TcpBench::in_closing(config());
    t.close();
    EXPECT_TRUE(t.sends_nothing());
    t.recv(ack(2).seq(2));
    EXPECT_EQ(t.state(), State::kTimeWait);
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
}

TEST_P(Closing, InClosingAnOldAckChangesNothing) {
    auto t = TcpBench::in_closing(config());
    t.recv(ack(1).seq(2));
    EXPECT_EQ(t.state(), State::kClosing);
    t.recv(ack(3).seq(2));  // for data never sent: a challenge
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
    EXPECT_EQ(t.state(), State::kClosing);
    t.recv(fin(1).ack(1));  // the peer repeats its FIN
    EXPECT_TRUE(t.sends(ack(2).seq(2)));
}

TEST_P(Closing, ALastAckThatIsLostIsRepaired) {
    auto t = TcpBench::in_last_ack(config());
    t.close();
    EXPECT_GE(t.sent_at(1s).size(), 1U);
    t.recv(ack(2).seq(2));
    EXPECT_EQ(t.state(), State::kClosed);
    t.recv(fin(1).ack(2));
    EXPECT_TRUE(t.sends(rst(2)));
}

TEST_P(Closing, ShutdownErrnoAndRepetition) {
    auto t = TcpBench::in_established(config());
    EXPECT_EQ(t.shutdown(Shutdown::kBoth), Errno::kOk);
    EXPECT_TRUE(t.sends(fin(1)));
    EXPECT_EQ(t.shutdown(Shutdown::kBoth), Errno::kOk);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.poll(), poll::kIn | poll::kOut | poll::kHup | poll::kRdHup);
    EXPECT_EQ(t.receive(), 0U);
    EXPECT_EQ(t.send_errno(), Errno::kEPIPE);
    TcpBench u(config());
    u.sock = *u.stack().socket();
    EXPECT_EQ(u.shutdown(Shutdown::kWrite), Errno::kENOTCONN);
}

// Linux tcp_disconnect(): what bind(2) named and setsockopt(2) set stays.
TEST_P(Closing, AListenerThatIsShutDownKeepsWhatItWasGiven) {
    auto t = TcpBench::in_listen(config());
    Stack& stack = t.stack();
    const Endpoint local = stack.local_endpoint(t.listener).value();
    const std::vector<std::uint8_t> key(16, 7);
    EXPECT_TRUE(stack.set_fastopen_key(t.listener, key));
    EXPECT_TRUE(stack.set_md5_key(t.listener, {kPeer, 32}, "a shared secret"));
    t.out().events.clear();
    EXPECT_TRUE(stack.shutdown(t.listener, Shutdown::kRead, t.now(), t.out()));
    ASSERT_EQ(t.out().events.size(), 1U);  // for who waits in accept()
    EXPECT_EQ(t.out().events[0].events & poll::kHup, poll::kHup);
    EXPECT_EQ(stack.local_endpoint(t.listener), local);
    EXPECT_EQ(stack.fastopen_key(t.listener), key);
    const SocketId other = *stack.socket();
    EXPECT_EQ(stack.bind(other, local), fail(Errno::kEADDRINUSE));
    EXPECT_TRUE(stack.listen(t.listener, 4, t.now(), t.out()));
    t.recv(t.config().peer_syn);  // not signed
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.dropped(Drop::kMd5NotFound), 1U);
}

TEST_P(Closing, AListenerThatIsShutDownGivesUpAPortThatNobodyNamed) {
    TcpBench t(config());
    const SocketId s = *t.stack().socket();
    EXPECT_TRUE(t.stack().listen(s, 4, t.now(), t.out()));
    const Endpoint local = t.stack().local_endpoint(s).value();
    EXPECT_TRUE(t.stack().shutdown(s, Shutdown::kBoth, t.now(), t.out()));
    EXPECT_EQ(t.stack().local_endpoint(s)->port, 0);
    EXPECT_TRUE(t.stack().bind(*t.stack().socket(), local));
}

TEST_P(Closing, AFinFromFinWait1WithoutItsAckThenTheRest) {
    auto t = TcpBench::in_closing(config());
    EXPECT_EQ(t.receive(), 0U);
    t.advance(1s);
    const auto sent = t.take_sent();
    ASSERT_FALSE(sent.empty());
    EXPECT_TRUE(sent.front().packet.tcp.fin());  // ours is repeated
    EXPECT_EQ(t.count(Mib::kTcpRetransSegs), sent.size());
}

}  // namespace
}  // namespace netsim::tcp
