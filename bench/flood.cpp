// A spoofed SYN flood absorbed by a listener, with tcp_syncookies 0 and 1. Items are SYNs.
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "netsim/network.hpp"

namespace netsim::bench {
namespace {

void flood(benchmark::State& state) {
    Network net;
    HostRef web =
        net.host("web", {.sysctl = {{"net.ipv4.tcp_syncookies", std::to_string(state.range(0))}}});
    HostRef bot = net.host("bot");
    net.link(bot, web, {.delay = std::chrono::milliseconds(1)});
    web.serve({.port = 80, .backlog = 128});
    const auto* flood =
        bot.synflood("web:80", {.rate = 1e6, .spoof = parse_prefix("198.18.0.0/15")});
    net.run_until(net.now() + std::chrono::milliseconds(100));

    const std::uint64_t before = flood->syns_sent;
    const std::uint64_t events_before = net.events();
    for (auto _ : state) {
        net.run_until(net.now() + std::chrono::milliseconds(10));
    }
    const auto syns = flood->syns_sent - before;
    state.SetItemsProcessed(static_cast<std::int64_t>(syns));
    state.counters["events_per_syn"] =
        static_cast<double>(net.events() - events_before) / static_cast<double>(syns);
}

BENCHMARK(flood)->ArgName("syncookies")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace netsim::bench

BENCHMARK_MAIN();
