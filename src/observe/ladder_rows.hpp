// From a connection's records to the rows of its ladder: which arrow stands beside which state and
// call. Layout only; no text is drawn here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "observe/ladder.hpp"

namespace netsim::observe {

enum class Arrow : std::uint8_t {
    kNone,
    kWhole,     // sent and received, nothing crossing it in between
    kDeparts,   // the first half of one that something crosses
    kArrives,   // its second half, or a copy's arrival
    kLost,      // dropped on the way
    kInFlight,  // the run ended first
};

struct LadderRow {
    Time at{};
    Arrow arrow = Arrow::kNone;
    bool leftwards = false;
    bool refused = false;  // dropped by the host it reached, for `reason`
    std::string label;
    std::string reason;
    std::array<Time, 2> side_at{kNever, kNever};  // what time this row is at the left, the right
    std::array<std::string, 2> state;
    std::array<std::string, 2> call;
};

struct LadderConnection {
    std::array<Endpoint, 2> ends;  // left, right
    std::array<std::string, 2> first_state;
    std::vector<LadderRow> rows;
    Duration flight{0};  // median time from sending to arrival
};

/// The ports of each connection between two hosts, in order of first segment.
std::vector<std::array<Endpoint, 2>> ladder_connections(const Ladder& ladder, const LadderEnd& left,
                                                        const LadderEnd& right);

LadderConnection ladder_rows(const Ladder& ladder, const std::array<LadderEnd, 2>& hosts,
                             const std::array<Endpoint, 2>& ends, bool absolute);

}  // namespace netsim::observe
