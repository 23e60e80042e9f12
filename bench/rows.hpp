// What a benchmark is: a row of the table, a fixed amount of work with a fixed seed. Rows do their
// set-up, then hand what is to be measured to measure(): only that is timed, and only there does
// callgrind count.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace netsim::bench {

/// What a row's figure says.
enum class Unit : std::uint8_t {
    kPerSecond,     // units of work per second on one core
    kNanoseconds,   // time per unit of work
    kMilliseconds,  // the same, of what is slow
    kBytes,         // memory per unit
    kPercent,       // time on top of the row without it
};

std::string_view to_string(Unit unit);

/// What one run of a row did.
struct Work {
    double units = 0;
    double seconds = 0;
    double bytes = 0;
    double packets = 0;  // carried by all links while measured; 0: not counted
};

struct Row {
    std::string name{};  // its key in --json
    std::string what{};  // its line in the table
    Unit unit = Unit::kPerSecond;
    std::uint64_t amount = 0;  // of work, as run() takes it
    /// The smaller amount of which instructions are counted: callgrind runs fifty times slower. 0:
    /// not counted.
    std::uint64_t counted = 0;
    bool guarded = false;  // bench/baseline.json holds its count
    std::function<Work(std::uint64_t amount)> run{};
    /// What peers call the same work; empty: they have none.
    std::string peer{};
    std::uint64_t peer_amount = 0;
    /// Of kPercent: the row to compare with.
    std::string base{};
};

/// Runs `work` and returns the seconds it took on one core: the process's CPU time, which does not
/// count what other processes of a shared machine took.
double measure(const std::function<void()>& work);

/// Resident memory in bytes, after freed memory was given back.
double resident();

/// All rows in the table's order.
std::vector<Row> all_rows();

void add_queue_rows(std::vector<Row>& rows);
void add_packet_rows(std::vector<Row>& rows);
void add_handshake_rows(std::vector<Row>& rows);
void add_flood_rows(std::vector<Row>& rows);
void add_bulk_rows(std::vector<Row>& rows);
void add_stack_rows(std::vector<Row>& rows);
void add_memory_rows(std::vector<Row>& rows);
void add_lua_rows(std::vector<Row>& rows);
void add_startup_rows(std::vector<Row>& rows);
void add_observer_rows(std::vector<Row>& rows);

}  // namespace netsim::bench
