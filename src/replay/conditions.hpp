// What a recording does not tell and a replay must assume: where the recorded machine stood in its
// count of ticks, and how its scheduler treated the processes. Inputs of the model, inferred from
// what came of them (inference.cpp).
#pragma once

#include <limits>
#include <vector>

#include "replay/recording.hpp"
#include "replay/replay.hpp"

namespace netsim::replay {

/// One stretch of a process: from what woke it until it sleeps again. It takes hold of its socket,
/// reads what is there, deals with what came meanwhile, reads that, and so on.
struct Step {
    Milliseconds after = 0;  // the one before; the first: what woke it
    bool goes_on = false;  // it deals with what came, and is not done with it before the next step
};

/// Steps left out take no time.
using Run = std::vector<Step>;

struct Conditions {
    Duration phase{0};       // of the ticks
    Milliseconds later = 0;  // by which the hosts' clocks are ahead; the report's times too
    std::vector<std::vector<Run>> runs;  // by process, in order of their first calls
    /// The attempt may end there.
    Milliseconds until = std::numeric_limits<Milliseconds>::infinity();
};

/// What came of it, and what the next assumptions can go by.
struct Attempt {
    struct Process {
        Side side = Side::kClient;
        std::vector<Milliseconds> woken;
    };

    Report report;
    std::vector<Process> processes;
    std::vector<Milliseconds> arrivals[2];  // NOLINT: of packets, by Side
};

Attempt attempt(const Recording& recording, const Conditions& conditions);

}  // namespace netsim::replay
