// net:states(), explain(), sockets(); a driver in a script's place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lua/script_bench.hpp"

namespace netsim::lua {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kExchange =
    "b:serve { port = 80, request = 5, response = 5 } "
    "a:load('b:80', { rate = '10/s', request = 5, response = 5, max = 1 })\n";

TEST(Looking, StatesAsTextSvgAndEdges) {
    const Ran ran = run_lua(two_hosts(std::string("net:watch_states() ") + kExchange + R"(
        net:run()
        print(net:states())
        assert(net:states("svg"):find("<svg", 1, true))
        for _, e in ipairs(net:states("edges")) do
            if e.count > 0 and e.from == "SYN-SENT" then print(e.from, e.to, e.cause, e.count) end
        end
    )"));
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("connect 1"));
    EXPECT_THAT(ran.out, HasSubstr("SYN-SENT\tESTABLISHED\trcv SYN,ACK\t1\n"));
}

TEST(Looking, StatesMustBeWatchedAndFormsKnown) {
    EXPECT_THAT(run_lua(two_hosts("net:states()")).message(), HasSubstr("watch_states()"));
    EXPECT_THAT(run_lua(two_hosts("net:watch_states() net:states('png')")).message(),
                HasSubstr("allowed: \"text\", \"svg\", \"edges\""));
}

TEST(Looking, ExplainAndSockets) {
    const Ran ran = run_lua(two_hosts(std::string(kExchange) + R"(
        net:run("150ms")
        print(b:explain(":80"))
        print(net:explain("a:81"))
        print(b:sockets("listening"), b:sockets("listening", 81))
    )"));
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("b:80: LISTEN"));
    EXPECT_THAT(ran.out, HasSubstr("a:81: CLOSED"));
    EXPECT_THAT(ran.out, HasSubstr("1\t0\n"));
    EXPECT_EQ(run_lua(two_hosts("a:explain('b:80')")).ending(), Ending::kInput);
}

TEST(Looking, ALadderHasNoCallsOfConnectionsToOthers) {
    // Before its SYN a socket has no addresses, but connect() knows whom it is for.
    const Ran ran = run_lua(R"lua(
        local net = netsim.network{}
        local client, r = net:host("client"), net:router("r")
        local a, b = net:host("a"), net:host("b")
        for _, h in ipairs { client, a, b } do net:link(h, r, { delay = "5ms" }) end
        net:watch_ladder()
        a:serve { port = 80 }
        for _, name in ipairs { "a", "b" } do  -- nobody listens at b
            client:spawn(function(host) host:tcp():connect(name, 80) end)
        end
        net:run("1s")
        local _, calls = net:ladder(client, a):gsub("connect%(%)", "")
        local _, fails = net:ladder(client, b):gsub("ECONNREFUSED", "")
        print(calls, net:ladder(client, a):find("ECONNREFUSED"), fails)
    )lua");
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_THAT(ran.out, HasSubstr("2\tnil\t1\n"));  // it is called, it returns
}

/// Notes what it is told; leaves at the second run.
class Noting final : public Driver {
 public:
    void cases(const std::vector<std::string>& names) override {
        for (const std::string& name : names) {
            notes.push_back("case " + name);
        }
    }

    bool takes(const std::string& name) override {
        notes.push_back("takes " + name);
        return name == "two";
    }

    RunResult run(Network& network, Time until, const RunLimits& limits) override {
        notes.push_back("run");
        if (leave) {
            return {"left", network.now(), 0};
        }
        return network.run_until(until, limits);
    }

    bool closing(Network& network, bool at_its_end) override {
        notes.push_back((at_its_end ? "end at " : "left at ") +
                        std::to_string(to_ns(network.now()) / 1'000'000));
        return !enough;
    }

    std::vector<std::string> notes;
    bool leave = false;
    bool enough = false;
};

constexpr const char* kCases = R"(
    local function f(net) net:host("a") net:run("1s") net:run("1s") print("done") end
    netsim.compare { show = false, {"one", f}, {"two", f}, {"three", f} }
)";

TEST(Drivers, DriveOneCaseAndLetTheOthersRun) {
    Noting driver;
    RunOptions options;
    options.driver = &driver;
    const Ran ran = run_lua(kCases, options);
    EXPECT_EQ(ran.ending(), Ending::kNone) << ran.message();
    EXPECT_EQ(ran.out, "done\ndone\ndone\n");
    EXPECT_THAT(driver.notes, ElementsAre("case one", "case two", "case three", "takes one",
                                          "takes two", "run", "run", "end at 2000", "takes three"));
}

TEST(Drivers, EnoughAtTheEndOfACaseEndsTheScript) {
    Noting driver;
    driver.enough = true;
    RunOptions options;
    options.driver = &driver;
    const Ran ran = run_lua(kCases, options);
    EXPECT_EQ(ran.ending(), Ending::kLeft);
    EXPECT_EQ(ran.out, "done\ndone\n");
    EXPECT_EQ(driver.notes.back(), "end at 2000");
}

TEST(Drivers, LeavingEndsTheScriptWhateverItCatches) {
    Noting driver;
    driver.leave = true;
    RunOptions options;
    options.driver = &driver;
    const Ran ran = run_lua(
        "netsim.compare { show = false, {'two', function(net) net:host('a') pcall(net.run, net, 1) "
        "pcall(net.run, net, 1) print('on') end} }",
        options);
    EXPECT_EQ(ran.ending(), Ending::kLeft);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(driver.notes, ElementsAre("case two", "takes two", "run", "left at 0"));
}

}  // namespace
}  // namespace netsim::lua
