// Replays one recording on the model and says where they differ.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "replay/recording.hpp"

namespace netsim::replay {

/// One difference, as a readable line.
struct Mismatch {
    std::string kind;  // "packet", "call", "state", "event", "counter", "unknown"
    std::string text;
};

struct Report {
    std::string name;
    std::string title;
    std::size_t packets = 0;  // compared
    std::size_t calls = 0;
    std::size_t samples = 0;
    std::size_t events = 0;  // state changes, resets, segments in
    std::size_t counters = 0;
    Duration tick_phase{0};     // inferred: see replay.cpp
    Milliseconds lateness = 0;  // of all packets, either way: how well the phase fits
    double clock_error = 0;     // of the timestamps sent before anything differs, either way
    std::size_t timestamps = 0;
    /// When the first packet that differs was sent; infinity: none does.
    Milliseconds first_wrong = std::numeric_limits<Milliseconds>::infinity();
    std::vector<Mismatch> mismatches;

    bool passed() const { return mismatches.empty(); }
};

Report replay(const Recording& recording);

}  // namespace netsim::replay
