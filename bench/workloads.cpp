// The handshake load.
#include "workloads.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace netsim::bench {
namespace {

constexpr int kStarClients = 32;
constexpr int kDirectPorts = 8;  // a client has 64,000 ports towards each
constexpr double kLifetimeRoundTrips = 3;

HostOptions host_options(std::uint64_t time_waits) {
    return {.sysctl = {{"net.core.somaxconn", "65535"},
                       {"net.ipv4.tcp_max_syn_backlog", "65536"},
                       {"net.ipv4.tcp_max_tw_buckets", std::to_string(time_waits)},
                       {"net.ipv4.ip_local_port_range", "1024 65535"}}};
}

Duration seconds(double s) {
    return Duration(static_cast<std::int64_t>(std::llround(s * 1e9)));
}

}  // namespace

std::uint64_t packet_hops(const Network& net) {
    std::uint64_t sum = 0;
    for (const LinkRef& link : net.links()) {
        sum += link.stats(0).delivered_packets + link.stats(1).delivered_packets;
    }
    return sum;
}

Handshakes::Handshakes(const HandshakeLoad& load)
    : load_(load), round_trip_(seconds(load.concurrent / kRate / kLifetimeRoundTrips)) {
    if (load.shape == Shape::kStar) {
        build_star();
    } else if (load.shape == Shape::kFatTree) {
        build_fat_tree();
    } else {
        HostRef server = net_.host("server", host_options(load_.time_waits));
        HostRef client = net_.host("client", host_options(load_.time_waits));
        net_.link(client, server, {.delay = round_trip_ / 2});
        for (int i = 0; i < kDirectPorts; ++i) {
            const auto port = static_cast<std::uint16_t>(80 + i);
            servers_.push_back(server.serve({.port = port,
                                             .backlog = 65535,
                                             .request = load_.request,
                                             .response = load_.response}));
            add_load(client, "server:" + std::to_string(port), kRate / kDirectPorts);
        }
    }
}

void Handshakes::build_star() {
    HostRef server = net_.host("server", host_options(load_.time_waits));
    const RouterRef router = net_.router("router");
    const LinkOptions wire{.delay = round_trip_ / 4};
    net_.link(router, server, wire);
    servers_.push_back(
        server.serve({.backlog = 65535, .request = load_.request, .response = load_.response}));
    for (int i = 0; i < kStarClients; ++i) {
        const HostRef client =
            net_.host("client" + std::to_string(i), host_options(load_.time_waits));
        net_.link(client, router, wire);
        add_load(client, "server:80", kRate / kStarClients);
    }
}

void Handshakes::build_fat_tree() {
    constexpr int kLinksOnTheWay = 6;
    TopologyResult tree = net_.generate(
        "fat_tree",
        {.link = {.delay = round_trip_ / (2 * kLinksOnTheWay)}, .parameters = {{"k", 8}}});
    const std::size_t half = tree.hosts.size() / 2;
    const HostOptions options = host_options(load_.time_waits / half);
    for (std::size_t i = 0; i < tree.hosts.size(); ++i) {
        for (const auto& [name, value] : options.sysctl) {
            tree.hosts[i].set_sysctl(name, value);
        }
        if (i < half) {
            HostRef server = tree.hosts[half + i];
            servers_.push_back(server.serve(
                {.backlog = 65535, .request = load_.request, .response = load_.response}));
            add_load(tree.hosts[i], server.name() + ":80", kRate / static_cast<double>(half));
        }
    }
}

void Handshakes::add_load(HostRef client, const std::string& target, double rate) {
    loads_.push_back(
        client.load(target, {.rate = rate, .request = load_.request, .response = load_.response}));
}

void Handshakes::warm_up() {
    const double records = 1.1 * static_cast<double>(load_.time_waits);
    net_.run_until(net_.now() + 6 * round_trip_ + seconds(records / kRate));
}

Work Handshakes::run(std::uint64_t connections) {
    const std::uint64_t closed_before = closed_by_both();
    const std::uint64_t hops_before = packet_hops(net_);
    const Time until = net_.now() + seconds(static_cast<double>(connections) / kRate);
    Work work;
    work.seconds = measure([&] { net_.run_until(until); });
    work.units = static_cast<double>(closed_by_both() - closed_before);
    work.packets = static_cast<double>(packet_hops(net_) - hops_before);
    for (const auto* load : loads_) {
        if (load->failed != 0 || load->broken != 0) {
            throw InputError("handshakes failed");
        }
    }
    return work;
}

/// What counts: the server accepted it and both sides closed.
std::uint64_t Handshakes::closed_by_both() const {
    std::uint64_t by_server = 0;
    std::uint64_t by_client = 0;
    for (const auto* server : servers_) {
        by_server += server->closed;
    }
    for (const auto* load : loads_) {
        by_client += load->completed;
    }
    return std::min(by_server, by_client);
}

}  // namespace netsim::bench
