// One search per destination in use, over the nodes that forward.
#include "net/lazy_routes.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "net/path_search.hpp"

namespace netsim::net {

LazyRoutes::LazyRoutes(Topology& topology, const Topology::Edges& edges,
                       const std::vector<Index>& on)
    : topology_(topology),
      core_of_(edges.size(), Topology::kNowhere),
      router_of_(on),
      last_hop_(edges.size(), Topology::kNowhere) {
    for (Index node = 0; node < edges.size(); ++node) {
        if (on[node] == Topology::kNowhere || !topology.is_leaf(node)) {
            core_of_[node] = static_cast<Index>(core_.size());
            core_.push_back(topology.nodes_[node]);
        }
    }
    edges_.resize(core_.size());
    for (Index from = 0; from < edges.size(); ++from) {
        for (const Topology::Edge& edge : edges[from]) {
            if (on[edge.to] == from) {
                last_hop_[edge.to] = edge.interface;
            }
            if (core_of_[from] != Topology::kNowhere && core_of_[edge.to] != Topology::kNowhere) {
                edges_[core_of_[from]].push_back({core_of_[edge.to], edge.interface, edge.cost});
            }
        }
    }
    for (Index node = 0; node < edges.size(); ++node) {
        if (!topology.is_leaf(node)) {
            topology.nodes_[node].routes->set_resolver(this, node);
        }
    }
    search_ = std::make_unique<Topology::Search>(edges_, core_);
    hops_.resize(core_.size());
}

LazyRoutes::~LazyRoutes() = default;

std::optional<Route> LazyRoutes::resolve(std::uint32_t node, Ipv4 destination) {
    const auto found = topology_.by_address_.find(destination.bits);
    if (found == topology_.by_address_.end() || found->second == node) {
        return std::nullopt;
    }
    const Index router = router_of_[found->second];
    std::uint32_t interface = Topology::kNowhere;
    if (router == node) {
        interface = last_hop_[found->second];
    } else {
        const Index target = core_of_[router != Topology::kNowhere ? router : found->second];
        interface = towards(target)[core_of_[node]];
    }
    if (interface == Topology::kNowhere) {
        return std::nullopt;
    }
    return Route{Prefix{destination, 32}, Route::Kind::kUnicast, interface, true};
}

/// As Topology::add_routes() chooses: the first way, in the order that breaks ties, that is part of
/// a shortest path.
const LazyRoutes::Hops& LazyRoutes::towards(Index core) {
    if (hops_[core]) {
        return *hops_[core];
    }
    ++searches_;
    const std::vector<double>& distance = search_->distances_to(core);
    auto hops = std::make_unique<Hops>(core_.size(), Topology::kNowhere);
    for (Index from = 0; from < core_.size(); ++from) {
        if (from == core || distance[from] == kFar) {
            continue;
        }
        const auto hop =
            std::find_if(edges_[from].begin(), edges_[from].end(), [&](const Topology::Edge& e) {
                const bool passes = e.to == core || core_[e.to].node->forwards();
                return passes && distance[e.to] + e.cost == distance[from];
            });
        CHECK(hop != edges_[from].end());
        (*hops)[from] = hop->interface;
    }
    hops_[core] = std::move(hops);
    return *hops_[core];
}

}  // namespace netsim::net
