// ping, traceroute, tracepath, mtr and nslookup: what they print, on ways that lose, refuse, limit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "netsim/network.hpp"

namespace netsim::shell {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

/// client - r1 - r2 - server, 5 ms each.
struct Line {
    explicit Line(const LinkOptions& last_options = {.delay = milliseconds(5)})
        : last(net.link(r2, server, last_options)) {}

    /// Runs the tool on the client to its end.
    std::string run(const std::string& line, int exit_code = 0) {
        const std::unique_ptr<Job> job = client.sh(line);
        net.run_until(net.now() + seconds(200));
        EXPECT_TRUE(job->done()) << line;
        EXPECT_EQ(job->exit_code(), exit_code) << line << "\n" << job->out();
        EXPECT_TRUE(client.processes().empty());
        return job->out();
    }

    Network net;
    HostRef client = net.host("client");
    RouterRef r1 = net.router("r1");
    RouterRef r2 = net.router("r2");
    HostRef server = net.host("server");
    LinkRef first = net.link(client, r1, {.delay = milliseconds(5)});
    LinkRef middle = net.link(r1, r2, {.delay = milliseconds(5)});
    LinkRef last;
};

std::string error_of(const std::function<void()>& f) {
    try {
        f();
    } catch (const InputError& e) {
        return e.what();
    }
    return "no error";
}

LinkOptions silent() {
    return {.delay = milliseconds(5), .loss = 1};
}

class Way : public testing::Test, protected Line {};

TEST_F(Way, Ping) {
    EXPECT_EQ(run("ping -c 3 server"),
              "PING server (10.0.0.4) 56(84) bytes of data.\n"
              "64 bytes from server (10.0.0.4): icmp_seq=1 ttl=62 time=30.0 ms\n"
              "64 bytes from server (10.0.0.4): icmp_seq=2 ttl=62 time=30.0 ms\n"
              "64 bytes from server (10.0.0.4): icmp_seq=3 ttl=62 time=30.0 ms\n"
              "\n--- server ping statistics ---\n"
              "3 packets transmitted, 3 received, 0% packet loss, time 2000ms\n"
              "rtt min/avg/max/mdev = 30.000/30.000/30.000/0.000 ms\n");
    EXPECT_EQ(run("ping -nq -c2 -i 0.5 -s 100 10.0.0.4"),
              "PING 10.0.0.4 (10.0.0.4) 100(128) bytes of data.\n"
              "\n--- 10.0.0.4 ping statistics ---\n"
              "2 packets transmitted, 2 received, 0% packet loss, time 500ms\n"
              "rtt min/avg/max/mdev = 30.000/30.000/30.000/0.000 ms\n");
    EXPECT_EQ(client.counter("IcmpInEchoReps"), 5U);
}

TEST_F(Way, PingTellsErrorsAndSilence) {
    EXPECT_EQ(run("ping -c 2 -i 0.2 -t 1 server", 1),
              "PING server (10.0.0.4) 56(84) bytes of data.\n"
              "From r1 (10.0.0.2) icmp_seq=1 Time to live exceeded\n"
              "From r1 (10.0.0.2) icmp_seq=2 Time to live exceeded\n"
              "\n--- server ping statistics ---\n"
              "2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 200ms\n\n");
    Line narrow({.delay = milliseconds(5), .mtu = 1400});
    EXPECT_THAT(narrow.run("ping -n -c 2 -M do -s 1472 server", 1),
                testing::AllOf(HasSubstr("From 10.0.0.3 icmp_seq=1 Frag needed and DF set (mtu = "
                                         "1400)\nping: local error: message too long, mtu=1400\n"),
                               HasSubstr("2 packets transmitted, 0 received, +2 errors, 100%")));
    last.set_options(0, silent());
    const Time before = net.now();
    const std::unique_ptr<Job> silent = client.sh("ping -c 1 -W 2 server");
    net.run_until(before + milliseconds(1999));
    EXPECT_FALSE(silent->done());
    net.run_until(before + milliseconds(2001));
    EXPECT_EQ(silent->out(),
              "PING server (10.0.0.4) 56(84) bytes of data.\n\n--- server ping statistics ---\n"
              "1 packets transmitted, 0 received, 100% packet loss, time 0ms\n\n");
    EXPECT_EQ(silent->exit_code(), 1);
}

TEST_F(Way, PingCountsWhatIsLostAndCopied) {
    first.set_options(0, {.delay = milliseconds(5), .loss = 0.5});
    first.set_options(1, {.delay = milliseconds(5), .duplicate = 1});
    const std::string out = run("ping -c 40 -i 0.1 server");
    EXPECT_THAT(out, HasSubstr(" time=30.0 ms (DUP!)\n"));
    EXPECT_THAT(out,
                testing::ContainsRegex("40 packets transmitted, [12][0-9] received, \\+[12][0-9] "
                                       "duplicates, [3-7][0-9.]+% packet loss"));
}

TEST_F(Way, PingGoesOnUntilItIsInterrupted) {
    const std::unique_ptr<Job> job = client.sh("ping server");
    net.run_until(Time(milliseconds(5500)));
    EXPECT_FALSE(job->done());
    job->interrupt();
    EXPECT_TRUE(job->done());
    EXPECT_THAT(job->out(), HasSubstr("6 packets transmitted, 6 received, 0% packet loss, time "
                                      "5000ms"));
}

TEST_F(Way, PingWithoutARoute) {
    client.blackhole({ipv4(10, 0, 0, 4), 32});
    EXPECT_EQ(run("ping -c 1 server", 2), "ping: connect: Network is unreachable\n");
}

TEST_F(Way, AToolEndsWhenItIsKilledOrPowerFails) {
    const std::unique_ptr<Job> ping = client.sh("ping server");
    const std::unique_ptr<Job> mtr = client.sh("mtr --report server");
    net.run_until(Time(milliseconds(1500)));
    ASSERT_EQ(client.processes().size(), 2U);
    EXPECT_EQ(client.processes()[0].name, "ping");
    client.kill(client.processes()[0].pid);
    EXPECT_TRUE(ping->done());
    EXPECT_EQ(ping->exit_code(), 137);
    EXPECT_FALSE(mtr->done());
    client.power_off();
    EXPECT_TRUE(mtr->done());
    net.run_until(Time(seconds(20)));
}

TEST_F(Way, Traceroute) {
    EXPECT_EQ(run("traceroute server"),
              "traceroute to server (10.0.0.4), 30 hops max, 60 byte packets\n"
              " 1  r1 (10.0.0.2)  10.000 ms  10.000 ms  10.000 ms\n"
              " 2  r2 (10.0.0.3)  20.000 ms  20.000 ms  20.000 ms\n"
              " 3  server (10.0.0.4)  30.000 ms  30.000 ms  30.000 ms\n");
    EXPECT_EQ(server.counter("UdpNoPorts"), 16U);  // up to 16 are under way at a time
    EXPECT_EQ(run("traceroute -n -q 1 -f 2 -m 2 server"),
              "traceroute to server (10.0.0.4), 2 hops max, 60 byte packets\n"
              " 2  10.0.0.3  20.000 ms\n");
    const std::string by_icmp = run("traceroute -n -I server");
    EXPECT_THAT(by_icmp, HasSubstr(" 3  10.0.0.4  30.000 ms  30.000 ms  30.000 ms\n"));
    EXPECT_THAT(run("traceroute -n -T server"),
                HasSubstr(" 3  10.0.0.4  30.000 ms  30.000 ms  30.000 ms\n"));
    EXPECT_GT(server.counter("TcpOutRsts"), 0U);
    server.serve({.port = 80});
    EXPECT_THAT(run("traceroute -n -T -p 80 server"),
                HasSubstr(" 3  10.0.0.4  30.000 ms  30.000 ms  30.000 ms\n"));
}

TEST_F(Way, TracerouteShowsStarsWhereAnswersAreLimited) {
    // A router's limit for one destination: a burst of 6, then one each second.
    EXPECT_EQ(
        run("traceroute -n -q 8 -m 1 server"),
        "traceroute to server (10.0.0.4), 1 hops max, 60 byte packets\n"
        " 1  10.0.0.2  10.000 ms  10.000 ms  10.000 ms  10.000 ms  10.000 ms  10.000 ms * *\n");
    last.set_options(0, silent());
    EXPECT_THAT(run("traceroute -n -q 2 -m 4 -w 1 server"),
                HasSubstr("\n 2  10.0.0.3  20.000 ms  20.000 ms\n 3  * *\n 4  * *\n"));
}

TEST_F(Way, TracerouteMarksWhatIsRefused) {
    last.set_up(false);
    EXPECT_THAT(run("traceroute -n -q 1 server"),
                testing::ContainsRegex("\n [12]  10.0.0.[23]  [12]0.000 ms ![NH]\n$"));
}

TEST_F(Way, Tracepath) {
    EXPECT_EQ(run("tracepath server"),
              " 1?: [LOCALHOST]                      pmtu 1500\n"
              " 1:  r1                                                   10.000ms \n"
              " 2:  r2                                                   20.000ms \n"
              " 3:  server                                               30.000ms reached\n"
              "     Resume: pmtu 1500 hops 3 back 3 \n");
    Line narrow({.delay = milliseconds(5), .mtu = 1300});
    EXPECT_EQ(narrow.run("tracepath -n server"),
              " 1?: [LOCALHOST]                      pmtu 1500\n"
              " 1:  10.0.0.2                                             10.000ms \n"
              " 2:  10.0.0.3                                             20.000ms \n"
              " 3:  10.0.0.3                                             20.000ms pmtu 1300\n"
              " 3:  10.0.0.4                                             30.000ms reached\n"
              "     Resume: pmtu 1300 hops 3 back 3 \n");
    last.set_options(0, silent());
    EXPECT_THAT(run("tracepath -n -m 4 server"),
                HasSubstr("\n 3:  no reply\n 4:  no reply\n     Too many hops: pmtu 1500\n"
                          "     Resume: pmtu 1500 \n"));
}

TEST_F(Way, Mtr) {
    EXPECT_EQ(run("mtr --report -c 3 server"),
              "Start: 1970-01-01T00:00:00+0000\n"
              "HOST: client                      Loss%   Snt   Last   Avg  Best  Wrst StDev\n"
              "  1.|-- r1                         0.0%     3   10.0  10.0  10.0  10.0   0.0\n"
              "  2.|-- r2                         0.0%     3   20.0  20.0  20.0  20.0   0.0\n"
              "  3.|-- server                     0.0%     3   30.0  30.0  30.0  30.0   0.0\n");
    last.set_options(0, silent());
    EXPECT_THAT(
        run("mtr -rn -c 2 server"),
        HasSubstr(
            "\n  2.|-- 10.0.0.3                   0.0%     2   20.0  20.0  20.0  20.0   0.0\n"
            "  3.|-- ???                       100.0     2    0.0   0.0   0.0   0.0   0.0\n"));
    EXPECT_THAT(error_of([&] { client.sh("mtr server"); }),
                HasSubstr("mtr: a report only; write mtr"));
}

TEST_F(Way, MtrThroughLoss) {
    last.set_options(1, {.delay = milliseconds(5), .loss = 0.3});
    EXPECT_THAT(
        run("mtr --report --report-cycles 50 -n server"),
        testing::ContainsRegex("1.\\|-- 10.0.0.2 +0.0%    50 .*\n.*2.\\|-- 10.0.0.3 +0.0%    50 "
                               ".*\n.*3.\\|-- 10.0.0.4 +[2-4][0-9].0%    50 "));
}

TEST_F(Way, Nslookup) {
    const auto* dns = server.dns({.zone = {{"web.example", ipv4(10, 9, 3, 2)}}});
    EXPECT_EQ(run("nslookup Web.Example server"),
              "Server:\t\t10.0.0.4\nAddress:\t10.0.0.4#53\n\nNon-authoritative answer:\n"
              "Name:\tweb.example\nAddress: 10.9.3.2\n\n");
    EXPECT_EQ(run("nslookup nope.example 10.0.0.4", 1),
              "Server:\t\t10.0.0.4\nAddress:\t10.0.0.4#53\n\n"
              "** server can't find nope.example: NXDOMAIN\n\n");
    client.set_nameserver(server.address());
    EXPECT_EQ(run("nslookup 10.9.3.2"),
              "2.3.9.10.in-addr.arpa\tname = web.example.\n\n"
              "Authoritative answers can be found from:\n\n");
    EXPECT_EQ(dns->queries, 4U);
    EXPECT_EQ(dns->nxdomain, 1U);
    client.set_nameserver(ipv4(127, 0, 0, 1));
    EXPECT_THAT(run("nslookup web.example", 1),
                testing::AllOf(HasSubstr("127.0.0.1#53: connection refused\n"),
                               HasSubstr("\n;; no servers could be reached\n\n")));
    last.set_options(0, silent());
    const std::string late = ";; communications error to 10.0.0.4#53: timed out\n";
    const Time before = net.now();
    const std::unique_ptr<Job> job = client.sh("nslookup web.example server");
    net.run_until(before + milliseconds(14999));
    EXPECT_EQ(job->out(), late + late);
    net.run_until(before + milliseconds(15001));
    EXPECT_EQ(job->out(), late + late + late + ";; no servers could be reached\n\n");
    EXPECT_EQ(job->exit_code(), 1);
}

TEST_F(Way, LookupAsksTwice) {
    server.dns({.domain = "example"});
    client.set_nameserver(server.address());
    std::vector<Result<Ipv4>> got;
    const auto keep = [&](const Result<Ipv4>& result) { got.push_back(result); };
    client.lookup("R2.example", keep);
    client.lookup("r3.example", keep);
    net.run_until(Time(seconds(1)));
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0].value(), ipv4(10, 0, 0, 3));
    EXPECT_EQ(got[1].error(), Errno::kENOENT);
    last.set_options(0, silent());
    const Time before = net.now();
    client.lookup("r2.example", keep);
    net.run_until(before + milliseconds(9999));
    EXPECT_EQ(got.size(), 2U);
    net.run_until(before + milliseconds(10001));
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(got[2].error(), Errno::kETIMEDOUT);
    EXPECT_TRUE(client.processes().empty());
}

TEST_F(Way, BadCommandLinesSayWhatIsAllowed) {
    EXPECT_EQ(error_of([&] {
                  client.sh("ping -z server");
              }).rfind("ping: unknown flag \"-z\"; write ping [", 0),
              0U);
    EXPECT_EQ(error_of([&] { client.sh("ping -c zero server"); }),
              "ping: -c \"zero\": a number from 1 to 65535");
    EXPECT_EQ(error_of([&] { client.sh("ping -c"); }).rfind("ping: -c needs a value; write", 0),
              0U);
    EXPECT_EQ(error_of([&] { client.sh("ping"); }).rfind("ping: whom?; write", 0), 0U);
    EXPECT_EQ(error_of([&] { client.sh("ping -M maybe server"); }),
              "ping: -M \"maybe\": one of do, want, dont");
    EXPECT_EQ(client.sh("ping sever")->out(),
              "ping: sever: Name or service not known, did you mean \"server\"?\n");
    EXPECT_EQ(error_of([&] { client.sh("traceroute -w x server"); }),
              "traceroute: -w \"x\": seconds, as in 5 or 5,3,10");
    EXPECT_EQ(
        error_of([&] { client.sh("mtr --wide server"); }).rfind("mtr: unknown flag \"--wide\"", 0),
        0U);
    EXPECT_EQ(
        error_of([&] { client.sh("nslookup -type=MX x"); }).rfind("nslookup: unknown flag", 0), 0U);
    EXPECT_TRUE(client.processes().empty());
}

}  // namespace
}  // namespace netsim::shell
