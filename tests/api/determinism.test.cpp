// The same scenario gives the same digest: twice in one process, stepped, in slices, looked at or
// not, and with another simulation running in between.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <sstream>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Everything random at once: loss, reordering, duplication, Poisson arrivals, a spoofed flood.
std::unique_ptr<Network> scenario(std::uint64_t seed) {
    auto net = std::make_unique<Network>(NetworkOptions{.seed = seed});
    HostRef web = net->host("web");
    HostRef user = net->host("user");
    HostRef bot = net->host("bot");
    const RouterRef r = net->router("r");
    LinkOptions lossy;
    lossy.rate_bps = 10'000'000;
    lossy.delay = milliseconds(5);
    lossy.jitter = milliseconds(2);
    lossy.loss = 0.02;
    lossy.duplicate = 0.01;
    lossy.limit_packets = 50;
    net->link(web, r, lossy);
    net->link(user, r, lossy);
    net->link(bot, r, lossy);
    web.serve({.port = 80, .backlog = 32, .request = 50, .response = 5000});
    user.load("web:80", {.rate = 50, .request = 50, .response = 5000});
    user.load("web:80", {.users = 5, .think = milliseconds(300), .request = 50, .response = 5000});
    bot.synflood("web:80",
                 {.rate = 500, .spoof = parse_prefix("198.18.0.0/15"), .start = Time(seconds(2))});
    return net;
}

std::uint64_t digest_after(std::uint64_t seed) {
    const auto net = scenario(seed);
    net->run_until(Time(seconds(10)));
    return net->digest();
}

TEST(Determinism, TwiceInOneProcess) {
    EXPECT_EQ(digest_after(1), digest_after(1));
    EXPECT_NE(digest_after(1), digest_after(2));
}

TEST(Determinism, InterleavedWithAnother) {
    const auto a = scenario(1);
    const auto b = scenario(2);
    for (int i = 1; i <= 100; ++i) {
        a->run_until(Time(milliseconds(100 * i)));
        b->run_until(Time(milliseconds(100 * i)));
    }
    EXPECT_EQ(a->digest(), digest_after(1));
    EXPECT_EQ(b->digest(), digest_after(2));
}

TEST(Determinism, EventByEvent) {
    const auto net = scenario(1);
    const auto whole = scenario(1);
    whole->run_until(Time(seconds(1)));
    for (std::uint64_t i = 0; i < whole->events(); ++i) {
        ASSERT_TRUE(net->step());
    }
    EXPECT_EQ(net->digest(), whole->digest());
}

TEST(Determinism, LookingChangesNothing) {
    const auto net = scenario(1);
    std::ostringstream text;
    net->trace(text, "syn");
    net->watch_ladder();
    const HostRef web = net->host_named("web");
    const Series* queue =
        net->record("syn queue", milliseconds(7), [&] { return double{1} * web.syn_queue(); });
    net->run_until(Time(seconds(10)));
    EXPECT_EQ(net->digest(), digest_after(1));
    EXPECT_EQ(queue->values.size(), 10'000U / 7 + 1);
    EXPECT_FALSE(text.str().empty());
}

}  // namespace
}  // namespace netsim
