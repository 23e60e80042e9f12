// netsim run: exit codes, one line per error, outputs whole or absent.
#include <gmock/gmock.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"

namespace netsim::cli {
namespace {

using nlohmann::json;

constexpr const char* kSmall = R"(
local p = netsim.params { rate = { "100/s", "of the load" } }
netsim.compare { { "one case", function(net)
    local web, user = net:host("web"), net:host("user")
    net:link(web, user, { delay = "5ms" })
    web:serve { port = 80, request = 10, response = 10 }
    local load = user:load("web:80", { rate = p.rate, request = 10, response = 10, stop = "1s" })
    net:run("2s")
    return { attempts = load.attempts }
end } }
)";

// Runs for ever, and says when it began.
constexpr const char* kEndless = R"(
local net = netsim.network {}
local a, b = net:host("a"), net:host("b")
net:link(a, b, { delay = "1ms" })
b:serve { port = 80, request = 10, response = 10 }
a:load("b:80", { rate = "1000/s", request = 10, response = 10 })
a:spawn(function(host) host:sleep(1) print("it runs") end)
net:run()
)";

class Run : public CommandTest {};

TEST_F(Run, ADoneScriptExitsWith0AndTellsWhatItDid) {
    write("x.lua", kSmall);
    const Outcome run = netsim({"run", "x.lua"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.out.find("one case"), std::string::npos);
    EXPECT_NE(run.err.find("2 s simulated"), std::string::npos);
    EXPECT_NE(run.err.find("digest"), std::string::npos);
    EXPECT_EQ(run.out.find('\r'), std::string::npos);
    EXPECT_EQ((run.out + run.err).find('\033'), std::string::npos);  // no terminal: no colour
}

TEST_F(Run, QuietPrintsNothing) {
    write("x.lua", kSmall);
    const Outcome run = netsim({"run", "x.lua", "--quiet"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.out + run.err, "");
    EXPECT_EQ(netsim({"run", "handshake", "--quiet"}).out, "");  // it traces and draws
}

TEST_F(Run, AFailedExpectationExitsWith1) {
    write("x.lua", "netsim.expect(false, 'no luck')");
    const Outcome run = netsim({"run", "x.lua", "--quiet"});
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(run.err, "x.lua:1: expectation failed: no luck\n");
}

TEST_F(Run, ScriptsAreFoundByNameWithOrWithoutEnding) {
    EXPECT_EQ(netsim({"run", "handshake", "--quiet"}).code, 0);
    EXPECT_EQ(netsim({"run", "handshake.lua", "--quiet"}).code, 0);
}

TEST_F(Run, JsonAloneOnStandardOutput) {
    write("x.lua", std::string("print('words')") + kSmall);
    const Outcome run = netsim({"run", "x.lua", "--json", "--seed", "7", "--rate", "50/s"});
    EXPECT_EQ(run.code, 0) << run.err;
    const json report = json::parse(run.out);
    EXPECT_NE(run.err.find("words"), std::string::npos);
    EXPECT_EQ(report["script"], "x.lua");
    EXPECT_EQ(report["seed"], 7);
    EXPECT_EQ(report["simulated_seconds"], 2);
    EXPECT_EQ(report["interrupted"], false);
    EXPECT_EQ(report["digest"].get<std::string>().size(), 16U);
    for (const char* key :
         {"wall_seconds", "events", "events_per_second", "handshakes",
          "handshakes_per_simulated_second", "handshakes_per_wall_second", "peak_rss_bytes"}) {
        EXPECT_GT(report[key].get<double>(), 0) << key;
    }
    ASSERT_EQ(report["cases"].size(), 1U);
    const json& one = report["cases"][0];
    EXPECT_EQ(one["name"], "one case");
    EXPECT_GT(one["results"]["attempts"], 0);
    EXPECT_EQ(one["hosts"]["web"]["counters"]["TcpPassiveOpens"], one["results"]["attempts"]);
    EXPECT_TRUE(one["hosts"]["user"]["counters"].contains("TcpExtListenOverflows"));
}

TEST_F(Run, JsonToAFileLeavesThePrintedTextAlone) {
    write("x.lua", kSmall);
    const Outcome run = netsim({"run", "x.lua", "--json", "out.json"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.out.find("one case"), std::string::npos);
    EXPECT_EQ(json::parse(read_whole(file("out.json")))["script"], "x.lua");
    EXPECT_EQ(listing(), "out.json x.lua");
}

TEST_F(Run, TheSameSeedGivesTheSameBytes) {
    write("x.lua", kSmall);
    const Outcome one = netsim({"run", "x.lua", "--trace", "--pcap", "p1"});
    const Outcome two = netsim({"run", "x.lua", "--trace", "--pcap", "p2"});
    const Outcome other = netsim({"run", "x.lua", "--trace", "--seed", "2"});
    EXPECT_GT(one.out.size(), 10000U);
    EXPECT_EQ(one.out, two.out);
    EXPECT_NE(one.out, other.out);
    EXPECT_EQ(read_whole(file("p1/one_case.pcapng")), read_whole(file("p2/one_case.pcapng")));
    EXPECT_EQ(read_whole(file("p1/one_case.pcapng")).substr(0, 4), "\x0a\x0d\x0d\x0a");
}

TEST_F(Run, JsonToADashIsStandardOutput) {
    write("x.lua", std::string("print('words')") + kSmall);
    const Outcome run = netsim({"run", "x.lua", "--json", "-"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(json::parse(run.out)["script"], "x.lua");
    EXPECT_EQ(listing(), "x.lua");
}

TEST_F(Run, TraceTakesAFilter) {
    write("x.lua", kSmall);
    const std::string syns = netsim({"run", "x.lua", "--trace=syn"}).out;
    EXPECT_NE(syns.find("Flags [S]"), std::string::npos) << syns.substr(0, 500);
    EXPECT_EQ(syns.find("Flags [F"), std::string::npos);
}

// A flood into a queue without an end: one line tells what took the memory, what was measured until
// then is reported, and the exit code is 1.
TEST_F(Run, ReachesTheMemoryLimit) {
#ifdef NETSIM_INVARIANTS
    GTEST_SKIP() << "every request is checked after every event: a million of them take hours";
#endif
    write("x.lua", R"(
local run = netsim.run(function(net)
  local web, bot = net:host("web", { sysctl = { ["net.ipv4.tcp_syncookies"] = 0,
    ["net.core.somaxconn"] = 10000000, ["net.ipv4.tcp_max_syn_backlog"] = 20000000 } }), net:host("bot")
  net:link(web, bot, { delay = "1ms" })
  web:serve { port = 80, backlog = 10000000 }
  bot:synflood("web:80", { rate = "1000kpps", spoof = "198.18.0.0/15" })
  return { reason = net:run("1000s"), queued = web:syn_queue(80) }
end)
)");
    const Outcome run = netsim({"run", "x.lua", "--memory-max", "100mb", "--json"});
    EXPECT_EQ(run.code, 1) << run.err;
    EXPECT_EQ(run.err_lines(), 1U) << run.err;
    EXPECT_NE(run.err.find("memory limit of 100 MiB"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("half-open requests"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("would be needed until"), std::string::npos) << run.err;
    const json report = json::parse(run.out);
    EXPECT_EQ(report["cases"][0]["ended"], "memory");
    EXPECT_EQ(report["cases"][0]["results"]["reason"], "memory");
    EXPECT_GT(report["cases"][0]["results"]["queued"], 100'000);
}

TEST_F(Run, HelpTellsTheScriptsParameters) {
    write("x.lua", std::string("-- Shows a thing.\n") + kSmall);
    const Outcome run = netsim({"run", "x.lua", "--help"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_NE(run.out.find("Shows a thing."), std::string::npos);
    EXPECT_NE(run.out.find("--rate FREQ  of the load (default 100/s)"), std::string::npos)
        << run.out;
    EXPECT_NE(netsim({"run", "--help"}).out.find("--pcap"), std::string::npos);
}

TEST_F(Run, LimitsEndItEarly) {
    write("x.lua", kEndless);
    const Outcome events = netsim({"run", "x.lua", "--events-max", "5000"});
    EXPECT_EQ(events.code, 0) << events.err;
    EXPECT_NE(events.err.find("--events-max was reached"), std::string::npos) << events.err;
    EXPECT_NE(netsim({"run", "x.lua", "--until", "2s"}).err.find("2 s simulated"),
              std::string::npos);
}

TEST_F(Run, ARuntimeErrorInAProcessHasAPlaceAndATraceback) {
    write("x.lua",
          "local net = netsim.network {}\nlocal a = net:host('a')\n"
          "a:spawn(function(host)\n  host:sleep(1)\n  local x = nil + 1\nend)\nnet:run(5)\n");
    const Outcome run = netsim({"run", "x.lua", "--json", "out.json"});
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.err.rfind("x.lua:5: attempt to perform arithmetic on a nil value\n", 0), 0U)
        << run.err;
    EXPECT_NE(run.err.find("in a process of host \"a\" at 1s\nstack traceback:"),
              std::string::npos);
    EXPECT_EQ(listing(), "x.lua");
}

TEST_F(Run, InterruptedItStillWritesWholeOutputs) {
    write("x.lua", kEndless);
    const Outcome run = interrupt_after({"run", "x.lua", "--json", "--pcap", "packets"}, "it runs");
    EXPECT_EQ(run.code, 130) << run.err;
    const json report = json::parse(run.out);
    EXPECT_EQ(report["interrupted"], true);
    EXPECT_GT(report["simulated_seconds"], 0.9);
    const std::string capture = read_whole(file("packets/x.pcapng"));
    EXPECT_EQ(capture.substr(0, 4), "\x0a\x0d\x0d\x0a");
    ASSERT_GT(capture.size(), 12U);
    // The last block ends with its length, which leads back to its beginning: nothing is cut off.
    std::uint32_t length = 0;
    std::memcpy(&length, capture.data() + capture.size() - 4, 4);
    ASSERT_LE(length, capture.size());
    std::uint32_t leading = 0;
    std::memcpy(&leading, capture.data() + capture.size() - length + 4, 4);
    EXPECT_EQ(leading, length);
}

TEST_F(Run, AnEndlessLoopInAScriptIsInterrupted) {
    write("x.lua", "print('it runs') while true do pcall(function() while true do end end) end");
    const Outcome run = interrupt_after({"run", "x.lua", "--json"}, "it runs");
    EXPECT_EQ(run.code, 130) << run.err;
    EXPECT_EQ(json::parse(run.out)["interrupted"], true);
}

TEST_F(Run, AReaderThatGoesAwayEndsItQuietly) {
    write("x.lua", "for i = 1, 1e7 do print(i, 'a line that fills the pipe') end");
    const Outcome run = bash("\"$NETSIM\" run x.lua | head -1; echo \"${PIPESTATUS[0]}\"");
    EXPECT_EQ(run.out, "1\ta line that fills the pipe\n141\n");
    EXPECT_EQ(run.err, "");
    write("y.lua", kEndless);
    const Outcome trace =
        bash("\"$NETSIM\" run y.lua --trace | head -1; echo \"${PIPESTATUS[0]}\"");
    EXPECT_NE(trace.out.find("\n141\n"), std::string::npos) << trace.out;
    EXPECT_EQ(trace.err, "");
}

TEST_F(Run, AFullDiskIsOneLine) {
    write("x.lua", "for i = 1, 1e5 do print(i) end");
    const Outcome printed = bash("\"$NETSIM\" run x.lua > /dev/full");
    EXPECT_EQ(printed.code, 2);
    EXPECT_EQ(printed.err_lines(), 1U) << printed.err;
    EXPECT_NE(printed.err.find("No space left on device"), std::string::npos) << printed.err;
    write("y.lua", "print(1)");
    const Outcome small = bash("\"$NETSIM\" run y.lua --no-progress > /dev/full");
    EXPECT_EQ(small.code, 2);
    EXPECT_NE(small.err.find("No space left on device"), std::string::npos) << small.err;
    write("z.lua", kEndless);
    const Outcome traced = bash("\"$NETSIM\" run z.lua --trace > /dev/full");
    EXPECT_EQ(traced.code, 2);
    EXPECT_NE(traced.err.find("No space left on device"), std::string::npos) << traced.err;
    const Outcome json_file = netsim({"run", "y.lua", "--json", "/dev/full"});
    EXPECT_EQ(json_file.code, 2);
    EXPECT_NE(json_file.err.find("No space left on device"), std::string::npos) << json_file.err;
    EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

TEST_F(Run, AFullDiskUnderACaptureIsOneLine) {
    write("x.lua",
          std::string(kEndless).replace(std::string(kEndless).rfind("run()"), 5, "run(5)"));
    std::filesystem::create_directory(file("packets"));
    std::filesystem::create_symlink("/dev/full", file("packets/x.pcapng"));
    const Outcome run = netsim({"run", "x.lua", "--pcap", "packets", "--json", "out.json"});
    EXPECT_EQ(run.code, 2);
    EXPECT_NE(run.err.find("packets/x.pcapng: No space left on device\n"), std::string::npos)
        << run.err;
    EXPECT_EQ(listing(), "packets x.lua");
}

TEST_F(Run, KilledItLeavesNoHalfOfItsJsonBehind) {
    write("x.lua", kEndless);
    const Outcome run = bash(
        "\"$NETSIM\" run x.lua --trace --json out.json > printed & "
        "until [ -s printed ] || ! kill -0 $!; do :; done; kill -KILL $!; wait $!; echo $?");
    EXPECT_EQ(run.out, "137\n");
    EXPECT_EQ(listing(), "printed x.lua");
}

TEST_F(Run, APortInUseIsAnErrnoForTheScript) {
    write("x.lua",
          "local net = netsim.network {}\nnet:host('web'):spawn(function(host)\n"
          "  local one, two = host:tcp(), host:tcp()\n  one:bind('*', 80) one:listen(1)\n"
          "  print(two:bind('*', 80))\nend)\nnet:run(1)\n");
    const Outcome run = netsim({"run", "x.lua"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "nil\taddress already in use\tEADDRINUSE\n");
}

TEST_F(Run, NoRouteIsAnErrnoForTheScript) {
    write("x.lua",
          "local net = netsim.network {}\nlocal a, r = net:host('a'), net:router('r')\n"
          "net:link(a, r) net:link(net:host('b'), r)\na:spawn(function(host)\n"
          "  print(host:tcp():connect('192.0.2.1', 80))\nend)\nnet:run(1)\n");
    const Outcome run = netsim({"run", "x.lua"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(run.out, "nil\tnetwork is unreachable\tENETUNREACH\n");
}

TEST_F(Run, TheShippedFloodEndedEarlyStillExplainsItself) {
    const Outcome run = netsim({"run", "synflood", "--until", "0s"});
    EXPECT_NE(run.code, 2) << run.err;
    EXPECT_NE(run.out.find("nothing to explain"), std::string::npos) << run.out;
}

class SysctlConf : public CommandTest {
 protected:
    void SetUp() override {
        CommandTest::SetUp();
        write("two.lua",
              "local net = netsim.network {} local web, bot = net:host('web'), net:host('bot')\n"
              "print(web:sysctl('net.core.somaxconn'), bot:sysctl('net.core.somaxconn'))\n"
              "print((web:sh('sysctl -p')))\n");
        write("web.conf", "# ours\nnet.core.somaxconn = 2\n");
    }
};

TEST_F(SysctlConf, IsAHostsOrEverybodys) {
    const Outcome one = netsim({"run", "two.lua", "--sysctl-conf", "web=web.conf"});
    EXPECT_EQ(one.code, 0) << one.err;
    EXPECT_THAT(one.out, testing::StartsWith("2\t4096\nnet.core.somaxconn = 2\n"));
    EXPECT_THAT(netsim({"run", "two.lua", "--sysctl-conf", "web.conf"}).out,
                testing::StartsWith("2\t2\n"));
    EXPECT_THAT(
        netsim({"run", "two.lua", "--sysctl-conf", "web.conf", "--set", "web.net.core.somaxconn=9"})
            .out,
        testing::StartsWith("9\t2\n"));
}

TEST_F(SysctlConf, WhatNetsimSysctlPrintsIsReadBack) {
    const Outcome conf = bash(
        "$NETSIM sysctl --conf > all.conf && "
        "$NETSIM run two.lua --sysctl-conf web=all.conf");
    EXPECT_EQ(conf.code, 0) << conf.err;
    EXPECT_THAT(conf.out, testing::StartsWith("4096\t4096\n"));
    EXPECT_THAT(netsim({"sysctl", "--conf", "net.core.somaxconn"}).out,
                "# upper limit of listen(2)'s backlog (allowed: 0..2147483647)\n"
                "net.core.somaxconn = 4096\n");
}

TEST_F(SysctlConf, MistakesNameFileAndLine) {
    write("bad.conf", "net.core.somaxconn = 1\nnet.core.somaxcon = 2\n");
    const Outcome bad = netsim({"run", "two.lua", "--sysctl-conf", "web=bad.conf"});
    EXPECT_EQ(bad.code, 2);
    EXPECT_THAT(bad.err, testing::HasSubstr("bad.conf:2: unknown sysctl \"net.core.somaxcon\", "
                                            "did you mean \"net.core.somaxconn\"?"));
    EXPECT_EQ(bad.err_lines(), 1U);
    const Outcome host = netsim(
        {"run", "two.lua", "--sysctl-conf", "web=web.conf", "--sysctl-conf", "wbe=web.conf"});
    EXPECT_EQ(host.code, 2);
    EXPECT_THAT(host.err, testing::HasSubstr("--sysctl-conf wbe=web.conf: no host \"wbe\", did "
                                             "you mean \"web\"?"));
    const Outcome file = netsim({"run", "two.lua", "--sysctl-conf", "web=none.conf"});
    EXPECT_EQ(file.code, 2);
    EXPECT_THAT(file.err, testing::HasSubstr("none.conf: No such file"));
    EXPECT_EQ(netsim({"run", "two.lua", "--sysctl-conf", "=web.conf"}).code, 2);
}

TEST_F(Run, ALabsNumberIsAScriptToo) {
    const Outcome by_number = netsim({"run", "1"});
    EXPECT_EQ(by_number.code, 0) << by_number.err;
    EXPECT_EQ(by_number.out, netsim({"run", "labs/01-three-way-handshake.lua"}).out);
    EXPECT_EQ(netsim({"exec", "01", "server", "ss -tan"}).code, 0);
    const Outcome none = netsim({"run", "999"});
    EXPECT_EQ(none.code, 2);
    EXPECT_EQ(none.err_lines(), 1U);
    write("1", "print('mine')");
    EXPECT_EQ(netsim({"run", "1"}).out, "mine\n");
}

}  // namespace
}  // namespace netsim::cli
