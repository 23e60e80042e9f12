// Handshakes end to end: connect, accept, close by both sides, over a direct link and through a
// router. Items are handshakes; counters give events per handshake and bytes per endpoint.
#include <benchmark/benchmark.h>

#include <chrono>

#include "netsim/network.hpp"
#include "tcp/stack.hpp"

namespace netsim::bench {
namespace {

using std::chrono::milliseconds;

constexpr double kRate = 100'000;  // connections per simulated second

void handshakes(benchmark::State& state) {
    const bool routed = state.range(0) != 0;
    Network net;
    HostRef server = net.host("server", {.sysctl = {{"net.core.somaxconn", "65535"}}});
    HostRef client = net.host("client");
    const LinkOptions wire{.delay = std::chrono::microseconds(100)};
    if (routed) {
        const RouterRef router = net.router("router");
        net.link(client, router, wire);
        net.link(router, server, wire);
    } else {
        net.link(client, server, wire);
    }
    server.serve({.port = 80, .backlog = 65535});
    const auto* load = client.load("server:80", {.rate = kRate});
    // Into the steady state: tables and rings at their size, TIME-WAIT at its limit.
    net.run_until(net.now() + std::chrono::seconds(1));

    const std::uint64_t events_before = net.events();
    const std::uint64_t handshakes_before = net.handshakes();
    for (auto _ : state) {
        net.run_until(net.now() + milliseconds(10));
    }
    const auto done = net.handshakes() - handshakes_before;
    state.SetItemsProcessed(static_cast<std::int64_t>(done));
    state.counters["events_per_handshake"] =
        static_cast<double>(net.events() - events_before) / static_cast<double>(done);
    const tcp::Stack::Footprint bytes = tcp::Stack::footprint();
    state.counters["bytes_half_open"] = static_cast<double>(bytes.request);
    state.counters["bytes_established"] = static_cast<double>(bytes.connection);
    state.counters["bytes_time_wait"] = static_cast<double>(bytes.time_wait);
    if (load->failed != 0 || load->broken != 0) {
        state.SkipWithError("connections failed");
    }
}

BENCHMARK(handshakes)->ArgName("router")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace netsim::bench

BENCHMARK_MAIN();
