// Active and simultaneous open. RFC 9293 §3.10.1, §3.10.7.3; Linux tcp_rcv_synsent_state_process().
#include "support/tcp_bench.hpp"

namespace netsim::tcp {
namespace {

using namespace std::chrono_literals;
namespace flag = wire::flag;

class InSynSent : public AtEachIss {};

NETSIM_AT_EACH_ISS(InSynSent);

constexpr unsigned kFailed = poll::kIn | poll::kOut | poll::kErr | poll::kHup | poll::kRdHup;

// Golden vector 13.
TEST_P(InSynSent, TheFirstSyn) {
    TcpBench t(config());
    EXPECT_EQ(t.connect(), Errno::kEINPROGRESS);
    EXPECT_TRUE(t.sends(syn().mss(1460).sack_ok().ts().tsecr(0).wscale(10).win(64240)));
    EXPECT_EQ(t.state(), State::kSynSent);
    EXPECT_EQ(t.poll(), 0U);
    EXPECT_EQ(t.connect(), Errno::kEALREADY);
    EXPECT_EQ(t.count(Mib::kTcpActiveOpens), 1U);
    EXPECT_EQ(t.receive_errno(), Errno::kEAGAIN);
    EXPECT_EQ(t.send_errno(), Errno::kEAGAIN);
}

TEST_P(InSynSent, WindowScaleFollowsTcpRmem) {
    BenchConfig c = config();
    c.sysctl.tcp_rmem[2] = 6291456;
    TcpBench t(c);
    t.connect();
    EXPECT_TRUE(t.sends(syn().wscale(7)));
}

TEST_P(InSynSent, WithoutOptions) {
    BenchConfig c = config();
    c.sysctl.tcp_sack = 0;
    c.sysctl.tcp_timestamps = 0;
    c.sysctl.tcp_window_scaling = 0;
    TcpBench t(c);
    t.connect();
    EXPECT_TRUE(t.sends(syn().options(wire::option::kMss)));
}

// Golden vector 12: linear at first, then doubling.
TEST_P(InSynSent, RepetitionsAndTheEndAt131Seconds) {
    auto t = TcpBench::in_syn_sent(config());
    EXPECT_EQ(t.sent_at(130s), (std::vector<double>{1, 2, 3, 4, 5, 7, 11, 19, 35, 67}));
    t.advance(1s - 1ns);
    EXPECT_EQ(t.state(), State::kSynSent);
    t.advance(1ns);
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.poll(), kFailed);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
    EXPECT_EQ(t.error(), Errno::kOk);  // read once
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSynRetrans), 10U);
    EXPECT_EQ(t.count(Mib::kTcpExtTCPTimeouts), 11U);  // the last one too, which gives up
    EXPECT_EQ(t.count(Mib::kTcpExtTCPAbortOnTimeout), 1U);
    EXPECT_EQ(t.count(Mib::kTcpAttemptFails), 1U);
}

TEST_P(InSynSent, TheClassicSchedule) {
    BenchConfig c = config();
    c.sysctl.tcp_syn_linear_timeouts = 0;
    auto t = TcpBench::in_syn_sent(c);
    EXPECT_EQ(t.sent_at(127s - 1ns), (std::vector<double>{1, 3, 7, 15, 31, 63}));
    EXPECT_EQ(t.state(), State::kSynSent);
    t.advance(1ns);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
}

// The doublings alone (1 + 2 + 4 s) bound the time too: recording syn_blackhole_two_retries.
TEST_P(InSynSent, SynRetriesAndSyncnt) {
    BenchConfig c = config();
    c.sysctl.tcp_syn_retries = 2;
    auto t = TcpBench::in_syn_sent(c);
    EXPECT_EQ(t.sent_at(300s), (std::vector<double>{1, 2, 3, 4, 5}));
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
    TcpBench u(config());
    u.sock = *u.stack().socket();
    EXPECT_EQ(u.option(SocketOption::kTCP_SYNCNT, 1), Errno::kOk);
    u.connect();
    u.take_sent();
    EXPECT_EQ(u.sent_at(300s), (std::vector<double>{1, 2}));
}

TEST_P(InSynSent, UserTimeoutEndsIt) {
    auto t = TcpBench::in_syn_sent(config());
    EXPECT_EQ(t.option(SocketOption::kTCP_USER_TIMEOUT, 2500), Errno::kOk);
    t.advance(10s);
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
    EXPECT_LT(t.take_sent().back().at, t.now() - 5s);
}

TEST_P(InSynSent, SynAckEstablishes) {
    auto t = TcpBench::in_syn_sent(config());
    t.advance(25ms);
    t.recv(syn_ack().ack(1).mss(1000).sack_ok());
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.poll(), poll::kOut);
    EXPECT_EQ(t.error(), Errno::kOk);
    EXPECT_EQ(t.info().srtt, 25ms);
    EXPECT_EQ(t.info().rto, 225ms);
    EXPECT_EQ(t.connect(), Errno::kOk);
    EXPECT_EQ(t.connect(), Errno::kEISCONN);
    EXPECT_EQ(t.changes(), (std::vector<std::string>{"CLOSED -> SYN-SENT (connect)",
                                                     "SYN-SENT -> ESTABLISHED (rcv SYN,ACK)"}));
}

TEST_P(InSynSent, ARepeatedSynGivesNoSample) {
    auto t = TcpBench::in_syn_sent(config());
    t.advance(1500ms);
    t.take_sent();
    t.recv(syn_ack().ack(1).mss(1000));
    EXPECT_EQ(t.info().rto, 3s);
    BenchConfig c = config();
    auto u = TcpBench::in_syn_sent(c);  // with timestamps the echo tells which SYN it was
    u.advance(1020ms);
    u.take_sent();
    u.recv(syn_ack().ack(1).mss(1000).tsval(1));
    EXPECT_EQ(u.info().srtt, 20ms);
}

TEST_P(InSynSent, AnUnacceptableAckIsResetAndTheSynRepeated) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(ack(500).seq(9000));  // an old incarnation's challenge ACK: "the Cloudflare case"
    EXPECT_TRUE(t.sends(rst(500)));
    EXPECT_EQ(t.state(), State::kSynSent);
    EXPECT_EQ(t.dropped(Drop::kSynSentBadAck), 1U);
    EXPECT_EQ(t.sent_at(100ms), std::vector<double>{0.008});
    EXPECT_EQ(t.count(Mib::kTcpExtTCPSynRetrans), 1U);
    t.recv(ack(0).seq(9000));  // iss itself is not acceptable either
    EXPECT_TRUE(t.sends(rst(0)));
    t.recv(rst_ack().seq(0).ack(7));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kSynSent);
}

TEST_P(InSynSent, RstWithOurAckRefuses) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(rst_ack().seq(0).ack(1));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kClosed);
    EXPECT_EQ(t.poll(), kFailed);
    EXPECT_EQ(t.error(), Errno::kECONNREFUSED);
    EXPECT_EQ(t.count(Mib::kTcpAttemptFails), 1U);
}

TEST_P(InSynSent, AFailedConnectLeavesTheSocketUsable) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(rst_ack().seq(0).ack(1));
    EXPECT_EQ(t.connect(), Errno::kECONNREFUSED);
    EXPECT_EQ(t.connect(), Errno::kEINPROGRESS);
    EXPECT_TRUE(t.sends(syn()));
}

TEST_P(InSynSent, PlainRstAndStrayAckAreIgnored) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(rst(0));
    EXPECT_EQ(t.dropped(Drop::kSynSentRst), 1U);
    t.recv(ack(1).seq(0));
    t.recv(segment(flag::kFin).seq(0));
    t.recv(segment(0).seq(0).len(7));
    EXPECT_EQ(t.dropped(Drop::kSynSentNoSyn), 3U);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.state(), State::kSynSent);
}

TEST_P(InSynSent, AWrongEchoIsRefused) {
    TcpBench t(config());
    t.connect();
    const std::uint32_t stamp = t.take_sent().front().packet.tcp.tsval;
    t.advance(10ms);
    for (const std::uint32_t echo : {stamp - 1, stamp + 11}) {
        t.recv(syn_ack().ack(1).mss(1000).tsval(1).tsecr(echo));
        EXPECT_TRUE(t.sends(rst(1)));
        EXPECT_EQ(t.state(), State::kSynSent);
    }
    EXPECT_EQ(t.count(Mib::kTcpExtPAWSActive), 2U);
    EXPECT_EQ(t.dropped(Drop::kPaws), 2U);
    t.recv(syn_ack().ack(1).mss(1000).tsval(1).tsecr(stamp));
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynSent, SimultaneousOpen) {  // RFC 9293 §3.5, figure 8
    auto t = TcpBench::in_syn_sent(config());
    t.recv(syn().mss(1000).sack_ok());
    EXPECT_TRUE(t.sends(syn_ack().ack(1)));
    EXPECT_EQ(t.state(), State::kSynReceived);
    EXPECT_EQ(t.records(EndpointKind::kRequest), 0U);  // a full socket, no request
    t.recv(syn_ack().ack(1).mss(1000).sack_ok());
    EXPECT_EQ(t.state(), State::kEstablished);
    EXPECT_EQ(t.connect(), Errno::kOk);
    t.take_sent();
    EXPECT_EQ(t.send(10), 10U);
    EXPECT_TRUE(t.sends(data(1, 10).ack(1)));
    EXPECT_EQ(t.changes(), (std::vector<std::string>{
                               "CLOSED -> SYN-SENT (connect)", "SYN-SENT -> SYN-RECEIVED (rcv SYN)",
                               "SYN-RECEIVED -> ESTABLISHED (rcv ACK of SYN)"}));
}

TEST_P(InSynSent, SimultaneousOpenWithItsSynAckLost) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(syn().mss(1000));
    t.take_sent();
    EXPECT_EQ(t.sent_at(1s), std::vector<double>{1});
    t.recv(syn());  // the peer repeats its SYN: a challenge ACK (RFC 5961 §4)
    EXPECT_TRUE(t.sends(ack(1).seq(1)));
    t.recv(ack(1).seq(1));
    EXPECT_EQ(t.state(), State::kEstablished);
}

TEST_P(InSynSent, SimultaneousOpenIsGivenUp) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(syn().mss(1000));
    t.take_sent();
    EXPECT_EQ(t.sent_at(200s), (std::vector<double>{1, 3, 7, 15, 31, 63}));
    EXPECT_EQ(t.error(), Errno::kETIMEDOUT);
}

TEST_P(InSynSent, SimultaneousOpenResetAndWrongAck) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(syn().mss(1000));
    t.take_sent();
    t.recv(ack(5).seq(1));
    EXPECT_TRUE(t.sends(rst(5)));
    EXPECT_EQ(t.dropped(Drop::kOldAck), 1U);
    EXPECT_EQ(t.state(), State::kSynReceived);
    t.recv(rst(1));
    EXPECT_EQ(t.error(), Errno::kECONNRESET);
}

TEST_P(InSynSent, ClosedWhileOpeningFinishesAfterwards) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(syn().mss(1000));
    t.take_sent();
    EXPECT_EQ(t.close(), Errno::kOk);
    t.recv(ack(1).seq(1));
    EXPECT_TRUE(t.sends(fin(1).ack(1)));
    EXPECT_EQ(t.state(), State::kFinWait1);
}

TEST_P(InSynSent, CloseGivesUp) {
    auto t = TcpBench::in_syn_sent(config());
    EXPECT_EQ(t.close(), Errno::kOk);
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.records(EndpointKind::kConnection), 0U);
    t.recv(syn_ack().ack(1));
    EXPECT_TRUE(t.sends(rst(1)));
}

TEST_P(InSynSent, ShutdownGivesUpAndLeavesTheSocketUsable) {  // Linux: tcp_disconnect()
    auto t = TcpBench::in_syn_sent(config());
    EXPECT_EQ(t.shutdown(Shutdown::kWrite), Errno::kOk);
    EXPECT_EQ(t.error(), Errno::kECONNRESET);
    EXPECT_EQ(t.connect(), Errno::kEINPROGRESS);
}

TEST_P(InSynSent, IcmpErrorsAreFatal) {  // facts, section 11
    using namespace wire::icmp;
    const std::tuple<std::uint8_t, std::uint8_t, Errno> cases[] = {
        {kDestinationUnreachable, kNetUnreachable, Errno::kENETUNREACH},
        {kDestinationUnreachable, kHostUnreachable, Errno::kEHOSTUNREACH},
        {kDestinationUnreachable, kProtocolUnreachable, Errno::kENOPROTOOPT},
        {kDestinationUnreachable, kPortUnreachable, Errno::kECONNREFUSED},
        {kDestinationUnreachable, kAdminProhibited, Errno::kEHOSTUNREACH},
        {kDestinationUnreachable, 9, Errno::kENETUNREACH},    // net prohibited
        {kDestinationUnreachable, 10, Errno::kEHOSTUNREACH},  // host prohibited
        {kTimeExceeded, 0, Errno::kEHOSTUNREACH},
        {kParameterProblem, 0, Errno::kEPROTO}};
    for (const auto& [type, code, expected] : cases) {
        auto t = TcpBench::in_syn_sent(config());
        t.recv_icmp(type, code, 5);
        EXPECT_EQ(t.state(), State::kSynSent);
        EXPECT_EQ(t.count(Mib::kTcpExtOutOfWindowIcmps), 1U);
        t.recv_icmp(type, code, 0);
        EXPECT_EQ(t.state(), State::kClosed);
        EXPECT_EQ(t.error(), expected);
    }
}

TEST_P(InSynSent, WaitingDataRideOnTheThirdSegment) {
    BenchConfig c = config();
    auto t = TcpBench::in_syn_sent(c);
    EXPECT_EQ(t.option(SocketOption::kTCP_QUICKACK, 0), Errno::kOk);  // interactive: the ACK waits
    t.recv(syn_ack().ack(1).mss(1000));
    EXPECT_TRUE(t.sends_nothing());
    EXPECT_EQ(t.send(10), 10U);
    EXPECT_TRUE(t.sends(data(1, 10).ack(1)));
    EXPECT_TRUE(t.sends_nothing());
    auto u = TcpBench::in_syn_sent(c);
    EXPECT_EQ(u.option(SocketOption::kTCP_QUICKACK, 0), Errno::kOk);
    u.recv(syn_ack().ack(1).mss(1000));
    EXPECT_EQ(u.sent_at(1s), std::vector<double>{0.2});
}

TEST_P(InSynSent, DataInTheSynAckIsNotLost) {
    auto t = TcpBench::in_syn_sent(config());
    t.recv(syn_ack().ack(1).mss(1000));
    t.take_sent();
    t.recv(data(1, 10).ack(1));
    EXPECT_EQ(t.receive(), 10U);
}

}  // namespace
}  // namespace netsim::tcp
