// Floods against listeners: counts as a running Linux 6.18 gave them (two network namespaces, SYNs
// from a raw socket that nobody answers).
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Case {
    int syncookies;
    int backlog;
    int max_syn_backlog;
    std::uint64_t syns;
};

class Flooded {
 public:
    explicit Flooded(const Case& c)
        : web_(net_.host(
              "web",
              {.sysctl = {{"net.ipv4.tcp_syncookies", std::to_string(c.syncookies)},
                          {"net.ipv4.tcp_max_syn_backlog", std::to_string(c.max_syn_backlog)}}})),
          bot_(net_.host("bot")) {
        const RouterRef r = net_.router("r");
        net_.link(web_, r, {.delay = milliseconds(1)});
        net_.link(bot_, r, {.delay = milliseconds(1)});
        web_.serve({.port = 80, .backlog = c.backlog});
        flood_ = bot_.synflood("web:80", {.rate = 10'000,
                                          .spacing = Spacing::kFixed,
                                          .spoof = parse_prefix("198.18.0.0/15"),
                                          .max_syns = c.syns});
    }

    void run(Duration until) { net_.run_until(Time(until)); }

    std::uint64_t counter(std::string_view name) const { return web_.counter(name); }

    std::uint32_t half_open() const { return web_.syn_queue(80); }

    std::uint32_t half_open_peak() const { return web_.syn_queue_peak(80); }

    std::uint64_t sent() const { return flood_->syns_sent; }

 private:
    Network net_;
    HostRef web_;
    HostRef bot_;
    StatsRef<SynFloodStats> flood_ = nullptr;
};

TEST(Flood, LastQuarterIsKeptFromUnprovenPeers) {
    Flooded f({.syncookies = 0, .backlog = 128, .max_syn_backlog = 128, .syns = 300});
    f.run(milliseconds(500));
    EXPECT_EQ(f.sent(), 300U);
    EXPECT_EQ(f.half_open(), 97U);
    EXPECT_EQ(f.counter("TcpExtListenDrops"), 203U);
    EXPECT_EQ(f.counter("TcpExtTCPReqQFullDrop"), 0U);
}

TEST(Flood, LastQuarterOfEighty) {
    Flooded f({.syncookies = 0, .backlog = 80, .max_syn_backlog = 80, .syns = 300});
    f.run(milliseconds(500));
    EXPECT_EQ(f.half_open(), 61U);
    EXPECT_EQ(f.counter("TcpExtListenDrops"), 239U);
}

TEST(Flood, BacklogBoundsTheSynQueue) {
    Flooded f({.syncookies = 0, .backlog = 16, .max_syn_backlog = 4096, .syns = 100});
    f.run(milliseconds(500));
    EXPECT_EQ(f.half_open(), 17U);
    EXPECT_EQ(f.counter("TcpExtTCPReqQFullDrop"), 83U);
    EXPECT_EQ(f.counter("TcpExtListenDrops"), 83U);
}

TEST(Flood, CookiesWhenItIsFull) {
    Flooded f({.syncookies = 1, .backlog = 16, .max_syn_backlog = 4096, .syns = 100});
    f.run(milliseconds(500));
    EXPECT_EQ(f.half_open(), 17U);
    EXPECT_EQ(f.counter("TcpExtSyncookiesSent"), 83U);
    EXPECT_EQ(f.counter("TcpExtTCPReqQFullDoCookies"), 83U);
    EXPECT_EQ(f.counter("TcpExtListenDrops"), 0U);
}

TEST(Flood, CookiesAlways) {
    Flooded f({.syncookies = 2, .backlog = 16, .max_syn_backlog = 4096, .syns = 100});
    f.run(milliseconds(500));
    EXPECT_EQ(f.half_open(), 0U);
    EXPECT_EQ(f.counter("TcpExtSyncookiesSent"), 100U);
}

TEST(Flood, SmallestBacklogs) {
    Flooded zero({.syncookies = 0, .backlog = 0, .max_syn_backlog = 4096, .syns = 10});
    zero.run(milliseconds(500));
    EXPECT_EQ(zero.half_open(), 1U);
    EXPECT_EQ(zero.counter("TcpExtTCPReqQFullDrop"), 9U);
    Flooded one({.syncookies = 0, .backlog = 1, .max_syn_backlog = 4096, .syns = 10});
    one.run(milliseconds(500));
    EXPECT_EQ(one.half_open(), 2U);
    EXPECT_EQ(one.counter("TcpExtTCPReqQFullDrop"), 8U);
}

TEST(Flood, HalfOpenRequestsArePrunedThenDie) {
    Flooded f({.syncookies = 0, .backlog = 16, .max_syn_backlog = 4096, .syns = 40});
    f.run(milliseconds(6900));
    EXPECT_EQ(f.half_open(), 17U);
    f.run(milliseconds(7100));
    EXPECT_EQ(f.half_open(), 8U);
    f.run(milliseconds(62900));
    EXPECT_EQ(f.half_open(), 8U);
    f.run(milliseconds(63100));
    EXPECT_EQ(f.half_open(), 0U);
    EXPECT_EQ(f.half_open_peak(), 17U);
    EXPECT_EQ(f.counter("TcpExtTCPSynRetrans"), 58U);
    EXPECT_EQ(f.counter("TcpExtTCPTimeouts"), 75U);
}

TEST(Flood, RoutersSwallowAnswersToSpoofedAddressesEvenLaterOnes) {
    Network net;
    HostRef web = net.host("web");
    HostRef bot = net.host("bot");
    web.serve({.port = 80});
    bot.synflood(
        "web:80",
        {.rate = 1000, .spoof = parse_prefix("198.18.0.0/15"), .stop = Time(milliseconds(100))});
    const RouterRef r = net.router("r");  // after the flood was set up
    net.link(web, r, {.delay = milliseconds(1)});
    net.link(bot, r, {.delay = milliseconds(1)});
    net.run_until(Time(milliseconds(900)));
    EXPECT_GT(web.syn_queue(80), 50U) << "an ICMP error would have removed them";
    EXPECT_EQ(web.counter("IcmpInDestUnreachs"), 0U);
}

TEST(Flood, ASpoofedHostThatIsThereAnswersWithRst) {
    Network net;
    HostRef web = net.host("web");
    HostRef bot = net.host("bot");
    HostRef owner = net.host("owner", {.address = ipv4(192, 0, 2, 7)});
    const RouterRef r = net.router("r");
    for (const HostRef& host : {web, bot, owner}) {
        net.link(host, r, {.delay = milliseconds(1)});
    }
    web.serve({.port = 80});
    bot.synflood(
        "web:80",
        {.rate = 1000, .spoof = parse_prefix("192.0.2.7"), .stop = Time(milliseconds(100))});
    net.run_until(Time(milliseconds(200)));
    EXPECT_EQ(web.syn_queue(80), 0U);
    EXPECT_GT(web.counter("TcpExtEmbryonicRsts"), 50U);
    EXPECT_EQ(web.counter("TcpExtEmbryonicRsts"), owner.counter("TcpOutRsts"));
}

}  // namespace
}  // namespace netsim
