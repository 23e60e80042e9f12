// Distances, edge options, and the checks every graph must pass.
#include "net/graph.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/det_math.hpp"
#include "net/link.hpp"
#include "net/link_words.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr double kEarthRadiusKm = 6371.0088;  // IUGG mean radius
constexpr double kFibreKmPerSecond = 200'000;

std::string prefix(const std::string& where) {
    return where.empty() ? std::string() : where + ": ";
}

std::string edge_name(const GraphDescription& graph, const GraphEdge& edge) {
    return "link \"" + graph.nodes[edge.a].name + "\" - \"" + graph.nodes[edge.b].name + "\"";
}

/// Without a delay of its own: by distance if anything is known of where its ends are.
void add_delay(const GraphDescription& graph, const GraphEdge& edge, LinkOptions& options) {
    const GraphNode& a = graph.nodes[edge.a];
    const GraphNode& b = graph.nodes[edge.b];
    if (a.place && b.place) {
        options.delay = delay_of_distance(distance_km(*a.place, *b.place));
    } else if (a.place || b.place) {
        const GraphNode& missing = a.place ? b : a;
        throw InputError(prefix(edge.where) + edge_name(graph, edge) + " has no delay, and \"" +
                         missing.name + "\" has no Latitude and Longitude to compute one from");
    }
}

}  // namespace

double distance_km(Place a, Place b) {
    constexpr double kRadians = kPi / 180;
    const double half_latitude = (b.latitude - a.latitude) * kRadians / 2;
    const double half_longitude = (b.longitude - a.longitude) * kRadians / 2;
    const double s = det_sin(half_latitude);
    const double t = det_sin(half_longitude);
    const double haversine =
        s * s + det_cos(a.latitude * kRadians) * det_cos(b.latitude * kRadians) * t * t;
    return 2 * kEarthRadiusKm * det_asin(std::sqrt(std::clamp(haversine, 0.0, 1.0)));
}

Duration delay_of_distance(double km) {
    const double microseconds = km / kFibreKmPerSecond * 1e6;
    const auto whole = static_cast<std::int64_t>(microseconds + 0.5);
    return std::chrono::microseconds(std::max<std::int64_t>(whole, 1));
}

LinkOptions edge_options(const GraphDescription& graph, const GraphEdge& edge,
                         const LinkOptions& defaults) {
    LinkOptions options = defaults;
    try {
        for (const auto& [word, value] : edge.options) {
            set_link_option(options, word, value);
        }
    } catch (const InputError& error) {
        throw InputError(prefix(edge.where) + edge_name(graph, edge) + ": " + error.what());
    }
    if (!edge.options.contains("delay")) {
        add_delay(graph, edge, options);
    }
    try {
        check(options);
    } catch (const InputError& error) {
        throw InputError(prefix(edge.where) + edge_name(graph, edge) + ": " + error.what());
    }
    return options;
}

void check(const GraphDescription& graph) {
    if (graph.nodes.empty()) {
        throw InputError("the graph has no nodes");
    }
    std::set<std::string> names;
    for (const GraphNode& node : graph.nodes) {
        if (node.name.empty()) {
            throw InputError(prefix(node.where) + "a node has no name");
        }
        if (!names.insert(node.name).second) {
            throw InputError(prefix(node.where) + "two nodes are called \"" + node.name + "\"");
        }
    }
    for (const GraphEdge& edge : graph.edges) {
        if (edge.a >= graph.nodes.size() || edge.b >= graph.nodes.size()) {
            throw InputError(prefix(edge.where) + "an edge ends at no node");
        }
        if (edge.a == edge.b) {
            throw InputError(prefix(edge.where) + "a link connects \"" + graph.nodes[edge.a].name +
                             "\" with itself");
        }
    }
}

}  // namespace netsim::net
