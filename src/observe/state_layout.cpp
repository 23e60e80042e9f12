// RFC 9293 figure 5, with CLOSED drawn twice as there; SYN-RECEIVED to CLOSE-WAIT, which it leaves
// out, is in the table and has a place too.
#include "observe/state_layout.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace netsim::observe {
namespace {

using tcp::Cause;
using enum tcp::State;

constexpr int kLeft = 9;
constexpr int kMiddle = 40;
constexpr int kRight = 71;

constexpr auto kBoxes = std::to_array<StateBox>({
    {kClosed, {kMiddle, 0}},
    {kListen, {kMiddle, 8}},
    {kSynReceived, {kLeft, 14}},
    {kSynSent, {kRight, 14}},
    {kEstablished, {kMiddle, 22}},
    {kFinWait1, {kLeft, 30}},
    {kCloseWait, {kRight, 30}},
    {kFinWait2, {kLeft, 38}},
    {kClosing, {kMiddle, 38}},
    {kLastAck, {kRight, 38}},
    {kTimeWait, {kMiddle, 46}},
    {kClosed, {kRight, 46}},
});

struct Place {
    tcp::State from;
    tcp::State to;
    std::vector<Spot> way;
    Spot label;
    bool label_ends = false;
};

const std::vector<Place>& places() {
    static const std::vector<Place> kPlaces{
        {kClosed, kListen, {{36, 3}, {36, 7}}, {34, 5}, true},
        {kListen, kClosed, {{44, 7}, {44, 3}}, {46, 5}},
        {kClosed, kSynSent, {{48, 1}, {73, 1}, {73, 13}}, {50, 0}},
        {kSynSent, kClosed, {{67, 13}, {67, 2}, {48, 2}}, {65, 3}, true},
        {kListen, kSynReceived, {{32, 9}, {12, 9}, {12, 13}}, {14, 10}},
        {kSynSent, kSynReceived, {{63, 15}, {17, 15}}, {36, 14}},
        {kSynReceived, kEstablished, {{12, 17}, {12, 23}, {32, 23}}, {14, 21}},
        {kSynSent, kEstablished, {{68, 17}, {68, 23}, {48, 23}}, {66, 21}, true},
        {kSynReceived, kFinWait1, {{6, 17}, {6, 29}}, {8, 26}},
        {kSynReceived, kCloseWait, {{15, 17}, {15, 19}, {74, 19}, {74, 29}}, {36, 18}},
        {kEstablished, kFinWait1, {{36, 25}, {36, 31}, {17, 31}}, {34, 30}, true},
        {kEstablished, kCloseWait, {{44, 25}, {44, 31}, {63, 31}}, {46, 30}},
        {kFinWait1, kFinWait2, {{6, 33}, {6, 37}}, {8, 36}},
        {kFinWait1, kClosing, {{13, 33}, {13, 34}, {40, 34}, {40, 37}}, {38, 33}, true},
        {kCloseWait, kLastAck, {{71, 33}, {71, 37}}, {69, 35}, true},
        {kFinWait2, kTimeWait, {{9, 41}, {9, 47}, {32, 47}}, {11, 46}},
        {kClosing, kTimeWait, {{40, 41}, {40, 45}}, {42, 42}},
        {kLastAck, kClosed, {{71, 41}, {71, 45}}, {69, 43}, true},
        {kTimeWait, kClosed, {{48, 47}, {63, 47}}, {49, 45}},
    };
    return kPlaces;
}

/// What ends a connection from nearly every state: a figure of arrows would hide the rest.
bool ends_anywhere(Cause cause) {
    return cause == Cause::kRcvRst || cause == Cause::kAbort || cause == Cause::kTimeout ||
           cause == Cause::kIcmpError;
}

const Place* place_of(const tcp::Transition& transition) {
    if (ends_anywhere(transition.cause)) {
        return nullptr;
    }
    const auto found = std::find_if(places().begin(), places().end(), [&](const Place& place) {
        return place.from == transition.from && place.to == transition.to;
    });
    return found == places().end() ? nullptr : &*found;
}

std::string line_name(const tcp::Transition& transition) {
    std::string name(tcp::rfc_name(transition.from));
    return transition.to == kClosed ? name
                                    : name + " -> " + std::string(tcp::rfc_name(transition.to));
}

std::size_t place_in(std::vector<std::string>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        names.push_back(name);
        return names.size() - 1;
    }
    return static_cast<std::size_t>(found - names.begin());
}

}  // namespace

std::uint64_t StateArrow::count() const {
    return std::accumulate(
        edges.begin(), edges.end(), std::uint64_t{0},
        [](std::uint64_t sum, const StateEdge& edge) { return sum + edge.count; });
}

std::span<const StateBox> state_boxes() {
    return kBoxes;
}

std::vector<StateArrow> state_arrows(const StateCoverage& coverage) {
    std::vector<StateArrow> arrows;
    for (const Place& place : places()) {
        StateArrow arrow{place.from, place.to, place.way, place.label, place.label_ends, {}};
        for (const StateEdge& edge : coverage.edges()) {
            if (place_of(edge.transition) == &place) {
                arrow.edges.push_back(edge);
            }
        }
        if (!arrow.edges.empty()) {
            arrows.push_back(std::move(arrow));
        }
    }
    return arrows;
}

std::vector<StateEdge> edges_beside(const StateCoverage& coverage) {
    std::vector<StateEdge> beside;
    for (const StateEdge& edge : coverage.edges()) {
        if (place_of(edge.transition) == nullptr) {
            beside.push_back(edge);
        }
    }
    return beside;
}

std::string edge_label(const StateEdge& edge) {
    std::string text(tcp::to_string(edge.transition.cause));
    return edge.count > 0 ? text + " " + std::to_string(edge.count) : text;
}

std::vector<std::vector<std::string>> edges_beside_table(const StateCoverage& coverage) {
    const std::vector<StateEdge> beside = edges_beside(coverage);
    std::vector<std::string> lines;
    std::vector<std::string> causes;
    for (const StateEdge& edge : beside) {
        place_in(lines, line_name(edge.transition));
        place_in(causes, std::string(tcp::to_string(edge.transition.cause)));
    }
    std::vector<std::vector<std::string>> table(lines.size() + 1,
                                                std::vector<std::string>(causes.size() + 1));
    table[0][0] = "to CLOSED from";
    std::copy(causes.begin(), causes.end(), table[0].begin() + 1);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        table[i + 1][0] = lines[i];
    }
    for (const StateEdge& edge : beside) {
        const std::size_t line = place_in(lines, line_name(edge.transition));
        const std::size_t column =
            place_in(causes, std::string(tcp::to_string(edge.transition.cause)));
        table[line + 1][column + 1] = edge.count > 0 ? std::to_string(edge.count) : ".";
    }
    return table;
}

std::string coverage_summary(const StateCoverage& coverage) {
    const auto edges = coverage.edges();
    const auto taken =
        std::count_if(edges.begin(), edges.end(), [](const StateEdge& e) { return e.count > 0; });
    std::vector<tcp::State> states;
    std::vector<tcp::State> visited;
    for (const StateBox& box : kBoxes) {
        if (std::find(states.begin(), states.end(), box.state) == states.end()) {
            states.push_back(box.state);
            if (coverage.visited(box.state)) {
                visited.push_back(box.state);
            }
        }
    }
    return std::to_string(taken) + " of " + std::to_string(edges.size()) + " edges taken, " +
           std::to_string(visited.size()) + " of " + std::to_string(states.size()) +
           " states visited";
}

}  // namespace netsim::observe
