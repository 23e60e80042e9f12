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
    testing::Values(
        Bad{"+0 < X 0:0(0)", "t.pkt:1:6: expected TCP flags"},
        Bad{"+0 < S 0:5(0)", "t.pkt:1:8: the sequence range does not fit its length"},
        Bad{"\n  +0 > S 0:0(0) <mss 1000,sackok>", "t.pkt:2:27: unknown TCP option \"sackok\""},
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
        Bad{"--tolerance_usec=1\n", "unknown option --tolerance_usec, did you mean"},
        Bad{"--ip_version=ipv6\n", "not supported, the stack is IPv4"},
        Bad{"+0 > udp (100)", "udp is not supported"},
        Bad{"+0 > . 1:1(0) ack 1 <ECN e1b 1>", "the AccECN option (RFC 9768) is not supported"},
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

TEST(Verdicts, WhatTheStackCannotDoIsSaid) {
    EXPECT_THAT(serve("+0 send(4, ..., 10, MSG_ZEROCOPY) = 10\n").message,
                HasSubstr("MSG_ZEROCOPY is not supported"));
    EXPECT_THAT(serve("+0 setsockopt(4, SOL_SOCKET, SO_MARK, [1], 4) = 0\n").message,
                HasSubstr("SO_MARK is not supported"));
    EXPECT_THAT(serve("+0 `rm -rf x`\n").message, HasSubstr("is not supported"));
    EXPECT_THAT(serve("+0 `sysctl -q net.ipv4.tcp_sak=1`\n").message, HasSubstr("tcp_sack"));
    EXPECT_THAT(serve("+0 splice(4, NULL, 5, NULL, 10, 0) = 10\n").message,
                HasSubstr("splice() is not supported"));
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
