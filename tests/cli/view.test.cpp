// netsim view: who is let in, and what the pages' orders do to the run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <regex>

#include "command.hpp"

namespace netsim::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kScript = R"(
local p = netsim.params { rate = { "20/s", "connections" }, bytes = { 10, "of a request" },
                          fast = { false, "no delay" }, seconds = { "2s", "of a case" },
                          word = { "x", "printed" } }
local function scenario(net)
  local web, user = net:host("web"), net:host("user")
  net:link(web, user, { delay = p.fast and "1us" or "5ms" })
  web:serve { port = 80, request = p.bytes, response = 10 }
  local stop = p.seconds == "2s" and "1s" or nil
  local load = user:load("web:80", { rate = p.rate, request = p.bytes, response = 10, stop = stop })
  net:run(p.seconds)
  return { attempts = load.attempts }
end
netsim.compare { title = "two", { "a", scenario }, { "b", scenario } }
print("word " .. p.word)
)";

class View : public CommandTest {
 protected:
    void SetUp() override {
        CommandTest::SetUp();
        write("x.lua", kScript);
    }

    void begin(std::vector<std::string> more = {}) {
        std::vector<std::string> words{"view", "x.lua"};
        words.insert(words.end(), more.begin(), more.end());
        program_ = beside(words);
        const std::string& out = program_->line_with("http://");
        std::smatch found;
        ASSERT_TRUE(
            std::regex_search(out, found, std::regex("http://127.0.0.1:(\\d+)(/[0-9a-f]{32}/)")))
            << out;
        port_ = std::stoi(found[1]);
        root_ = found[2];
        client_ = std::make_unique<httplib::Client>("127.0.0.1", port_);
    }

    void open() { ASSERT_EQ(client_->Get(root_)->status, 200); }

    int order(const json& what) {
        const auto answer = client_->Post(root_ + "control", what.dump(), "application/json");
        answer_ = answer->body;
        return answer->status;
    }

    /// Reads states until one is as asked.
    template <typename F>
    json state_when(F good) {
        json state;
        std::string text;
        client_->Get(root_ + "events", [&](const char* data, std::size_t size) {
            text.append(data, size);
            for (std::size_t end = 0; (end = text.find("\n\n")) != std::string::npos;) {
                const std::string event = text.substr(0, end);
                text.erase(0, end + 2);
                if (event.starts_with("event: state\ndata: ")) {
                    state = json::parse(event.substr(event.find('{')));
                    if (good(state)) {
                        return false;
                    }
                }
            }
            return true;
        });
        return state;
    }

    json state_when_it_is(const std::string& word) {
        return state_when([&](const json& state) { return state["state"] == word; });
    }

    json report() {
        const auto answer = client_->Get(root_ + "report.json");
        EXPECT_EQ(answer->status, 200);
        return json::parse(answer->body);
    }

    std::unique_ptr<Background> program_;
    int port_ = 0;
    std::string root_;
    std::string answer_;
    std::unique_ptr<httplib::Client> client_;
};

TEST_F(View, ShowsWhatARunWouldReport) {
    ASSERT_EQ(netsim({"run", "x.lua", "--bytes", "20", "--report-data", "run.json"}).code, 0);
    begin({"--speed", "max", "--bytes", "20"});
    EXPECT_EQ(state_when([](const json&) { return true; })["state"], "waiting");
    open();
    const json over = state_when_it_is("over");
    EXPECT_EQ(over["cases"], (json{"a", "b"}));
    EXPECT_EQ(over["now"], 2.0);
    EXPECT_EQ(report(), json::parse(read_whole(file("run.json"))));
    const Outcome end = program_->end(SIGINT);
    EXPECT_EQ(end.code, 0);
    EXPECT_EQ(end.err, "");
    EXPECT_THAT(end.out, HasSubstr("word x\n"));
}

TEST_F(View, ThePageMayAskThisServerOnlyAndHoldsNoRun) {
    begin();
    const auto page = client_->Get(root_);
    EXPECT_THAT(page->body, HasSubstr("connect-src 'self'; base-uri 'none'"));
    EXPECT_THAT(page->body, HasSubstr(R"({"format":"netsim-live","version":1,"script":"x.lua"})"));
    EXPECT_EQ(page->get_header_value("Cache-Control"), "no-store");
    EXPECT_EQ(page->get_header_value("X-Frame-Options"), "DENY");
    EXPECT_EQ(page->get_header_value("Access-Control-Allow-Origin"), "");
}

TEST_F(View, LetsInOnlyWhoKnowsTheTokenAndNamesThisHost) {
    begin();
    for (const std::string path :
         {"/", "/report.json", "/events", "/0123456789abcdef0123456789abcdef/"}) {
        EXPECT_EQ(client_->Get(path)->status, 404) << path;
    }
    const std::string port = std::to_string(port_);
    for (const std::string& host : std::vector<std::string>{
             "evil.example", "evil.example:" + port, "127.0.0.1", "127.0.0.1:1" + port, ""}) {
        EXPECT_EQ(client_->Get(root_, httplib::Headers{{"Host", host}})->status, 403) << host;
        EXPECT_EQ(client_
                      ->Post(root_ + "control", httplib::Headers{{"Host", host}},
                             R"({"do":"pause"})", "application/json")
                      ->status,
                  403)
            << host;
    }
    EXPECT_EQ(client_->Get(root_, httplib::Headers{{"Host", "localhost:" + port}})->status, 200);
    httplib::Client elsewhere("127.0.0.2", port_);
    EXPECT_FALSE(elsewhere.Get(root_));
}

TEST_F(View, NothingRunsBeforeAPageIsOpen) {
    begin({"--speed", "max"});
    EXPECT_EQ(report()["cases"][0]["simulated_seconds"], 0.0);
    EXPECT_EQ(state_when([](const json&) { return true; })["state"], "waiting");
    EXPECT_EQ(report()["cases"][0]["simulated_seconds"], 0.0);
    EXPECT_EQ(program_->end(SIGINT).code, 0);
}

TEST_F(View, PausesStepsToThePacketsAndGoesOn) {
    begin({"--paused", "--speed", "max"});
    open();
    json state = state_when_it_is("paused");
    EXPECT_EQ(state["now"], 0.0);
    EXPECT_EQ(state["case"], "a");
    EXPECT_EQ(state["end"], 2.0);
    EXPECT_EQ(state["speed"], nullptr);
    std::string flags;
    double last = 0;
    for (int i = 0; i < 4; ++i) {
        const json before = state;
        EXPECT_EQ(order({{"do", "step"}}), 204);
        state = state_when([&](const json& one) {
            return one["state"] == "paused" && one["packet"] != "" &&
                   one["revision"] > before["revision"] && one["packet"] != before["packet"];
        });
        const std::string packet = state["packet"];
        flags += packet.substr(packet.find('['), packet.find(']') - packet.find('[') + 1);
        EXPECT_GE(state["now"], last);
        last = state["now"];
        EXPECT_EQ(report()["cases"][0]["ended"], "running");
        EXPECT_EQ(report()["cases"][0]["simulated_seconds"], state["now"]);
    }
    EXPECT_EQ(flags.substr(0, 3), "[S]") << flags;
    EXPECT_EQ(order({{"do", "resume"}}), 204);
    state_when_it_is("over");
    EXPECT_EQ(report()["cases"].size(), 2U);
}

TEST_F(View, SpeedMayChangeWhileItRuns) {
    begin({"--speed", "0.0001"});
    open();
    EXPECT_EQ(state_when_it_is("running")["speed"], 0.0001);
    EXPECT_EQ(order({{"do", "speed"}, {"speed", 0.001}}), 204);
    EXPECT_EQ(state_when([](const json& one) { return one["speed"] == 0.001; })["case"], "a");
    EXPECT_EQ(order({{"do", "speed"}, {"speed", nullptr}}), 204);
    EXPECT_EQ(state_when_it_is("over")["speed"], nullptr);
}

TEST_F(View, RunsAgainWithOtherValuesAndSaysHowToRepeatIt) {
    begin({"--speed", "max", "--bytes=20", "--until", "1.5s", "--seed", "3"});
    open();
    state_when_it_is("over");
    EXPECT_EQ(report()["run"]["command"], "netsim run x.lua --until 1.5s --bytes=20 --seed 3");
    EXPECT_EQ(order({{"do", "restart"},
                     {"parameters", {{"rate", "40/s"}, {"word", "-y z"}, {"fast", "true"}}}}),
              204);
    state_when([](const json& one) { return one["run"] == 2 && one["state"] == "over"; });
    const json again = report();
    EXPECT_EQ(again["run"]["command"],
              "netsim run x.lua --until 1.5s --fast true --rate 40/s '--word=-y z' --seed 3");
    const std::vector<std::string> types{"integer", "boolean", "frequency", "duration", "text"};
    for (std::size_t i = 0; i < types.size(); ++i) {
        EXPECT_EQ(again["run"]["parameters"][i]["type"], types[i]);
    }
    const std::string command = again["run"]["command"];
    ASSERT_EQ(bash("$NETSIM" + command.substr(6) + " --report-data again.json").code, 0);
    EXPECT_EQ(again, json::parse(read_whole(file("again.json"))));
    const Outcome end = program_->end(SIGINT);
    EXPECT_THAT(end.out, HasSubstr("40\nword -y z\n"));
}

TEST_F(View, ARestartEndsARunThatGoesOnOrIsPaused) {
    begin({"--speed", "0.0001"});
    open();
    state_when_it_is("running");
    EXPECT_EQ(order({{"do", "restart"}, {"seed", 7}}), 204);
    EXPECT_EQ(
        state_when([](const json& one) { return one["run"] == 2 && one["now"] > 0; })["state"],
        "running");
    EXPECT_EQ(report()["run"]["seed"], 7);
    EXPECT_EQ(order({{"do", "pause"}}), 204);
    state_when_it_is("paused");
    EXPECT_EQ(order({{"do", "restart"}}), 204);
    EXPECT_EQ(
        state_when([](const json& one) { return one["run"] == 3 && one["now"] > 0; })["state"],
        "running");
    EXPECT_EQ(report()["run"]["seed"], 1);
}

TEST_F(View, AValueThatIsRefusedIsShownAndMayBeMended) {
    begin({"--speed", "max"});
    open();
    state_when_it_is("over");
    EXPECT_EQ(order({{"do", "restart"}, {"parameters", {{"bytes", "many"}}}}), 204);
    state_when([](const json& one) { return one["run"] == 2 && one["state"] == "over"; });
    EXPECT_EQ(report()["run"]["failure"]["message"], "--bytes many: expected a number");
    EXPECT_EQ(order({{"do", "restart"}, {"parameters", {{"bytes", "5"}}}}), 204);
    state_when([](const json& one) { return one["run"] == 3 && one["state"] == "over"; });
    EXPECT_EQ(report()["run"]["failure"], nullptr);
    const Outcome end = program_->end(SIGINT);
    EXPECT_EQ(end.code, 0);
    EXPECT_THAT(end.err, HasSubstr("--bytes many: expected a number"));
}

TEST_F(View, OrdersThatMakeNoSenseAreRefused) {
    begin();
    for (const auto& [what, why] : std::vector<std::pair<json, std::string>>{
             {{{"do", "fly"}}, "do \"fly\": expected pause, resume, step, speed or restart"},
             {{{"undo", "pause"}}, "expected {\"do\": "},
             {{{"do", "speed"}, {"speed", -1}}, "speed: expected a number above 0"},
             {{{"do", "speed"}, {"speed", "fast"}}, "speed: expected a number above 0"},
             {{{"do", "restart"}, {"parameters", {{"rate", 3}}}},
              "parameters: rate: expected its value as text"},
             {{{"do", "restart"}, {"seed", -3}}, "seed: expected a whole number, not negative"}}) {
        EXPECT_EQ(order(what), 400) << what;
        EXPECT_THAT(answer_, HasSubstr(json(why).dump().substr(1, why.size()))) << what;
    }
    EXPECT_EQ(client_->Post(root_ + "control", "{\"do\":", "application/json")->status, 400);
    EXPECT_EQ(client_->Post(root_ + "control", R"({"do":"pause"})", "text/plain")->status, 400);
    EXPECT_EQ(client_->Get(root_ + "control")->status, 404);
}

TEST_F(View, CtrlCEndsItWhileItRunsAndWhileItIsPaused) {
    begin({"--speed", "0.0001"});
    open();
    state_when_it_is("running");
    EXPECT_EQ(program_->end(SIGINT).code, 0);
    begin({"--paused"});
    open();
    state_when_it_is("paused");
    EXPECT_EQ(program_->end(SIGINT).code, 0);
}

TEST_F(View, AnOpenPageDoesNotKeepItFromEnding) {
    begin({"--paused"});
    open();
    std::string heard;
    std::thread page([&] {
        client_->Get(root_ + "events", [&](const char* data, std::size_t size) {
            heard.append(data, size);
            return true;
        });
    });
    httplib::Client other("127.0.0.1", port_);
    while (other.Get(root_ + "report.json")->status != 200) {
    }
    EXPECT_EQ(program_->end(SIGINT).code, 0);
    page.join();
    EXPECT_THAT(heard, testing::EndsWith("event: state\ndata: {\"state\":\"gone\"}\n\n"));
}

TEST_F(View, AScriptThatCannotBeginIsToldAtOnce) {
    write("x.lua", "local p = netsim.params { a = { 1, \"x\" } }\nlocal = 3\n");
    const Outcome end = netsim({"view", "x.lua"});
    EXPECT_EQ(end.code, 2);
    EXPECT_EQ(end.err_lines(), 1U) << end.err;
    EXPECT_EQ(end.out, "");
}

TEST_F(View, AFailureHalfWayIsShownWithWhatWasThere) {
    write("x.lua", R"(
netsim.run(function(net)
  local a, b = net:host("a"), net:host("b")
  net:link(a, b, { delay = "1ms" })
  net:run("1s")
  error("no further")
end)
)");
    begin({"--speed", "max"});
    open();
    state_when_it_is("over");
    EXPECT_EQ(report()["run"]["failure"]["message"], "no further");
    EXPECT_EQ(report()["cases"][0]["simulated_seconds"], 1.0);
    EXPECT_EQ(program_->end(SIGINT).code, 0);
}

TEST_F(View, AScriptWithoutANetworkIsOverAtOnce) {
    write("x.lua", "print('nothing')");
    begin();
    open();
    state_when_it_is("over");
    EXPECT_EQ(report()["cases"].size(), 0U);
}

TEST_F(View, RunsTheScriptAsItIsNow) {
    write("x.lua", "netsim.run(function(net) net:host('a') net:run('1s') end)");
    begin({"--speed", "max"});
    open();
    state_when_it_is("over");
    write("x.lua", "netsim.run(function(net) net:host('a') net:run('2s') end)");
    EXPECT_EQ(order({{"do", "restart"}}), 204);
    state_when([](const json& one) { return one["run"] == 2 && one["state"] == "over"; });
    EXPECT_EQ(report()["cases"][0]["simulated_seconds"], 2.0);
    std::filesystem::remove(file("x.lua"));
    EXPECT_EQ(order({{"do", "restart"}}), 204);
    state_when([](const json& one) { return one["run"] == 3 && one["state"] == "over"; });
    EXPECT_EQ(report()["cases"][0]["simulated_seconds"], 2.0);
    const Outcome end = program_->end(SIGINT);
    EXPECT_EQ(end.code, 0);
    EXPECT_EQ(end.err_lines(), 1U);
    EXPECT_THAT(end.err, HasSubstr("no script \"x.lua\" here"));
}

TEST_F(View, ItEndsAtTheLimitOfMemory) {
    begin({"--speed", "max", "--memory-max", "1mb", "--rate", "100000/s", "--seconds", "60s"});
    open();
    state_when_it_is("over");
    EXPECT_EQ(report()["cases"][0]["ended"], "memory");
    EXPECT_EQ(program_->end(SIGINT).code, 0);
}

TEST_F(View, ItEndsAtTheBoundsOfARun) {
    begin({"--speed", "max", "--events-max", "40"});
    open();
    state_when_it_is("over");
    EXPECT_EQ(report()["cases"][0]["ended"], "events");
    EXPECT_EQ(report()["cases"][0]["events"], 40);
}

TEST_F(View, RefusesWhatItCannotServe) {
    begin();
    for (const auto& [words, why] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"--port", std::to_string(port_)},
              "--port " + std::to_string(port_) + ": Address already in use"},
             {{"--port", "70000"}, "--port 70000: expected 1 to 65535"},
             {{"--port", "0"}, "--port 0: expected 1 to 65535"},
             {{"--port", "http"}, "--port http: expected a whole number"},
             {{"--speed", "0"}, "--speed 0: expected a number above 0, or max"},
             {{"--speed", "fast"}, "--speed: "},
             {{"--json"}, "view: --json, --states and --report go with netsim run"},
             {{"--report", "x.html"}, "view: --json, --states and --report go with netsim run"},
             {{"--rat", "3"}, "unknown option --rat, did you mean \"--rate\"?"}}) {
        std::vector<std::string> all{"view", "x.lua"};
        all.insert(all.end(), words.begin(), words.end());
        const Outcome end = netsim(all);
        EXPECT_EQ(end.code, 2) << why;
        EXPECT_EQ(end.err_lines(), 1U) << end.err;
        EXPECT_THAT(end.err, HasSubstr(why));
        EXPECT_EQ(end.out, "");
    }
    EXPECT_EQ(netsim({"view"}).code, 2);
    EXPECT_EQ(netsim({"view", "nowhere.lua"}).code, 2);
}

}  // namespace
}  // namespace netsim::cli
