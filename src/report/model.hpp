// What a report holds, as values: docs/report-format.md. Filled by the recorder, written as JSON or
// drawn; nothing here refers to the network, which is gone by then.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "netsim/time.hpp"

namespace netsim::report {

/// Of a number over time; a point covers [start + i * interval, start + (i + 1) * interval).
struct Curve {
    std::string name;
    std::string group;                  // "syn_queue", "recorded"... (docs/report-format.md)
    std::optional<std::size_t> node{};  // index of Case::nodes
    std::optional<std::size_t> link{};  // of Case::links
    std::optional<unsigned> direction{};
    std::optional<std::uint16_t> port{};
    std::string unit;
    std::optional<double> limit{};
    double start = 0;  // seconds, as all that follows
    double interval = 0;
    std::vector<double> low;  // NaN: nobody looked
    std::vector<double> high;
    std::vector<double> mean;
};

struct DropCurve {
    std::optional<std::size_t> node{};
    std::optional<std::size_t> link{};
    std::string reason;
    std::uint64_t count = 0;
    double start = 0;
    double interval = 0;
    std::vector<double> counts;
};

struct PlacedNode {
    std::string name;
    bool host = true;
    std::string address;
    double x = 0;  // 0 to 1
    double y = 0;
    bool geographic = false;
};

struct LinkWay {
    std::optional<std::uint64_t> rate{};
    Duration delay{0};
    std::uint64_t sent = 0;
    std::uint64_t octets = 0;
    std::uint64_t dropped = 0;
};

struct PlacedLink {
    std::string name;
    std::size_t a = 0;
    std::size_t b = 0;
    std::array<LinkWay, 2> directions;
};

struct ConnectionEnd {
    std::optional<std::size_t> node{};  // none: an address that is no node's
    std::string endpoint;
};

struct StateStep {
    std::size_t end = 0;
    Time at{};
    std::string_view from;  // the names of tcp::rfc_name(), which stay
    std::string_view to;
    int edge = -1;  // of tcp::transitions()
};

struct Call {
    std::size_t end = 0;
    Time at{};
    std::string text;
};

struct SegmentDrop {
    std::string reason;
    std::optional<std::size_t> node{};
};

struct SegmentView {
    std::size_t end = 0;  // who made it, or claims to have; 2: a node between the two
    Time sent{};
    Time seen = kNever;
    std::string flags;
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint32_t length = 0;
    std::uint32_t window = 0;
    std::optional<std::uint32_t> rel_seq{};
    std::optional<std::uint32_t> rel_ack{};
    std::string options;
    bool again = false;
    std::optional<SegmentDrop> drop{};
    std::string note;
};

struct ConnectionView {
    std::uint64_t id = 0;
    std::array<ConnectionEnd, 2> ends;
    std::string_view outcome;
    bool unusual = false;  // listed before others where not all are
    std::vector<StateStep> states;
    std::vector<Call> calls;
    std::vector<SegmentView> segments;
    std::uint64_t segments_total = 0;
    std::size_t segments_first = 0;  // of those listed, before what is left out
};

/// How long connects took.
struct ConnectTimes {
    static constexpr std::size_t kBins = 18;

    /// What bin `i` is below; the last has all that took longer, too.
    static constexpr Duration bound(std::size_t i) {
        return std::chrono::microseconds(100) * (std::int64_t{1} << i);
    }

    std::array<std::uint64_t, kBins> counts{};
    std::uint64_t failed = 0;   // refused, timed out, given up
    std::uint64_t waiting = 0;  // when the run ended
};

/// One packet on one link of a small run.
struct PacketHop {
    Time sent{};
    Time arrives = kNever;
    std::size_t link = 0;
    unsigned direction = 0;
    std::string flags;
    bool lost = false;
};

/// One network's run.
struct Case {
    std::vector<PlacedNode> nodes;
    std::size_t nodes_total = 0;
    std::vector<PlacedLink> links;
    std::size_t links_total = 0;
    std::vector<Curve> series;
    std::vector<DropCurve> drops;
    std::vector<std::uint64_t> transitions;  // a count for each of tcp::transitions()
    std::vector<std::pair<std::size_t, std::vector<std::pair<std::string, std::uint64_t>>>>
        counters;
    ConnectTimes connects;
    std::vector<ConnectionView> connections;
    std::uint64_t connections_total = 0;
    std::uint64_t half_open_from = 0;
    std::vector<PacketHop> packets;
    std::vector<std::string> thinned;  // clauses: "4000 of 120000 connections are listed"
};

}  // namespace netsim::report
