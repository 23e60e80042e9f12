// Finding the endpoint of an arriving segment among up to a million half-open requests, in random
// order: the segment has no flag at all, so a request drops it at once. Items are segments.
#include <benchmark/benchmark.h>

#include <utility>
#include <vector>

#include "tcp/stack.hpp"

namespace netsim::bench {
namespace {

class OneAddress final : public tcp::Paths {
 public:
    tcp::PathInfo path(Ipv4 destination) const override {
        static_cast<void>(destination);
        return {.source = ipv4(10, 0, 0, 1)};
    }

    bool is_local(Ipv4 address) const override { return address == ipv4(10, 0, 0, 1); }
};

wire::Packet segment(std::uint32_t client, std::uint16_t flags) {
    wire::Packet p{};
    p.source = Ipv4{ipv4(198, 18, 0, 0).bits + client / 4};
    p.destination = ipv4(10, 0, 0, 1);
    p.tcp.source_port = static_cast<std::uint16_t>(1024 + client % 4);
    p.tcp.destination_port = 80;
    p.tcp.flags = flags;
    p.tcp.window = 64240;
    return p;
}

void demux(benchmark::State& state) {
    const auto endpoints = static_cast<std::uint32_t>(state.range(0));
    const OneAddress paths;
    tcp::Sysctl sysctl;
    sysctl.somaxconn = 2'000'000;
    sysctl.tcp_max_syn_backlog = 4'000'000;
    tcp::Stack stack(paths, sysctl, Rng(1, "bench"));
    tcp::Outbox out;
    const auto arrive = [&](const wire::Packet& packet) {
        stack.segment_arrives(packet, Time{}, out);
        out.packets.clear();
        out.events.clear();
        out.drop.reset();
    };
    const SocketId listener = *stack.socket();
    if (!stack.bind(listener, {Ipv4{}, 80}) || !stack.listen(listener, 2'000'000, Time{}, out)) {
        state.SkipWithError("cannot listen");
        return;
    }
    std::vector<std::uint32_t> clients(endpoints);
    Rng rng(1, "bench/demux");
    for (std::uint32_t i = 0; i < endpoints; ++i) {
        arrive(segment(i, wire::flag::kSyn));
        clients[i] = i;
        std::swap(clients[i], clients[rng.below(i + 1)]);
    }
    if (stack.syn_queue_length(80) != endpoints) {
        state.SkipWithError("not all requests are there");
        return;
    }
    std::size_t next = 0;
    for (auto _ : state) {
        arrive(segment(clients[next], 0));
        next = next + 1 == clients.size() ? 0 : next + 1;
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(demux)->ArgName("endpoints")->Arg(100)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace netsim::bench

BENCHMARK_MAIN();
