// Processes as scripts see them: kill, names, descriptor limits.
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

TEST(Process, HasAPidANameAndIsAliveUntilItEnds) {
    const Ran ran = run_lua(two_hosts(R"(
        local p = a:spawn("nginx", function(host, word) host:sleep(1) print(word) end, "hello")
        local q = a:spawn(function(host) host:sleep(5) end)
        local r = a:spawn({name = "db", nofile = 10}, function(host) local s = host:tcp() host:sleep(5) end)
        print(p.pid, p.name, p.alive, q.pid, q.name)
        net:run(2)
        print(p.alive, q.alive)
        for _, each in ipairs(a:processes()) do print(each.pid, each.name, each.files, each.nofile) end)"));
    EXPECT_EQ(ran.out,
              "301\tnginx\ttrue\t302\tlua\nhello\nfalse\ttrue\n302\tlua\t0\tnil\n303\tdb\t1\t10\n")
        << ran.message();
}

constexpr const char* kEcho = R"(
    local server = a:spawn("echo", function(host)
        local l = host:tcp()
        l:bind("*", 80) l:listen(5)
        local c = l:accept()
        READ
        host:sleep("1h")
    end)
    b:spawn(function(host)
        local s = host:tcp()
        print(s:connect("a", 80))
        s:send("hello\n")
        print(s:receive("*l"))
        print(host:now())
    end)
    local p
    net:at("1s", function() server:kill() print("alive", server.alive) end)
    net:run("2s")
    print(a:counter("TcpOutRsts"), #a:processes(), a:ss("-tln"):find(":80") == nil))";

std::string echo(const std::string& read) {
    std::string text = kEcho;
    return two_hosts(text.replace(text.find("READ"), 4, read));
}

TEST(Process, KillClosesWithFinWhereAllWasRead) {
    const Ran ran = run_lua(echo("c:receive('*l')"));
    EXPECT_EQ(ran.out, "1\nalive\tfalse\nnil\tclosed\t\tEOF\n1.01\n0\t0\ttrue\n") << ran.message();
}

TEST(Process, KillClosesWithRstWhereDataIsUnread) {
    const Ran ran = run_lua(echo(""));
    EXPECT_EQ(ran.out,
              "1\nalive\tfalse\nnil\tconnection reset by peer\t\tECONNRESET\n1.01\n1\t0\ttrue\n")
        << ran.message();
}

TEST(Process, KilledWhileItWaitsItNeverGoesOn) {
    const Ran ran = run_lua(two_hosts(R"(
        local p = a:spawn(function(host)
            local ok = pcall(function() host:sleep(2) end)
            print("never", ok)
        end)
        b:spawn(function(host) host:sleep(1) p:kill() p:kill() print(p.alive) end)
        net:run(5))"));
    EXPECT_EQ(ran.out, "false\n") << ran.message();
}

TEST(Process, MayKillItself) {
    const Ran ran = run_lua(two_hosts(R"(
        local p
        p = a:spawn(function(host)
            local s = host:tcp() s:bind("*", 80) s:listen(1)
            host:sleep(1)
            print("now") pcall(p.kill, p) print("never")
        end)
        net:run(5)
        print(p.alive, a:ss("-tln"):find(":80") == nil))"));
    EXPECT_EQ(ran.out, "now\nfalse\ttrue\n") << ran.message();
}

TEST(Process, ASocketHandedOnSurvivesItsFirstOwner) {
    const Ran ran = run_lua(two_hosts(R"(
        local parent = a:spawn("parent", function(host)
            local l = host:tcp() l:bind("*", 80) l:listen(5)
            local c = l:accept()
            host:spawn("child", function(host, c) host:sleep(2) print(c:receive("*l")) end, c)
            host:sleep("1h")
        end)
        b:spawn(function(host)
            local s = host:tcp() s:connect("a", 80) s:send("hello\n")
            host:sleep(5)
            print(host:tcp():connect("a", 80))
        end)
        net:at("1s", function() parent:kill() end)
        net:run(10))"));
    EXPECT_EQ(ran.out, "hello\nnil\tconnection refused\tECONNREFUSED\n") << ran.message();
}

TEST(Process, OthersThatWaitForItsSocketAreTold) {
    const Ran ran = run_lua(two_hosts(R"(
        local l
        local owner = a:spawn(function(host)
            host:sleep("10ms")
            l:settimeout(0) l:accept() l:settimeout(nil)
            host:sleep("1h")
        end)
        a:spawn(function(host)
            l = host:tcp() l:bind("*", 80) l:listen(5)
            print(l:accept())
        end)
        net:at("1s", function() owner:kill() end)
        net:run(2))"));
    EXPECT_EQ(ran.out, "nil\tclosed\tEBADF\n") << ran.message();
}

TEST(Process, AcceptSaysEmfileAndTheQueueStaysFull) {
    const Ran ran = run_lua(two_hosts(R"(
        local server = a:spawn({name = "nginx", nofile = 6}, function(host)
            local l = host:tcp() l:bind("*", 80) l:listen(5)
            local held = {}
            for i = 1, 4 do
                local c, why, name = l:accept()
                if not c then print(why, name, host:now() > 0.01, host:accept_queue(80)) break end
                held[i] = c
            end
            host:sleep(1)
            print(host:accept_queue(80), host:tcp())
            held[1]:close()
            print(l:accept() ~= nil, host:accept_queue(80))
        end)
        for i = 1, 4 do b:spawn(function(host) local s = host:tcp() s:connect("a", 80) host:sleep(9) end) end
        net:run(5))"));
    EXPECT_EQ(
        ran.out,
        "too many open files\tEMFILE\ttrue\t0\n2\tnil\ttoo many open files\tEMFILE\ntrue\t1\n")
        << ran.message();
}

TEST(Process, ALimitCanBeSetLater) {
    const Ran ran = run_lua(two_hosts(R"(
        local p = a:spawn(function(host)
            print(host:tcp() ~= nil)
            host:sleep(1)
            print(select(3, host:tcp()))
            host:sleep(1)
            print(host:tcp() ~= nil)
        end)
        net:at("500ms", function() p:limit("nofile", 4) end)
        net:at("1500ms", function() p:limit("nofile", 0) end)
        net:run(5))"));
    EXPECT_EQ(ran.out, "true\nEMFILE\ntrue\n") << ran.message();
    EXPECT_EQ(run_lua(two_hosts("a:spawn(print):limit('cpu', 1)")).message(),
              "test.lua:2: limit: unknown limit \"cpu\" (allowed: nofile)");
}

TEST(Process, TheHostsLimitIsEnfile) {
    const Ran ran = run_lua(two_hosts(R"(
        a:sysctl("fs.file-max", 2)
        a:spawn(function(host)
            local one, two = host:tcp(), host:udp()
            print(host:tcp())
            two:close()
            print(host:tcp() ~= nil)
        end)
        net:run(1))"));
    EXPECT_EQ(ran.out, "nil\ttoo many open files in system\tENFILE\ntrue\n") << ran.message();
}

TEST(Process, ANativeServerStopsAcceptingAtItsLimit) {
    const Ran ran = run_lua(two_hosts(R"(
        local server = a:serve{port = 80, backlog = 5, keep_open = true, name = "nginx", nofile = 8}
        for i = 1, 8 do
            b:spawn(function(host) local s = host:tcp() s:connect("a", 80) host:sleep(2 + i / 10) end)
        end
        net:run(1)
        print(server.accepted, server.accept_failed, a:accept_queue(80), a:processes()[1].name)
        net:run(5)
        print(server.accepted, a:accept_queue(80))
        print(a:kill("nginx"), a:kill("nginx"), #a:processes()))"));
    EXPECT_EQ(ran.out, "4\t2\t4\tnginx\n8\t0\n1\t0\t0\n") << ran.message();
}

}  // namespace
}  // namespace netsim::lua
