// The state diagram of a run; pausing a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class OneExchange : public testing::Test {
 protected:
    void SetUp() override {
        net_.link(client_, server_, {.delay = milliseconds(10)});
        server_.serve({.port = 80, .request = 5, .response = 6});
        client_.load("server:80",
                     {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    }

    std::uint64_t taken(std::string_view from, std::string_view to, std::string_view cause) const {
        std::uint64_t count = 0;
        for (const StateEdgeCount& edge : net_.state_edges()) {
            count += edge.from == from && edge.to == to && edge.cause == cause ? edge.count : 0;
        }
        return count;
    }

    Network net_;
    HostRef client_ = net_.host("client");
    HostRef server_ = net_.host("server");
};

TEST_F(OneExchange, EdgesAreCounted) {
    net_.watch_states();
    net_.run();
    EXPECT_EQ(taken("CLOSED", "SYN-SENT", "connect"), 1U);
    EXPECT_EQ(taken("LISTEN", "SYN-RECEIVED", "rcv SYN"), 1U);
    EXPECT_EQ(taken("SYN-RECEIVED", "ESTABLISHED", "rcv ACK of SYN"), 1U);
    EXPECT_EQ(taken("SYN-SENT", "ESTABLISHED", "rcv SYN,ACK"), 1U);
    EXPECT_EQ(taken("ESTABLISHED", "CLOSE-WAIT", "rcv FIN"), 1U);
    EXPECT_EQ(taken("TIME-WAIT", "CLOSED", "TIME-WAIT over"), 1U);
    EXPECT_EQ(taken("SYN-SENT", "SYN-RECEIVED", "rcv SYN"), 0U);
}

TEST_F(OneExchange, TheDiagramShowsWhatWasTaken) {
    net_.watch_states();
    const std::string before = net_.states();
    EXPECT_THAT(before, HasSubstr("0 of "));
    EXPECT_THAT(before, HasSubstr(": ESTABLISHED :"));
    EXPECT_THAT(before, Not(HasSubstr("-->")));
    net_.run();
    const std::string after = net_.states();
    EXPECT_THAT(after, HasSubstr("connect 1"));
    EXPECT_THAT(after, HasSubstr("rcv SYN,ACK 1"));
    EXPECT_THAT(after, HasSubstr("| ESTABLISHED |"));
    EXPECT_THAT(after, HasSubstr(":   CLOSING   :"));
    EXPECT_THAT(after, HasSubstr("10 of 11 states visited"));
    EXPECT_THAT(net_.states_svg(), HasSubstr("<polyline class=\"on\""));
    EXPECT_THAT(net_.states_svg(), HasSubstr("<polyline class=\"off\""));
}

TEST_F(OneExchange, NobodyCountsUnasked) {
    net_.run();
    EXPECT_THROW(static_cast<void>(net_.states()), InputError);
}

TEST_F(OneExchange, LookingChangesNoDigest) {
    net_.watch_states();
    net_.run();
    Network other;
    HostRef client = other.host("client");
    HostRef server = other.host("server");
    other.link(client, server, {.delay = milliseconds(10)});
    server.serve({.port = 80, .request = 5, .response = 6});
    client.load("server:80", {.rate = 1000, .request = 5, .response = 6, .max_connections = 1});
    // ... nor does running it piece by piece.
    other.run_until(Time(seconds(30)), {.pause_at = Time(milliseconds(15))});
    EXPECT_EQ(other.now(), Time(milliseconds(15)));
    while (other.run({.pause = [] { return true; }}).reason == "paused") {
    }
    EXPECT_EQ(other.digest(), net_.digest());
    EXPECT_EQ(other.now(), net_.now());
}

TEST_F(OneExchange, ARunPausesAtATimeOnlyWhileItLasts) {
    EXPECT_EQ(net_.run({.pause_at = Time(milliseconds(25))}).reason, "paused");
    EXPECT_EQ(net_.now(), Time(milliseconds(25)));
    EXPECT_EQ(net_.run({.pause_at = Time(seconds(1000))}).reason, "idle");
    EXPECT_LT(net_.now(), Time(seconds(100)));  // the last event's time
    EXPECT_EQ(net_.run_until(Time(seconds(200)), {.pause_at = Time(seconds(300))}).reason, "idle");
    EXPECT_EQ(net_.now(), Time(seconds(200)));
}

TEST_F(OneExchange, ATraceEndsWhenItIsToldTo) {
    std::ostringstream one;
    std::ostringstream two;
    const std::size_t first = net_.trace(one);
    const std::size_t second = net_.trace(two);
    net_.run_until(Time(milliseconds(15)));
    net_.untrace(first);
    const std::string so_far = one.str();
    EXPECT_EQ(so_far, two.str());
    net_.run_until(Time(milliseconds(50)));
    EXPECT_EQ(one.str(), so_far);
    EXPECT_GT(two.str().size(), so_far.size());
    net_.untrace(second);
    net_.run();
}

}  // namespace
}  // namespace netsim
