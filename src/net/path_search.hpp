// Dijkstra's search over a topology's usable edges, by Boost.Graph. Internal to net.
#pragma once

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <limits>
#include <utility>
#include <vector>

#include "net/topology.hpp"

namespace netsim::net {

inline constexpr double kFar = std::numeric_limits<double>::infinity();

struct Weight {
    double full = 0;
    double current = 0;
};

/// Distances of all nodes to one. It walks the edges backwards; as hosts do not forward, an edge
/// out of a host is open only while that host is the destination.
class Topology::Search {
 public:
    Search(const Edges& edges, const std::vector<Member>& members)
        : members_(members), distance_(edges.size()) {
        std::vector<std::pair<Index, Index>> reversed;
        std::vector<Weight> weights;
        for (Index from = 0; from < edges.size(); ++from) {
            for (const Edge& edge : edges[from]) {
                reversed.emplace_back(edge.to, from);
                const bool open = members[edge.to].node->forwards();
                weights.push_back(Weight{edge.cost, open ? edge.cost : kFar});
            }
        }
        graph_ = Graph(boost::edges_are_unsorted_multi_pass, reversed.begin(), reversed.end(),
                       weights.begin(), edges.size());
    }

    const std::vector<double>& distances_to(Index destination) {
        const bool host = !members_[destination].node->forwards();
        if (host) {
            set_open(destination, true);
        }
        boost::dijkstra_shortest_paths(
            graph_, destination,
            boost::weight_map(boost::get(&Weight::current, graph_))
                .distance_map(boost::make_iterator_property_map(
                    distance_.begin(), boost::get(boost::vertex_index, graph_)))
                .distance_inf(kFar));
        if (host) {
            set_open(destination, false);
        }
        return distance_;
    }

 private:
    using Graph = boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, Weight>;

    void set_open(Index host, bool open) {
        const auto [first, last] = boost::out_edges(Graph::vertex_descriptor{host}, graph_);
        for (auto edge = first; edge != last; ++edge) {
            Weight& weight = graph_[*edge];
            weight.current = open ? weight.full : kFar;
        }
    }

    const std::vector<Member>& members_;
    Graph graph_;
    std::vector<double> distance_;
};

}  // namespace netsim::net
