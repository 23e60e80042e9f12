// Hold model (Jones 1986): with N events pending, pop the earliest and push one a random increment
// later; the figure is the time of one such hold. Two increments: exponential, and "links and
// timers": nine in ten within a millisecond, one in ten seconds away, as TCP schedules.
#include "event_queue_candidates.hpp"

#include <benchmark/benchmark.h>

#include <vector>

#include "netsim/rng.hpp"

namespace netsim::bench {
namespace {

enum Increments : std::int64_t { kExponential, kLinksAndTimers };

std::vector<Duration> increments(Increments kind) {
    Rng rng(1, "bench/hold");
    std::vector<Duration> drawn(1U << 16U);
    for (Duration& d : drawn) {
        if (kind == kExponential) {
            d = rng.exponential(std::chrono::milliseconds(1));
        } else {
            d = rng.chance(0.9) ? Duration(rng.between(1'000, 1'000'000))
                                : Duration(rng.between(1'000'000'000, 3'000'000'000));
        }
    }
    return drawn;
}

template <typename Queue>
void hold(benchmark::State& state) {
    const std::vector<Duration> drawn = increments(static_cast<Increments>(state.range(1)));
    const auto pending = static_cast<std::uint64_t>(state.range(0));
    Queue queue;
    std::uint64_t order = 0;
    const auto push = [&](Time now) {
        queue.push(Event{now + drawn[order % drawn.size()], order, nullptr, order});
        ++order;
    };
    for (std::uint64_t i = 0; i < pending; ++i) {
        push(Time{});
    }
    for (std::uint64_t i = 0; i < 3 * pending; ++i) {  // towards the steady state
        const Time now = queue.top().at;
        queue.pop();
        push(now);
    }
    for (auto _ : state) {
        const Time now = queue.top().at;
        queue.pop();
        push(now);
    }
    state.SetItemsProcessed(state.iterations());
}

void sizes(benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgNames({"pending", "timers"});
    for (const std::int64_t kind : {kExponential, kLinksAndTimers}) {
        for (const std::int64_t pending : {100, 10'000, 1'000'000}) {
            benchmark->Args({pending, kind});
        }
    }
}

BENCHMARK_TEMPLATE(hold, StdHeap)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, BoostHeap4)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, StdMultiset)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, ImplicitHeap<2, true>)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, ImplicitHeap<4, false>)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, ImplicitHeap<4, true>)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, ImplicitHeap<8, true>)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, KeyHeap4)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, Ladder)->Apply(sizes);
BENCHMARK_TEMPLATE(hold, sim::EventQueue)->Apply(sizes);

}  // namespace
}  // namespace netsim::bench

BENCHMARK_MAIN();
