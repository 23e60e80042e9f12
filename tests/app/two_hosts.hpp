// Two hosts and a link between them: the smallest network an application runs on.
#pragma once

#include <memory>
#include <vector>

#include "host/host.hpp"
#include "net/link.hpp"
#include "net/topology.hpp"
#include "sim/simulation.hpp"
#include "wire/packet.hpp"
#include "wire/payload.hpp"

namespace netsim::app {

class TwoHosts {
 public:
    explicit TwoHosts(const LinkOptions& link = {.delay = std::chrono::milliseconds(5)},
                      std::uint64_t seed = 1)
        : sim(seed), fabric{sim, packets, nullptr} {
        client = make_host("client", ipv4(10, 0, 0, 1));
        server = make_host("server", ipv4(10, 0, 0, 2));
        wire = std::make_unique<net::Link>(fabric, *client, client->address(), *server,
                                           server->address(), link, link);
        topology.add_node(*client, client->routes(), client->address());
        topology.add_node(*server, server->routes(), server->address());
        topology.add_link(*wire);
        topology.compute_routes();
    }

    std::unique_ptr<host::Host> make_host(const char* name, Ipv4 address) {
        host::HostConfig config;
        config.name = name;
        config.address = address;
        return std::make_unique<host::Host>(fabric, bytes, config);
    }

    void run(Duration until) { sim.run({.until = Time(until)}); }

    Endpoint target(std::uint16_t port) const { return {server->address(), port}; }

    std::uint64_t counter(const host::Host& host, tcp::Mib mib) const {
        return host.mibs().get(mib);
    }

    sim::Simulation sim;
    wire::PacketPool packets;
    wire::ByteStore bytes;
    net::Fabric fabric;
    std::unique_ptr<host::Host> client;
    std::unique_ptr<host::Host> server;
    std::unique_ptr<net::Link> wire;
    net::Topology topology;
};

}  // namespace netsim::app
