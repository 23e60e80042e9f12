// ss and nstat: real layouts (compared with iproute2 6.1 by eye), filters, mistakes.
#include "observe/views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "netsim/result.hpp"

namespace netsim::observe {
namespace {

using namespace std::chrono_literals;
using tcp::EndpointKind;
using tcp::SocketInfo;
using tcp::State;
using tcp::TimerKind;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Ipv4 kWeb = ipv4(10, 0, 0, 2);
constexpr Ipv4 kUser = ipv4(10, 0, 0, 1);

SocketInfo listener() {
    SocketInfo s;
    s.kind = EndpointKind::kListener;
    s.id = SocketId{0, 1};
    s.state = State::kListen;
    s.local = Endpoint{Ipv4{}, 80};
    s.recv_queue = 3;
    s.send_queue = 128;
    s.snd_cwnd = 10;
    s.congestion_control = "reno";
    return s;
}

SocketInfo connection(State state, std::uint16_t port) {
    SocketInfo s;
    s.kind = EndpointKind::kConnection;
    s.id = SocketId{1, 1};
    s.state = state;
    s.local = Endpoint{kWeb, 80};
    s.remote = Endpoint{kUser, port};
    s.congestion_control = "reno";
    s.rto = 204ms;
    s.srtt = 20'300us;
    s.rttvar = 10ms;
    s.snd_mss = 1448;
    s.rcv_mss = 536;
    s.snd_cwnd = 10;
    s.snd_ssthresh = 0x7fffffff;
    s.snd_wscale = 7;
    s.rcv_wscale = 10;
    s.timestamps = s.sack = s.window_scale = true;
    s.bytes_sent = 6;
    s.bytes_acked = 7;
    s.segs_out = 3;
    s.segs_in = 4;
    s.snd_wnd = 64256;
    return s;
}

SocketInfo small(EndpointKind kind, State state, std::uint16_t port) {
    SocketInfo s;
    s.kind = kind;
    s.state = state;
    s.local = Endpoint{kWeb, 80};
    s.remote = Endpoint{kUser, port};
    return s;
}

std::vector<SocketRow> rows_of(const std::vector<SocketInfo>& sockets) {
    std::vector<SocketRow> rows;
    for (const SocketInfo& socket : sockets) {
        SocketRow row;
        row.info = socket;
        row.number = socket.id ? socket.id.index + 1U : 0U;
        rows.push_back(row);
    }
    return rows;
}

std::vector<SocketRow> all() {
    SocketInfo sending = connection(State::kEstablished, 40000);
    sending.send_queue = 6;
    sending.timer = TimerKind::kOn;
    sending.timer_left = 200ms;
    SocketInfo waiting = small(EndpointKind::kTimeWait, State::kTimeWait, 40001);
    waiting.timer = TimerKind::kTimeWait;
    waiting.timer_left = 58s;
    SocketInfo half_open = small(EndpointKind::kRequest, State::kSynReceived, 40002);
    half_open.timer = TimerKind::kOn;
    half_open.timer_left = 1500ms;
    half_open.retransmits = 1;
    return rows_of({listener(), sending, connection(State::kCloseWait, 40003), half_open, waiting});
}

std::string error_of(std::string_view arguments) {
    try {
        ss_text(all(), arguments);
    } catch (const InputError& e) {
        return e.what();
    }
    return "no error";
}

TEST(Ss, AllNumeric) {
    EXPECT_EQ('\n' + ss_text(all(), "-tan"), R"(
State      Recv-Q Send-Q Local Address:Port Peer Address:Port Process
LISTEN     3      128          0.0.0.0:80        0.0.0.0:*
ESTAB      0      6           10.0.0.2:80       10.0.0.1:40000
CLOSE-WAIT 0      0           10.0.0.2:80       10.0.0.1:40003
SYN-RECV   0      0           10.0.0.2:80       10.0.0.1:40002
TIME-WAIT  0      0           10.0.0.2:80       10.0.0.1:40001
)");
}

TEST(Ss, TimersAndServiceNames) {
    EXPECT_EQ('\n' + ss_text(all(), "-tao"), R"(
State      Recv-Q Send-Q Local Address:Port Peer Address:Port Process
LISTEN     3      128          0.0.0.0:http      0.0.0.0:*
ESTAB      0      6           10.0.0.2:http     10.0.0.1:40000 timer:(on,200ms,0)
CLOSE-WAIT 0      0           10.0.0.2:http     10.0.0.1:40003
SYN-RECV   0      0           10.0.0.2:http     10.0.0.1:40002 timer:(on,1.500ms,1)
TIME-WAIT  0      0           10.0.0.2:http     10.0.0.1:40001 timer:(timewait,58sec,0)
)");
}

TEST(Ss, InfoAndDetailsOfEstablished) {
    EXPECT_EQ('\n' + ss_text(all(), "-tnie state established"), R"(
Recv-Q Send-Q Local Address:Port Peer Address:Port Process
0      6           10.0.0.2:80       10.0.0.1:40000 timer:(on,200ms,0) sk:2 <->
	 ts sack reno wscale:7,10 rto:204 rtt:20.3/10 mss:1448 rcvmss:536 cwnd:10 bytes_sent:6 bytes_acked:7 segs_out:3 segs_in:4 send 5706404bps snd_wnd:64256
)");
}

TEST(Ss, MemoryStandsBeforeTheInfo) {
    SocketInfo s = connection(State::kEstablished, 40000);
    s.rmem_alloc = 2304;
    s.rcvbuf = 131072;
    s.wmem_alloc = 996;
    s.sndbuf = 87040;
    s.fwd_alloc = 896;
    s.wmem_queued = 1992;
    const std::string text = ss_text(rows_of({s}), "-tnmiHO");
    EXPECT_THAT(text, HasSubstr(":40000 skmem:(r2304,rb131072,t996,tb87040,f896,w1992) reno"));
    EXPECT_THAT(ss_text(all(), "-tnmH"), Not(HasSubstr("reno")));
}

TEST(Ss, WithoutFlagsNoListenersRequestsOrTimeWait) {
    EXPECT_EQ('\n' + ss_text(all(), "-n"), R"(
Netid State      Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp   ESTAB      0      6           10.0.0.2:80       10.0.0.1:40000
tcp   CLOSE-WAIT 0      0           10.0.0.2:80       10.0.0.1:40003
)");
}

TEST(Ss, ListenersAlone) {
    EXPECT_EQ(ss_text(all(), "-ltnH"), "LISTEN 3      128    0.0.0.0:80 0.0.0.0:*\n");
    EXPECT_EQ(ss_text(all(), "-ltn -HO -i"),
              "LISTEN 3      128    0.0.0.0:80 0.0.0.0:* reno cwnd:10 unacked:3\n");
}

TEST(Ss, StateWords) {
    EXPECT_THAT(ss_text(all(), "-tan state time-wait"), HasSubstr("40001"));
    EXPECT_THAT(ss_text(all(), "-tan state time-wait"), Not(HasSubstr("40000")));
    EXPECT_THAT(ss_text(all(), "-tn state bucket"), HasSubstr("SYN-RECV"));
    EXPECT_THAT(ss_text(all(), "-tan exclude time-wait"), Not(HasSubstr("40001")));
    EXPECT_THAT(ss_text(all(), "-tn state syn-recv state listening"), HasSubstr("LISTEN"));
}

TEST(Ss, AddressesAndPorts) {
    EXPECT_THAT(ss_text(all(), "-tanH ( dport = :40000 )"), HasSubstr("ESTAB 0      6"));
    EXPECT_EQ(ss_text(all(), "-tanH dport :40000 and sport = :81"), "");
    EXPECT_THAT(ss_text(all(), "-tan dst 10.0.0.1"), Not(HasSubstr("LISTEN")));
    EXPECT_THAT(ss_text(all(), "-tan dst 10.0.0.1:40003"), HasSubstr("CLOSE-WAIT"));
    EXPECT_EQ(ss_text(all(), "-tanH src 10.0.0.0/24 dst :99"), "");
}

TEST(Ss, TimersAreWrittenAsSsWritesThem) {
    const auto timer = [](Duration left) {
        SocketInfo s = connection(State::kEstablished, 1);
        s.timer = TimerKind::kKeepalive;
        s.timer_left = left;
        const std::string text = ss_text(rows_of({s}), "-tnoH");
        return text.substr(text.find("timer:"));
    };
    EXPECT_EQ(timer(200ms), "timer:(keepalive,200ms,0)\n");
    EXPECT_EQ(timer(4ms), "timer:(keepalive,004ms,0)\n");
    EXPECT_EQ(timer(1500ms), "timer:(keepalive,1.500ms,0)\n");
    EXPECT_EQ(timer(12'345ms), "timer:(keepalive,12sec,0)\n");
    EXPECT_EQ(timer(118s), "timer:(keepalive,1min58sec,0)\n");
    EXPECT_EQ(timer(7190s), "timer:(keepalive,119min,0)\n");
}

TEST(Ss, MistakesAreTold) {
    EXPECT_EQ(error_of("-tx"),
              "ss: unknown flag \"-x\"; allowed: -t -u -a -l -n -o -i -e -m -p -s -H -O -4");
    EXPECT_THAT(error_of("--tpc"), HasSubstr("unknown flag \"--tpc\""));
    EXPECT_THAT(error_of("-"), HasSubstr("unknown flag \"-\""));
    EXPECT_THAT(error_of("-t stat"), HasSubstr("unknown word \"stat\", did you mean \"state\""));
    EXPECT_THAT(error_of("-t state timewait"),
                HasSubstr("unknown state \"timewait\", did you mean \"time-wait\""));
    EXPECT_THAT(error_of("-t state"), HasSubstr("a value is missing after \"state\""));
    EXPECT_THAT(error_of("-t sport = :htpp"), HasSubstr("\"htpp\" is no port"));
    EXPECT_THAT(error_of("-t dst web"), HasSubstr("\"web\" is no address"));
}

TEST(Nstat, WhatIsNotZero) {
    tcp::Mibs mibs;
    mibs.add(tcp::Mib::kTcpPassiveOpens, 12);
    mibs.add(tcp::Mib::kTcpExtListenOverflows, 1234567);
    EXPECT_EQ('\n' + nstat_text(mibs, ""), R"(
#kernel
TcpPassiveOpens                 12                 0.0
TcpExtListenOverflows           1234567            0.0
)");
}

TEST(Nstat, ZerosOnDemandAndNamesChoose) {
    tcp::Mibs mibs;
    mibs.add(tcp::Mib::kTcpExtListenDrops, 5);
    EXPECT_THAT(nstat_text(mibs, "-az"),
                HasSubstr("TcpExtListenOverflows           0                  0.0\n"));
    EXPECT_EQ(nstat_text(mibs, "-az TcpExtListen*"),
              "#kernel\n"
              "TcpExtListenOverflows           0                  0.0\n"
              "TcpExtListenDrops               5                  0.0\n");
    EXPECT_EQ(nstat_text(mibs, "*Drops *Overflows"),
              "#kernel\nTcpExtListenDrops               5                  0.0\n");
}

TEST(Nstat, MistakesAreTold) {
    const auto error = [](std::string_view arguments) -> std::string {
        try {
            nstat_text(tcp::Mibs{}, arguments);
        } catch (const InputError& e) {
            return e.what();
        }
        return "no error";
    };
    EXPECT_EQ(error("-q"), "nstat: unknown flag \"-q\"; allowed: -a -z -s -n -r -j");
    EXPECT_EQ(error("-"), "nstat: unknown flag \"-\"; allowed: -a -z -s -n -r -j");
    EXPECT_THAT(error("TcpExtListenDrop"), HasSubstr("did you mean \"TcpExtListenDrops\""));
    EXPECT_THAT(error("*a*b*c*d*e*f*g*h*i*j*k*l*m*"), HasSubstr("no counter matches"));
}

}  // namespace
}  // namespace netsim::observe
