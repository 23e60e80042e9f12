// Routes of a large topology, found when they are asked for: no table of all nodes towards all.
// What is kept is one next hop per node that forwards (or has several links) and per destination
// that was asked for, where all hosts that hang on one router are one destination.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "net/topology.hpp"

namespace netsim::net {

class LazyRoutes final : public RouteResolver {
 public:
    /// Becomes the resolver of all nodes but leaves. `on`: Topology::hanging_on().
    LazyRoutes(Topology& topology, const Topology::Edges& edges,
               const std::vector<Topology::Index>& on);
    LazyRoutes(const LazyRoutes&) = delete;
    LazyRoutes& operator=(const LazyRoutes&) = delete;
    LazyRoutes(LazyRoutes&&) = delete;
    LazyRoutes& operator=(LazyRoutes&&) = delete;
    ~LazyRoutes() override;

    std::optional<Route> resolve(std::uint32_t node, Ipv4 destination) override;

    /// Next hops kept: grows with the destinations in use, at most (nodes that forward)^2.
    std::size_t entries() const { return searches_ * core_.size(); }

 private:
    using Index = Topology::Index;
    using Hops = std::vector<std::uint32_t>;  // by core node: the interface out; kNowhere: none

    const Hops& towards(Index core);

    const Topology& topology_;
    std::vector<Topology::Member> core_;   // all but the leaves that hang on a router
    Topology::Edges edges_;                // between them
    std::vector<Index> core_of_;           // by node
    std::vector<Index> router_of_;         // by node: what it hangs on
    std::vector<std::uint32_t> last_hop_;  // by node: the interface of that router to it
    std::unique_ptr<Topology::Search> search_;
    std::vector<std::unique_ptr<Hops>> hops_;  // by core node, as a destination
    std::size_t searches_ = 0;
};

}  // namespace netsim::net
