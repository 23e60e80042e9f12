// The table's order, and what rows share: the stopwatch and the scales.
#include "rows.hpp"

#include <malloc.h>

#include <array>
#include <ctime>

#include "sim/simulation.hpp"

/// callgrind's --toggle-collect names this function: instructions count while it runs.
extern "C" [[gnu::noinline]] void netsim_bench_measured(const std::function<void()>& work) {
    work();
    asm volatile("");  // no tail call: the function must be left when the work is done
}

namespace netsim::bench {

std::string_view to_string(Unit unit) {
    static constexpr std::array<std::string_view, 5> kNames{"/s", "ns", "ms", "B", "%"};
    return kNames.at(static_cast<std::size_t>(unit));
}

namespace {

double cpu_seconds() {
    timespec spent{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return static_cast<double>(spent.tv_sec) + 1e-9 * static_cast<double>(spent.tv_nsec);
}

}  // namespace

double measure(const std::function<void()>& work) {
    const double begun = cpu_seconds();
    netsim_bench_measured(work);
    return cpu_seconds() - begun;
}

double resident() {
    malloc_trim(0);
    return static_cast<double>(sim::resident_bytes());
}

std::vector<Row> all_rows() {
    std::vector<Row> rows;
    add_handshake_rows(rows);
    add_flood_rows(rows);
    add_bulk_rows(rows);
    add_memory_rows(rows);
    add_queue_rows(rows);
    add_packet_rows(rows);
    add_stack_rows(rows);
    add_lua_rows(rows);
    add_startup_rows(rows);
    add_observer_rows(rows);
    return rows;
}

}  // namespace netsim::bench
