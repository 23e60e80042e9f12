// Who holds which socket, and UDP: ss -p and -u, netstat -p and -u, lsof, /proc/net/udp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

/// A web server with one connection, and beside it a process with two UDP sockets.
class Holders : public testing::Test {
 protected:
    void SetUp() override {
        net_.link(client_, server_, {.delay = milliseconds(10)});
        server_.serve({.port = 80, .backlog = 64, .request = 5, .response = 6, .name = "nginx"});
        client_.load(
            "server:80",
            {.rate = 1000, .hold = seconds(60), .request = 5, .response = 6, .max_connections = 1});
        bound_ = *dns_.udp();
        connected_ = *dns_.udp();
        EXPECT_TRUE(bound_.bind({Ipv4{}, 53}));
        EXPECT_TRUE(connected_.bind({server_.address(), 5353}));
        EXPECT_TRUE(connected_.connect({client_.address(), 9}));
        net_.run_until(Time(seconds(1)));
        port_ = on(client_, "ss -tnH");
        const std::size_t at = port_.find("10.0.0.1:") + 9;
        port_ = port_.substr(at, port_.find(' ', at) - at);
    }

    static std::string on(HostRef& host, std::string_view line) { return host.sh(line)->out(); }

    Network net_;
    HostRef client_ = net_.host("client");
    HostRef server_ = net_.host("server");
    ProcessRef dns_ = server_.process({.name = "unbound", .nofile = 0});
    UdpSocket bound_;
    UdpSocket connected_;
    std::string port_;
};

TEST_F(Holders, SsTellsProcessAndDescriptor) {
    EXPECT_THAT(on(server_, "ss -tlnp"),
                AllOf(HasSubstr("Peer Address:PortProcess\n"),
                      HasSubstr("0.0.0.0:*    users:((\"nginx\",pid=302,fd=3))\n")));
    EXPECT_THAT(on(server_, "ss -tnp"), HasSubstr(" users:((\"nginx\",pid=302,fd=4))\n"));
    EXPECT_THAT(on(server_, "ss -tn"), Not(HasSubstr("users")));
    EXPECT_THAT(on(client_, "ss -tnpo"), HasSubstr(" users:((\"load\",pid=301,fd=3))"));
}

TEST_F(Holders, SsListsUdp) {
    EXPECT_EQ(on(server_, "ss -uanp"),
              "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"
              "UNCONN 0      0            0.0.0.0:53        0.0.0.0:*    "
              "users:((\"unbound\",pid=301,fd=3))\n"
              "ESTAB  0      0           10.0.0.2:5353     10.0.0.1:9    "
              "users:((\"unbound\",pid=301,fd=4))\n");
    EXPECT_THAT(on(server_, "ss -uln"), AllOf(HasSubstr(":53 "), Not(HasSubstr("5353"))));
    EXPECT_THAT(on(server_, "ss -un"), AllOf(HasSubstr(":5353"), Not(HasSubstr("UNCONN"))));
    EXPECT_THAT(on(server_, "ss -an"), AllOf(StartsWith("Netid State"), HasSubstr("\nudp   UNCONN"),
                                             HasSubstr("\ntcp   LISTEN")));
    EXPECT_THAT(on(server_, "ss -tan"), Not(HasSubstr("5353")));
    EXPECT_THAT(on(server_, "ss -s"), HasSubstr("UDP\t  2         2         0\n"));
    EXPECT_THAT(on(server_, "cat /proc/net/sockstat"), HasSubstr("UDP: inuse 2 mem 0\n"));
}

TEST_F(Holders, NetstatTellsThemToo) {
    EXPECT_THAT(on(server_, "netstat -antp"),
                AllOf(HasSubstr("State       PID/Program name\n"),
                      HasSubstr("LISTEN      302/nginx\n"), HasSubstr("ESTABLISHED 302/nginx\n")));
    EXPECT_THAT(on(server_, "netstat -antpo"),
                HasSubstr("ESTABLISHED 302/nginx            off (0.00/0/0)\n"));
    EXPECT_EQ(on(server_, "netstat -anup"),
              "Active Internet connections (servers and established)\n"
              "Proto Recv-Q Send-Q Local Address           Foreign Address         State       "
              "PID/Program name\n"
              "udp        0      0 0.0.0.0:53              0.0.0.0:*                           "
              "301/unbound\n"
              "udp        0      0 10.0.0.2:5353           10.0.0.1:9              ESTABLISHED "
              "301/unbound\n");
}

TEST_F(Holders, LsofListsThemByProcess) {
    EXPECT_EQ(on(server_, "lsof -nP -i"),
              "COMMAND PID USER   FD   TYPE DEVICE SIZE/OFF NODE NAME\n"
              "unbound 301 root    3u  IPv4      2      0t0  UDP *:53\n"
              "unbound 301 root    4u  IPv4      4      0t0  UDP 10.0.0.2:5353->10.0.0.1:9\n"
              "nginx   302 root    3u  IPv4      1      0t0  TCP *:80 (LISTEN)\n"
              "nginx   302 root    4u  IPv4      3      0t0  TCP 10.0.0.2:80->10.0.0.1:" +
                  port_ + " (ESTABLISHED)\n");
    EXPECT_THAT(on(server_, "lsof -i :80"), HasSubstr("TCP *:http (LISTEN)\n"));
    EXPECT_THAT(on(server_, "lsof -i TCP:http"), HasSubstr("TCP server:http->client:" + port_));
    EXPECT_THAT(on(server_, "lsof -i@client:" + port_), HasSubstr("(ESTABLISHED)"));
}

// The kernel has no addresses for it in /proc/net/tcp: no -i finds it.
TEST_F(Holders, LsofKnowsASocketWithoutConnectionByItsProtocolAlone) {
    ASSERT_TRUE(dns_.tcp());  // the process has it: descriptor 5
    EXPECT_THAT(on(server_, "lsof -nP -p 301"),
                HasSubstr("unbound 301 root    5u  sock    0,8      0t0    5 protocol: TCP\n"));
    EXPECT_THAT(on(server_, "lsof -nP -i -sTCP:CLOSE"), Not(HasSubstr("protocol")));
    EXPECT_THAT(on(server_, "lsof -nP -i"), Not(HasSubstr(" 5u ")));
}

TEST_F(Holders, LsofChooses) {
    const auto lines = [&](std::string_view line) {
        const std::string out = on(server_, line);
        return std::count(out.begin(), out.end(), '\n');
    };
    EXPECT_EQ(lines("lsof -nP -i :80"), 3);
    EXPECT_EQ(lines("lsof -nP -i UDP"), 3);
    EXPECT_EQ(lines("lsof -nP -i :50-60"), 2);
    EXPECT_EQ(lines("lsof -nP -iTCP -sTCP:LISTEN"), 2);
    EXPECT_EQ(lines("lsof -nP -iTCP -sTCP:^LISTEN"), 2);
    EXPECT_EQ(lines("lsof -nP -p 301"), 3);
    EXPECT_EQ(lines("lsof -nP -i TCP -p 301"), 5);     // either
    EXPECT_EQ(lines("lsof -nP -a -i TCP -p 301"), 0);  // both
    EXPECT_EQ(lines("lsof -nP -c ngi"), 3);
    EXPECT_EQ(on(server_, "lsof -t -i"), "301\n302\n");
}

TEST_F(Holders, ProcNetUdp) {
    EXPECT_EQ(on(server_, "cat /proc/net/udp"),
              "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
              "timeout inode\n"
              "   53: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0  "
              "      0 2\n"
              " 5353: 0200000A:14E9 0100000A:0009 01 00000000:00000000 00:00000000 00000000     0  "
              "      0 4\n");
}

TEST_F(Holders, NobodyHoldsWhatAKilledProcessLeaves) {
    dns_.kill();
    EXPECT_EQ(on(server_, "lsof -t -i"), "302\n");
    EXPECT_EQ(on(server_, "ss -uanH"), "");
}

}  // namespace
}  // namespace netsim
