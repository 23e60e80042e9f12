// Topologies from files and generators become nodes and links.
#include "api/network_impl.hpp"
#include "net/generators.hpp"
#include "net/graph_file.hpp"

namespace netsim {

TopologyResult NetworkImpl::load_topology(const std::string& path, const TopologyOptions& options) {
    return add_graph(net::read_graph(path), options);
}

TopologyResult NetworkImpl::generate(std::string_view kind, const TopologyOptions& options) {
    return add_graph(net::generate(kind, options.parameters), options);
}

TopologyResult NetworkImpl::add_graph(const net::GraphDescription& graph,
                                      const TopologyOptions& options) {
    // All that can be wrong is found before the first node is added.
    net::check(graph);
    std::vector<LinkOptions> edges;
    for (const net::GraphEdge& edge : graph.edges) {
        edges.push_back(net::edge_options(graph, edge, options.link));
    }
    for (const net::GraphNode& node : graph.nodes) {
        check_new_name(options.prefix + node.name);
    }

    TopologyResult result;
    std::vector<NodeRef> refs;
    for (const net::GraphNode& node : graph.nodes) {
        if (node.host) {
            result.hosts.push_back(add_host(options.prefix + node.name, {}));
            refs.push_back(result.hosts.back());
        } else {
            result.routers.push_back(add_router(options.prefix + node.name, {}));
            refs.push_back(result.routers.back());
        }
        if (report_ != nullptr && node.place) {
            report_->place(node_of(refs.back()).owner->id(), node.place->latitude,
                           node.place->longitude);
        }
    }
    for (std::size_t i = 0; i < edges.size(); ++i) {
        const net::GraphEdge& edge = graph.edges[i];
        result.links.push_back(add_link(refs[edge.a], refs[edge.b], edges[i], edges[i]));
    }
    return result;
}

}  // namespace netsim
