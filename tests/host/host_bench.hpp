// Two hosts, and between them either a link or a router with a link to each.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "host/host.hpp"
#include "net/link.hpp"
#include "net/router.hpp"
#include "net/topology.hpp"
#include "sim/simulation.hpp"
#include "tcp/stack.hpp"

namespace netsim::host {

class HostBench {
 public:
    static constexpr Ipv4 kClient = ipv4(10, 0, 0, 1);
    static constexpr Ipv4 kServer = ipv4(10, 0, 1, 1);

    explicit HostBench(const LinkOptions& near = {.delay = std::chrono::milliseconds(5)},
                       const LinkOptions& far = {.delay = std::chrono::milliseconds(5)},
                       const std::optional<CpuOptions>& cpu = {}, std::int64_t cookies = 1)
        : sim(1),
          fabric{sim, packets, nullptr},
          client(fabric, bytes, HostConfig{"client", kClient, {}}),
          server(fabric, bytes, server_config(cpu, cookies)),
          router(fabric, "r", ipv4(10, 0, 0, 254)),
          left(fabric, client, kClient, router, ipv4(10, 0, 0, 254), near, near),
          right(fabric, router, ipv4(10, 0, 1, 254), server, kServer, far, far) {
        topology.add_node(client, client.routes(), kClient);
        topology.add_node(server, server.routes(), kServer);
        topology.add_node(router, router.routes(), ipv4(10, 0, 0, 254));
        topology.add_link(left);
        topology.add_link(right);
        topology.compute_routes();
    }

    static HostConfig server_config(const std::optional<CpuOptions>& cpu, std::int64_t cookies) {
        HostConfig config{"server", kServer, {}};
        config.sysctl.tcp_syncookies = cookies;
        config.cpu = cpu;
        return config;
    }

    void run(Duration by) {
        sim.run({.until = sim.now() + by});
        client.stack().check_invariants();
        server.stack().check_invariants();
    }

    SocketId listen(std::uint16_t port, int backlog = 16) {
        const SocketId s = *server.socket();
        EXPECT_TRUE(server.bind(s, {Ipv4{}, port}));
        EXPECT_TRUE(server.listen(s, backlog));
        return s;
    }

    SocketId connect(Endpoint to) {
        const SocketId s = *client.socket();
        EXPECT_EQ(client.connect(s, to).error(), Errno::kEINPROGRESS);
        return s;
    }

    Errno error(SocketId s) {
        return static_cast<Errno>(*client.get_option(s, SocketOption::kSO_ERROR));
    }

    static std::uint64_t count(const Host& host, tcp::Mib counter) {
        return host.mibs().get(counter);
    }

    sim::Simulation sim;
    wire::PacketPool packets;
    wire::ByteStore bytes;
    net::Fabric fabric;
    Host client;
    Host server;
    net::Router router;
    net::Link left;
    net::Link right;
    net::Topology topology;
};

}  // namespace netsim::host
