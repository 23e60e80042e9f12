// NAT and middleboxes as scripts write them, with real connections through them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

using testing::HasSubstr;

/// one, two - gate - net - web: gate may translate; `body` follows.
std::string home(const std::string& body) {
    return R"(
local net = netsim.network{}
local one = net:host("one", {address = "192.168.0.2"})
local two = net:host("two", {address = "192.168.0.3"})
local gate, isp, web = net:router("gate"), net:router("isp"), net:host("web")
for _, h in ipairs{one, two} do net:link(h, gate, {delay = "1ms"}) end
net:link(gate, isp, {delay = "5ms"}) net:link(isp, web, {delay = "5ms"})
web:spawn(function(h)
  local l = h:tcp() l:bind("*", 80) l:listen(50)
  while true do
    local c = l:accept()
    h:spawn(function()
      print("from", c:getpeername())
      while true do
        local line = c:receive("*l")
        if not line then break end
        c:send(line .. "\n")
      end
      c:close()
    end)
  end
end)
)" + body;
}

TEST(LuaNat, TwoClientsShareAnAddressThatTheOthersRouteTo) {
    const Ran ran = run_lua(home(R"(
gate:nat{inside = "192.168.0.0/24", outside = "203.0.113.1"}
for _, h in ipairs{one, two} do
  h:spawn(function()
    local s = h:tcp() s:bind("*", 40000) assert(s:connect("web", 80))
    s:send("hello " .. h.name .. "\n") print(s:receive("*l")) s:close()
  end)
end
net:run("5s")
local nat = gate:nat_stats()
print(nat.mapped, nat.port_changed, nat.unmapped, gate:conntrack().count)
print((gate:sh("conntrack -L"))))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("from\t203.0.113.1\t40000\n"));
    EXPECT_THAT(ran.out, HasSubstr("hello one\n"));
    EXPECT_THAT(ran.out, HasSubstr("hello two\n"));
    EXPECT_THAT(ran.out, HasSubstr("2\t1\t0\t2\n"));
    EXPECT_THAT(ran.out, HasSubstr("src=192.168.0.2 dst=10.0.0.3 sport=40000 dport=80 "
                                   "src=10.0.0.3 dst=203.0.113.1 sport=80 dport=40000 [ASSURED]"));
}

TEST(LuaNat, AnIdleConnectionLosesItsMapping) {
    for (const char* silent : {"false", "true"}) {
        const Ran ran = run_lua(home(std::string(R"(
gate:nat{inside = {one, two}, timeouts = {established = "60s"}, silent = )") +
                                     silent +
                                     R"(}
local server
web:spawn(function(h)
  local l = h:tcp() l:bind("*", 81) l:listen(5)
  server = l:accept() h:sleep("100s")
  print("send", server:send("late\n")) h:sleep("1s") print("then", server:send("again\n"))
end)
one:spawn(function(h) local s = h:tcp() s:connect("web", 81) s:settimeout("200s") print("got", s:receive("*l")) end)
net:trace("drop") net:run("150s")
print("unmapped", gate:nat_stats().unmapped))"));
        ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
        EXPECT_THAT(ran.out, HasSubstr("send\t5\n"));
        if (std::string(silent) == "false") {
            EXPECT_THAT(ran.out, HasSubstr("then\tnil\tconnection reset by peer"));
            EXPECT_THAT(ran.out, HasSubstr("unmapped\t1\n"));
        } else {
            EXPECT_THAT(ran.out, HasSubstr("then\t6\n"));  // into the void
            EXPECT_THAT(ran.out, HasSubstr("dropped: NAT: no mapping\n"));
        }
    }
}

TEST(LuaNat, APortIsForwardedAndPortsRunOut) {
    const Ran ran = run_lua(home(R"(
gate:nat{inside = {one, two}, ports = "5000-5001", max = 1000, forward = {[8080] = "one:80", ["udp:53"] = "two:53"}}
one:serve{port = 80, request = 10, response = 10}
local load = web:load(gate.address .. ":8080", {rate = "10/s", request = 10, response = 10, max = 5})
for i = 1, 3 do
  one:spawn(function(h) local s = h:tcp() s:settimeout("1s") print("port", s:connect("web", 80)) h:sleep("5s") end)
end
net:run("10s")
print(load.completed, gate:nat_stats().forwarded, gate:nat_stats().exhausted > 0, gate:dropped("NAT") > 0)
print(gate:sysctl("net.netfilter.nf_conntrack_max")))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("5\t5\ttrue\ttrue\n1000\n"));
    EXPECT_THAT(ran.out, HasSubstr("port\tnil\ttimeout"));
}

TEST(LuaNat, AtSpoofedAddressesItResetsTheVictimsSynAcks) {
    for (const bool nat : {false, true}) {
        const Ran ran =
            run_lua(home(std::string(nat ? R"(gate:nat{outside = "198.18.0.0/24"})" : "") +
                         R"(
local bot = net:host("bot") net:link(bot, isp, {delay = "1ms"})
bot:synflood("web:80", {rate = "100/s", spoof = "198.18.0.0/24", stop = "2s"})
net:run("3s")
print(web:syn_queue(80), web:counter("TcpAttemptFails") > 100, gate:nat_stats().unmapped > 100))"));
        ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
        EXPECT_THAT(ran.out, HasSubstr(nat ? "0\ttrue\ttrue\n" : "51\tfalse\tfalse\n"));
    }
}

TEST(LuaMiddlebox, StrippedOptionsAreNotUsedAndASackIsIgnored) {
    const Ran ran = run_lua(home(R"(
local box = isp:middlebox{strip = {"timestamps", "window-scale"}, clamp_mss = 1000, to = web}
net:trace("syn")
one:spawn(function(h) local s = h:tcp() s:connect("web", 80) s:send("x\n") print(s:receive("*l")) s:close() end)
net:run("5s") print(box:stats().stripped, box:stats().clamped)
box:remove())"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("Flags [S.], seq"));
    EXPECT_THAT(ran.out, HasSubstr("1\t1\n"));  // the SYN; nobody uses timestamps after it
    EXPECT_THAT(ran.out, HasSubstr("options [mss 1460,nop,nop,sackOK]"));  // the SYN-ACK
}

TEST(LuaMiddlebox, ThreeWaysToBreakFastOpen) {
    // The first connection gets a cookie; the second's SYN carries data.
    for (const char* box :
         {R"({strip = "fastopen"})", R"({drop_fastopen_data = true})",
          R"({drop_fastopen_data = "data"})", R"({drop_options = "fastopen", from = web})"}) {
        const Ran ran = run_lua(home(std::string(R"(
for _, h in ipairs{one, web} do h:sysctl("net.ipv4.tcp_fastopen", 3) end
web:spawn(function(h)
  local l = h:tcp() l:bind("*", 81) l:setoption("tcp-fastopen", 10) l:listen(5)
  while true do local c = l:accept() print("served", c:receive("*l")) c:send("ok\n") c:close() end
end)
local box
one:spawn(function(h)
  for i = 1, 2 do
    if i == 2 then box = isp:middlebox)") +
                                     box + R"( end
    local s = h:tcp() s:settimeout("60s") s:fastopen("web:81", "try " .. i .. "\n")
    print("answer", i, s:receive("*l")) s:close() h:sleep("1s")
  end
end)
net:run("100s")
local b = box:stats() print("box", b.dropped + b.stripped + b.data_stripped > 0))"));
        ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
        EXPECT_THAT(ran.out, HasSubstr("served\ttry 1\n")) << box;
        EXPECT_THAT(ran.out, HasSubstr("answer\t2\tok\n")) << box;
        EXPECT_THAT(ran.out, HasSubstr("box\t" + std::string(std::string(box).find("from = web") ==
                                                                     std::string::npos
                                                                 ? "true"
                                                                 : "")))
            << box;
    }
}

TEST(LuaMiddlebox, ShiftedNumbersBreakSelectiveAcknowledgements) {
    const auto lost_and_sent_again = [](const std::string& box) {
        const Ran ran = run_lua(home(box + R"(
web:sink(90)
local up = one:bulk("web:90", {bytes = 200000})
for _, l in ipairs(net:links()) do
  if l.a == "isp" then l:drop{data = true, to = web, nth = 20, count = 3} end
end
net:run("60s")
print("sent", up.finished ~= nil, one:counter("TcpRetransSegs"), web.integrity_violations)
print("sacks", one:counter("TcpExtTCPSackRecovery")))"));
        EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
        EXPECT_THAT(ran.out, HasSubstr("sent\ttrue\t"));
        return ran.out;
    };
    EXPECT_THAT(lost_and_sent_again(""), HasSubstr("sacks\t1\n"));
    EXPECT_THAT(lost_and_sent_again("isp:middlebox{rewrite_seq = true}\n"),
                HasSubstr("sacks\t0\n"));
}

TEST(LuaMiddlebox, DropsIcmpOfSomeTypes) {
    const Ran ran = run_lua(home(R"(
isp:middlebox{drop_icmp = {"echo-reply", 11}}
local ping = one:ping("web", {count = 3, interval = "10ms"})
net:trace("drop") net:run("5s") print(ping.sent, ping.received, isp:dropped("middlebox")))"));
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("3\t0\t3\n"));
    EXPECT_THAT(ran.out, HasSubstr("dropped: middlebox: ICMP\n"));
}

struct BadBox {
    const char* body;
    const char* says;
};

class BadNat : public testing::TestWithParam<BadBox> {};

TEST_P(BadNat, IsOneLineWithItsPlace) {
    const Ran ran = run_lua(
        "local net = netsim.network{} local h, r = net:host('h'), net:router('r') "
        "net:link(h, r)\n" +
        std::string(GetParam().body));
    EXPECT_EQ(ran.ending(), Ending::kInput) << ran.message();
    EXPECT_EQ(ran.message().rfind("test.lua:2: ", 0), 0U) << ran.message();
    EXPECT_THAT(ran.message(), HasSubstr(GetParam().says));
    EXPECT_EQ(ran.message().find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Bindings, BadNat,
    testing::Values(BadBox{"r:nat{}", "say who is inside"},
                    BadBox{"r:nat{insde = 'h'}", "did you mean \"inside\""},
                    BadBox{"r:nat{inside = {}}", "an empty list"},
                    BadBox{"r:nat{inside = 'x'}", "no node 'x'"},
                    BadBox{"r:nat{inside = net:router('far')}", "far is no neighbour of r"},
                    BadBox{"r:nat{inside = h, outside = 'eth0'}",
                           "neither an address nor a prefix"},
                    BadBox{"r:nat{inside = h, ports = '0-100'}", "ports from 1"},
                    BadBox{"r:nat{inside = h, forward = 8080}", "expected a table"},
                    BadBox{"r:nat{inside = h, forward = {[0] = 'h:80'}}", "no port such as"},
                    BadBox{"r:nat{inside = h, forward = {[8080] = 'h'}}", "has no port"},
                    BadBox{"r:nat{inside = h, timeouts = {tcp = 5}}", "unknown option \"tcp\""},
                    BadBox{"r:nat{inside = h, timeouts = {udp = '500ms'}}", "whole seconds"},
                    BadBox{"r:nat{inside = h, max = 0}", "from 1"},
                    BadBox{"r:middlebox{strip = 'timestamp'}", "did you mean \"timestamps\""},
                    BadBox{"r:middlebox{strip = {}}", "an empty list"},
                    BadBox{"r:middlebox{drop_fastopen_data = 'all'}", "allowed: packet, data"},
                    BadBox{"r:middlebox{drop_icmp = 'ping'}", "echo-request"},
                    BadBox{"r:middlebox{drop_icmp = {256}}", "from 0 to 255"},
                    BadBox{"r:middlebox{clamp_mss = 10}", "from 48"}));

}  // namespace
}  // namespace netsim::lua
