// Bad input of the bindings: one line that names what is wrong, what is allowed, what is nearest.
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

struct Case {
    const char* body;
    const char* says;
};

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, IsOneLineWithItsPlace) {
    const Ran ran = run_lua(two_hosts(GetParam().body));
    EXPECT_EQ(ran.ending(), Ending::kInput) << ran.message();
    EXPECT_EQ(ran.message().rfind("test.lua:2: ", 0), 0U) << ran.message();
    EXPECT_NE(ran.message().find(GetParam().says), std::string::npos) << ran.message();
    EXPECT_EQ(ran.message().find('\n'), std::string::npos);
    EXPECT_TRUE(ran.report.failure.traceback.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Bindings, BadInput,
    testing::Values(
        Case{"net:link(a, b, {dely = '1ms'})", "unknown option \"dely\", did you mean \"delay\""},
        Case{"net:link(a, b, {delay = '1parsec'})", "unknown unit \"parsec\""},
        Case{"net:link(a, b, {delay = '-1ms'})", "must not be negative"},
        Case{"net:link(a, b, {delay = -1})", "must not be negative"},
        Case{"net:link(a, b, {delay = {}})", "expected a value such as \"10ms\""},
        Case{"net:link(a, b, {rate = 0})", "must be above 0"},
        Case{"net:link(a, b, {rate = '0mbit'})", "must be above 0"},
        Case{"net:link(a, b, {rate = 1/0})", "finite"},
        Case{"net:link(a, b, {loss = 1.5})", "from 0 to 1"},
        Case{"net:link(a, b, {loss = '150%'})", "loss"},
        Case{"net:link(a, b, {loss = 0.1, gemodel = '1%'})", "give one"},
        Case{"net:link(a, b, {gemodel = '1% 2% 3% 4% 5%'})", "at most 4"},
        Case{"net:link(a, b, {gemodel = {q = 1}})", "unknown option \"q\""},
        Case{"net:link(a, b, {jitter = '1ms'})", "jitter must not be larger"},
        Case{"net:link(a, b, {mtu = 10})", "from 68"}, Case{"net:link(a, 'c')", "no node 'c'"},
        Case{"net:host('a')", "named 'a' already"}, Case{"net:host('')", ""},
        Case{"net:host('c', {sysctl = {['net.ipv4.tcp_syncookie'] = 0}})", "tcp_syncookies"},
        Case{"net:host('c', {sysctl = {['net.ipv4.tcp_syncookies'] = 9}})", "tcp_syncookies"},
        Case{"net:host('c', {timer_wheel = 1})", "timer_wheel"},
        Case{"net:host('c', {profile = 'linux-6.0'})", "did you mean \"linux-6.1"},
        Case{"net:host('c', {sysctl = {['net.ipv4.tcp_tw_recycle'] = 1}})", "linux-legacy"},
        Case{"net:host('c', {address = '10.0.0'})", "no IPv4 address"},
        Case{"net:topology('ring_')", "did you mean \"ring\""},
        Case{"net:topology('nowhere.graphml')", "no file"}, Case{"net:run('5')", "unit"},
        Case{"net:every(0, print)", "above 0"},
        Case{"a:load('b:80', {rte = '1/s'})", "did you mean \"rate\""},
        Case{"a:load('b:80', {})", "give either rate"}, Case{"a:load('c:80', {rate = '1/s'})", "c"},
        Case{"a:load('b:80', {rate = '1/s', spacing = 'expo'})", "allowed: exponential"},
        Case{"a:serve{port = 99999}", "from 1 to 65535"},
        Case{"a:synflood('b:80', {rate = 0})", "above 0"},
        Case{"a:synflood('b:80', {spoof = '198.18.0.1/15'})", "host bits"},
        Case{"a:sysctl('net.ipv4.tcp_sak')", "tcp_sack"},
        Case{"a:counter('TcpExtListenOverflow')", "ListenOverflows"},
        Case{"a:tcp():setoption('nodelay', true)", "unknown socket option"},
        Case{"a:tcp():shutdown('sent')", "did you mean \"send\""},
        Case{"a:tcp():receive('*x')", "pattern"}, Case{"link:at(1, 'sideways')", "neither"},
        Case{"netsim.plot{}", "at least one"},
        Case{"netsim.network{addresses = '10.0.0.0/31'} for i = 1, 10 do "
             "netsim.network{addresses = '10.0.0.0/30'}:host('x') end "
             "local n = netsim.network{addresses = '10.0.0.0/30'} "
             "for i = 1, 9 do n:host('h' .. i) end",
             "10.0.0.0/30"}));

class Misuse : public testing::TestWithParam<Case> {};

TEST_P(Misuse, IsARuntimeErrorWithTraceback) {
    const Ran ran = run_lua(two_hosts(GetParam().body));
    EXPECT_EQ(ran.ending(), Ending::kRuntime) << ran.message();
    EXPECT_EQ(ran.message().rfind("test.lua:2: ", 0), 0U) << ran.message();
    EXPECT_NE(ran.message().find(GetParam().says), std::string::npos) << ran.message();
    EXPECT_FALSE(ran.report.failure.traceback.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Bindings, Misuse,
    testing::Values(Case{"print(a.adress)", "did you mean \"address\""},
                    Case{"a.spawn(print)", "colon"}, Case{"a.name = 'x'", "cannot be assigned"},
                    Case{"a:tcp():connect('b', 80)", "inside host:spawn"},
                    Case{"netsim.sleep(1)", "inside host:spawn"},
                    Case{"a:spawn('no function')", "function expected"},
                    Case{"net:at(1, function() net:run(1) end) net:run(2)", "running already"},
                    Case{"netsim.run(function() return 5 end)", "a table of results"},
                    Case{"netsim.run(function() return {x = print} end)", "results.x"},
                    Case{"local n netsim.run(function(net) n = net end) n:now()", "is gone"}));

TEST(Params, HaveTheTypeOfTheirDefaultAndComeFromFlags) {
    RunOptions options;
    options.arguments = {"--count", "7", "--rate=5kpps", "--on", "--name", "x y"};
    const Ran ran = run_lua(
        "local p = netsim.params{count = {3, 'how many'}, rate = {'1kpps', ''}, on = {false}, "
        "name = 'n', rest = {0.5}} print(p.count, math.type(p.count), p.rate, p.on, p.name, "
        "p.rest)",
        options);
    EXPECT_EQ(ran.out, "7\tinteger\t5kpps\ttrue\tx y\t0.5\n") << ran.message();
}

class BadFlag : public testing::TestWithParam<std::pair<std::vector<std::string>, const char*>> {};

TEST_P(BadFlag, IsRefusedByName) {
    RunOptions options;
    options.arguments = GetParam().first;
    options.other_flags = {"--seed", "--json"};
    const Ran ran = run_lua(
        "netsim.params{count = {3}, rate = {'1kpps'}, delay = {'1ms'}, on = {false}, "
        "port = {80, 'p', min = 1, max = 65535}, least = {2, min = 0}, late = {'-1ms'}, "
        "who = {'client', 'w', one_of = {'client', 'server'}}}",
        options);
    EXPECT_EQ(ran.ending(), Ending::kInput) << ran.message();
    EXPECT_NE(ran.message().find(GetParam().second), std::string::npos) << ran.message();
}

INSTANTIATE_TEST_SUITE_P(
    Params, BadFlag,
    testing::Values(std::pair{std::vector<std::string>{"--cuont", "1"}, "did you mean \"--count\""},
                    std::pair{std::vector<std::string>{"--sed", "1"}, "did you mean \"--seed\""},
                    std::pair{std::vector<std::string>{"--count", "x"}, "a number"},
                    std::pair{std::vector<std::string>{"--count", "1.5"}, "a whole number"},
                    std::pair{std::vector<std::string>{"--rate", "1ms"}, "--rate"},
                    std::pair{std::vector<std::string>{"--delay", "5"}, "--delay"},
                    std::pair{std::vector<std::string>{"--delay", "-1ms"}, "not negative"},
                    std::pair{std::vector<std::string>{"--port", "0"},
                              "--port 0: expected 1 to 65535"},
                    std::pair{std::vector<std::string>{"--port", "65536"}, "1 to 65535"},
                    std::pair{std::vector<std::string>{"--least", "-1"}, "at least 0"},
                    std::pair{std::vector<std::string>{"--who", "both"}, "one of client, server"},
                    std::pair{std::vector<std::string>{"--count"}, "a value is missing"},
                    std::pair{std::vector<std::string>{"--on", "maybe"}, "true or false"},
                    std::pair{std::vector<std::string>{"--on", "true", "x"}, "unexpected"}));

TEST(Params, WithinTheirLimitsAreTaken) {
    RunOptions options;
    options.arguments = {"--port", "65535", "--who", "server", "--late", "-3ms"};
    const Ran ran = run_lua(
        "local p = netsim.params{port = {80, 'p', min = 1, max = 65535}, late = {'-1ms'}, "
        "who = {'client', 'w', one_of = {'client', 'server'}}} print(p.port, p.who, p.late)",
        options);
    EXPECT_EQ(ran.out, "65535\tserver\t-3ms\n") << ran.message();
}

TEST(Params, LimitsThatFitNothingAreRefused) {
    for (const auto& [declared, says] : std::vector<std::pair<const char*, const char*>>{
             {"{80, 'p', mix = 1}", "did you mean \"min\""},
             {"{80, 'p', min = 81}", "the default 80 is not one of: at least 81"},
             {"{'1ms', 'p', max = 2}", "min and max are of numbers"},
             {"{3, 'p', one_of = {'a'}}", "one_of of strings"},
             {"{'c', 'p', one_of = {'a', 'b'}}", "the default c is not one of: a, b"},
             {"{'c', 'p', one_of = 'c'}", "expected a list"}}) {
        const Ran ran = run_lua("netsim.params{x = " + std::string(declared) + "}");
        EXPECT_EQ(ran.ending(), Ending::kInput) << declared;
        EXPECT_NE(ran.message().find(says), std::string::npos) << ran.message();
    }
}

TEST(Params, WithoutThemFlagsAreUnknown) {
    RunOptions options;
    options.arguments = {"--backlog", "5"};
    const Ran ran = run_lua("print(1)", options);
    EXPECT_EQ(ran.ending(), Ending::kInput);
    EXPECT_NE(ran.message().find("unknown option --backlog"), std::string::npos);
}

TEST(Params, AnUnknownFieldIsAnErrorThatNamesTheNearest) {
    const Ran ran = run_lua("local p = netsim.params{backlog = {1}} print(p.backlg)");
    EXPECT_NE(ran.message().find("did you mean \"backlog\""), std::string::npos) << ran.message();
}

TEST(Params, HelpTellsThemAndEndsTheScript) {
    RunOptions options;
    options.help = true;
    const Ran ran = run_lua(
        "-- What it shows.\nnetsim.params{backlog = {128, 'of the server'}} print('not reached')",
        options);
    EXPECT_EQ(ran.ending(), Ending::kHelp);
    EXPECT_NE(ran.out.find("What it shows."), std::string::npos);
    EXPECT_NE(ran.out.find("--backlog N  of the server (default 128)"), std::string::npos)
        << ran.out;
    EXPECT_EQ(ran.out.find("not reached"), std::string::npos);
}

TEST(Settings, ReachOneHostOrAll) {
    RunOptions options;
    options.settings = {"a.net.ipv4.tcp_sack=0", "net.ipv4.tcp_syncookies=2"};
    const Ran ran = run_lua(two_hosts("for _, h in ipairs{a, b} do print(h:sysctl('net.ipv4."
                                      "tcp_sack'), h:sysctl('net.ipv4.tcp_syncookies')) end "
                                      "net:run(1)"),
                            options);
    EXPECT_EQ(ran.out, "0\t2\n1\t2\n") << ran.message();
}

TEST(Settings, AProfileIsWhereTheSysctlsBegin) {
    const Ran ran =
        run_lua(two_hosts("local c = net:host('c', {profile = 'linux-legacy', sysctl = "
                          "{['net.ipv4.tcp_tw_recycle'] = 1}}) net:link(c, a) "
                          "for _, h in ipairs{a, c} do print(h:sysctl('net.core.somaxconn'), "
                          "h:sysctl('net.ipv4.tcp_tw_recycle')) end net:run(1)"));
    EXPECT_EQ(ran.out, "4096\t0\n128\t1\n") << ran.message();
}

class BadSetting : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BadSetting, IsRefused) {
    RunOptions options;
    options.settings = {GetParam().first};
    const Ran ran = run_lua(two_hosts("net:run(1)"), options);
    EXPECT_EQ(ran.ending(), Ending::kInput);
    EXPECT_NE(ran.message().find(GetParam().second), std::string::npos) << ran.message();
}

INSTANTIATE_TEST_SUITE_P(
    Settings, BadSetting,
    testing::Values(std::pair{"net.ipv4.tcp_syncookie=0", "did you mean \"net.ipv4.tcp_syncookies"},
                    std::pair{"a.net.ipv4.tcp_syncookie=0", "net.ipv4.tcp_syncookies"},
                    std::pair{"c.net.ipv4.tcp_sack=0", "no host \"c\""},
                    std::pair{"net.ipv4.tcp_sack", "expected HOST.SYSCTL=VALUE"},
                    std::pair{"net.ipv4.tcp_sack=2", "tcp_sack"}));

}  // namespace
}  // namespace netsim::lua
