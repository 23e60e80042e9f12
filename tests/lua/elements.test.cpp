// Elements as scripts write them: rules of links.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

using testing::HasSubstr;

/// a asks b for an echo; `rules` stand before.
std::string echo(const std::string& rules, const std::string& after) {
    return two_hosts(rules + R"(
b:spawn(function(h)
  local l = h:tcp() l:bind("*", 80) l:listen(5)
  while true do
    local c = l:accept()
    local line = c:receive("*l")
    if line then c:send(line .. "\n") end
    c:close()
  end
end)
a:spawn(function(h)
  local s = h:tcp()
  s:connect("b", 80)
  s:send("hello\n")
  print(s:receive("*l"))
  s:close()
end)
)" + after);
}

TEST(LinkDrop, TheFirstSynAckIsLostAndTheSynComesAgain) {
    const Ran ran = run_lua(echo(R"(
local rule = link:drop{flags = "S.", nth = 1, from = b}
net:trace("drop") net:watch_ladder())",
                                 R"(net:run("10s")
print(rule.matched, rule.hits, link:stats(b).drops["drop rule"], a:counter("TcpRetransSegs"))
print(net:ladder(a, b)))"));
    ASSERT_EQ(ran.ending(), Ending::kDone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("dropped: rule: 1st S.\n"));
    EXPECT_THAT(ran.out, HasSubstr("b.eth0 Out"));
    EXPECT_THAT(ran.out, HasSubstr("hello\n"));
    EXPECT_THAT(ran.out, HasSubstr("1\t1\t1\t1\n"));  // the one that answers the repeated SYN is a
    EXPECT_THAT(ran.out, HasSubstr("rule: 1st S."));
}

TEST(LinkDrop, FromAndToNameAnEndOrAnAddress) {
    const Ran ran = run_lua(echo(R"(
local of_a = link:drop{from = a, nth = 1000}
local to_a = link:drop{to = "a", nth = 1000}
local by_address = link:drop{from = "10.0.0.0/30", nth = 1000}
local nobody = link:drop{to = "192.0.2.1", nth = 1000}
local ports = link:drop{sport = "79-81", nth = 1000, proto = "tcp"})",
                                 R"(net:run("10s")
local s = link:stats(a) local t = link:stats(b)
print(of_a.matched == s.sent_packets, to_a.matched == t.sent_packets,
      by_address.matched == s.sent_packets + t.sent_packets, nobody.matched,
      ports.matched == t.sent_packets, of_a.hits))"));
    ASSERT_EQ(ran.ending(), Ending::kDone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("true\ttrue\ttrue\t0\ttrue\t0\n"));
}

TEST(LinkDrop, ALateCopyStillHasItsBytesWhenTheConnectionIsGone) {
    // The copy comes into the same connection again, 30 s later; what it carries was acknowledged
    // long ago, so it is answered and dropped, and nothing of it is read twice.
    const Ran ran = run_lua(two_hosts(R"(
link:drop{data = true, from = a, copy = true, delay = "30s"}
net:trace("data")
b:spawn(function(h)
  local l = h:tcp() l:bind("*", 80) l:listen(5)
  local c = l:accept()
  print(c:receive("*a"))
end)
a:spawn(function(h)
  local s = h:tcp() s:connect("b", 80) s:send("once ") h:sleep("40s") s:send("and again") s:close()
end)
net:run("60s") print(b.integrity_violations))"));
    ASSERT_EQ(ran.ending(), Ending::kDone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("duplicated: rule: 1st segment with data"));
    EXPECT_THAT(ran.out, HasSubstr("once and again\n0\n"));
}

TEST(LinkDrop, ADelayedSegmentOfAnOldConnectionCanLandInANewOne) {
    // RFC 9293 §3.4.3: what TIME-WAIT is for. The first connection's data is delayed by 70 s (and
    // sent again at once); a second one with the same ports and numbers near it takes it for its
    // own.
    const Ran ran = run_lua(two_hosts(R"(
a:sysctl("net.ipv4.tcp_timestamps", 0) b:sysctl("net.ipv4.tcp_timestamps", 0)
local rule = link:drop{data = true, from = a, delay = "70s"}
local got
b:spawn(function(h)
  local l = h:tcp() l:bind("*", 80) l:listen(5)
  local c = l:accept()
  got = c:receive("*a")
end)
a:spawn(function(h)
  local s = h:tcp() s:connect("b", 80) s:send("first") s:close()
end)
net:run("100s") print(got, rule.hits, b:counter("TcpExtDelayedACKLost")))"));
    ASSERT_EQ(ran.ending(), Ending::kDone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("first\t1\t"));
}

TEST(LinkDrop, ChanceMeansAllUnlessCounted) {
    const Ran ran = run_lua(two_hosts(R"(
local half = link:drop{proto = "icmp", from = a, probability = 0.5, comment = "half"}
a:ping("b", {count = 200, interval = "10ms"})
net:run("10s") print(half.matched, half.hits > 70, half.hits < 130)
half:remove() a:ping("b", {count = 10, interval = "10ms"}) net:run("10s") print(half.matched))"));
    ASSERT_EQ(ran.ending(), Ending::kDone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("200\ttrue\ttrue\n200\n"));
}

struct BadRule {
    const char* body;
    const char* says;
};

class BadElement : public testing::TestWithParam<BadRule> {};

TEST_P(BadElement, IsOneLineWithItsPlace) {
    const Ran ran = run_lua(two_hosts(GetParam().body));
    EXPECT_EQ(ran.ending(), Ending::kInput) << ran.message();
    EXPECT_EQ(ran.message().rfind("test.lua:2: ", 0), 0U) << ran.message();
    EXPECT_THAT(ran.message(), HasSubstr(GetParam().says));
    EXPECT_EQ(ran.message().find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    LinkDrop, BadElement,
    testing::Values(
        BadRule{"link:drop{flag = 'S'}", "unknown option \"flag\", did you mean \"flags\""},
        BadRule{"link:drop{flags = 'SA'}", "'A' is no flag"},
        BadRule{"link:drop{flags = 'S', with = 'any'}", "allowed: exactly, all of, any of"},
        BadRule{"link:drop{with = 'any of'}", "there are none"},
        BadRule{"link:drop{proto = 'sctp'}", "allowed: tcp, udp, icmp"},
        BadRule{"link:drop{nth = 0}", "nth"}, BadRule{"link:drop{count = 'every'}", "count"},
        BadRule{"link:drop{port = '80-70'}", "range"}, BadRule{"link:drop{port = 70000}", "port"},
        BadRule{"link:drop{from = 'c'}", "no node 'c'"},
        BadRule{"link:drop{from = a, to = a}", "same end"},
        BadRule{"link:drop{copy = true}", "copy needs a delay"},
        BadRule{"link:drop{delay = '25h'}", "24 hours"},
        BadRule{"link:drop{probability = 2}", "from 0 to 1"},
        BadRule{"link:drop{data = 1}", "true or false"}));

}  // namespace
}  // namespace netsim::lua
