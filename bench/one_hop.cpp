// One packet over one link, and through a router: what every segment pays. Items are packets.
#include <benchmark/benchmark.h>

#include <chrono>
#include <utility>

#include "net/link.hpp"
#include "net/router.hpp"
#include "net/topology.hpp"
#include "sim/simulation.hpp"

namespace netsim::bench {
namespace {

using std::chrono::microseconds;

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
        wire::Packet packet{};
        packet.source = ipv4(10, 0, 0, 1);
        packet.destination = ipv4(10, 0, 0, 2);
        interfaces()[0].out->transmit(fabric().packets.make(packet));
        fabric().sim.schedule(fabric().sim.now() + microseconds(1), id(), *this, argument);
    }

    std::uint64_t received = 0;
    net::RouteTable routes;
};

enum Wire : std::int64_t { kIdeal, kQueued, kImpaired };

LinkOptions options(Wire wire) {
    LinkOptions o;
    o.delay = microseconds(100);
    if (wire != kIdeal) {
        o.rate_bps = 1'000'000'000;
        o.limit_packets = 1000;
    }
    if (wire == kImpaired) {
        o.jitter = microseconds(20);
        o.loss = 0.01;
        o.duplicate = 0.01;
    }
    return o;
}

void one_hop(benchmark::State& state) {
    const LinkOptions wire = options(static_cast<Wire>(state.range(0)));
    const bool routed = state.range(1) != 0;
    sim::Simulation sim(1);
    wire::PacketPool packets;
    net::Fabric fabric{sim, packets, nullptr};
    Endpoint from(fabric, "from");
    Endpoint to(fabric, "to");
    net::Router router(fabric, "router", ipv4(10, 0, 0, 3));
    net::Topology topology;
    topology.add_node(from, from.routes, ipv4(10, 0, 0, 1));
    topology.add_node(to, to.routes, ipv4(10, 0, 0, 2));
    std::vector<std::unique_ptr<net::Link>> links;
    const auto connect = [&](net::Node& a, net::Node& b) {
        links.push_back(std::make_unique<net::Link>(fabric, a, Ipv4{}, b, Ipv4{}, wire, wire));
        topology.add_link(*links.back());
    };
    if (routed) {
        topology.add_node(router, router.routes(), router.address());
        connect(from, router);
        connect(router, to);
        topology.compute_routes();
    } else {
        connect(from, to);
    }
    sim.schedule(Time{}, from.id(), from);
    for (auto _ : state) {
        sim.run({.until = sim.now() + microseconds(1000)});
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(to.received));
}

BENCHMARK(one_hop)
    ->ArgNames({"impairments", "router"})
    ->ArgsProduct({{kIdeal, kQueued, kImpaired}, {0, 1}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace netsim::bench

BENCHMARK_MAIN();
