// Hosts that lose power and come back, as scripts see them.
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

constexpr const char* kServer = R"(
    local function serve(host)
        host:spawn(function(host)
            local l = host:tcp()
            assert(l:bind("*", 80))
            l:listen(5)
            while true do
                local c = l:accept()
                host:spawn(function(host, c) c:receive("*l") print("line at", host:now()) end, c)
            end
        end)
    end
)";

TEST(Power, NothingIsSentAndWhatArrivesVanishes) {
    const Ran ran = run_lua(two_hosts(std::string(kServer) + R"(
        serve(a)
        b:spawn(function(host)
            local s = host:tcp()
            assert(s:connect("a", 80))
            host:sleep("1s")
            print(a.is_on, a:ss("-tan"):find("ESTAB") ~= nil)
            s:settimeout("5s")
            s:send("hello")
            print(s:receive("*l"))
        end)
        local sent
        net:at("1s", function() a:power_off() sent = link:stats("a").sent_packets end)
        net:run("10s")
        print(a.is_on, link:stats("a").sent_packets == sent, a:dropped("host is off") > 3,
              b:counter("TcpRetransSegs") > 3))"));
    EXPECT_EQ(ran.out, "false\tfalse\nnil\ttimeout\t\tEAGAIN\nfalse\ttrue\ttrue\ttrue\n")
        << ran.message();
}

/// nf_conntrack's table is memory: what was established before is none of its connections.
TEST(Power, AfterBootTheConnectionTableIsEmpty) {
    const Ran ran = run_lua(two_hosts(std::string(kServer) + R"(
        a:firewall { policy = "drop", { state = "established", accept = true },
                     { proto = "tcp", flags = "S", state = "new", log = true, accept = true } }
        serve(a)
        b:spawn(function(host)
            local s = host:tcp()
            assert(s:connect("a", 80))
            host:sleep("3s")
            s:settimeout("5s")
            s:send("old\n")
            print(s:receive("*l"))
        end)
        net:run("1s")
        local function counts() return a:conntrack().count, select(2, a:sh("dmesg"):gsub("\n", "")) end
        print(counts())
        a:power_off() a:boot()
        print(counts())
        net:run("10s")
        print(a:sh("conntrack -C"):match("%d+"), a:counter("TcpOutRsts")))"));
    EXPECT_EQ(ran.out, "1\t1\n0\t0\nnil\ttimeout\t\tEAGAIN\n0\t0\n") << ran.message();
}

TEST(Power, NobodySendsSegmentsFromAHostThatIsOff) {
    const Ran ran = run_lua(two_hosts(R"(
        a:power_off()
        a:send_segment { from = "a:5", to = "b:80", flags = "S" })"));
    EXPECT_EQ(ran.ending(), Ending::kInput);
    EXPECT_NE(ran.message().find("send_segment on 'a': the host is off"), std::string::npos)
        << ran.message();
}

TEST(Clock, RunsAheadOrBehind) {
    const auto first_tsval = [](const std::string& clock) {
        const Ran ran = run_lua(
            "local net = netsim.network {}\n"
            "local a, b = net:host('a', {clock = " +
            clock +
            "}), net:host('b')\n"
            "net:link(a, b, {delay = '1ms'})\n"
            "b:sniff('tcp', function(p) print(p.tsval) end)\n"
            "a:spawn(function(host) host:sleep(9) host:tcp():connect('b', 80) end)\n"
            "net:run('10s')");
        EXPECT_EQ(ran.message(), "");
        return std::stoll("0" + ran.out);
    };
    const long long exact = first_tsval("0");
    EXPECT_GT(exact, 0);
    EXPECT_EQ(first_tsval("'+3s'") - exact, 3000);
    EXPECT_EQ(first_tsval("'-3s'") - exact, -3000);
    EXPECT_EQ(first_tsval("-1.5") - exact, -1500);
    for (const char* const odd : {"'+-3s'", "'++3s'", "'+'", "'3'", "{}"}) {
        const Ran ran = run_lua("netsim.network {}:host('a', {clock = " + std::string(odd) + "})");
        EXPECT_NE(ran.message().find("clock"), std::string::npos) << odd << ran.message();
    }
}

TEST(Power, AfterBootTheStackIsFreshAndAnswersWithRst) {
    const Ran ran = run_lua(two_hosts(std::string(kServer) + R"(
        serve(a)
        a:on_boot(function(host) print("boot", host.name, host:now()) serve(host) end)
        a:sysctl("net.ipv4.tcp_syncookies", 0)
        b:spawn(function(host)
            local s = host:tcp()
            assert(s:connect("a", 80))
            host:sleep("3s")
            s:send("old\n")
            host:sleep("1s")
            print(s:send("x"))
            local again = host:tcp()
            print(again:connect("a", 80))
            again:send("new\n")
        end)
        net:at("1s", function() a:power_off() end)
        net:at("2s", function()
            a:boot()
            print(a.is_on, a:counter("TcpPassiveOpens"), a:sysctl("net.ipv4.tcp_syncookies"))
        end)
        net:at("2500ms", function()
            print(a.is_on, a:counter("TcpPassiveOpens"), a:sysctl("net.ipv4.tcp_syncookies"))
        end)
        net:run("10s")
        print(a:counter("TcpOutRsts"), net.handshakes))"));
    EXPECT_EQ(
        ran.out,
        "false\t0\t0\nboot\ta\t2.0\ntrue\t0\t0\nnil\tconnection reset by peer\t0\tECONNRESET\n"
        "1\nline at\t4.05\n1\t2\n")
        << ran.message();
}

TEST(Power, AProcessThatTurnsItsOwnHostOffGoesNoFurther) {
    const Ran ran = run_lua(two_hosts(R"(
        a:spawn(function(host) host:sleep(1) print("off") pcall(host.power_off, host) print("on") end)
        a:spawn(function(host) host:sleep(2) print("neither") end)
        net:run("3s")
        a:boot()
        a:spawn(function(host) print("alive at", host:now()) end)
        net:run("1s"))"));
    EXPECT_EQ(ran.out, "off\nalive at\t3.0\n") << ran.message();
}

TEST(Power, ShutdownSendsFinsFirst) {
    const Ran ran = run_lua(two_hosts(std::string(kServer) + R"(
        serve(a)
        b:spawn(function(host)
            local s = host:tcp()
            s:connect("a", 80)
            print(s:receive("*l"))
            print(host:now(), a.is_on, #a:processes())
        end)
        net:at("1s", function() a:shutdown("500ms") end)
        net:run("1400ms")
        print(a.is_on)
        net:run("1s")
        print(a.is_on)
        a:shutdown())"));
    EXPECT_EQ(ran.out, "nil\tclosed\t\tEOF\n1.01\ttrue\t0\ntrue\nfalse\n") << ran.message();
    EXPECT_EQ(ran.message(), "");
}

TEST(Power, AHostThatIsOffTakesNoCalls) {
    const auto message = [](const std::string& call) {
        return run_lua(two_hosts("a:power_off() a:power_off() " + call)).message();
    };
    EXPECT_EQ(message("a:tcp()"), "test.lua:2: tcp() on 'a': the host is off (boot() turns it on)");
    EXPECT_EQ(message("a:serve{port = 80}"),
              "test.lua:2: serve on 'a': the host is off (boot() turns it on)");
    EXPECT_EQ(message("a:spawn(print)"),
              "test.lua:2: spawn: host \"a\" is off (boot() turns it on)");
    EXPECT_EQ(message("a:boot() a:boot() a:tcp() print('fine')"), "");
}

TEST(Power, NativeApplicationsEndAndPortsAreFreeAgain) {
    const Ran ran = run_lua(two_hosts(R"(
        local before = a:serve{port = 80, response = 6}
        local load = b:load("a:80", {rate = "100/s", response = 6, connect_timeout = "500ms"})
        net:run("1s")
        a:power_off()
        net:run("1s")
        local served = before.served
        a:boot()
        local after = a:serve{port = 80, response = 6}
        net:run("1s")
        print(served > 50, before.served == served, after.served > 50))"));
    EXPECT_EQ(ran.out, "true\ttrue\ttrue\n") << ran.message();
}

TEST(Power, WithACpuWhatWaitsForItIsGone) {
    const Ran ran = run_lua(R"(
        local net = netsim.network{}
        local a, b = net:host("a", {cpu = true}), net:host("b", {cpu = true})
        net:link(a, b, {delay = "1ms"})
        local before = a:serve{port = 80, response = 6}
        b:load("a:80", {rate = "20kpps", response = 6, connect_timeout = "500ms"})
        net:run("200ms")
        a:power_off()
        net:run("100ms")
        print(a:cpu().cores[1].backlog, a:cpu().runnable)
        a:boot()
        local after = a:serve{port = 80, response = 6}
        net:run("2s")
        print(before.served > 100, after.served > 100))");
    EXPECT_EQ(ran.out, "0\t0\ntrue\ttrue\n") << ran.message();
}

}  // namespace
}  // namespace netsim::lua
