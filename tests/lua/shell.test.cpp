// host:sh(): views anywhere, tools that take time inside a process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "script_bench.hpp"

namespace netsim::lua {
namespace {

using testing::HasSubstr;

TEST(LuaShell, AViewReturnsText) {
    const Ran ran =
        run_lua(two_hosts("a:serve{port = 80} net:run('1s') "
                          "local out, code = a:sh('ss -ltn') "
                          "print(out == a:ss('-ltn'), code)"));
    EXPECT_EQ(ran.out, "true\tnil\n") << ran.message();
}

TEST(LuaShell, AToolThatTakesTimeBlocksItsProcess) {
    const Ran ran =
        run_lua(two_hosts("a:spawn(function(host) "
                          "local out, code = host:sh('sar -n SOCK 1 3') "
                          "print(host:now(), code, select(2, out:gsub('\\n', ''))) "
                          "end) net:run('10s')"));
    EXPECT_EQ(ran.out, "3.0\tnil\t7\n") << ran.message();
}

TEST(LuaShell, AFailureReturnsItsExitCodeToo) {
    const Ran ran =
        run_lua(two_hosts("a:spawn(function(host) "
                          "local out, code = host:sh('ping -c 1 -W 1 10.9.9.9') "
                          "print(code) end) net:run('10s')"));
    EXPECT_EQ(ran.out, "1\n") << ran.message();
}

TEST(LuaShell, ANameThatNobodyHasIsTheToolsAnswer) {
    const Ran ran =
        run_lua(two_hosts("a:spawn(function(host) "
                          "for _, line in ipairs{'ping nosuch', 'tracepath nosuch', "
                          "'mtr --report nosuch', 'traceroute -n nosuch'} do "
                          "print(host:sh(line)) end end) net:run('1s')"));
    EXPECT_EQ(ran.out,
              "ping: nosuch: Name or service not known\n\t2\n"
              "tracepath: nosuch: Name or service not known\n\t1\n"
              "mtr: Failed to resolve host: nosuch: Name or service not known\n\t1\n"
              "nosuch: Name or service not known\n"
              "Cannot handle \"host\" cmdline arg `nosuch' on position 1 (argc 2)\n\t2\n")
        << ran.message();
}

TEST(LuaShell, PingOfAnAddressLooksUpNoName) {
    const Ran ran = run_lua(two_hosts(
        "a:spawn(function(host) print(host:sh('ping -c 1 ' .. b.address):match('from (.-): icmp')) "
        "print(host:sh('ping -c 1 b'):match('from (.-): icmp')) end) net:run('10s')"));
    EXPECT_EQ(ran.out, "10.0.0.2\nb (10.0.0.2)\n") << ran.message();
}

/// Linux counts what is sent again in tcpi_bytes_sent, and it is when data were last sent.
TEST(LuaShell, SsCountsEveryCopyAndTheSyn) {
    const Ran ran = run_lua(two_hosts(R"lua(
        b:serve { port = 80, request = 100, response = 10 }
        a:spawn(function(host)
            local s = host:tcp()
            s:connect("b", 80)
            s:send("hello\n")
            host:sleep("1s")
            link:set { loss = "100%" }
            s:send("again\n")
            host:sleep("1h")
        end)
        net:run("1s")
        local text = a:ss("-tin")
        print(text:match("bytes_sent:%d+"), text:match("bytes_acked:%d+"), text:find("app_limited") ~= nil)
        print(b:ss("-tin"):match("segs_in:%d+"), b:ss("-ltin"):match("%S+ cwnd:%d+"))
        net:run("3s")
        text = a:ss("-tino")
        local sent, again = text:match("bytes_sent:(%d+) bytes_retrans:(%d+)")
        print(sent - again, tonumber(again) > 11, tonumber(text:match("lastsnd:(%d+)")) < 2000)
    )lua"));
    EXPECT_EQ(ran.out,
              "bytes_sent:6\tbytes_acked:7\ttrue\nsegs_in:3\tcubic cwnd:10\n12\ttrue\ttrue\n")
        << ran.message();
}

TEST(LuaShell, OutsideAProcessItIsAnErrorThatSaysSo) {
    const Ran ran = run_lua(two_hosts("a:sh('sar -n SOCK 1 3')"));
    EXPECT_THAT(ran.message(), HasSubstr("sar takes time: call it inside host:spawn"));
    const Ran nested =
        run_lua(two_hosts("a:spawn(function(host) coroutine.wrap(function() "
                          "host:sh('sar -n SOCK 1 3') end)() end) net:run('1s')"));
    EXPECT_THAT(nested.message(), HasSubstr("sar takes time"));
}

TEST(LuaShell, BadInputSaysWhichLine) {
    const Ran ran = run_lua(two_hosts("a:sh('sss')"));
    EXPECT_EQ(ran.ending(), Ending::kInput);
    EXPECT_THAT(ran.message(), HasSubstr("test.lua:2: sh: no tool \"sss\", did you mean \"ss\"?"));
}

TEST(LuaShell, ARunThatEndsFirstLeavesTheJobBehind) {
    const Ran ran =
        run_lua(two_hosts("a:spawn(function(host) host:sh('sar -n SOCK 1') "
                          "print('never') end) net:run('3s')"));
    EXPECT_EQ(ran.out, "") << ran.message();
    EXPECT_EQ(ran.message(), "");
}

TEST(LuaShell, FilesAreWhatItsToolsRead) {
    const Ran ran =
        run_lua(two_hosts("print(a:file('/etc/sysctl.conf')) "
                          "a:file('/etc/sysctl.conf', 'net.core.somaxconn = 2') "
                          "print(a:sh('sysctl -p')) "
                          "print(a:sysctl('net.core.somaxconn'), a:file('/etc/sysctl.conf'))"));
    EXPECT_EQ(ran.out, "nil\nnet.core.somaxconn = 2\n\n2\tnet.core.somaxconn = 2\n")
        << ran.message();
    const Ran bad = run_lua(two_hosts("a:file('x', '')"));
    EXPECT_THAT(bad.message(), HasSubstr("its path must begin with /"));
}

}  // namespace
}  // namespace netsim::lua
