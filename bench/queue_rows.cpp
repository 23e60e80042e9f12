// The event queue under the hold model (Jones 1986): with N events pending, pop the earliest and
// push one an exponential increment later.
#include <fmt/format.h>

#include <memory>

#include "netsim/rng.hpp"
#include "rows.hpp"
#include "sim/event_queue.hpp"

namespace netsim::bench {
namespace {

Work hold(std::uint64_t holds, std::uint64_t pending) {
    Rng rng(1, "bench/hold");
    std::vector<Duration> increments(1U << 16U);
    for (Duration& d : increments) {
        d = rng.exponential(std::chrono::milliseconds(1));
    }
    sim::EventQueue queue;
    std::uint64_t order = 0;
    const auto push = [&](Time now) {
        queue.push(sim::Event{now + increments[order % increments.size()], order, nullptr, order});
        ++order;
    };
    const auto hold_some = [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            const Time now = queue.top().at;
            queue.pop();
            push(now);
        }
    };
    for (std::uint64_t i = 0; i < pending; ++i) {
        push(Time{});
    }
    hold_some(1000);  // exponential increments have no memory: it is steady from the start
    Work work;
    work.seconds = measure([&] { hold_some(holds); });
    work.units = static_cast<double>(holds);
    return work;
}

}  // namespace

void add_queue_rows(std::vector<Row>& rows) {
    std::uint64_t pending = 100;
    for (int exponent = 2; exponent <= 7; ++exponent, pending *= 10) {
        const bool small = exponent == 2 || exponent == 4;
        rows.push_back({.name = fmt::format("hold_1e{}_ns", exponent),
                        .what = fmt::format("event queue, pop + push, 1e{} pending", exponent),
                        .unit = Unit::kNanoseconds,
                        .amount = 2'000'000,
                        .counted = small ? std::uint64_t{100'000} : 0,
                        .run = [pending](std::uint64_t n) { return hold(n, pending); }});
    }
}

}  // namespace netsim::bench
