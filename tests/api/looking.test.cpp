// Series, captures, traces, ladders and views of a small run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class OneConnection : public testing::Test {
 protected:
    void SetUp() override {
        net_.link(client_, server_, {.delay = milliseconds(10)});
        server_.serve({.port = 80, .request = 5, .response = 6});
        client_.load("server:80",
                     {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    }

    Network net_;
    HostRef client_ = net_.host("client");
    HostRef server_ = net_.host("server");
};

TEST_F(OneConnection, SeriesAreSampledAtWholeIntervalsFromTheStart) {
    const Series* clock =
        net_.record("clock", milliseconds(100), [&] { return to_seconds(net_.now()); });
    const Series* late = nullptr;
    net_.run_until(Time(milliseconds(250)));
    late = net_.record("late", milliseconds(50), [&] { return to_seconds(net_.now()); });
    net_.run_until(Time(milliseconds(400)));
    EXPECT_THAT(clock->values, testing::ElementsAre(0.0, 0.1, 0.2, 0.3, 0.4));
    EXPECT_THAT(late->values, testing::ElementsAre(0.25, 0.3, 0.35, 0.4));
    EXPECT_EQ(late->start, Time(milliseconds(250)));
    EXPECT_EQ(net_.series().size(), 2U);
}

/// When a SYN into nothing is given up.
Time gives_up(bool timer_wheel) {
    Network net;
    HostRef client = net.host("client", {.timer_wheel = timer_wheel});
    HostRef server = net.host("server");
    net.link(client, server, {.delay = milliseconds(10), .loss = 1.0});
    client.load("server:80", {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    net.run();
    return net.now();
}

TEST(TimerWheel, MakesTimersAsLateAsAKernels) {
    const Time exact = gives_up(false);
    const Time late = gives_up(true);
    EXPECT_GT(late, exact + seconds(1));  // facts, section 6: 133.7 s instead of 131 s
    EXPECT_LT(late, exact + seconds(131) / 8);
}

TEST_F(OneConnection, SeriesDoNotKeepARunAlive) {
    const Series* s = net_.record("x", milliseconds(1), [] { return 1.0; });
    const RunResult run = net_.run();
    EXPECT_EQ(run.reason, "idle");
    EXPECT_FALSE(s->values.empty());
}

TEST_F(OneConnection, TraceIsTcpdumpsText) {
    std::ostringstream all;
    std::ostringstream syns;
    net_.trace(all);
    net_.trace(syns, "syn");
    net_.run_until(Time(seconds(1)));
    EXPECT_THAT(all.str(), HasSubstr("Flags [S]"));
    EXPECT_THAT(all.str(), HasSubstr("Flags [S.]"));
    EXPECT_THAT(all.str(), HasSubstr("Flags [F.]"));
    EXPECT_THAT(syns.str(), testing::Not(HasSubstr("Flags [F.]")));
    EXPECT_THROW(net_.trace(all, "sin"), InputError);
}

TEST_F(OneConnection, LadderOfTheConnection) {
    EXPECT_THROW(static_cast<void>(net_.ladder("client", "server")), InputError);
    net_.watch_ladder();
    net_.run_until(Time(seconds(1)));
    const std::string drawn = net_.ladder("client", "server");
    EXPECT_THAT(drawn, HasSubstr("SYN-SENT"));
    EXPECT_THAT(drawn, HasSubstr("ESTABLISHED"));
    EXPECT_THAT(drawn, HasSubstr("TIME-WAIT"));
    EXPECT_THROW(static_cast<void>(net_.ladder("client", "sever")), InputError);
}

TEST_F(OneConnection, CaptureIsAPcapngFile) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("netsim-looking-" +
                       std::to_string(testing::UnitTest::GetInstance()->random_seed()) + ".pcapng");
    net_.capture(path.string());
    net_.run_until(Time(seconds(1)));
    net_.finish_captures();
    std::ifstream file(path, std::ios::binary);
    std::uint32_t magic = 0;
    file.read(reinterpret_cast<char*>(&magic), sizeof magic);  // NOLINT
    EXPECT_EQ(magic, 0x0a0d0d0aU);
    EXPECT_GT(std::filesystem::file_size(path), 1000U);
    std::filesystem::remove(path);
    EXPECT_THROW(net_.capture("/nonexistent/directory/x.pcapng"), InputError);
}

TEST_F(OneConnection, ViewsAndCounters) {
    net_.run_until(Time(seconds(1)));
    EXPECT_THAT(server_.ss("-tan"), testing::AllOf(HasSubstr("LISTEN"), HasSubstr("TIME-WAIT")));
    EXPECT_THAT(server_.nstat(), HasSubstr("TcpPassiveOpens"));
    EXPECT_EQ(server_.counter("TcpPassiveOpens"), 1U);
    bool found = false;
    for (const auto& [name, value] : server_.counters()) {
        found = found || (name == "TcpPassiveOpens" && value == 1);
    }
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace netsim
