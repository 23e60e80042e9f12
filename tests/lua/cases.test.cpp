// Cases, results, checks, series, and what the report says of them.
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

constexpr const char* kCompare = R"(
    local function scenario(net, delay)
        local a, b = net:host("a"), net:host("b")
        net:link(a, b, { delay = delay })
        b:serve { port = 80, request = 10, response = 10 }
        local load = a:load("b:80", { rate = "50/s", request = 10, response = 10, stop = "2s" })
        net:run("10s")
        return { p50 = load.connect_p50_ms, load = load, nested = { answer = 42, yes = true } }
    end
    local cases = netsim.compare {
        title = "delays", { "short", scenario, "5ms" }, { "long", scenario, "50ms" },
    }
    print(cases[1].name, cases[2].results.p50)
)";

TEST(Compare, RunsEachCaseOnANetworkOfItsOwnAndShowsThemSideBySide) {
    const Ran ran = run_lua(kCompare);
    ASSERT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_NE(ran.out.find("delays"), std::string::npos);
    EXPECT_NE(ran.out.find("nested.answer"), std::string::npos);
    EXPECT_NE(ran.out.find("short\t100.0"), std::string::npos) << ran.out;
    ASSERT_EQ(ran.report.cases.size(), 2U);
    const CaseReport& one = ran.report.cases[0];
    EXPECT_EQ(one.name, "short");
    EXPECT_EQ(one.results["nested"]["answer"], 42);
    EXPECT_EQ(one.results["p50"], 10.0);
    EXPECT_EQ(one.results["load"]["attempts"], one.results["load"]["completed"]);
    EXPECT_GT(one.hosts["b"]["counters"]["TcpPassiveOpens"], 0);
    EXPECT_EQ(one.simulated_seconds, 10);
    EXPECT_GT(one.handshakes, 0U);
    EXPECT_NE(one.digest, ran.report.cases[1].digest);
}

TEST(Compare, IsTheSameTwiceAndAnotherWithAnotherSeed) {
    RunOptions two;
    two.seed = 2;
    const Ran first = run_lua(kCompare);
    EXPECT_EQ(first.report.digest(), run_lua(kCompare).report.digest());
    EXPECT_EQ(first.out, run_lua(kCompare).out);
    EXPECT_NE(first.report.digest(), run_lua(kCompare, two).report.digest());
    EXPECT_EQ(run_lua(kCompare, two).report.cases[0].seed, 2U);
}

TEST(Compare, CasesDrawTheSameRandomNumbers) {
    const Ran ran = run_lua(
        "local function f() print(math.random(1000000)) end "
        "netsim.compare{{'one', f}, {'two', f}}");
    const std::size_t half = ran.out.size() / 2;
    EXPECT_EQ(ran.out.substr(0, half), ran.out.substr(half)) << ran.message();
}

TEST(Compare, ShowsWhatItIsTold) {
    const Ran ran = run_lua(
        "local function f(net, x) return {a = x, b = 2 * x} end "
        "netsim.compare{title = 't', show = {{'b', 'twice'}}, {'one', f, 3}}");
    EXPECT_NE(ran.out.find("twice"), std::string::npos);
    EXPECT_NE(ran.out.find("6"), std::string::npos);
    EXPECT_EQ(ran.out.find("a "), std::string::npos) << ran.out;
}

TEST(Expect, AFailedOneIsToldWithItsPlaceAndCounted) {
    const Ran ran = run_lua(
        "netsim.expect(true, 'fine')\nnetsim.expect(1 > 2, 'one is %d', 1)\n"
        "netsim.expect_between(5, 1, 3, 'five')\nnetsim.expect_near(1.0, 1.1, 0.2, 'near')\n"
        "netsim.expect_equal('x', 'y\\nz', 'letter')\nprint('on')");
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_EQ(ran.out, "on\n");
    EXPECT_EQ(ran.err,
              "test.lua:2: expectation failed: one is 1\n"
              "test.lua:3: expectation failed: five is 5, expected 1 to 3\n"
              "test.lua:5: expectation failed: letter is x, expected y\\nz\n");
    ASSERT_EQ(ran.report.expectations.size(), 5U);
    EXPECT_TRUE(ran.report.expectations_failed());
    EXPECT_FALSE(run_lua("netsim.expect(true)").report.expectations_failed());
}

TEST(Expect, NumbersAreRoundedWhereThatTellsTheSame) {
    const Ran ran = run_lua(
        "netsim.expect_near(0.1 + 0.2, 0.3, 0.1, 'a')\n"
        "netsim.expect_between(0.1 + 0.2, 0, 0.3, 'b')\n"
        "netsim.expect_equal(0.1 + 0.2, 0.3, 'c')\n"
        "netsim.expect_equal(2.5, 2.5, 'd')\n"
        "netsim.expect_between(1 / 3, 0, 1, 'e')");
    const auto& told = ran.report.expectations;
    ASSERT_EQ(told.size(), 5U);
    EXPECT_EQ(told[0].message, "a is 0.3, expected 0.3 +- 0.1");
    EXPECT_EQ(told[1].message, "b is 0.30000000000000004, expected 0 to 0.3");
    EXPECT_EQ(told[2].message, "c is 0.30000000000000004, expected 0.3");
    EXPECT_EQ(told[3].message, "d is 2.5, expected 2.5");
    EXPECT_EQ(told[4].message, "e is 0.333333, expected 0 to 1");
}

TEST(Expect, ALongPathIsToldWhole) {
    RunOptions options;
    const std::string path = std::string(80, 'p') + "/x.lua";
    options.script = path;
    EXPECT_EQ(run_lua("local x = nil + 1", options).message().substr(0, 89), path + ":1:");
    EXPECT_EQ(run_lua("local = 1", options).message().substr(0, 89), path + ":1:");
    EXPECT_EQ(run_lua("netsim.network { sed = 1 }", options).message().substr(0, 89), path + ":1:");
    EXPECT_EQ(run_lua("netsim.expect(false)", options).report.expectations.at(0).place,
              path + ":1: ");
}

TEST(Expect, WhatWasNotMeasuredFails) {
    EXPECT_TRUE(run_lua("netsim.expect_between(nil, 0, 1)").report.expectations_failed());
    EXPECT_TRUE(run_lua("netsim.expect_near(0/0, 0, 1)").report.expectations_failed());
}

TEST(Series, SamplesAFunctionOrACounter) {
    const Ran ran = run_lua(two_hosts(R"(
        local n = 0
        local s = net:record("n", "1s", function() n = n + 1 return n end)
        local c = net:record("out", "1s", a, "TcpOutSegs")
        net:run("5s")
        print(s.name, s.interval, #s, s.max, s.last, table.concat(s.values, " "))
        print(c.max))"));
    EXPECT_EQ(ran.out.rfind("n\t1.0\t", 0), 0U) << ran.out << ran.message();
    EXPECT_NE(ran.out.find("1.0 2.0 3.0"), std::string::npos) << ran.out;
}

TEST(Series, AFunctionThatReturnsNoNumberEndsTheRun) {
    const Ran ran =
        run_lua(two_hosts("net:record('x', '1s', function() return 'y' end) net:run('5s')"));
    EXPECT_EQ(ran.ending(), Ending::kRuntime);
    EXPECT_NE(ran.message().find("must return a number"), std::string::npos) << ran.message();
}

TEST(Run, EndsAtUntilWhateverTheScriptSays) {
    RunOptions options;
    options.until = std::chrono::seconds(3);
    const Ran ran = run_lua(two_hosts("a:spawn(function(h) while true do h:sleep(2) end end) "
                                      "print(net:run('10s'), net:now())"),
                            options);
    EXPECT_EQ(ran.out, "until\t3.0\n") << ran.message();
}

TEST(Run, EndsAtItsEvent) {
    RunOptions options;
    options.run_limits.events_max = 10;
    const Ran ran = run_lua(two_hosts("a:spawn(function(h) while true do h:sleep(1) end end) "
                                      "print(net:run(), net.events)"),
                            options);
    EXPECT_EQ(ran.out, "events\t10\n") << ran.message();
}

TEST(Run, CallbacksComeAtTheirTime) {
    const Ran ran = run_lua(two_hosts(R"(
        net:at("2s", function() print("at", net:now()) end)
        local n = 0
        net:every("1s", function() n = n + 1 print("every", net:now()) return n < 3 end)
        a:at(0.5, function() print("host", a:now()) end)
        net:run("10s"))"));
    EXPECT_EQ(ran.out, "host\t0.5\nevery\t1.0\nat\t2.0\nevery\t2.0\nevery\t3.0\n") << ran.message();
}

TEST(Run, InterruptsUnwindTheScript) {
    RunOptions options;
    int polls = 0;
    options.interrupted = [&polls] { return ++polls > 100; };
    const Ran ran = run_lua("while true do pcall(function() while true do end end) end", options);
    EXPECT_EQ(ran.ending(), Ending::kInterrupted);
    EXPECT_TRUE(ran.report.interrupted());
}

TEST(Links, GoDownAndUpAndCount) {
    const Ran ran = run_lua(two_hosts(R"(
        link:at("1s", "down") link:at("2s", "up")
        net:at("1500ms", function() print(link.is_up) end)
        net:run("3s") print(link.is_up, link.name, link.a, link:stats().sent_packets)
        link:set({ delay = "20ms", loss = "100%" }, a)
        local ping = a:ping("b", { count = 2 })
        net:run("10s") print(ping.sent, ping.received, link:stats(a).drops.loss, link:stats(b).dropped))"));
    EXPECT_EQ(ran.out.rfind("false\ntrue\ta-b\ta\t0\n", 0), 0U) << ran.out << ran.message();
    EXPECT_NE(ran.out.find("2\t0\t2\t0\n"), std::string::npos) << ran.out << ran.message();
}

TEST(Topologies, FromAGeneratorAndAFile) {
    const Ran ran = run_lua(R"(
        local net = netsim.network {}
        local star = net:topology("star", { hosts = 4, prefix = "s-" })
        print(#star.hosts, star.hosts[1] == net:node(star.hosts[1].name))
        local map = netsim.network {}:topology("abilene")
        print(#map.routers))");
    EXPECT_EQ(ran.out, "4\ttrue\n11\n") << ran.message();
}

TEST(Modules, NetsimItselfCanBeRequired) {
    EXPECT_EQ(run_lua("print(require 'netsim' == netsim)").out, "true\n");
}

}  // namespace
}  // namespace netsim::lua
