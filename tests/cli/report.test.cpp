// --report, --report-data and netsim plot: what is written, when, and what is refused in one line.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "command.hpp"

namespace netsim::cli {
namespace {

using nlohmann::json;

constexpr const char* kScript = R"(
local p = netsim.params { rate = { "20/s", "connections" } }
local function scenario(net)
  local web, user = net:host("<web>"), net:host("user")
  net:link(web, user, { delay = "5ms" })
  web:serve { port = 80, request = 10, response = 10 }
  local load = user:load("<web>:80", { rate = p.rate, request = 10, response = 10, stop = "1s" })
  net:record("load", "10ms", function() return load.attempts end)
  net:run("2s")
  return { attempts = load.attempts }
end
netsim.compare { title = "two", { "a", scenario }, { "b", scenario } }
netsim.expect(true, "it is so")
)";

class Report : public CommandTest {
 protected:
    void SetUp() override {
        CommandTest::SetUp();
        write("x.lua", kScript);
    }

    json data(const std::string& name) const { return json::parse(read_whole(file(name))); }
};

TEST_F(Report, SaysWhatWasRun) {
    const Outcome run =
        netsim({"run", "x.lua", "--rate", "40/s", "--set", "net.ipv4.tcp_syncookies=0",
                "--report-data", "out.json", "--quiet", "--report", "out.html"});
    ASSERT_EQ(run.code, 0) << run.err;
    const json all = data("out.json");
    EXPECT_EQ(all["run"]["script"], "x.lua");
    EXPECT_EQ(all["run"]["command"],
              "netsim run x.lua --rate 40/s --set net.ipv4.tcp_syncookies=0 --seed 1");
    EXPECT_EQ(all["run"]["parameters"][0]["value"], "40/s");
    EXPECT_EQ(all["run"]["parameters"][0]["default"], "20/s");
    EXPECT_EQ(all["run"]["settings"][0], "net.ipv4.tcp_syncookies=0");
    EXPECT_EQ(all["source"]["text"], kScript);
    EXPECT_EQ(all["expectations"][0]["line"], 13);
    EXPECT_EQ(all["compare"]["title"], "two");
    EXPECT_EQ(all["compare"]["rows"][0]["key"], "attempts");
    ASSERT_EQ(all["cases"].size(), 2U);
    EXPECT_EQ(all["cases"][1]["name"], "b");
    EXPECT_EQ(all["cases"][1]["ended"], "until");
    EXPECT_GT(all["cases"][1]["results"]["attempts"], 0);
    const std::string page = read_whole(file("out.html"));
    EXPECT_NE(page.find("\\u003cweb>"), std::string::npos);
    EXPECT_EQ(page.find("<web>"), std::string::npos);
    EXPECT_EQ(listing(), "out.html out.json x.lua");
}

TEST_F(Report, TheCommandItNamesGivesTheSameRunAndTheSameBytes) {
    ASSERT_EQ(netsim({"run", "x.lua", "--seed=5", "--report-data", "one.json"}).code, 0);
    const std::string command = data("one.json")["run"]["command"];
    EXPECT_EQ(command, "netsim run x.lua --seed=5");
    const Outcome again =
        bash("$NETSIM" + command.substr(6) + " --report-data two.json --json >/dev/null");
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(read_whole(file("one.json")), read_whole(file("two.json")));
}

TEST_F(Report, LookingChangesNothing) {
    ASSERT_EQ(netsim({"run", "x.lua", "--json", "plain.json"}).code, 0);
    ASSERT_EQ(netsim({"run", "x.lua", "--json", "seen.json", "--report", "r.html"}).code, 0);
    const json plain = data("plain.json");
    const json seen = data("seen.json");
    for (const char* key : {"digest", "events", "simulated_seconds", "handshakes", "cases"}) {
        EXPECT_EQ(plain[key], seen[key]) << key;
    }
}

TEST_F(Report, AnUnwritablePathIsToldBeforeTheRun) {
    write("loud.lua", "print('it ran')");
    const std::string long_name =
        std::string(300, 'n') + ".svg";  // not even to be asked whether it is there
    for (const std::string flag : {"--report", "--report-data", "--json", "--states"}) {
        for (const auto& [path, why] :
             {std::pair<std::string, std::string>{"no/such/folder/x.svg", "No such file"},
              {long_name, "File name too long"}}) {
            const Outcome run = netsim({"run", "loud.lua", flag + "=" + path});
            EXPECT_EQ(run.code, 2);
            EXPECT_EQ(run.err_lines(), 1U) << run.err;
            EXPECT_NE(run.err.find(flag + " " + path + ": " + why), std::string::npos) << run.err;
            EXPECT_EQ(run.out, "");
        }
    }
    const Outcome full = netsim({"run", "loud.lua", "--report", "/dev/full"});
    EXPECT_EQ(full.code, 2);
    EXPECT_NE(full.err.find("No space left"), std::string::npos) << full.err;
}

TEST_F(Report, AFailureHalfWayIsShown) {
    write("bad.lua",
          "netsim.run(function(net)\n"
          "  local a, b = net:host('a'), net:host('b')\n"
          "  net:link(a, b, {delay = '1ms'})\n"
          "  a:load('b:80', {rate = '10/s'})\n"
          "  net:run('1s')\n"
          "  error('half-way </script>')\n"
          "end)\n");
    const Outcome run =
        netsim({"run", "bad.lua", "--report-data", "out.json", "--report", "o.html"});
    EXPECT_EQ(run.code, 2);
    const json all = data("out.json");
    EXPECT_EQ(all["run"]["failure"]["place"], "bad.lua:6");
    EXPECT_EQ(all["run"]["failure"]["message"], "half-way </script>");
    ASSERT_EQ(all["cases"].size(), 1U);
    EXPECT_EQ(all["cases"][0]["ended"], "failed");
    EXPECT_GT(all["cases"][0]["connections_total"], 3);
    EXPECT_EQ(read_whole(file("o.html")).find("half-way </script>"), std::string::npos);
}

TEST_F(Report, WhatDoesNotParseAndWhatRunsNothingHaveOneToo) {
    write("broken.lua", "local = 1\n");
    EXPECT_EQ(netsim({"run", "broken.lua", "--report-data", "out.json"}).code, 2);
    EXPECT_EQ(data("out.json")["run"]["failure"]["place"], "broken.lua:1");
    write("empty.lua", "-- nothing\n");
    EXPECT_EQ(netsim({"run", "empty.lua", "--report-data", "out.json"}).code, 0);
    EXPECT_TRUE(data("out.json")["cases"].empty());
    EXPECT_TRUE(data("out.json")["run"]["failure"].is_null());
}

TEST_F(Report, OfHelpIsNotWritten) {
    EXPECT_EQ(netsim({"run", "x.lua", "--help", "--report", "out.html"}).code, 0);
    EXPECT_EQ(listing(), "x.lua");
}

TEST_F(Report, OfALabToo) {
    const Outcome run =
        netsim({"lab", "1", "--quiet", "--report", "out.html", "--report-data", "o"});
    ASSERT_EQ(run.code, 0) << run.err;
    EXPECT_EQ(data("o")["format"], "netsim-report");
    EXPECT_NE(read_whole(file("out.html")).find("netsim-report"), std::string::npos);
    write("answer.lua", "-- Lab 1: x\n");
    EXPECT_EQ(netsim({"lab", "check", "answer.lua", "--report", "r.html"}).code, 2);
}

TEST_F(Report, PlotDrawsAPanelForEachCase) {
    const Outcome run = netsim({"plot", "x.lua", "--series", "load,syn_queue", "-o", "out.svg"});
    ASSERT_EQ(run.code, 0) << run.err;
    const std::string svg = read_whole(file("out.svg"));
    EXPECT_EQ(svg.compare(0, 4, "<svg"), 0);
    EXPECT_NE(svg.find(">a</text>"), std::string::npos);
    EXPECT_NE(svg.find(">b</text>"), std::string::npos);
    EXPECT_NE(svg.find("&lt;web&gt;:80 SYN queue"), std::string::npos);
    EXPECT_EQ(svg.find("<web>"), std::string::npos);
    EXPECT_EQ(netsim({"plot", "x.lua", "--series", "load", "--case", "b", "-o", "b.svg"}).code, 0);
    EXPECT_EQ(read_whole(file("b.svg")).find(">a</text>"), std::string::npos);
}

// Where netsim is installed is no part of a run.
TEST_F(Report, ALabIsNamedAsItIsShipped) {
    const Outcome run = netsim({"lab", "1", "--quiet", "--report-data", "lab.json"});
    ASSERT_EQ(run.code, 0) << run.err;
    const json all = data("lab.json");
    EXPECT_EQ(all["run"]["script"], "labs/01-three-way-handshake.lua");
    ASSERT_FALSE(all["expectations"].empty());
    const std::string place = all["expectations"][0]["place"];
    EXPECT_EQ(place.find("labs/01-three-way-handshake.lua:"), 0U) << place;
}

TEST_F(Report, PlotSaysWhatThereIs) {
    const Outcome series = netsim({"plot", "x.lua", "--series", "laod", "-o", "out.svg"});
    EXPECT_EQ(series.code, 2);
    EXPECT_EQ(series.err_lines(), 1U) << series.err;
    EXPECT_NE(series.err.find("no series \"laod\""), std::string::npos) << series.err;
    EXPECT_NE(series.err.find("load"), std::string::npos);
    EXPECT_NE(series.err.find("syn_queue"), std::string::npos);
    const Outcome one = netsim({"plot", "x.lua", "--series", "load", "--case", "c", "-o", "o.svg"});
    EXPECT_EQ(one.code, 2);
    EXPECT_NE(one.err.find("no case \"c\", did you mean \"a\"? (there are: a, b)"),
              std::string::npos)
        << one.err;
    EXPECT_EQ(netsim({"plot", "x.lua", "--series", "load", "-o", "out.gif"}).code, 2);
    EXPECT_EQ(netsim({"plot", "x.lua", "--series", ",", "-o", "out.svg"}).code, 2);
    EXPECT_EQ(netsim({"plot", "x.lua", "--series", "load", "-o", "o.svg", "--json"}).code, 2);
    EXPECT_EQ(netsim({"plot", "x.lua", "--series", "load", "-o", "no/such/o.svg"}).code, 2);
    EXPECT_EQ(listing(), "x.lua");
}

TEST_F(Report, PlotMakesPngAndPdfOrSaysWhatIsMissing) {
    const Outcome none =
        bash("PATH=/nowhere \"$NETSIM\" plot x.lua --series load -o out.png --no-progress");
    EXPECT_EQ(none.code, 2);
    EXPECT_NE(none.err.find("librsvg2-bin"), std::string::npos) << none.err;
    if (bash("command -v rsvg-convert").code != 0) {
        GTEST_SKIP() << "rsvg-convert is not installed (librsvg2-bin)";
    }
    ASSERT_EQ(netsim({"plot", "x.lua", "--series", "load", "-o", "out.png"}).code, 0);
    EXPECT_EQ(read_whole(file("out.png")).compare(0, 4, "\x89PNG"), 0);
    ASSERT_EQ(netsim({"plot", "x.lua", "--series", "load", "-o", "out.pdf"}).code, 0);
    EXPECT_EQ(read_whole(file("out.pdf")).compare(0, 5, "%PDF-"), 0);
}

}  // namespace
}  // namespace netsim::cli
