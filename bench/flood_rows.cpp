// A spoofed SYN flood over one link. SYNs are counted when the listener has dealt with them.
#include <string>

#include "workloads.hpp"

namespace netsim::bench {
namespace {

constexpr double kRate = 1e6;  // SYNs per simulated second
constexpr std::int64_t kNsPerSyn = 1000;

struct Flood {
    int syncookies = 0;
    int backlog = 128;
    bool load = false;  // legitimate clients, 1,000 connections per simulated second
};

struct FloodNetwork {
    Network net;
    StatsRef<SynFloodStats> flood;
    HostRef web;
    Duration warm{std::chrono::milliseconds(20)};

    explicit FloodNetwork(const Flood& f)
        : web(net.host("web", {.sysctl = {{"net.ipv4.tcp_syncookies", std::to_string(f.syncookies)},
                                          {"net.ipv4.tcp_max_syn_backlog", "4000000"},
                                          {"net.core.somaxconn", "2000000"}}})) {
        HostRef bot = net.host("bot");
        const RouterRef router = net.router("router");
        const LinkOptions wire{.delay = std::chrono::microseconds(100)};
        net.link(router, web, wire);
        net.link(bot, router, wire);
        web.serve({.backlog = f.backlog});
        if (f.load) {
            HostRef user = net.host("user");
            net.link(user, router, wire);
            user.load("web:80", {.rate = 1000});
        }
        flood = bot.synflood(
            "web:80",
            {.rate = kRate, .spacing = Spacing::kFixed, .spoof = parse_prefix("198.18.0.0/15")});
    }

    /// SYNs the host got: queued, answered by a cookie or dropped.
    std::uint64_t received() const { return net.links()[0].stats(0).delivered_packets; }

    Work run(std::uint64_t syns) {
        const std::uint64_t before = received();
        const std::uint64_t hops_before = packet_hops(net);
        const Time until = net.now() + Duration(static_cast<std::int64_t>(syns) * kNsPerSyn);
        Work work;
        work.seconds = measure([&] { net.run_until(until); });
        work.units = static_cast<double>(received() - before);
        work.packets = static_cast<double>(packet_hops(net) - hops_before);
        return work;
    }
};

/// Each SYN is queued: a queue that holds them all, grown from nothing to 10,000 half-open, as
/// often as `syns` asks for.
Work queued(std::uint64_t syns, std::uint64_t half_open) {
    Work sum;
    while (sum.units < static_cast<double>(syns)) {
        FloodNetwork network({.syncookies = 0, .backlog = 2'000'000});
        network.net.run_until(Time{});
        const Work one = network.run(half_open);
        if (network.web.syn_queue(80) < 9 * half_open / 10) {
            throw InputError("flood: the requests were not queued");
        }
        sum.units += one.units;
        sum.seconds += one.seconds;
        sum.packets += one.packets;
    }
    return sum;
}

Work steady(std::uint64_t syns, const Flood& flood) {
    FloodNetwork network(flood);
    network.net.run_until(network.net.now() + network.warm);
    return network.run(syns);
}

}  // namespace

void add_flood_rows(std::vector<Row>& rows) {
    rows.push_back({.name = "syn_absorbed_per_s",
                    .what = "flood SYN queued, cookies off, to 1e4 half-open",
                    .amount = 500'000,
                    .counted = 10'000,
                    .run = [](std::uint64_t n) { return queued(n, 10'000); },
                    .peer = "flood",
                    .peer_amount = 10'000});
    rows.push_back({.name = "syn_absorbed_1e6_per_s",
                    .what = "flood SYN queued, cookies off, to 1e6 half-open",
                    .amount = 900'000,
                    .run = [](std::uint64_t n) { return queued(n, n); }});
    const auto add = [&](const char* name, const char* what, const Flood& flood) {
        rows.push_back({.name = name,
                        .what = what,
                        .amount = 1'000'000,
                        .counted = 50'000,
                        .run = [flood](std::uint64_t n) { return steady(n, flood); }});
    };
    add("syn_cookie_per_s", "flood SYN answered with a cookie", {.syncookies = 2});
    add("syn_queue_full_per_s", "flood SYN, cookies off, queue full", {});
    add("syn_cookie_queue_full_per_s", "flood SYN, queue full, then a cookie", {.syncookies = 1});
    add("syn_with_load_per_s", "flood SYN, queue full, with legitimate load", {.load = true});
    add("syn_cookie_with_load_per_s", "flood SYN, cookies, with legitimate load",
        {.syncookies = 1, .load = true});
}

}  // namespace netsim::bench
