// Elements as scripts write them: rules of links, firewalls.
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
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("dropped: rule: 1st S.\n"));
    EXPECT_THAT(ran.out, HasSubstr("b.eth0 Out"));
    EXPECT_THAT(ran.out, HasSubstr("hello\n"));
    EXPECT_THAT(ran.out,
                HasSubstr("2\t1\t1\t1\n"));  // the one that answers the repeated SYN passes
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
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
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
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
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
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("first\t1\t"));
}

TEST(LinkDrop, ChanceMeansAllUnlessCounted) {
    const Ran ran = run_lua(two_hosts(R"(
local half = link:drop{proto = "icmp", from = a, probability = 0.5, comment = "half"}
a:ping("b", {count = 200, interval = "10ms"})
net:run("10s") print(half.matched, half.hits > 70, half.hits < 130)
half:remove() a:ping("b", {count = 10, interval = "10ms"}) net:run("10s") print(half.matched))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("200\ttrue\ttrue\n200\n"));
}

/// client - r - web, a web server on web; then `body`.
std::string behind_router(const std::string& body) {
    return R"(
local net = netsim.network{}
local client, web, r = net:host("client"), net:host("web"), net:router("r")
net:link(client, r, {delay = "1ms"}) net:link(r, web, {delay = "1ms"})
local function serve(port)
  web:spawn(function(h)
    local l = h:tcp() l:bind("*", port) l:listen(50)
    while true do local c = l:accept() c:receive("*l") c:send("hi\n") c:close() end
  end)
end
local function ask(port)
  client:spawn(function(h)
    local s = h:tcp() s:settimeout("5s")
    local ok, err, name = s:connect("web", port)
    if not ok then print(port, err, name) return end
    s:send("x\n") print(port, s:receive("*l"))
    s:close()
  end)
end
)" + body;
}

TEST(LuaFirewall, RulesOfARouterDecideAndAreCounted) {
    const Ran ran = run_lua(behind_router(R"(
for port = 80, 84 do serve(port) end
local fw = r:firewall{ policy = "accept",
  { drop = true, proto = "tcp", dport = 80, flags = "S", from = client },
  { reject = "tcp-reset", dport = 81, proto = "tcp" },
  { reject = true, dport = 82, proto = "tcp", to = web, comment = "closed" },
  { reject = "icmp-admin-prohibited", dst = "web", proto = "tcp", dport = "83" },
  { log = "seen: ", proto = "tcp", dport = 84, flags = "S" },
}
net:trace("drop")
for port = 80, 84 do ask(port) end
net:run("10s")
local rules = fw:rules()
print(#rules, rules[1].target, rules[1].packets > 1, rules[2].packets, rules[2].bytes, rules[3].comment,
      rules[5].target)
print(r:dropped("firewall") == rules[1].packets + 3)
print(fw:list("FORWARD")) print((r:sh("dmesg")))
fw:delete(1) fw:insert(1, {accept = true}) fw:policy("drop") ask(80) net:run("1s")
fw:flush() ask(81) net:run("10s"))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("dropped: firewall rule 1\n"));
    EXPECT_THAT(ran.out, HasSubstr("dropped: firewall rule 2: reject with tcp-reset\n"));
    EXPECT_THAT(ran.out,
                HasSubstr("firewall rule 3 (closed): reject with icmp-port-unreachable\n"));
    EXPECT_THAT(ran.out, HasSubstr("80\ttimeout"));
    EXPECT_THAT(ran.out, HasSubstr("81\tconnection refused\tECONNREFUSED\n"));
    EXPECT_THAT(ran.out, HasSubstr("82\tconnection refused\tECONNREFUSED\n"));
    EXPECT_THAT(ran.out, HasSubstr("83\t"));
    EXPECT_THAT(ran.out, HasSubstr("EHOSTUNREACH"));
    EXPECT_THAT(ran.out, HasSubstr("84\thi\n"));
    EXPECT_THAT(ran.out, HasSubstr("5\tDROP\ttrue\t1\t60\tclosed\tLOG\ntrue\n"));
    EXPECT_THAT(ran.out, HasSubstr("Chain FORWARD (policy ACCEPT "));
    EXPECT_THAT(ran.out, HasSubstr("    1    60 REJECT     6    --  *      *       0.0.0.0/0     "
                                   "       0.0.0.0/0            tcp dpt:81 reject-with "
                                   "tcp-reset\n"));
    EXPECT_THAT(ran.out, HasSubstr("seen: IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=10.0.0.2 LEN=60"));
    EXPECT_THAT(ran.out, HasSubstr("80\thi\n"));     // after insert()
    EXPECT_THAT(ran.out, HasSubstr("81\ttimeout"));  // after flush(): the policy
}

TEST(LuaFirewall, AStatefulOneLetsAnswersIn) {
    const Ran ran = run_lua(behind_router(R"(
serve(80)
local fw = r:firewall{ policy = "drop",
  { accept = true, state = "established,related" },
  { accept = true, state = {"new"}, from = client },
}
ask(80) net:run("1s")
print((r:sh("conntrack -L"))) print((r:sh("conntrack -C")))
print(r:conntrack().count, r:sysctl("net.netfilter.nf_conntrack_count"))
web:spawn(function(h) local s = h:tcp() s:settimeout("2s") print("in", s:connect("client", 80)) end)
net:run("10s") print((r:sh("conntrack -S"))))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("80\thi\n"));
    EXPECT_THAT(ran.out, HasSubstr("tcp      6 119 TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport="));
    EXPECT_THAT(ran.out, HasSubstr("[ASSURED] mark=0 use=1\n"));
    EXPECT_THAT(ran.out, HasSubstr("1\t1\n"));
    EXPECT_THAT(ran.out, HasSubstr("in\tnil\ttimeout"));
    EXPECT_THAT(ran.out, HasSubstr("cpu=0   \tfound=0 invalid=0 "));
}

TEST(LuaFirewall, ASettingOfTheTableIsASysctl) {
    RunOptions options;
    options.settings = {"r.net.netfilter.nf_conntrack_tcp_timeout_established=77"};
    const Ran ran = run_lua(behind_router(R"(
print(r:sysctl("net.netfilter.nf_conntrack_tcp_timeout_established"))
print(r:sysctl("net.netfilter.nf_conntrack_max", 5))
local q = net:router("q", {sysctl = {["net.netfilter.nf_conntrack_buckets"] = 9}})
print(q:sysctl("net.netfilter.nf_conntrack_buckets"))
print(client:sysctl("net.netfilter.nf_conntrack_udp_timeout", 3))
local h = net:host("h", {sysctl = {["net.netfilter.nf_conntrack_icmp_timeout"] = 4}})
print(h:sysctl("net.netfilter.nf_conntrack_icmp_timeout")))"),
                            options);
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_EQ(ran.out, "77\n5\n9\n3\n4\n");
}

TEST(LuaFirewall, AHostHasOneToo) {
    const Ran ran = run_lua(behind_router(R"(
serve(80) serve(81)
web:firewall{ { reject = "tcp-reset", dport = 80 }, { drop = true, chain = "OUTPUT", sport = 81, proto = "tcp" } }
net:trace("drop")
ask(80) ask(81) net:run("7s")
print(web:dropped("firewall") > 3, (web:sh("iptables -L -v -n -x --line-numbers"))))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("80\tconnection refused"));
    EXPECT_THAT(ran.out, HasSubstr("81\ttimeout"));
    EXPECT_THAT(ran.out, HasSubstr("dropped: firewall rule 1: reject with tcp-reset\n"));
    EXPECT_THAT(ran.out, HasSubstr("dropped: firewall OUTPUT rule 1\n"));
    EXPECT_THAT(ran.out, HasSubstr("true\tChain INPUT (policy ACCEPT "));
}

TEST(LuaFirewall, AHostsOwnConnectionsAreTrackedOverLoToo) {
    const Ran ran = run_lua(behind_router(R"(
serve(80)
web:firewall{ policy = "drop", { accept = true, state = "established" }, { accept = true, iif = "lo" } }
web:spawn(function(h)
  local s = h:tcp() print(s:connect("web", 80)) s:send("x\n") print(s:receive("*l")) s:close()
end)
ask(80) net:run("7s")
print(web:conntrack().count, web:conntrack().invalid))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("hi\n"));
    EXPECT_THAT(ran.out, HasSubstr("80\ttimeout"));
    EXPECT_THAT(ran.out, HasSubstr("1\t0\n"));
}

/// Linux keeps a host's route over a cable that is pulled, and what is sent there is lost.
TEST(LuaLink, AHostWhoseCableIsPulledKeepsItsRoute) {
    const Ran ran = run_lua(two_hosts(R"(
        net:run("1s")
        link:down()
        print(a:sh("ip route"):match("linkdown"))
        a:spawn(function(host)
            local s = host:tcp()
            s:settimeout("5s")
            print(s:connect("b", 80))
        end)
        net:run("10s")
        print(link:stats(a).drops["link down"] > 1)
        link:up()
        print(a:sh("ip route"):match("linkdown")))"));
    EXPECT_EQ(ran.out, "linkdown\nnil\ttimeout\tEINPROGRESS\ntrue\nnil\n") << ran.message();
}

TEST(LuaLink, OneDirectionCanBreakAlone) {
    const Ran ran = run_lua(two_hosts(R"(
        b:serve { port = 80, request = 5, response = 5 }
        net:run("1s")
        link:down(a)
        a:spawn(function(host)
            local s = host:tcp()
            s:settimeout("5s")
            print(s:connect("b", 80))
            link:up(a) link:down(b)
            print(host:tcp():connect("b", 80))
        end)
        net:run("8s")
        print(link:stats(a).drops["link down"] > 1, link:stats(b).drops["link down"] > 0)
        link:down("nobody"))"));
    EXPECT_EQ(ran.out, "nil\ttimeout\tEINPROGRESS\ntrue\ttrue\n") << ran.message();
    EXPECT_NE(ran.message().find("\"nobody\" is neither end of it"), std::string::npos)
        << ran.message();
}

TEST(LuaText, ErrnosHaveLinuxNumbers) {
    const Ran ran = run_lua(
        "print(netsim.errno('EINVAL'), netsim.errno('EINPROGRESS'), netsim.errno('timeout') == "
        "'')");
    EXPECT_EQ(ran.out, "22\t115\ttrue\n") << ran.message();
}

/// nf_hook_slow(): NF_DROP at output is the sender's EPERM, but for TCP, which goes on trying.
TEST(LuaFirewall, WhatOutputDropsIsToldToTheSender) {
    const Ran ran = run_lua(two_hosts(R"(
        a:firewall { { chain = "OUTPUT", proto = "udp", drop = true },
                     { chain = "OUTPUT", proto = "icmp", reject = true },
                     { chain = "OUTPUT", proto = "tcp", drop = true } }
        a:spawn(function(host)
            local u = host:udp()
            print(u:sendto("x", "b", 5))
            local out = host:sh("ping -c 2 b")
            print(out:match("ping: sendmsg: [^\n]+"), out:match("%d+%% packet loss"))
            local s = host:tcp()
            s:settimeout("5s")
            print(s:connect("b", 80))
            print(host:counter("UdpOutDatagrams"), host:counter("TcpExtTCPSynRetrans"))
        end)
        net:run("30s"))"));
    EXPECT_EQ(ran.out,
              "nil\toperation not permitted\tEPERM\n"
              "ping: sendmsg: Operation not permitted\t100% packet loss\n"
              "nil\ttimeout\tEINPROGRESS\n0\t4\n")
        << ran.message();
}

TEST(LuaFirewall, ARuleThatIsNilIsNotTheEndOfTheList) {
    const Ran ran = run_lua(two_hosts(
        "a:firewall { {drop = true, proto = 'udp'}, nil, {drop = true, proto = 'icmp'} }"));
    EXPECT_EQ(ran.ending(), Ending::kInput);
    EXPECT_NE(ran.message().find("rule 2 is nil, and there is a rule 3"), std::string::npos)
        << ran.message();
}

TEST(LuaFirewall, ARunEndsThoughAConnectionWouldBeTrackedForDays) {
    const Ran ran = run_lua(behind_router(R"(
r:firewall{conntrack = true}
serve(80)
client:spawn(function(h) local s = h:tcp() s:connect("web", 80) s:receive("*l") end)
print(net:run(), net:now() < 10, r:conntrack().count))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_EQ(ran.out, "idle\ttrue\t1\n");
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

INSTANTIATE_TEST_SUITE_P(
    Firewall, BadElement,
    testing::Values(
        BadRule{"a:firewall{polcy = 'drop'}", "unknown option \"polcy\", did you mean \"policy\""},
        BadRule{"a:firewall{policy = 'reject'}", "allowed: accept, drop"},
        BadRule{"a:firewall{policy = {FORWARD = 'drop'}}", "INPUT and OUTPUT"},
        BadRule{"a:firewall{policy = {PREROUTING = 'drop'}}", "allowed: INPUT, FORWARD, OUTPUT"},
        BadRule{"a:firewall('drop')", "expected a table"},
        BadRule{"a:firewall{'drop'}", "a rule is a table"},
        BadRule{"a:firewall{{}}", "accepts, drops, rejects or logs"},
        BadRule{"a:firewall{{drop = true, accept = true}}", "not two of these"},
        BadRule{"a:firewall{{drop = true, port = 80}}", "unknown option \"port\""},
        BadRule{"a:firewall{{drop = true, dport = 80}}", "ports need the protocol"},
        BadRule{"a:firewall{{reject = 'rst'}}", "allowed: tcp-reset, icmp-port-unreachable"},
        BadRule{"a:firewall{{drop = true, state = 'old'}}", "allowed: invalid, new"},
        BadRule{"a:firewall{{drop = true, state = {}}}", "empty"},
        BadRule{"a:firewall{{drop = true, burst = 5}}", "there is none"},
        BadRule{"a:firewall{{drop = true, limit = '1/s', above = '1/s'}}", "either limit or above"},
        BadRule{"a:firewall{{drop = true, limit = '1/s', per = 'port'}}", "allowed: source"},
        BadRule{"a:firewall{{drop = true, iif = 'eth5'}}",
                "no interface of a (there are: eth0, lo)"},
        BadRule{"a:firewall{{drop = true, src = 'b', from = '10.0.0.2'}}", "two addresses"},
        BadRule{"a:firewall{{drop = true, chain = 'in'}}", "allowed: INPUT, FORWARD, OUTPUT"},
        BadRule{"a:firewall{{drop = true, chain = 'FORWARD'}}", "forwards nothing"},
        BadRule{"a:firewall()", "a has no firewall"},
        BadRule{"a:firewall{}:insert(2, {drop = true})", "has 0 rules"},
        BadRule{"a:firewall{}:delete(1)", "has no rule 1"},
        BadRule{"a:sysctl('net.netfilter.nf_conntrack_mx', 1)", "nf_conntrack_max"},
        BadRule{"a:sh('iptables -L')", "add -n"},
        BadRule{"a:sh('iptables -A INPUT -j DROP')", "no option -A here"},
        BadRule{"a:sh('iptables -L NAT -n')", "there are INPUT, FORWARD, OUTPUT"},
        BadRule{"a:sh('conntrack')", "-L (list)"}, BadRule{"a:sh('dmesg -w')", "no arguments"},
        BadRule{"net:router('r'):sh('ss -tan')", "conntrack, dmesg, iptables"}));

}  // namespace
}  // namespace netsim::lua
