// A topology as data, before it becomes nodes and links: what graph files hold and generators make.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "netsim/link.hpp"

namespace netsim::net {

struct Place {
    double latitude = 0;   // degrees, north positive
    double longitude = 0;  // degrees, east positive
};

struct GraphNode {
    std::string name;
    bool host = false;  // else a router
    std::string label;  // "Salt Lake City, UT"; may be empty
    std::optional<Place> place;
    std::string where;  // "abilene.graphml:12", for messages; empty if generated
};

struct GraphEdge {
    std::uint32_t a = 0;  // index into nodes
    std::uint32_t b = 0;
    std::map<std::string, std::string> options;  // netem's words, see link_words.hpp
    std::string where;
};

struct GraphDescription {
    std::vector<GraphNode> nodes;
    std::vector<GraphEdge> edges;
};

/// Great-circle distance on a sphere of the Earth's mean radius; the same bits on every machine.
double distance_km(Place a, Place b);

/// Signals in fibre cover 200,000 km/s. Rounded to whole microseconds, at least one.
Duration delay_of_distance(double km);

/// The options of an edge: its own words over `defaults`; without a delay of its own, the delay of
/// the distance between its ends where their places are known. Throws InputError with the place.
LinkOptions edge_options(const GraphDescription& graph, const GraphEdge& edge,
                         const LinkOptions& defaults);

/// Throws InputError on what no network can be made of: no node, empty or duplicate names, an edge
/// from a node to itself, edges that name no node.
void check(const GraphDescription& graph);

}  // namespace netsim::net
