// Packets through links and routers without hosts: what every segment pays on its way.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "net/link.hpp"
#include "net/packet_log.hpp"
#include "net/router.hpp"
#include "net/topology.hpp"
#include "rows.hpp"
#include "sim/simulation.hpp"

namespace netsim::bench {
namespace {

using std::chrono::microseconds;

constexpr Ipv4 kFrom = ipv4(10, 0, 0, 1);
constexpr Ipv4 kTo = ipv4(10, 0, 0, 2);

wire::Packet packet_to_send() {
    wire::Packet packet{};
    packet.source = kFrom;
    packet.destination = kTo;
    packet.ttl = 64;
    return packet;
}

/// Sends a packet every microsecond, or receives them.
class Endpoint final : public net::Node, public sim::EventTarget {
 public:
    Endpoint(net::Fabric& fabric, std::string name) : Node(fabric, std::move(name)) {}

    void receive(wire::PacketPtr packet, std::uint32_t interface) override {
        static_cast<void>(packet);
        static_cast<void>(interface);
        ++received;
    }

    bool forwards() const override { return false; }

    void fire(std::uint64_t argument) override {
        interfaces()[0].out->transmit(fabric().packets.make(packet_to_send()));
        fabric().sim.schedule(fabric().sim.now() + microseconds(1), id(), *this, argument);
    }

    std::uint64_t received = 0;
    net::RouteTable routes;
};

LinkOptions ideal() {
    return {.delay = microseconds(100)};
}

LinkOptions queued() {
    return {.rate_bps = 1'000'000'000, .delay = microseconds(100), .limit_packets = 1000};
}

LinkOptions impaired() {
    LinkOptions options = queued();
    options.jitter = microseconds(20);
    options.loss = 0.01;
    options.duplicate = 0.01;
    return options;
}

Work packets(std::uint64_t count, int hops, const LinkOptions& wire) {
    sim::Simulation sim(1);
    wire::PacketPool pool;
    net::Fabric fabric{sim, pool, nullptr};
    Endpoint from(fabric, "from");
    Endpoint to(fabric, "to");
    net::Topology topology;
    topology.add_node(from, from.routes, kFrom);
    topology.add_node(to, to.routes, kTo);
    std::vector<std::unique_ptr<net::Router>> routers;
    std::vector<std::unique_ptr<net::Link>> links;
    net::Node* last = &from;
    const auto go_on_to = [&](net::Node& next) {
        links.push_back(
            std::make_unique<net::Link>(fabric, *last, Ipv4{}, next, Ipv4{}, wire, wire));
        topology.add_link(*links.back());
        last = &next;
    };
    for (int i = 1; i < hops; ++i) {
        const Ipv4 address{ipv4(10, 0, 1, 0).bits + static_cast<std::uint32_t>(i)};
        routers.push_back(std::make_unique<net::Router>(fabric, fmt::format("r{}", i), address));
        topology.add_node(*routers.back(), routers.back()->routes(), address);
        go_on_to(*routers.back());
    }
    go_on_to(to);
    topology.compute_routes();
    sim.schedule(Time{}, from.id(), from);
    static_cast<void>(sim.run({.until = Time{microseconds(5000)}}));  // links and pools are full
    const std::uint64_t before = to.received;
    const Time until = sim.now() + microseconds(count);
    Work work;
    work.seconds = measure([&] { static_cast<void>(sim.run({.until = until})); });
    work.units = static_cast<double>(to.received - before);
    return work;
}

/// The digest every run keeps of what each node saw: it cannot be switched off.
Work digest(std::uint64_t count) {
    sim::Simulation sim(1);
    wire::PacketPool pool;
    net::Fabric fabric{sim, pool, nullptr};
    const Endpoint node(fabric, "node");
    wire::Packet packet = packet_to_send();
    Work work;
    work.seconds = measure([&] {
        for (std::uint64_t i = 0; i < count; ++i) {
            packet.uid = i;
            net::digest_packet(fabric, node, packet, 0);
        }
    });
    work.units = static_cast<double>(count);
    return work;
}

}  // namespace

void add_packet_rows(std::vector<Row>& rows) {
    const auto add = [&](const char* name, const char* what, int hops, const LinkOptions& wire) {
        rows.push_back({.name = name,
                        .what = what,
                        .amount = 2'000'000,
                        .counted = 20'000,
                        .run = [hops, wire](std::uint64_t n) { return packets(n, hops, wire); }});
    };
    add("one_hop_per_s", "packets over one ideal link", 1, ideal());
    add("hops_1_per_s", "packets, 1 hop, 1 Gbit/s with a queue", 1, queued());
    add("hops_2_per_s", "packets, 2 hops", 2, queued());
    add("hops_10_per_s", "packets, 10 hops", 10, queued());
    add("one_hop_impaired_per_s", "packets, 1 hop, jitter, loss, duplication", 1, impaired());
    rows.push_back({.name = "digest_ns",
                    .what = "digest of one packet's arrival",
                    .unit = Unit::kNanoseconds,
                    .amount = 20'000'000,
                    .counted = 100'000,
                    .run = digest});
}

}  // namespace netsim::bench
