// Hosts with a CPU in Lua: options and their errors, processes that pay for their calls, views.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

using testing::HasSubstr;

std::string with_cpu(const std::string& cpu, const std::string& body = "") {
    return "local net = netsim.network{}\nlocal h = net:host('h', {cpu = " + cpu + "})\n" + body;
}

TEST(LuaCpuTest, BadOptionsNameTheLineAndWhatIsAllowed) {
    const auto refused = [](const std::string& cpu) {
        const Ran ran = run_lua(with_cpu(cpu));
        EXPECT_EQ(ran.ending(), Ending::kInput) << cpu;
        EXPECT_THAT(ran.message(), HasSubstr("test.lua:2: host \"h\": cpu"));
        return ran.message();
    };
    EXPECT_THAT(refused("'fast'"), HasSubstr("expected true, \"default\" or a table"));
    EXPECT_THAT(refused("{cors = 2}"), HasSubstr("did you mean \"cores\"?"));
    EXPECT_THAT(refused("{cores = 65}"), HasSubstr("cores"));
    EXPECT_THAT(refused("{syn = '2 parsecs'}"), HasSubstr("syn"));
    EXPECT_THAT(run_lua(with_cpu("{accept = '2s'}")).message(),
                HasSubstr("accept: must be 0 to 1s"));
}

TEST(LuaCpuTest, DefaultsAndTheirReplacement) {
    RunOptions options;
    options.cpu_costs.packet = std::chrono::milliseconds(3);
    options.cpu_costs.other = std::chrono::microseconds(300);
    const std::string script =
        with_cpu("true",
                 "local c = net:host('c') net:link(h, c, {})\n"
                 "c:ping('h', {count = 1}) net:run('1s') print(h:cpu().cores[1].softirq)");
    EXPECT_EQ(run_lua(script, options).out, "0.0033\n");  // packet, other
    EXPECT_EQ(run_lua(with_cpu("false", "print(h:cpu())")).out, "nil\n");
    EXPECT_EQ(run_lua(with_cpu("'default'", "print(#h:cpu().cores)")).out, "1\n");
}

TEST(LuaCpuTest, AProcessPaysForItsCallsOneByOne) {
    const Ran ran = run_lua(
        "local net = netsim.network{}\n"
        "local zero = {} for k in ('packet syn cookie cookie_ack cookie_bad synack establish ack "
        "data fin "
        "rst'"
        " ..' other xmit timer connect accept read write copy_kb close wakeup'):gmatch('%S+') do"
        " zero[k] = 0 end\n"
        "zero.accept = '10ms' zero.write = '5ms'\n"
        "local web, user = net:host('web', {cpu = zero}), net:host('user')\n"
        "net:link(web, user, {delay = '1ms'})\n"
        "web:spawn(function(host)\n"
        "  local l = host:tcp() l:bind('*', 80) l:listen(8)\n"
        "  for _ = 1, 2 do local c = l:accept() c:send('hello') print(host:now()) end\n"
        "  host:compute('20ms') print(host:now())\n"
        "  print(host:cpu().cores[1].process)\n"
        "end)\n"
        "user:load('web:80', {users = 2, response = 5, max = 2})\n"
        "net:run('1s')");
    EXPECT_EQ(ran.message(), "");
    // Both connections are there after 3 ms; accept() is paid for before send() begins, and send()
    // before the next accept().
    EXPECT_EQ(ran.out, "0.013\n0.028\n0.053\n0.05\n");
}

TEST(LuaCpuTest, ComputeWithoutACpuIsTimeThatPasses) {
    EXPECT_EQ(
        run_lua(two_hosts("a:spawn(function(h) h:compute('30ms') print(h:now()) end) net:run()"))
            .out,
        "0.03\n");
    EXPECT_THAT(run_lua(two_hosts("a:compute('30ms')")).message(), HasSubstr("inside host:spawn"));
}

TEST(LuaCpuTest, SeriesAndViews) {
    const Ran ran = run_lua(
        "local net = netsim.network{}\n"
        "local h = net:host('h', {cpu = {cores = 2, packet = '50us', other = '50us'}})\n"
        "local c = net:host('c') net:link(h, c, {})\n"
        "c:ping('h', {count = 1000, interval = '1ms'})\n"
        "local series = h:record_cpu('100ms')\n"
        "net:run('1s')\n"
        "local busy = series.utilisation[1].mean + series.utilisation[2].mean\n"
        "print(busy > 0.08 and busy < 0.11, series.softirq[1].name, series.backlog[2].name)\n"
        "print(h:softnet_stat('readable'))\nprint(h:softnet_stat())");
    EXPECT_EQ(ran.message(), "");
    EXPECT_THAT(ran.out, HasSubstr("true\th cpu0 soft\th cpu1 backlog\n"));
    EXPECT_THAT(ran.out, HasSubstr("time_squeeze"));
    // One flow, so one core has taken all 1,000 (0x3e8).
    EXPECT_THAT(ran.out, HasSubstr("000003e8 00000000 00000000 00000000"));
    const Json& cpu = ran.report.cases.at(0).hosts.at("h").at("cpu");
    EXPECT_EQ(cpu.size(), 2U);
    EXPECT_EQ(cpu[0].at("processed").get<int>() + cpu[1].at("processed").get<int>(), 1000);
    EXPECT_THAT(run_lua(two_hosts("a:record_cpu('1s')")).message(), HasSubstr("cpu = true"));
    EXPECT_THAT(run_lua(two_hosts("a:softnet_stat('hex')")).message(), HasSubstr("allowed"));
}

}  // namespace
}  // namespace netsim::lua
