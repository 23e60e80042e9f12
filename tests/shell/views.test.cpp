// The views of a small network at a host's prompt, in the real tools' columns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// client - r - server; one connection that is held open from 0.1 s on.
class Views : public testing::Test {
 protected:
    void SetUp() override {
        net_.link(client_, router_, {.rate_bps = 10'000'000, .delay = milliseconds(10)});
        net_.link(router_, server_, {.delay = milliseconds(10)});
        server_.serve({.port = 80, .backlog = 64, .request = 5, .response = 6});
        client_.load("server:80", {.rate = 10,
                                   .spacing = Spacing::kFixed,
                                   .hold = seconds(60),
                                   .request = 5,
                                   .response = 6,
                                   .max_connections = 1});
        net_.run_until(Time(seconds(5)));
    }

    std::string on(HostRef& host, std::string_view line) { return host.sh(line)->out(); }

    static std::string message_of(const std::function<void()>& f) {
        try {
            f();
        } catch (const InputError& error) {
            return error.what();
        }
        return "no error";
    }

    std::string error(std::string_view line) {
        return message_of([&] { server_.sh(line); });
    }

    std::uint16_t client_port() {
        const std::string line = on(client_, "ss -tnH");
        const std::size_t at = line.find("10.0.0.1:") + 9;
        return static_cast<std::uint16_t>(std::stoi(line.substr(at)));
    }

    Network net_;
    HostRef client_ = net_.host("client");
    HostRef server_ = net_.host("server");
    RouterRef router_ = net_.router("r");
};

TEST_F(Views, SsFiltersAsSsDoes) {
    const std::string port = std::to_string(client_port());
    EXPECT_THAT(on(server_, "ss -tan"), HasSubstr("LISTEN 0      64"));
    EXPECT_THAT(on(server_, "ss -tanH 'sport = :80 and dport = :" + port + "'"), HasSubstr(port));
    EXPECT_EQ(on(server_, "ss -tanH 'sport = :81 or dport = :1'"), "");
    EXPECT_THAT(on(server_, "ss -tanH '( sport = :81 or dport = :" + port + " ) and sport :80'"),
                HasSubstr("ESTAB"));
    EXPECT_THAT(on(server_, "ss -tanH dport ge :1024"), HasSubstr("ESTAB"));
    EXPECT_EQ(on(server_, "ss -tanH dport lt :1024 sport gt :80"), "");
    EXPECT_THAT(on(server_, "ss -tanH dport lt :1024"), HasSubstr("LISTEN"));
    EXPECT_EQ(on(server_, "ss -tanH not sport = :http"), "");
    EXPECT_THAT(on(client_, "ss -tanH autobound"), HasSubstr("ESTAB"));
    EXPECT_EQ(on(server_, "ss -tanH dst != 10.0.0.1 src != 0.0.0.0"), "");
}

TEST_F(Views, SsHidesTheStateWhereThereIsOneOnly) {
    EXPECT_THAT(on(server_, "ss -tn state established"), StartsWith("Recv-Q Send-Q Local"));
    EXPECT_THAT(on(server_, "ss -tn"), StartsWith("State"));
}

TEST_F(Views, SsSummarises) {
    EXPECT_EQ(on(server_, "ss -s"),
              "Total: 2\n"
              "TCP:   2 (estab 1, closed 0, orphaned 0, timewait 0)\n"
              "\n"
              "Transport Total     IP        IPv6\n"
              "RAW\t  0         0         0\n"
              "UDP\t  0         0         0\n"
              "TCP\t  2         2         0\n"
              "INET\t  2         2         0\n"
              "FRAG\t  0         0         0\n"
              "\n");
    EXPECT_THAT(on(server_, "ss -s -t"), HasSubstr("State"));
}

TEST_F(Views, SsFilterMistakesAreTold) {
    EXPECT_THAT(error("ss -tan '( sport = :80'"), HasSubstr("\"(\" in the filter is not closed"));
    EXPECT_THAT(error("ss -tan 'sport = :80 )'"), HasSubstr("\")\" closes nothing"));
    EXPECT_THAT(error("ss -tan sport = :80 or"), HasSubstr("a condition is expected"));
    EXPECT_THAT(error("ss -tan src gt 10.0.0.1"), HasSubstr("by = and != only"));
}

TEST_F(Views, NetstatListsConnections) {
    const std::string port = std::to_string(client_port());
    const std::string peer = "10.0.0.1:" + port;
    EXPECT_EQ(on(server_, "netstat -nat"),
              "Active Internet connections (servers and established)\n"
              "Proto Recv-Q Send-Q Local Address           Foreign Address         State\n"
              "tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN\n"
              "tcp        0      0 10.0.0.2:80             " +
                  peer + std::string(24 - peer.size(), ' ') + "ESTABLISHED\n");
    EXPECT_THAT(on(server_, "netstat -ltn"), AllOf(HasSubstr("(only servers)"), HasSubstr("LISTEN"),
                                                   Not(HasSubstr("ESTABLISHED"))));
    EXPECT_THAT(on(server_, "netstat -tn"),
                AllOf(HasSubstr("(w/o servers)"), HasSubstr("ESTAB"), Not(HasSubstr("LISTEN"))));
    EXPECT_THAT(on(server_, "netstat -t"), HasSubstr("server:http             client:" + port));
    EXPECT_THAT(on(server_, "netstat -nato"), HasSubstr("ESTABLISHED off (0.00/0/0)\n"));
    EXPECT_THAT(error("netstat -natz"), HasSubstr("unknown flag \"-z\"; allowed: -t -u"));
    EXPECT_THAT(error("netstat -s -i"), HasSubstr("only one of"));
    EXPECT_THAT(error("netstat 80"), HasSubstr("no filters"));
}

TEST_F(Views, NetstatSpeaksOfCounters) {
    const std::string text = on(server_, "netstat -s");
    EXPECT_THAT(text, StartsWith("Ip:\n"));
    EXPECT_THAT(text, HasSubstr("\nTcp:\n    0 active connection openings\n"
                                "    1 passive connection openings\n"));
    EXPECT_THAT(text, HasSubstr("    1 connections established\n"));
    EXPECT_THAT(text, HasSubstr("    ICMP input histogram:\n"));
    EXPECT_THAT(text, Not(HasSubstr("times the listen queue")));
    EXPECT_THAT(on(server_, "netstat -st"), Not(HasSubstr("Icmp:")));
}

TEST_F(Views, NetstatHasInterfacesAndRoutes) {
    EXPECT_THAT(on(client_, "netstat -i"),
                StartsWith("Kernel Interface table\n"
                           "Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR "
                           "TX-DRP TX-OVR Flg\n"
                           "eth0             1500        1      0      0 0             2      0 "
                           "     0      0 OPRU\n"));
    EXPECT_EQ(on(client_, "netstat -rn"),
              "Kernel IP routing table\n"
              "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n"
              "0.0.0.0         10.0.0.3        0.0.0.0         UG        0 0          0 eth0\n");
    EXPECT_THAT(on(client_, "netstat -r"), HasSubstr("default         r               0.0.0.0"));
}

TEST_F(Views, NstatRemembersItsLastCall) {
    const auto passive = [](std::string_view value) {
        return HasSubstr("TcpPassiveOpens                 " + std::string(value) + " ");
    };
    EXPECT_THAT(on(server_, "nstat"), passive("1"));
    EXPECT_EQ(on(server_, "nstat"), "#kernel\n");
    EXPECT_THAT(on(server_, "nstat -a"), passive("1"));
    EXPECT_THAT(on(server_, "nstat -z TcpPassiveOpens"), passive("0"));
    EXPECT_THAT(on(server_, "nstat -rs TcpPassiveOpens"), passive("1"));
    EXPECT_EQ(on(server_, "nstat TcpPassiveOpens"), "#kernel\n");
    EXPECT_EQ(on(server_, "nstat -ajz TcpPassiveOpens TcpActiveOpens"),
              "{\"kernel\":{\"TcpActiveOpens\":0,\"TcpPassiveOpens\":1}}\n");
    EXPECT_EQ(on(server_, "nstat -n"), "");
    EXPECT_THAT(on(server_, "cat /tmp/.nstat.u0"), StartsWith("#kernel\nIpInReceives "));
    EXPECT_THAT(on(server_, "nstat -az"), Not(HasSubstr("TcpCurrEstab")));  // a gauge
    server_.sh("nstat");
    client_.load("server:80", {.rate = 1000, .request = 5, .response = 6, .max_connections = 2});
    net_.run_until(Time(seconds(7)));
    EXPECT_THAT(on(server_, "nstat -s"), passive("2"));
    EXPECT_THAT(on(server_, "nstat"), passive("2"));  // -s did not remember
}

TEST_F(Views, ProcNetTcpIsTheKernels) {
    const std::string text = on(server_, "cat /proc/net/tcp");
    EXPECT_THAT(text, StartsWith("  sl  local_address rem_address   st tx_queue rx_queue tr "
                                 "tm->when retrnsmt   uid  timeout inode\n"
                                 "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 "
                                 "00:00000000 00000000     0        0 1\n"
                                 "   1: 0200000A:0050 0100000A:"));
    EXPECT_THAT(text, HasSubstr(" 01 00000000:00000000 00:00000000 00000000     0        0 3\n"));
}

TEST_F(Views, ProcNetCountersStandInPairsOfLines) {
    EXPECT_THAT(on(server_, "cat /proc/net/snmp"),
                AllOf(StartsWith("Ip: Forwarding DefaultTTL InReceives "), HasSubstr("\nIp: 2 64 "),
                      HasSubstr("\nTcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens "
                                "PassiveOpens "),
                      HasSubstr("\nTcp: 1 200 120000 -1 0 1 ")));
    EXPECT_THAT(on(server_, "cat /proc/net/netstat"),
                AllOf(StartsWith("TcpExt: SyncookiesSent "), HasSubstr("\nIpExt: ")));
    EXPECT_EQ(on(server_, "cat /proc/net/sockstat"),
              "sockets: used 2\nTCP: inuse 2 orphan 0 tw 0 alloc 2 mem 0\nUDP: inuse 0 mem 0\n");
    EXPECT_EQ(on(client_, "cat /proc/net/route"),
              "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\t"
              "IRTT\neth0\t00000000\t0300000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
    EXPECT_THAT(on(client_, "cat /proc/net/dev"), HasSubstr("\n  eth0: "));
    EXPECT_EQ(on(client_, "cat /proc/net/softnet_stat"), "");  // no CPU
}

TEST_F(Views, ProcSysAndFilesThatAreNotThere) {
    EXPECT_EQ(on(server_, "cat /proc/sys/net/ipv4/tcp_rmem"), "4096\t131072\t33554432\n");
    EXPECT_EQ(on(server_, "cat /proc/sys/net/ipv4/tcp_congestion_control"), "cubic\n");
    EXPECT_THAT(error("cat /proc/sys/net/ipv4/tcp_rmen"),
                AllOf(HasSubstr("No such file or directory"),
                      HasSubstr("did you mean \"/proc/sys/net/ipv4/tcp_rmem\"")));
    EXPECT_THAT(error("cat /proc/net/arp"), HasSubstr("there are /proc/net/dev"));
    EXPECT_THAT(error("cat /proc/net"), HasSubstr("cat: /proc/net: Is a directory"));
    EXPECT_THAT(error("cat"), HasSubstr("which file"));
}

TEST_F(Views, SysctlReadsAndWrites) {
    EXPECT_EQ(on(server_, "sysctl net.core.somaxconn"), "net.core.somaxconn = 4096\n");
    EXPECT_EQ(on(server_, "sysctl net/ipv4/tcp_rmem"),
              "net.ipv4.tcp_rmem = 4096\t131072\t33554432\n");
    EXPECT_EQ(on(server_, "sysctl -n net.core.somaxconn net.ipv4.tcp_sack"), "4096\n1\n");
    EXPECT_EQ(on(server_, "sysctl -w net.core.somaxconn=2"), "net.core.somaxconn = 2\n");
    EXPECT_EQ(server_.sysctl("net.core.somaxconn"), "2");
    EXPECT_EQ(on(server_, "sysctl -q net.core.somaxconn=3"), "");
    EXPECT_EQ(on(server_, "sysctl -b net.core.somaxconn"), "3");
    EXPECT_EQ(on(server_, "sysctl -a -r tcp_keepalive_p"), "net.ipv4.tcp_keepalive_probes = 9\n");
    EXPECT_THAT(on(server_, "sysctl -aN"), HasSubstr("\nnet.ipv4.tcp_syncookies\n"));
    EXPECT_EQ(on(server_, "sysctl -e net.foo"), "");
    EXPECT_THAT(error("sysctl net.ipv4.tcp_syncokies"),
                AllOf(HasSubstr("cannot stat /proc/sys/net/ipv4/tcp_syncokies"),
                      HasSubstr("did you mean \"net.ipv4.tcp_syncookies\"")));
    EXPECT_THAT(error("sysctl -w net.core.somaxconn=many"), HasSubstr("allowed: 0..2147483647"));
    EXPECT_THAT(error("sysctl -w net.core.somaxconn"), HasSubstr("write net.core.somaxconn=VALUE"));
    EXPECT_THAT(error("sysctl -Z"), HasSubstr("unknown flag \"-Z\""));
    EXPECT_THAT(error("sysctl -a -r '('"), HasSubstr("no regular expression"));
}

TEST_F(Views, SysctlLoadsFiles) {
    server_.set_file("/etc/sysctl.conf",
                     "# comment\n; another\n\n net.core.somaxconn = 7 \n-net.foo = 1\n"
                     "net/ipv4/tcp_rmem=4096 131072\t6291456\n");
    EXPECT_EQ(on(server_, "sysctl -p"),
              "net.core.somaxconn = 7\nnet.ipv4.tcp_rmem = 4096 131072\t6291456\n");
    EXPECT_EQ(server_.sysctl("net.ipv4.tcp_rmem"), "4096 131072 6291456");
    server_.set_file("/bad", "net.core.somaxconn = 8\nnet.ipv4.tcp_sack = 7\n");
    EXPECT_THAT(error("sysctl -p /bad"), StartsWith("/bad:2: sysctl net.ipv4.tcp_sack: \"7\""));
    EXPECT_EQ(server_.sysctl("net.core.somaxconn"), "7");  // nothing of it was set
    server_.set_file("/bad", "net.core.somaxconn 8\n");
    EXPECT_THAT(error("sysctl -p /bad"), StartsWith("/bad:1: \"net.core.somaxconn 8\" is no"));
    EXPECT_THAT(error("sysctl -p /none"), HasSubstr("host server has /bad, /etc/sysctl.conf"));
    EXPECT_THAT(message_of([&] { server_.set_file("x", ""); }), HasSubstr("must begin with /"));
}

TEST_F(Views, IpShowsRoutesLinksAndAddresses) {
    EXPECT_EQ(on(client_, "ip route"), "default via 10.0.0.3 dev eth0\n");
    EXPECT_EQ(on(client_, "ip route get server"),
              "10.0.0.2 via 10.0.0.3 dev eth0 src 10.0.0.1\n    cache\n");
    EXPECT_EQ(on(client_, "ip route get 10.0.0.1"),
              "local 10.0.0.1 dev lo src 10.0.0.1\n    cache <local>\n");
    EXPECT_EQ(on(client_, "ip -s link show dev eth0"),
              "2: eth0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1500 qdisc netem state UP\n"
              "    link/none\n"
              "    RX:  bytes packets errors dropped  missed   mcast\n"
              "            60       1      0       0       0       0\n"
              "    TX:  bytes packets errors dropped carrier collsns\n"
              "           112       2      0       0       0       0\n");
    EXPECT_THAT(on(client_, "ip addr"), HasSubstr("    inet 10.0.0.1/32 scope global eth0\n"));
    EXPECT_EQ(on(client_, "ip -br addr"), "eth0             UP             10.0.0.1/32\n");
    client_.blackhole(*parse_prefix("198.18.0.0/15"));
    EXPECT_THAT(on(client_, "ip r"), HasSubstr("blackhole 198.18.0.0/15\n"));
    const auto lost = client_.sh("ip route get 198.18.0.1");
    EXPECT_EQ(lost->out(), "RTNETLINK answers: Invalid argument\n");
    EXPECT_EQ(lost->exit_code(), 2);
    net_.links().front().set_up(false);
    EXPECT_THAT(on(client_, "ip link"), HasSubstr("NO-CARRIER"));
    EXPECT_THAT(error("ip link show dev eth9"),
                HasSubstr("\"eth9\" does not exist; there are eth0"));
    EXPECT_THAT(error("ip rout"), HasSubstr("unknown, did you mean \"route\"?"));
    EXPECT_THAT(error("ip route add default"), HasSubstr("there are show, list, get"));
    EXPECT_THAT(error("ip"), HasSubstr("there are route, link, addr, tcp_metrics"));
}

TEST_F(Views, IpKnowsAndForgetsPeers) {
    EXPECT_EQ(on(client_, "ip tcp_metrics"), "");
    client_.load("server:80", {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    net_.run_until(Time(seconds(8)));
    const std::string known = on(client_, "ip tcp_metrics show");
    EXPECT_THAT(known, AllOf(StartsWith("10.0.0.2 age "), HasSubstr("sec rtt 40"),
                             HasSubstr("us source 10.0.0.1\n")));
    EXPECT_EQ(on(client_, "ip tcp_metrics show server"), known);
    EXPECT_EQ(client_.sh("ip tcp_metrics delete 10.9.9.9")->exit_code(), 2);
    EXPECT_EQ(client_.sh("ip tcp_metrics flush 10.0.0.2")->exit_code(), 0);
    EXPECT_EQ(on(client_, "ip tcp_metrics"), "");
    EXPECT_EQ(client_.sh("ip tcp_metrics show 10.0.0.2")->exit_code(), 2);
    EXPECT_EQ(client_.sh("ip tcp_metrics flush")->exit_code(), 0);
    EXPECT_THAT(error("ip tcp_metrics flash"), HasSubstr("there are show, list, flush, delete"));
}

TEST_F(Views, SarCountsPerSecond) {
    const auto job = client_.sh("sar -n TCP,DEV 1 1");
    client_.load("server:80", {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    net_.run_until(Time(seconds(7)));
    ASSERT_TRUE(job->done());
    EXPECT_THAT(job->out(), HasSubstr("\n\n00:00:05        IFACE   rxpck/s   txpck/s    rxkB/s"));
    EXPECT_THAT(job->out(), HasSubstr("\n\n00:00:05     active/s passive/s    iseg/s    oseg/s\n"
                                      "00:00:06         1.00      0.00"));
    EXPECT_THAT(job->out(), HasSubstr("\n\nAverage:     active/s passive/s    iseg/s    oseg/s\n"
                                      "Average:         1.00      0.00"));
    EXPECT_THAT(error("sar -n UDP 1"), HasSubstr("there are DEV, SOCK, TCP, ETCP"));
}

}  // namespace
}  // namespace netsim
