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
