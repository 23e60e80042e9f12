// Looking changes nothing, and takes no more memory the longer it looks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "netsim/network.hpp"
#include "report/model.hpp"

namespace netsim {
namespace {

using report::Case;
using report::ConnectionView;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;

struct Flooded {
    explicit Flooded(bool watched, std::optional<Prefix> spoof = parse_prefix("198.18.0.0/15")) {
        if (watched) {
            net.watch_report();
        }
        HostRef web = net.host("web");
        HostRef user = net.host("user");
        HostRef bot = net.host("bot");
        RouterRef r = net.router("r");
        for (const HostRef& host : {web, user, bot}) {
            net.link(host, r,
                     {.rate_bps = 1'000'000'000, .delay = milliseconds(5), .limit_packets = 1000});
        }
        web.set_sysctl("net.ipv4.tcp_syncookies", "0");
        web.serve({.port = 80, .backlog = 128, .request = 100, .response = 6});
        user.load("web:80", {.rate = 100, .request = 100, .response = 6});
        bot.synflood("web:80", {.rate = 5000, .spoof = spoof, .start = Time(seconds(1))});
    }

    Network net;
};

const report::Curve& curve(const Case& one, std::string_view name) {
    const auto found = std::find_if(one.series.begin(), one.series.end(),
                                    [&](const report::Curve& c) { return c.name == name; });
    EXPECT_NE(found, one.series.end()) << name;
    return *found;
}

double sum_of(const report::Curve& one) {
    double sum = 0;
    for (const double rate : one.mean) {
        sum += rate * one.interval;
    }
    return sum;
}

TEST(Looking, ChangesNoDigest) {
    Flooded watched(true);
    Flooded alone(false);
    watched.net.run_until(Time(seconds(3)));
    alone.net.run_until(Time(seconds(3)));
    EXPECT_EQ(watched.net.digest(), alone.net.digest());
    EXPECT_EQ(watched.net.events(), alone.net.events());
}

TEST(Looking, MovesNoClock) {
    const auto end_of = [](bool watched) {
        Network net;
        if (watched) {
            net.watch_report();
        }
        HostRef a = net.host("a");
        HostRef b = net.host("b");
        net.link(a, b, {.delay = milliseconds(7)});
        a.load("b:80", {.rate = 10, .max_connections = 1});
        net.run();
        return net.now();
    };
    EXPECT_EQ(end_of(true), end_of(false));
}

TEST(Looking, StepByStepIsTheSame) {
    Flooded watched(true);
    Flooded alone(false);
    while (watched.net.now() < Time(milliseconds(1100))) {
        ASSERT_TRUE(watched.net.step());
    }
    while (alone.net.now() < Time(milliseconds(1100))) {
        ASSERT_TRUE(alone.net.step());
    }
    EXPECT_EQ(watched.net.digest(), alone.net.digest());
    EXPECT_EQ(watched.net.now(), alone.net.now());
}

TEST(Flood, IsCountedNotKept) {
    Flooded flood(true);
    flood.net.run_until(Time(seconds(4)));
    const auto seen = flood.net.report();
    EXPECT_NEAR(static_cast<double>(seen->half_open_from), 15'000, 500);
    EXPECT_LE(seen->connections.size(), 3000U);
    EXPECT_EQ(seen->packets.size(), 0U);
    EXPECT_THAT(seen->thinned, Contains(HasSubstr("single packets are not listed")));
    EXPECT_NEAR(sum_of(curve(*seen, "SYNs attack")), 15'000, 500);
    // The user's own and their repetitions are not the flood's.
    EXPECT_LT(sum_of(curve(*seen, "SYNs legitimate")), 1500);
    EXPECT_NEAR(sum_of(curve(*seen, "legitimate")), static_cast<double>(flood.net.handshakes()), 1);
    const report::Curve& queue = curve(*seen, "web:80 SYN queue");
    EXPECT_EQ(queue.limit, 129);
    EXPECT_EQ(*std::max_element(queue.high.begin(), queue.high.end()),
              flood.net.host_named("web").syn_queue_peak(80));
    EXPECT_LE(queue.high.size(), 1200U);
    const auto dropped =
        std::find_if(seen->drops.begin(), seen->drops.end(),
                     [](const report::DropCurve& d) { return d.reason == "TCPReqQFullDrop"; });
    ASSERT_NE(dropped, seen->drops.end());
    EXPECT_EQ(dropped->count, flood.net.host_named("web").counter("TcpExtTCPReqQFullDrop"));
    EXPECT_EQ(dropped->node, 0U);
    EXPECT_FALSE(dropped->link.has_value());
    double counts = 0;
    for (const double count : dropped->counts) {
        counts += count;
    }
    EXPECT_EQ(counts, static_cast<double>(dropped->count));
}

TEST(Flood, FromABotsOwnAddressIsAnAttackToo) {
    Flooded flood(true, std::nullopt);
    flood.net.run_until(Time(seconds(2)));
    const auto seen = flood.net.report();
    EXPECT_NEAR(sum_of(curve(*seen, "SYNs attack")), 5000, 300);
    EXPECT_LT(seen->connections.size(), 400U);
}

// Who answers a SYN-ACK from an address that no node has is no user.
TEST(Flood, AHandshakeWithNoNodeIsAnAttack) {
    Network net;
    net.watch_report();
    HostRef web = net.host("web");
    HostRef bot = net.host("bot");
    net.link(web, bot, {.delay = milliseconds(1)});
    web.serve({.port = 80, .backlog = 16, .request = 10, .response = 10});
    web.route(*parse_prefix("198.18.0.0/15"), bot);
    web.set_next_isn(1000);
    ForgedSegment forged;
    forged.source = Endpoint{ipv4(198, 18, 0, 1), 4000};
    forged.destination = net.resolve("web:80");
    forged.flags = "S";
    bot.at(Time(milliseconds(1)), [&] { bot.send_segment(forged); });
    bot.at(Time(milliseconds(10)), [&] {
        forged.flags = ".";
        forged.seq = 1;
        forged.ack = 1001;
        bot.send_segment(forged);
    });
    net.run_until(Time(milliseconds(50)));
    ASSERT_EQ(net.handshakes(), 1U);
    const auto seen = net.report();
    EXPECT_NEAR(sum_of(curve(*seen, "attack")), 1, 1e-9);
    EXPECT_NEAR(sum_of(curve(*seen, "legitimate")), 0, 1e-9);
    EXPECT_NEAR(sum_of(curve(*seen, "SYNs attack")), 1, 1e-9);
}

class ManyConnections : public testing::Test {
 protected:
    void run(double rate, Duration length, double share = 1) {
        net_.watch_report(share);
        HostRef web = net_.host("web");
        HostRef user = net_.host("user");
        net_.link(web, user, {.rate_bps = 1'000'000'000, .delay = milliseconds(1)});
        web.serve({.port = 80, .backlog = 4096, .request = 10, .response = 10});
        user.load("web:80", {.rate = rate, .request = 10, .response = 10, .stop = Time(length)});
        net_.run_until(Time(length + seconds(2)));
        seen_ = net_.report();
    }

    Network net_;
    std::shared_ptr<const Case> seen_;
};

TEST_F(ManyConnections, ASampleStaysAndAllAreCounted) {
    run(5000, seconds(4));
    EXPECT_EQ(seen_->connections_total, net_.host_named("user").counter("TcpActiveOpens"));
    EXPECT_GT(seen_->connections_total, 19'000U);
    EXPECT_LE(seen_->connections.size(), 460U);
    EXPECT_GE(seen_->connections.size(), 200U);
    // The first ones, and later ones too.
    EXPECT_EQ(seen_->connections[0].id, 1U);
    EXPECT_EQ(seen_->connections[50].id, 51U);
    EXPECT_GT(seen_->connections.back().id, 15'000U);
    for (const ConnectionView& one : seen_->connections) {
        EXPECT_EQ(one.segments[0].flags, "S") << one.id;
        EXPECT_EQ(one.segments_total, one.segments.size()) << one.id;
    }
}

TEST_F(ManyConnections, LessIsKeptWhereManyShare) {
    run(2000, seconds(1), 0.1);
    EXPECT_LE(seen_->connections.size(), 50U);
    EXPECT_GT(seen_->connections_total, 1900U);
}

TEST(LiveConnections, AreCountedWhereThereIsNoRoomForAll) {
    Network net;
    net.watch_report(0.1);  // 300 at once
    HostRef web = net.host("web");
    HostRef user = net.host("user");
    net.link(web, user, {.rate_bps = 1'000'000'000, .delay = milliseconds(1)});
    web.sink(80);  // never answers
    user.load("web:80", {.rate = 5000, .request = 10, .response = 10, .max_connections = 500});
    net.run_until(Time(seconds(1)));
    const auto seen = net.report();
    EXPECT_EQ(seen->connections_total, 500U);
    EXPECT_EQ(seen->connections.size(), 300U);
}

TEST(UnusualConnections, StayWhateverTheOthersDo) {
    Network net;
    net.watch_report();
    HostRef web = net.host("web");
    HostRef user = net.host("user");
    net.link(web, user, {.rate_bps = 1'000'000'000, .delay = milliseconds(1)});
    web.serve({.port = 80, .backlog = 4096, .request = 10, .response = 10});
    user.load("web:80", {.rate = 2000, .request = 10, .response = 10, .stop = Time(seconds(4))});
    user.load("web:81",
              {.rate = 1, .start = Time(milliseconds(3000)), .max_connections = 1});  // refused
    // Aborted: a RST that nobody lost.
    Socket aborted = user.tcp().value();
    user.at(Time(milliseconds(3500)),
            [&] { static_cast<void>(aborted.connect(net.resolve("web:80"))); });
    user.at(Time(milliseconds(3600)), [&] {
        ASSERT_TRUE(aborted.set_option(SocketOption::kSO_LINGER, 0));
        static_cast<void>(aborted.close());
    });
    net.run_until(Time(seconds(6)));
    const auto seen = net.report();
    for (const std::string_view outcome : {"refused", "reset"}) {
        EXPECT_EQ(std::count_if(seen->connections.begin(), seen->connections.end(),
                                [&](const ConnectionView& one) { return one.outcome == outcome; }),
                  1)
            << outcome;
    }
}

TEST(ReusedPorts, MakeAConnectionOfTheirOwn) {
    Network net;
    net.watch_report();
    HostRef web = net.host("web");
    HostRef user = net.host("user", {.sysctl = {{"net.ipv4.ip_local_port_range", "40000 40003"}}});
    net.link(web, user, {.delay = milliseconds(1)});
    user.load("web:80", {.rate = 100, .max_connections = 10});  // refused: ports are free at once
    net.run();
    const auto seen = net.report();
    EXPECT_EQ(seen->connections_total, 10U);
    ASSERT_EQ(seen->connections.size(), 10U);
    for (const ConnectionView& one : seen->connections) {
        EXPECT_EQ(one.outcome, "refused");
        EXPECT_EQ(one.segments.size(), 2U);
        EXPECT_EQ(one.states.size(), 2U);
    }
}

}  // namespace
}  // namespace netsim
