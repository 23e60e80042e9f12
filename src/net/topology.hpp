// Who is connected to whom, and the routes that follow: shortest paths by cost, ties broken by the
// lower node id, then by the earlier link.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/link.hpp"
#include "net/node.hpp"
#include "net/routes.hpp"

namespace netsim::net {

class LazyRoutes;

class Topology {
 public:
    Topology();
    Topology(const Topology&) = delete;
    Topology& operator=(const Topology&) = delete;
    Topology(Topology&&) = delete;
    Topology& operator=(Topology&&) = delete;
    ~Topology();

    /// `routes` is the node's own table: computed routes are written there. `address` 0.0.0.0:
    /// none. Throws InputError on a duplicate name or address.
    void add_node(Node& node, RouteTable& routes, Ipv4 address);
    /// Between two nodes added before.
    void add_link(Link& link);

    /// Packets for the prefix go to this node too: the address pool of a NAT. Throws InputError
    /// where routes are found lazily, in which prefixes have no place.
    void announce(const Node& node, Prefix prefix);

    /// Every node can reach every other over links of any state, else InputError naming nodes of
    /// both sides.
    void require_connected() const;

    /// Replaces all computed routes. Directions that are down do not count; what they cut off has
    /// no route. A host with one link gets a default route and nothing else. With many nodes the
    /// others' tables stay empty, and each route is found when it is first asked for
    /// (lazy_routes.hpp); the routes are the same.
    void compute_routes();

    /// Above how many nodes that is.
    void set_lazy_above(std::size_t nodes) { lazy_above_ = nodes; }

    std::size_t nodes() const { return nodes_.size(); }

 private:
    friend class LazyRoutes;

    using Index = std::uint32_t;  // into nodes_

    static constexpr Index kNowhere = 0xffffffffU;
    static constexpr std::size_t kLazyAbove = 4096;

    /// One usable way out of a node.
    struct Edge {
        Index to;
        std::uint32_t interface;
        double cost;
    };

    using Edges = std::vector<std::vector<Edge>>;  // by node, in the order that breaks ties

    struct Member {
        Node* node;
        RouteTable* routes;
        Ipv4 address;
        std::uint32_t links = 0;
        std::vector<Prefix> announced{};
    };

    class Search;

    Index index_of(const Node& node) const;
    std::vector<std::vector<Index>> neighbours() const;
    std::vector<bool> reach(Index start, bool through_hosts) const;
    [[noreturn]] void refuse_disconnected(const std::vector<bool>& reached) const;
    Edges usable_edges() const;
    /// For each node the router it hangs on: hosts whose only way in comes from there are reached
    /// just as the router is. kNowhere for all others.
    std::vector<Index> hanging_on(const Edges& edges) const;
    bool is_leaf(Index node) const;
    void add_default_route(Index leaf);
    void add_routes(Index towards, const std::vector<Prefix>& prefixes, const Edges& edges,
                    const std::vector<bool>& hangs, const std::vector<double>& distance);

    std::size_t lazy_above_ = kLazyAbove;
    std::unique_ptr<LazyRoutes> lazy_;
    std::vector<Member> nodes_;
    std::vector<Link*> links_;
    absl::flat_hash_map<sim::NodeId, Index> by_id_;
    absl::flat_hash_map<std::string, Index> by_name_;
    absl::flat_hash_map<std::uint32_t, Index> by_address_;
};

}  // namespace netsim::net
