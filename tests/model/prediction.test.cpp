// The SYN queue's model beside the simulation: one flood, four listeners.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "model/syn_queue.hpp"
#include "netsim/network.hpp"

namespace netsim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Listener {
    int syncookies = 0;
    int backlog = 128;
    int max_syn_backlog = 1024;
    double flood = 20'000;
};

struct Measured {
    double first_syn_success = 0;
    double connect_success = 0;
    double synack_retransmits = 0;
    double cookies_sent = 0;
    double listen_drops = 0;
    double syn_queue_mean = 0;
    double syn_queue_peak = 0;
};

Measured measure(const Listener& c) {
    Network net;
    HostRef web = net.host(
        "web", {.sysctl = {{"net.ipv4.tcp_syncookies", std::to_string(c.syncookies)},
                           {"net.ipv4.tcp_max_syn_backlog", std::to_string(c.max_syn_backlog)},
                           {"net.core.somaxconn", "65535"}}});
    HostRef user = net.host("user");
    HostRef bot = net.host("bot");
    const RouterRef r = net.router("r");
    for (const HostRef& host : {web, user, bot}) {
        net.link(host, r, {.rate_bps = 1'000'000'000, .delay = milliseconds(5)});
    }
    web.serve({.port = 80, .backlog = c.backlog, .request = 100, .response = 6});
    const auto* load = user.load("web:80", {.rate = 100, .request = 100, .response = 6});
    if (c.flood > 0) {
        bot.synflood("web:80", {.rate = c.flood,
                                .spoof = parse_prefix("198.18.0.0/15"),
                                .start = Time(seconds(5)),
                                .stop = Time(seconds(25))});
    }
    const Series* queue = net.record("syn queue", milliseconds(10),
                                     [&] { return static_cast<double>(web.syn_queue(80)); });
    net.run_until(Time(seconds(30)));

    Measured m;
    const auto attempts = static_cast<double>(load->attempts);
    m.first_syn_success = static_cast<double>(load->first_syn_connected) / attempts;
    m.connect_success = static_cast<double>(load->connected) / attempts;
    m.synack_retransmits = static_cast<double>(web.counter("TcpExtTCPSynRetrans"));
    m.cookies_sent = static_cast<double>(web.counter("TcpExtSyncookiesSent"));
    m.listen_drops = static_cast<double>(web.counter("TcpExtListenDrops"));
    for (const double v : queue->values) {
        m.syn_queue_mean += v / static_cast<double>(queue->values.size());
        m.syn_queue_peak = std::max(m.syn_queue_peak, v);
    }
    return m;
}

model::SynQueuePrediction predicted(const Listener& c) {
    model::SynQueueParams p;
    p.flood_rate = c.flood;
    p.flood_start = 5;
    p.flood_stop = 25;
    p.legit_rate = 100;
    p.legit_stop = 30;
    p.legit_rtt = 0.02;
    p.horizon = 30;
    p.backlog = static_cast<std::uint64_t>(c.backlog);
    p.max_syn_backlog = static_cast<std::uint64_t>(c.max_syn_backlog);
    p.syncookies = c.syncookies;
    return model::predict(p);
}

void expect_agreement(const Listener& c) {
    const Measured m = measure(c);
    const model::SynQueuePrediction p = predicted(c);
    EXPECT_NEAR(p.first_syn_success, m.first_syn_success, 0.03);
    EXPECT_NEAR(p.connect_success, m.connect_success, 0.04);
    EXPECT_NEAR(p.synack_retransmits, m.synack_retransmits, 0.06 * m.synack_retransmits + 1);
    EXPECT_NEAR(p.cookies_sent, m.cookies_sent, 0.01 * m.cookies_sent + 1);
    // Clients' retries are among them, and meet correlated losses: exact only in a great flood.
    const double retries = c.flood > 1000 ? 0.01 : 0.12;
    EXPECT_NEAR(p.syns_dropped, m.listen_drops, retries * m.listen_drops + 1);
    EXPECT_NEAR(p.syn_queue_mean, m.syn_queue_mean, 0.05 * m.syn_queue_mean + 0.2);
    EXPECT_NEAR(p.syn_queue_peak, m.syn_queue_peak, 0.02 * m.syn_queue_peak + 3);
}

TEST(Prediction, NoFlood) {
    expect_agreement({.flood = 0});
}

TEST(Prediction, SmallBacklog) {
    expect_agreement({.backlog = 128});
}

TEST(Prediction, LargeBacklog) {
    expect_agreement({.backlog = 4096, .max_syn_backlog = 8192});
}

TEST(Prediction, LastQuarterKeptForThoseWhoConnectedBefore) {
    expect_agreement({.backlog = 4096, .max_syn_backlog = 1024});
}

TEST(Prediction, Cookies) {
    expect_agreement({.syncookies = 1});
}

TEST(Prediction, SlowFlood) {
    expect_agreement({.flood = 50});
}

}  // namespace
}  // namespace netsim
