// netsim run --ladder and netsim ladder FILE.
#include <gmock/gmock.h>

#include <algorithm>

#include "cli/command.hpp"

namespace netsim::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kTwoCases = R"(
local function scenario(net)
    local user, web, db = net:host("user"), net:host("web"), net:host("db")
    local r = net:router("r")
    for _, host in ipairs { user, web, db } do net:link(host, r, { delay = "5ms" }) end
    web:serve { port = 80, request = 10, response = 10 }
    db:serve { port = 5432, request = 10, response = 10 }
    user:load("web:80", { rate = "100/s", request = 10, response = 10, max = 3 })
    web:load("db:5432", { rate = "100/s", request = 10, response = 10, max = 1 })
    net:run("2s")
end
netsim.compare { { "first", scenario }, { "second", scenario } }
)";

class LadderCommand : public CommandTest {};

TEST_F(LadderCommand, AnyScriptDrawsWithoutBeingChanged) {
    write("x.lua", kTwoCases);
    const Outcome run = netsim({"run", "x.lua", "--ladder"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("ladder of first: user and web, the first of 3 connections, the "
                                   "busiest of 2 pairs (--ladder A[:PORT],B chooses)\n"));
    EXPECT_THAT(run.out, HasSubstr("ladder of second: "));
    EXPECT_THAT(run.out, HasSubstr("|-- SYN seq=0 ---"));
    EXPECT_THAT(run.out, HasSubstr("ESTABLISHED"));
}

TEST_F(LadderCommand, HostsPortsFormatsAndWhatToShow) {
    write("x.lua", kTwoCases);
    const Outcome one = netsim({"run", "x.lua", "--quiet", "--ladder", "web:5432,db",
                                "--ladder-show", "options,absolute"});
    EXPECT_EQ(one.code, 0) << one.err;
    EXPECT_THAT(one.out, StartsWith("ladder of first: web and db\n"));
    EXPECT_THAT(one.out, HasSubstr("<mss 1460, sackOK, TS "));
    EXPECT_THAT(one.out, Not(HasSubstr("SYN seq=0 ")));
    const Outcome svg = netsim({"run", "handshake", "--quiet", "--ladder-format", "svg"});
    EXPECT_THAT(svg.out, StartsWith("<svg "));
    EXPECT_THAT(svg.out, HasSubstr("TIME-WAIT"));
}

TEST_F(LadderCommand, WrongWordsNameTheAllowedOnes) {
    write("x.lua", kTwoCases);
    const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes{
        {{"--ladder", "web"}, "expected two hosts, A,B"},
        {{"--ladder", "web:0,user"}, "\"0\" is no port"},
        {{"--ladder", "wep,user"}, "did you mean \"web\""},
        {{"--ladder", "user:81,web"}, "no connection has port 81 (ports: 80, "},
        {{"--ladder-format", "svgg"}, "did you mean \"svg\""},
        {{"--ladder-show", "option"}, "did you mean \"options\""},
        {{"--pcap-per", "host"}, "needs --pcap DIR"},
        {{"--pcap", "d", "--pcap-per", "hots"}, "expected host or interface"}};
    for (const auto& [flags, message] : mistakes) {
        std::vector<std::string> line{"run", "x.lua", "--quiet"};
        line.insert(line.end(), flags.begin(), flags.end());
        const Outcome run = netsim(line);
        EXPECT_EQ(run.code, 2) << flags.back();
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_THAT(run.err, HasSubstr(message));
    }
}

TEST_F(LadderCommand, OfItsOwnCaptureItIsTheLadderOfTheRun) {
    const Outcome run = netsim({"run", "handshake", "--pcap", "d", "--quiet", "--ladder"});
    ASSERT_EQ(run.code, 0) << run.err;
    const Outcome read = netsim({"ladder", "d/handshake.pcapng"});
    ASSERT_EQ(read.code, 0) << read.err;
    // The arrows are the same ones; states are inferred, calls are not in a capture.
    std::size_t arrows = 0;
    for (std::size_t at = run.out.find('|'); at != std::string::npos;
         at = run.out.find('|', at + 1)) {
        const std::size_t end = run.out.find('|', at + 1);
        const std::string inner = run.out.substr(at + 1, end - at - 1);
        const std::size_t label = inner.find_first_of("SAFPR");
        if (end != std::string::npos && label != std::string::npos &&
            inner.find("seq=") != std::string::npos) {
            const std::size_t last = inner.find_last_not_of(' ') + 1;
            const std::size_t stop = std::min(last, inner.find(" --", label));
            EXPECT_THAT(read.out, HasSubstr(inner.substr(label, stop - label)));
            ++arrows;
        }
    }
    EXPECT_GT(arrows, 6U) << run.out;
    EXPECT_THAT(read.out, HasSubstr("~TIME-WAIT"));
    EXPECT_THAT(read.out, HasSubstr("client 10."));
}

TEST_F(LadderCommand, FilesAreWrittenAndPipesRead) {
    ASSERT_EQ(netsim({"run", "handshake", "--pcap", "d", "--pcap-per", "host", "--quiet"}).code, 0);
    EXPECT_EQ(netsim({"ladder", "d/handshake/client.pcapng", "--svg", "x.svg"}).out, "");
    EXPECT_THAT(read_whole(file("x.svg")), StartsWith("<svg "));
    EXPECT_THAT(bash("cat d/handshake/client.pcapng | $NETSIM ladder - --mermaid").out,
                StartsWith("sequenceDiagram\n"));
}

TEST_F(LadderCommand, WhatIsNoCaptureIsSaidPlainly) {
    write("x.txt", "not packets");
    write("empty.pcap", "");
    const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes{
        {{"x.txt"}, "x.txt: not a capture (pcap and pcapng are read)"},
        {{"empty.pcap"}, "empty.pcap: not a capture: empty"},
        {{"none.pcap"}, "cannot read none.pcap: No such file or directory"},
        {{"."}, "cannot read .: Is a directory"},
        {{"x.txt", "--width", "79"}, "--width 79: expected a whole number from 80 to 120"},
        {{"x.txt", "--mermaid", "--svg", "y"}, "--mermaid or --svg, not both"}};
    for (const auto& [words, message] : mistakes) {
        std::vector<std::string> line{"ladder"};
        line.insert(line.end(), words.begin(), words.end());
        const Outcome run = netsim(line);
        EXPECT_EQ(run.code, 2) << message;
        EXPECT_EQ(run.err_lines(), 1U) << run.err;
        EXPECT_THAT(run.err, HasSubstr(message));
    }
    ASSERT_EQ(netsim({"run", "handshake", "--pcap", "d", "--quiet"}).code, 0);
    const Outcome cut = bash("head -c 1000 d/handshake.pcapng > c; $NETSIM ladder c");
    EXPECT_EQ(cut.code, 2);
    EXPECT_THAT(cut.out, HasSubstr("SYN seq=0"));
    EXPECT_THAT(cut.err, HasSubstr("c: truncated in a"));
}

}  // namespace
}  // namespace netsim::cli
