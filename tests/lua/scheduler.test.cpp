// Coroutines as processes: blocking calls, time-outs, outcomes in LuaSocket's words.
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

TEST(Processes, SleepInVirtualTime) {
    const Ran ran = run_lua(two_hosts(R"(
        a:spawn(function(host, word) host:sleep("250ms") print(word, host.name, host:now())
                                     netsim.sleep(1) print(host:now()) end, "hello")
        print("spawned") net:run("5s") print(net:now()))"));
    EXPECT_EQ(ran.out, "spawned\nhello\ta\t0.25\n1.25\n5.0\n") << ran.message();
}

TEST(Processes, RunSideBySideInOrderOfTime) {
    const Ran ran = run_lua(two_hosts(R"(
        for i, host in ipairs { a, b } do
            host:spawn(function() for j = 1, 3 do host:sleep(i) print(host.name, host:now()) end end)
        end
        net:run("10s"))"));
    EXPECT_EQ(ran.out, "a\t1.0\na\t2.0\nb\t2.0\na\t3.0\nb\t4.0\nb\t6.0\n") << ran.message();
}

TEST(Processes, AnErrorEndsTheRunWithPlaceHostAndTime) {
    const Ran ran = run_lua(two_hosts(R"(
        a:spawn(function(host) host:sleep("1500ms")
            local x = nil
            x.y = 1
        end)
        b:spawn(function(host) host:sleep("3s") print("not reached") end)
        net:run("10s") print("nor this"))"));
    EXPECT_EQ(ran.ending(), Ending::kRuntime);
    EXPECT_EQ(ran.message(), "test.lua:5: attempt to index a nil value (local 'x')");
    EXPECT_NE(ran.report.failure.traceback.find("in a process of host \"a\" at 1.5s"),
              std::string::npos)
        << ran.report.failure.traceback;
    EXPECT_EQ(ran.out, "");
}

TEST(Processes, AnErrorOfOneCannotBeCaughtAroundTheRun) {
    const Ran ran = run_lua(
        two_hosts("a:spawn(function() error('boom') end) pcall(net.run, net, 1) print('on')"));
    EXPECT_EQ(ran.ending(), Ending::kRuntime);
    EXPECT_EQ(ran.message(), "test.lua:2: boom");
    EXPECT_EQ(ran.out, "");
}

TEST(Processes, MayNotYieldToNobody) {
    const Ran ran = run_lua(two_hosts("a:spawn(function() coroutine.yield() end) net:run(2)"));
    EXPECT_EQ(ran.ending(), Ending::kRuntime);
    EXPECT_EQ(ran.message().rfind("test.lua:2: coroutine.yield()", 0), 0U) << ran.message();
}

TEST(Processes, RandomNumbersBelongToTheHost) {
    const std::string draw = "host:sleep(1) print(math.random(1000000))";
    const std::string alone =
        run_lua(two_hosts("b:spawn(function(host) " + draw + " end) net:run(2)")).out;
    const std::string beside =
        run_lua(two_hosts("a:spawn(function() math.random() end) b:spawn(function(host) " + draw +
                          " end) net:run(2)"))
            .out;
    EXPECT_EQ(alone, beside);
}

constexpr const char* kEcho = R"(
    b:spawn(function(host)
        local l = assert(host:tcp())
        assert(l:bind("*", 80)) assert(l:listen(5))
        while true do
            local c = assert(l:accept())
            host:spawn(function(_, c)
                while true do
                    local line = c:receive("*l")
                    if not line then break end
                    c:send(line .. "!\n")
                end
                c:close()
            end, c)
        end
    end)
)";

// Two round trips after the handshake: Nagle holds the second small answer back until the first is
// acknowledged.
TEST(Sockets, LinesGoThereAndBack) {
    const Ran ran = run_lua(two_hosts(std::string(kEcho) + R"(
        a:spawn(function(host)
            local s = assert(host:tcp())
            print(s:connect("b", 80))
            print(s:send("one\r\ntwo\n"))
            print(s:receive()) print(s:receive("*l"))
            print(s:getpeername()) print(s:getstats())
            s:shutdown("send")
            print(s:receive("*a"))
            print(s:close()) print(s:close()) print(s:send("x"))
        end)
        net:run("5s"))"));
    EXPECT_EQ(ran.out,
              "1\n9\none!\ntwo!\n10.0.0.2\t80\n10\t9\t0."
              "06\n\n1\nnil\tclosed\tEBADF\nnil\tclosed\t0\tEBADF\n")
        << ran.message();
}

TEST(Sockets, PatternsAndPrefixes) {
    const Ran ran = run_lua(two_hosts(R"(
        b:spawn(function(host)
            local l = host:tcp() l:bind("*", 80) l:listen(5)
            local c = l:accept()
            c:send("abcdefgh\nrest of it") host:sleep(1) c:send("!") c:close()
        end)
        a:spawn(function(host)
            host:sleep("1ms")
            local s = host:tcp() s:connect("b:80")
            print(s:receive(3)) print(s:receive(0)) print(s:receive(4, ">>")) print(s:receive("*l"))
            print(s:receive("*a")) print(s:receive("*a")) print(s:receive("*l"))
        end)
        net:run("5s"))"));
    EXPECT_EQ(ran.out, "abc\n\n>>de\nfgh\nrest of it!\n\nnil\tclosed\t\tEOF\n") << ran.message();
}

TEST(Sockets, OutcomesAreNilAndAWord) {
    const Ran ran = run_lua(two_hosts(std::string(kEcho) + R"(
        a:spawn(function(host)
            local s = host:tcp()
            print(s:connect("b", 81))
            local t = host:tcp() t:settimeout("5ms")
            print(t:connect("b", 80)) print(host:now())
            local u = host:tcp() u:connect("b", 80) u:settimeout(0)
            print(u:receive("*l"))
            u:settimeout(0.5) print(u:receive(10)) print(host:now())
            u:settimeout(nil) u:send("x\n") print(u:receive("*l"))
        end)
        b:spawn(function(host)
            host:sleep(2)
            local l = host:tcp() print(l:bind("*", 80), select(2, l:bind("*", 80)))
            print(l:listen(1))
        end)
        net:run("5s"))"));
    EXPECT_EQ(
        ran.out.rfind("nil\tconnection refused\tECONNREFUSED\nnil\ttimeout\tEINPROGRESS\n0.025\n"
                      "nil\ttimeout\t\tEAGAIN\nnil\ttimeout\t\tEAGAIN\n0.545\nx!\n",
                      0),
        0U)
        << ran.out << ran.message();
    EXPECT_NE(ran.out.find("address already in use"), std::string::npos) << ran.out;
}

TEST(Sockets, SelectWaitsForTheFirstThatIsReady) {
    const Ran ran = run_lua(two_hosts(std::string(kEcho) + R"(
        a:spawn(function(host)
            local s, t = host:tcp(), host:tcp()
            s:connect("b", 80) t:connect("b", 80)
            print(netsim.select({ s, t }, nil, "100ms"))
            t:send("hi\n")
            local readable = netsim.select({ s, t }, nil)
            print(#readable, readable[1] == t, readable[t])
            local _, writable = netsim.select(nil, { s })
            print(#writable)
        end)
        net:run("5s"))"));
    EXPECT_NE(ran.out.find("\ttimeout\n1\ttrue\t1\n1\n"), std::string::npos)
        << ran.out << ran.message();
}

TEST(Sockets, AProcessThatEndsClosesItsSockets) {
    const Ran ran = run_lua(two_hosts(R"(
        b:spawn(function(host)
            local l = host:tcp() l:bind("*", 80) l:listen(5)
            local c = l:accept()
            print(c:receive("*a"))
        end)
        a:spawn(function(host) host:sleep("1ms") local s = host:tcp() s:connect("b", 80)
                               s:send("bye") end)
        net:run("5s"))"));
    EXPECT_EQ(ran.out, "bye\n") << ran.message();
}

TEST(Sockets, ToBeClosedVariablesClose) {
    const Ran ran = run_lua(two_hosts(R"(
        b:spawn(function(host)
            local l = host:tcp() l:bind("*", 80) l:listen(5)
            print(l:accept():receive("*a"), host:now())
        end)
        a:spawn(function(host)
            host:sleep("1ms")
            do local s <close> = host:tcp() s:connect("b", 80) s:send("bye") end
            host:sleep(3)
        end)
        net:run("5s"))"));
    EXPECT_EQ(ran.out.rfind("bye\t0.0", 0), 0U) << ran.out << ran.message();
}

TEST(Sockets, OptionsUnderBothNames) {
    const Ran ran = run_lua(two_hosts(R"(
        local s = a:tcp()
        print(s:setoption("tcp-nodelay", true), s:getoption("TCP_NODELAY"))
        print(s:setoption("linger", { on = true, timeout = 5 }), s:getoption("SO_LINGER"))
        print(s:setoption("SO_REUSEADDR", true), s:getoption("reuseaddr"))
        print(s:setoption("tcp-congestion", "bbr"), s:getoption("TCP_CONGESTION"))
        print(s:setoption("TCP_CONGESTION", "vegas")))"));
    EXPECT_EQ(ran.out, "1\t1\n1\t5\n1\t1\n1\tbbr\nnil\tno such file or directory\tENOENT\n")
        << ran.message();
}

TEST(Sockets, SignedSegmentsNeedTheSameKeyAtBothEnds) {
    const Ran ran = run_lua(two_hosts(R"(
        b:spawn(function(host)
            local l = host:tcp() l:bind("*", 179) l:listen(5)
            print(l:setoption("tcp-md5sig", { peer = "10.0.0.0/8", key = "secret" }))
            local c = l:accept() print(c:receive("*l"))
            host:sleep("50s")
        end)
        a:spawn(function(host)
            host:sleep("1ms")
            local s = host:tcp()
            print(s:setoption("TCP_MD5SIG", { peer = "10.0.0.0/8", key = "secret" }))
            print(s:connect("b", 179)) s:send("OPEN\n")
            local t = host:tcp() t:settimeout("5s")
            print(t:connect("b", 179))
        end)
        net:run("60s")
        print(b:counter("TcpExtTCPMD5NotFound") > 0, b:counter("TcpExtTCPMD5Failure"))
        print(a:tcp():setoption("tcp-md5sig", { peer = "10.0.0.1", key = "" }))
        a:tcp():setoption("tcp-md5sig", { peer = "b", key = "x" }))"));
    EXPECT_EQ(ran.out,
              "1\n1\n1\nOPEN\nnil\ttimeout\tEINPROGRESS\ntrue\t0\n"
              "nil\tno such file or directory\tENOENT\n")
        << ran.out << ran.message();
    EXPECT_NE(ran.message().find("\"b\" is neither an IPv4 address nor a prefix"),
              std::string::npos)
        << ran.message();
}

TEST(Sockets, SyntheticBytesArriveAllTheSame) {
    const Ran ran = run_lua(two_hosts(R"(
        b:spawn(function(host)
            local l = host:tcp() l:bind("*", 80) l:listen(5)
            local c = l:accept()
            print(c:discard("64kb")) print(c:discard("*a"))
        end)
        a:spawn(function(host) host:sleep("1ms") local s = host:tcp() s:connect("b", 80)
                               print(s:send_synthetic("1mb")) s:close() end)
        net:run("60s"))"));
    EXPECT_EQ(ran.out, "65536\n1048576\n983040\n") << ran.message();
}

}  // namespace
}  // namespace netsim::lua
