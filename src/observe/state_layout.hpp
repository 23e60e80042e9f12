// Where the state diagram's boxes, arrows and words stand: one layout, in columns and lines of
// text, for the terminal and for SVG. Which edges there are the transition table says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "observe/state_coverage.hpp"

namespace netsim::observe {

inline constexpr int kDiagramColumns = 80;
inline constexpr int kDiagramLines = 49;
inline constexpr int kBoxHalf = 7;  // a box is 15 columns wide and 3 lines high

struct Spot {
    int x = 0;
    int y = 0;
};

struct StateBox {
    tcp::State state;
    Spot top;  // the middle of its upper line
};

std::span<const StateBox> state_boxes();

/// An arrow of the figure with its causes: one or more rows of the table.
struct StateArrow {
    tcp::State from = tcp::State::kClosed;
    tcp::State to = tcp::State::kClosed;
    std::vector<Spot> way;    // corner to corner; the last is the arrow's head
    Spot label;               // of the first cause; the others stand below
    bool label_ends = false;  // the words end at `label`
    std::vector<StateEdge> edges;

    std::uint64_t count() const;
};

/// The arrows that have a place in the figure.
std::vector<StateArrow> state_arrows(const StateCoverage& coverage);

/// The rows of the table that have none: resets, time-outs and other ways to CLOSED.
std::vector<StateEdge> edges_beside(const StateCoverage& coverage);

/// "rcv SYN 12"; without a number if it was not taken.
std::string edge_label(const StateEdge& edge);

/// Those rows as a table: a line per state, a column per cause; "." is an edge not taken, a blank
/// is none. The first line holds the heads.
std::vector<std::vector<std::string>> edges_beside_table(const StateCoverage& coverage);

/// "14 of 51 edges taken, 9 of 11 states visited"
std::string coverage_summary(const StateCoverage& coverage);

}  // namespace netsim::observe
