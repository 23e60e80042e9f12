// What a script's verdict says: syntax errors with line and column, expectations that do not hold,
// times, what the stack cannot do; and that no text makes the interpreter fall over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "packetdrill/run.hpp"

namespace netsim::packetdrill {
namespace {

using testing::HasSubstr;

constexpr const char* kServer = R"(
   0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
  +0 bind(3, ..., ...) = 0
  +0 listen(3, 1) = 0
  +0 < S 0:0(0) win 65535 <mss 1000>
  +0 > S. 0:0(0) ack 1 <mss 1460>
+.01 < . 1:1(0) ack 1 win 65535
  +0 accept(3, ..., ...) = 4
)";

Verdict run(const std::string& text) {
    return run_script("t.pkt", text, {});
}

Verdict serve(const std::string& text) {
    return run(kServer + text);
}

struct Bad {
    const char* text;
    const char* message;
};

class Syntax : public testing::TestWithParam<Bad> {};

TEST_P(Syntax, IsRefusedWithItsPlace) {
    const Verdict v = run(GetParam().text);
    EXPECT_FALSE(v.passed);
    EXPECT_THAT(failure_text(v), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Errors, Syntax,
    testing::Values(Bad{"+0 < X 0:0(0)", "t.pkt:1:6: expected TCP flags"},
                    Bad{"+0 < S 0:5(0)", "t.pkt:1:8: the sequence range does not fit its length"},
                    Bad{"\n  +0 > S 0:0(0) <mss 1000,sackok>",
                        "t.pkt:2:27: unknown TCP option \"sackok\""},
                    Bad{"+0 < S 0:0(0) win 70000", "t.pkt:1:19: a window must be 0 to 65535"},
                    Bad{"+0 < S 0:0(0) <...>", "t.pkt:1:15: <...> is for expected packets"},
                    Bad{"* < S 0:0(0)", "t.pkt:1:1: only an expected packet"},
                    Bad{"+x < S 0:0(0)", "t.pkt:1:2: expected a time"},
                    Bad{"+0 close(3 = 0", "t.pkt:1:12: expected \")\""},
                    Bad{"+0 close(3)", "t.pkt:1:12: expected \"=\""},
                    Bad{"+0 shutdown(3, SHUT_RW) = 0", "t.pkt:1:16: unknown name \"SHUT_RW\""},
                    Bad{"+0 close(3) = -1 EWHAT", "t.pkt:1:18: unknown errno \"EWHAT\""},
                    Bad{"+0 `sysctl", "the command does not end"},
                    Bad{"+0 %{ assert 1", "the code does not end"},
                    Bad{"/* open", "t.pkt:1:1: this comment does not end"},
                    Bad{"--mss=1000\n// no line\n", "the script has no events"},
                    Bad{"--tolerance_usec=1\n", "unknown option --tolerance_usec, did you mean"},
                    Bad{"--ip_version=ipv6\n", "not supported, the stack is IPv4"},
                    Bad{"--wire_client\n", "there is no wire"},
                    Bad{"--so_filename=x.so\n", "no other stack can be loaded"},
                    Bad{"--non_fatal=packets\n", "--non_fatal=packets is not a good value"},
                    Bad{"--code_format=pretty\n", "--code_format=pretty is not a good value"},
                    Bad{"--remote_ip=1.2.3.4/33\n", "is not a good value"},
                    Bad{"+0 > udp (70000)", "a length must be 0 to 65535"},
                    Bad{"+0 > udp 100", "t.pkt:1:10: expected \"(\""},
                    Bad{"+0 > udp (100)", "no datagram was sent"},
                    Bad{"+0 < udp (100)", "no UDP socket is"},
                    Bad{"+0 > . 1:1(0) ack 1 <ECN e1b 1 e1b 2>", "t.pkt:1:32: e1b is given twice"},
                    Bad{"+0 > . 1:1(0) ack 1 <ECN ceb 16777216>", "24 bits"},
                    Bad{"+0 < [1:1(0)] S 0:0(0)", "expected icmp"},
                    Bad{"+0 hello", "t.pkt:1:4: expected a packet"}));

TEST(Verdicts, TellWhatWasExpectedAndSent) {
    const Verdict v = serve("+0 write(4, ..., 100) = 100\n+0 > P. 1:201(200) ack 1\n");
    EXPECT_FALSE(v.passed);
    EXPECT_EQ(v.place.line, 10);
    const std::string text = failure_text(v);
    EXPECT_THAT(text, HasSubstr("expected: > P. 1:201(200) ack 1"));
    EXPECT_THAT(text, HasSubstr("0.010000  > P. 1:101(100) ack 1"));
    EXPECT_THAT(text, HasSubstr("< S 0:0(0) win 65535 <mss 1000>"));
}

TEST(Verdicts, FlagsMustBeTheSame) {
    const Verdict v = serve("+0 write(4, ..., 100) = 100\n+0 > . 1:101(100) ack 1\n");
    EXPECT_THAT(v.message, HasSubstr("flags differ"));
}

TEST(Verdicts, AnEarlyPacketFailsToo) {
    const Verdict v = serve("+0 write(4, ..., 100) = 100\n+.1 > P. 1:101(100) ack 1\n");
    EXPECT_THAT(v.message, HasSubstr("too early"));
}

TEST(Verdicts, ALatePacketFails) {
    const Verdict v =
        serve("+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n+.1 > P. 1:101(100) ack 1\n");
    EXPECT_THAT(v.message, HasSubstr("no packet was sent by"));
    EXPECT_THAT(v.message, HasSubstr("the next one came at 0.220000 s"));
}

TEST(Verdicts, ToleranceIsAnEighthOfTheGap) {
    const std::string script =
        "+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n+T > P. 1:101(100) ack 1\n";
    const auto with = [&](const std::string& gap) {
        std::string text = script;
        return serve(text.replace(text.find('T'), 1, gap)).passed;
    };
    EXPECT_TRUE(with(".19"));   // 210 ms is within 190 * 1.125
    EXPECT_FALSE(with(".18"));  // and not within 180 * 1.125
    EXPECT_TRUE(with(".235"));
    EXPECT_FALSE(with(".245"));
}

TEST(Verdicts, TimeOfRangesAndAny) {
    const std::string script = "+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n";
    EXPECT_TRUE(serve(script + "+.1~+.3 > P. 1:101(100) ack 1\n").passed);
    EXPECT_FALSE(serve(script + "+.3~+.4 > P. 1:101(100) ack 1\n").passed);
    EXPECT_TRUE(serve(script + "* > P. 1:101(100) ack 1\n").passed);
}

TEST(Verdicts, NotesAndRoundMarksAreRead) {
    EXPECT_TRUE(serve("+0 fcntl(4, F_GETFL) = 0x2 (flags O_RDWR)\n"
                      "+0 write(4, \"abc\"..., 3) = 3\n"
                      "+0 > (noecn) P. 1:4(3) ack 1\n")
                    .passed);
}

TEST(Verdicts, StrictSegmentsAreNotMerged) {
    const std::string body = "+0 write(4, ..., 2000) = 2000\n+0 > P. 1:2001(2000) ack 1\n";
    EXPECT_TRUE(serve(body).passed);
    EXPECT_FALSE(run("--strict_segments\n" + (kServer + body)).passed);
}

TEST(Verdicts, ABlockingCallThatDoesNotReturnFails) {
    const Verdict v = serve("+0...0.1 read(4, ..., 10) = 10\n");
    EXPECT_THAT(v.message, HasSubstr("has not returned by"));
}

TEST(Verdicts, ABlockingCallThatReturnsEarlyFails) {
    const Verdict v = serve("+0...0.5 read(4, ..., 10) = 10\n+.1 < P. 1:11(10) ack 1 win 65535\n");
    EXPECT_THAT(v.message, HasSubstr("the call returned at 0.110000 s; expected at 0.510000 s"));
}

TEST(Verdicts, ErrnoMustBeTheSame) {
    const Verdict v = serve("+0 listen(4, 1) = -1 EADDRINUSE (Address already in use)\n");
    EXPECT_THAT(v.message, HasSubstr("expected -1 EADDRINUSE, got -1 EINVAL (Invalid argument)"));
}

TEST(Verdicts, AssertionsTellTheirLineAndMessage) {
    const Verdict v = serve("+0 %{\nx = tcpi_snd_cwnd\nassert x == 11, 'cwnd is %d' % x\n}%\n");
    EXPECT_THAT(v.message, HasSubstr("cwnd is 10 (line 11)"));
}

TEST(Verdicts, AssertionsKnowPythonsWays) {
    EXPECT_TRUE(serve("+0 %{ assert 1 < 2 <= 2 != 3 and not 0 }%\n").passed);
    EXPECT_TRUE(serve("+0 %{ assert 7 / 2 == 3.5 and -7 // 2 == -4 and -7 % 3 == 2 }%\n").passed);
    EXPECT_TRUE(serve("+0 %{ assert (1 | 6) & 3 == 3 and max(1, 5) == 5 \\\n and abs(-2) == 2 }%\n")
                    .passed);
    EXPECT_FALSE(serve("+0 %{ assert 3 < 2 < 1 }%\n").passed);
    EXPECT_THAT(serve("+0 %{ assert tcpi_what == 1 }%\n").message, HasSubstr("not known"));
    EXPECT_THAT(serve("+0 %{ for x in y: z }%\n").message, HasSubstr("code not understood"));
}

TEST(Verdicts, WhatNoRouteHasIsSaid) {
    const auto route = [](const std::string& text) {
        return serve("+0 `ip route " + text + "`\n").message;
    };
    EXPECT_EQ(route("change 192.0.2.1 dev tun0 mtu 1400"), "");
    EXPECT_EQ(route("add default via 1.2.3.4 src 5.6.7.8 proto static rto_min lock 0.2s"), "");
    EXPECT_THAT(route("change 192.0.2.1 window 3"), HasSubstr("\"window\" is not supported"));
    EXPECT_THAT(route("change 192.0.2.1 features tcp_usec_ts"),
                HasSubstr("\"features tcp_usec_ts\" is not supported"));
    EXPECT_THAT(route("change 192.0.2.1 mtu"), HasSubstr("a value is missing after \"mtu\""));
    EXPECT_THAT(route("change 192.0.2.1 mtu 14x"), HasSubstr("mtu must be 68 to 65535"));
    EXPECT_THAT(route("change 192.0.2.1 rto_min 5m"), HasSubstr("rto_min must be a time"));
    EXPECT_THAT(route("change 192.0.2.1 rto_min nan"), HasSubstr("rto_min must be a time"));
    EXPECT_THAT(route("change 192.0.2.1 congctl vegas"), HasSubstr("\"vegas\""));
    EXPECT_THAT(route("change 10.0.0.1 mtu 1400"), HasSubstr("does not lead to the peer"));
    EXPECT_THAT(route("change 10.0.0.1/40 mtu 1400"), HasSubstr("not an address or a prefix"));
    EXPECT_THAT(route("show"), HasSubstr("is not supported"));
    EXPECT_THAT(route("del 192.0.2.1"), HasSubstr("is not supported"));
}

TEST(Verdicts, WhatTheStackCannotDoIsSaid) {
    EXPECT_THAT(serve("+0 send(4, ..., 10, MSG_TRUNC) = 10\n").message,
                HasSubstr("MSG_TRUNC is not supported"));
    EXPECT_THAT(serve("+0 setsockopt(4, SOL_SOCKET, SO_TXTIME, [1], 4) = 0\n").message,
                HasSubstr("SO_TXTIME is not supported"));
    EXPECT_THAT(serve("+0 `rm -rf x`\n").message, HasSubstr("is not supported"));
    EXPECT_THAT(serve("+0 `sysctl -q net.ipv4.tcp_sak=1`\n").message, HasSubstr("tcp_sack"));
    EXPECT_THAT(serve("+0 tee(4, 5, 10, 0) = 10\n").message, HasSubstr("tee() is not supported"));
    EXPECT_THAT(serve("+0 `grep x /etc/passwd`\n").message, HasSubstr("is not there"));
    EXPECT_THAT(serve("+0 `grep zzz /proc/net/tcp`\n").message, HasSubstr("no line matches"));
    EXPECT_THAT(serve("+0 `dd if=/etc/passwd of=x`\n").message, HasSubstr("only zeros"));
    EXPECT_THAT(serve("+0 open(\"/etc/passwd\", O_RDONLY) = 5\n").message, HasSubstr("got -1"));
}

TEST(Verdicts, ControlMessagesAreCompared) {
    const std::string body =
        "+0 setsockopt(4, SOL_TCP, TCP_INQ, [1], 4) = 0\n"
        "+0 < P. 1:11(10) ack 1 win 65535\n+0 > . 1:1(0) ack 11\n"
        "+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 4}], msg_flags=0, msg_control=[";
    const std::string end = "]}, 0) = 4\n";
    const std::string inq = "{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=";
    EXPECT_TRUE(serve(body + inq + "6}" + end).passed);
    EXPECT_THAT(serve(body + inq + "7}" + end).message, HasSubstr("level 6 type 36: 6"));
    EXPECT_THAT(serve(body + end).message, HasSubstr("0 expected, 1 received"));
    EXPECT_THAT(serve(body + inq + "6}," + inq + "6}" + end).message,
                HasSubstr("2 expected, 1 received"));
}

TEST(Verdicts, NonFatalMismatchesAreWarnings) {
    const std::string body = "+0 write(4, ..., 100) = 99\n+0 > P. 1:101(100) ack 7\n";
    EXPECT_FALSE(run("--non_fatal=packet\n" + (kServer + body)).passed);
    EXPECT_FALSE(run("--non_fatal=syscall\n" + (kServer + body)).passed);
    const Verdict v = run("--non_fatal=packet,syscall\n" + (kServer + body));
    EXPECT_TRUE(v.passed) << failure_text(v);
    EXPECT_THAT(v.printed, HasSubstr("t.pkt:10: warning: write: expected 99, got 100"));
    EXPECT_THAT(v.printed, HasSubstr("t.pkt:11: warning: ack: expected 7, got 1"));
}

TEST(Verdicts, HeadOptionsAct) {
    EXPECT_TRUE(run("--dry_run\n+0 close(3) = 0\n").passed);
    EXPECT_FALSE(run("--dry_run\n+0 close(3) = \n").passed);
    EXPECT_THAT(run(std::string("--verbose\n") + kServer).printed, HasSubstr("< S 0:0(0)"));
    EXPECT_EQ(run(kServer).printed, "");
    const std::string bind =
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
        "+0 bind(3, {sa_family = AF_INET, sin_addr = inet_addr(\"10.1.1.1\")}, ...) = 0\n";
    EXPECT_FALSE(run(bind).passed);
    EXPECT_TRUE(run("--is_anyip\n" + bind).passed);
    EXPECT_FALSE(run(std::string("--init_scripts=nothing.sh\n") + kServer).passed);
    EXPECT_TRUE(run(std::string("--init_scripts=../common/defaults.sh\n--speed=1000\n"
                                "--code_command=python3\n--code_sockopt=TCP_INFO\n"
                                "--remote_ip=192.0.2.1/24\n--ip_version=ipv4-mapped-ipv6\n") +
                    kServer)
                    .passed);
}

TEST(Verdicts, StatementsMayShareALine) {
    EXPECT_TRUE(serve("+0 %{ x = 'a;b'; assert x == 'a;b', x;\\\n}%\n").passed);
    EXPECT_FALSE(serve("+0 %{ assert 1; assert 0 }%\n").passed);
}

TEST(Verdicts, AnEcrNamesAnEarlierVal) {
    const Verdict v = serve("+0 < . 1:1(0) ack 1 win 100 <nop,nop,TS val 1 ecr 77>\n");
    EXPECT_THAT(v.message, HasSubstr("TS ecr 77 names no TS val"));
}

TEST(Robustness, NoBeginningOfAScriptFallsOver) {
    const std::string whole = std::string("--tolerance_usecs=5000\n`sysctl -q a=b`\n") + kServer +
                              "+0...0.1 poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 10) = 1\n"
                              "+0 < [1:2(1)] icmp unreachable frag_needed mtu 10\n"
                              "+0 %{ assert ('a%d' % 3) == 'a3' and (1, 2) }%\n"
                              "* > . 1:1(0) ack 1 <nop,nop,sack 1:2 3:4,FO aabb>\n";
    for (std::size_t n = 0; n <= whole.size(); ++n) {
        const Verdict v = run(whole.substr(0, n));
        EXPECT_TRUE(v.passed || !failure_text(v).empty());
    }
}

TEST(Robustness, AbsurdPacketsDoNoHarm) {
    for (const char* line :
         {"+0 < FSRPU. 1:1(0) ack 1 win 0 urg 9", "+0 < . 4294967295:65534(65535) ack 7 win 1",
          "+0 < . 1:1(0) ack 1 win 1 <sack 9:1 4294967295:5,mss 0,wscale 255>", "+0 < - 0:0(0)",
          "+0 < SF 5:105(100) win 3 <FO 00>"}) {
        const Verdict v = serve(std::string(line) + "\n+1 close(4) = 0\n");
        EXPECT_TRUE(v.passed) << failure_text(v);
    }
}

TEST(Robustness, DeepNestingIsRefused) {
    EXPECT_FALSE(run("+0 f(" + std::string(10000, '[') + ") = 0").passed);
    EXPECT_FALSE(serve("+0 %{ assert " + std::string(10000, '(') + "1 }%").passed);
    EXPECT_FALSE(serve("+0 %{ assert " + std::string(10000, '-') + "1 }%").passed);
}

}  // namespace
}  // namespace netsim::packetdrill
