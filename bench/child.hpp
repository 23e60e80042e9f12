// Each run of a row is a process of its own: no row sees another's heap.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rows.hpp"

namespace netsim::bench {

/// In the child: runs the row and prints what it did as a JSON line; the exit code.
int run_row(const Row& row, std::uint64_t amount);

/// What a command printed to standard output and standard error, and how it ended.
struct Outcome {
    int code = -1;  // 128 + the signal's number if one killed it
    std::string out{};
    std::string err{};
};

/// Runs a command until it ends. InputError if it cannot be started.
Outcome run_command(const std::vector<std::string>& words);

/// Reads run_row()'s line, or a peer's, which is the same. InputError naming `who` otherwise.
Work read_work(const std::string& who, const Outcome& outcome);

/// Runs a row in a child of this program.
Work run_in_child(const Row& row, std::uint64_t amount);

/// The row's instructions per unit of work, counted by callgrind in a child.
double count_instructions(const Row& row);

/// Is valgrind there?
bool can_count_instructions();

}  // namespace netsim::bench
