// The table's order, and what rows share: the stopwatch and the scales.
#include "rows.hpp"

#include <malloc.h>

#include <algorithm>
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

/// One row for each thing that can get slower by itself: the guard must be quick enough to be run.
constexpr std::array<std::string_view, 18> kGuarded{"handshake_direct_per_s",
                                                    "handshake_star_per_s",
                                                    "handshake_exchange_per_s",
                                                    "syn_absorbed_per_s",
                                                    "syn_cookie_per_s",
                                                    "syn_queue_full_per_s",
                                                    "bulk_segments_per_s",
                                                    "bulk_loss_segments_per_s",
                                                    "packet_hops_per_s",
                                                    "hold_1e4_ns",
                                                    "hops_2_per_s",
                                                    "one_hop_impaired_per_s",
                                                    "digest_ns",
                                                    "demux_1e3_ns",
                                                    "rto_moved_ns",
                                                    "lua_switches_per_s",
                                                    "lua_callbacks_per_s",
                                                    "lua_echo_per_s"};

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
    for (Row& row : rows) {
        row.guarded = std::find(kGuarded.begin(), kGuarded.end(), row.name) != kGuarded.end();
    }
    return rows;
}

}  // namespace netsim::bench
