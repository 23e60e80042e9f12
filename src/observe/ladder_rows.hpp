// From records to the rows of ladders: which arrow stands beside which state and call. The one
// model that text, Mermaid and SVG are drawn from; no text is laid out here.
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
    kWhole,     // sent and received, nothing crossing it in between; or made between the two
    kDeparts,   // the first half of one that something crosses
    kArrives,   // its second half, or a copy's arrival
    kLost,      // dropped on the way
    kInFlight,  // the run ended first
};

struct LadderRow {
    Time at{};
    Duration silence{0};  // before this row, where it is long enough to be told
    Arrow arrow = Arrow::kNone;
    bool leftwards = false;
    bool refused = false;   // dropped by the host it reached, for `reason`
    bool again = false;     // a retransmission
    bool once = false;      // seen at one place: both sides' time is the same one
    std::uint64_t key = 0;  // of a segment: the two halves of one have the same
    std::string label;
    std::string reason;
    std::string origin;                           // the node between the two hosts that made it
    std::array<Time, 2> side_at{kNever, kNever};  // what time this row is at the left, the right
    std::array<std::uint64_t, 2> side_order{};    // the same as a record's order; 0: nothing there
    std::array<std::string, 2> state;
    std::array<std::string, 2> call;
};

/// A connection as one end sees it. Behind a NAT the two ends do not agree.
struct LadderView {
    Endpoint local;
    Endpoint remote;

    friend auto operator<=>(const LadderView&, const LadderView&) = default;
};

using LadderViews = std::array<LadderView, 2>;  // the left end's, the right end's

struct LadderConnection {
    std::array<LadderEnd, 2> hosts;
    std::array<std::string, 2> title;  // "web 10.0.0.2:80"
    std::array<std::string, 2> first_state;
    std::vector<LadderRow> rows;
    std::size_t rows_left_out = 0;
    Duration flight{0};  // median time from sending to arrival
    int digits = 6;      // of times' fractions: 3 where milliseconds say it all
};

/// Which connection between which hosts.
struct LadderChoice {
    std::array<LadderEnd, 2> hosts;
    LadderViews views;
};

struct LadderPicture {
    std::vector<LadderConnection> connections;
    std::vector<std::string> notes;  // lines below
    bool inferred = false;           // the states are: of a capture
};

/// The connections between two hosts, in order of first segment.
std::vector<LadderViews> ladder_connections(const LadderRecords& records, const LadderEnd& left,
                                            const LadderEnd& right);

/// Those that the options choose; the others are counted in the picture's notes. InputError if
/// options.connection is more than there are, or none has options.port.
std::vector<LadderChoice> chosen_connections(LadderPicture& picture,
                                             const std::vector<LadderChoice>& choices,
                                             const LadderOptions& options);

LadderConnection ladder_rows(const LadderRecords& records, const LadderChoice& choice,
                             const LadderOptions& options);

/// How a message belongs to a connection.
struct LadderWay {
    std::size_t from = 0;  // 0 left, 1 right: whose it is, or claims to be
    bool middle = false;   // neither end made it
};

/// nullopt: another connection's.
std::optional<LadderWay> ladder_way(const LadderRecords& records, const LadderMessage& message,
                                    const LadderChoice& choice);

/// "0.010" or "0.010000", seconds; empty of kNever.
std::string ladder_time(Time at, int digits);

}  // namespace netsim::observe
