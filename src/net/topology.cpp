// Shortest paths by Boost.Graph, one search per router and per multihomed host: the routes to a
// host with one link are those to the router it hangs on, so there is no search per host.
#include "net/topology.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "net/lazy_routes.hpp"
#include "net/path_search.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

double cost_of(const LinkOptions& options) {
    if (options.cost > 0) {
        return options.cost;
    }
    return std::max(1.0, static_cast<double>(options.delay.count()));
}

std::string quoted(const std::string& name) {
    return '"' + name + '"';
}

}  // namespace

Topology::Topology() = default;
Topology::~Topology() = default;

void Topology::add_node(Node& node, RouteTable& routes, Ipv4 address) {
    const auto index = static_cast<Index>(nodes_.size());
    if (const auto other = by_name_.find(node.name()); other != by_name_.end()) {
        throw InputError("two nodes are called " + quoted(node.name()));
    }
    if (!address.is_any()) {
        if (address.is_multicast() || address.is_loopback() || address.is_broadcast()) {
            throw InputError("address " + to_string(address) + " of " + quoted(node.name()) +
                             " is not a unicast address");
        }
        if (const auto other = by_address_.find(address.bits); other != by_address_.end()) {
            throw InputError("address " + to_string(address) + " is given to both " +
                             quoted(nodes_[other->second].node->name()) + " and " +
                             quoted(node.name()));
        }
        by_address_.emplace(address.bits, index);
    }
    by_name_.emplace(node.name(), index);
    by_id_.emplace(node.id(), index);
    nodes_.push_back(Member{&node, &routes, address});
}

void Topology::add_link(Link& link) {
    ++nodes_[index_of(link.a())].links;
    ++nodes_[index_of(link.b())].links;
    links_.push_back(&link);
}

Topology::Index Topology::index_of(const Node& node) const {
    const auto found = by_id_.find(node.id());
    CHECK(found != by_id_.end());
    return found->second;
}

std::vector<std::vector<Topology::Index>> Topology::neighbours() const {
    std::vector<std::vector<Index>> all(nodes_.size());
    for (const Link* link : links_) {
        const Index a = index_of(link->a());
        const Index b = index_of(link->b());
        all[a].push_back(b);
        all[b].push_back(a);
    }
    return all;
}

std::vector<bool> Topology::reach(Index start, bool through_hosts) const {
    const auto next = neighbours();
    std::vector<bool> reached(nodes_.size(), false);
    std::vector<Index> todo{start};
    reached[start] = true;
    while (!todo.empty()) {
        const Index at = todo.back();
        todo.pop_back();
        if (at != start && !through_hosts && !nodes_[at].node->forwards()) {
            continue;
        }
        for (const Index to : next[at]) {
            if (!reached[to]) {
                reached[to] = true;
                todo.push_back(to);
            }
        }
    }
    return reached;
}

void Topology::refuse_disconnected(const std::vector<bool>& reached) const {
    constexpr std::size_t kNamed = 5;
    std::string sides[2];  // NOLINT(cppcoreguidelines-avoid-c-arrays): not reached, reached
    std::size_t counts[2] = {0, 0};  // NOLINT(cppcoreguidelines-avoid-c-arrays)
    for (Index i = 0; i < nodes_.size(); ++i) {
        const std::size_t side = reached[i] ? 1 : 0;
        if (++counts[side] <= kNamed) {
            sides[side] += (counts[side] > 1 ? ", " : "") + quoted(nodes_[i].node->name());
        }
    }
    for (std::size_t side = 0; side < 2; ++side) {
        if (counts[side] > kNamed) {
            sides[side] += " and " + std::to_string(counts[side] - kNamed) + " more";
        }
    }
    throw InputError("the topology is disconnected: no path between " + sides[1] + " and " +
                     sides[0]);
}

void Topology::announce(const Node& node, Prefix prefix) {
    if (nodes_.size() > lazy_above_) {
        throw InputError("no room for the prefix " + to_string(prefix) + " in a network of over " +
                         std::to_string(lazy_above_) + " nodes: route it by hand");
    }
    std::vector<Prefix>& announced = nodes_[index_of(node)].announced;
    if (std::find(announced.begin(), announced.end(), prefix) == announced.end()) {
        announced.push_back(prefix);
    }
}

void Topology::require_connected() const {
    if (nodes_.empty()) {
        return;
    }
    const auto missing = [](const std::vector<bool>& reached) {
        return std::find(reached.begin(), reached.end(), false) - reached.begin();
    };
    const auto count = static_cast<std::ptrdiff_t>(nodes_.size());
    if (const auto all = reach(0, true); missing(all) != count) {
        refuse_disconnected(all);
    }
    // With a router, all that it reaches without crossing a host reach each other. Without one, no
    // host's view stands for another's.
    const auto router = std::find_if(nodes_.begin(), nodes_.end(),
                                     [](const Member& m) { return m.node->forwards(); });
    const bool any_router = router != nodes_.end();
    Index start = any_router ? static_cast<Index>(router - nodes_.begin()) : 0;
    const Index end = any_router ? start + 1 : static_cast<Index>(nodes_.size());
    for (; start < end; ++start) {
        if (const auto cut = missing(reach(start, false)); cut != count) {
            throw InputError("no path between " + quoted(nodes_[start].node->name()) + " and " +
                             quoted(nodes_[static_cast<std::size_t>(cut)].node->name()) +
                             " but through hosts, and hosts do not forward: use a router there");
        }
    }
}

Topology::Edges Topology::usable_edges() const {
    Edges edges(nodes_.size());
    for (Link* link : links_) {
        for (const unsigned i : {0U, 1U}) {
            const LinkDirection& direction = link->direction(i);
            if (direction.up()) {
                edges[index_of(direction.from())].push_back(Edge{index_of(direction.to()),
                                                                 direction.from_interface(),
                                                                 cost_of(direction.options())});
            }
        }
    }
    for (auto& out : edges) {
        std::stable_sort(out.begin(), out.end(), [this](const Edge& a, const Edge& b) {
            return nodes_[a.to].node->id() < nodes_[b.to].node->id();
        });
    }
    return edges;
}

std::vector<Topology::Index> Topology::hanging_on(const Edges& edges) const {
    std::vector<Index> ways_in(nodes_.size(), 0);
    std::vector<Index> on(nodes_.size(), kNowhere);
    for (Index from = 0; from < edges.size(); ++from) {
        for (const Edge& edge : edges[from]) {
            ++ways_in[edge.to];
            on[edge.to] = from;
        }
    }
    for (Index i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].node->forwards() || ways_in[i] != 1 || !nodes_[on[i]].node->forwards()) {
            on[i] = kNowhere;
        }
    }
    return on;
}

void Topology::compute_routes() {
    const Edges edges = usable_edges();
    const std::vector<Index> on = hanging_on(edges);
    lazy_.reset();
    for (Index i = 0; i < nodes_.size(); ++i) {
        nodes_[i].routes->remove_computed();
        nodes_[i].routes->set_resolver(nullptr, 0);
        if (is_leaf(i)) {
            add_default_route(i);
        }
    }
    if (nodes_.size() > lazy_above_) {
        lazy_ = std::make_unique<LazyRoutes>(*this, edges, on);
        return;
    }
    std::vector<std::vector<Index>> hanging(nodes_.size());
    std::vector<bool> hangs(nodes_.size(), false);
    for (Index i = 0; i < nodes_.size(); ++i) {
        if (on[i] != kNowhere) {
            hanging[on[i]].push_back(i);
            hangs[i] = true;
        }
    }
    Search search(edges, nodes_);
    for (Index i = 0; i < nodes_.size(); ++i) {
        if (hangs[i]) {
            continue;
        }
        std::vector<Prefix> prefixes;
        const auto add = [&](Index node) {
            if (!nodes_[node].address.is_any()) {
                prefixes.push_back(Prefix{nodes_[node].address, 32});
            }
        };
        add(i);
        std::for_each(hanging[i].begin(), hanging[i].end(), add);
        prefixes.insert(prefixes.end(), nodes_[i].announced.begin(), nodes_[i].announced.end());
        add_routes(i, prefixes, edges, hangs, search.distances_to(i));
    }
}

/// A host with one link sends everything there. A router does not: what it has no route for would
/// go back to where it came from, instead of being answered by "net unreachable".
bool Topology::is_leaf(Index node) const {
    return nodes_[node].links == 1 && !nodes_[node].node->forwards();
}

/// Also where its cable is pulled: Linux keeps such a route, marked linkdown (fib_sync_down_dev()),
/// and what is sent there is lost.
void Topology::add_default_route(Index leaf) {
    const std::vector<Interface>& interfaces = nodes_[leaf].node->interfaces();
    for (std::uint32_t i = 0; i < interfaces.size(); ++i) {
        if (interfaces[i].out != nullptr) {
            nodes_[leaf].routes->add(Route{Prefix{Ipv4{}, 0}, Route::Kind::kUnicast, i, true});
            return;
        }
    }
}

/// Routes of all nodes but leaves to what stands at, or hangs on, `towards`.
void Topology::add_routes(Index towards, const std::vector<Prefix>& prefixes, const Edges& edges,
                          const std::vector<bool>& hangs, const std::vector<double>& distance) {
    for (Index from = 0; from < nodes_.size(); ++from) {
        if (is_leaf(from) || distance[from] == kFar) {
            continue;
        }
        if (from == towards) {  // to what hangs here: one direct edge each
            for (const Edge& edge : edges[from]) {
                if (hangs[edge.to] && !nodes_[edge.to].address.is_any()) {
                    nodes_[from].routes->add(Route{Prefix{nodes_[edge.to].address, 32},
                                                   Route::Kind::kUnicast, edge.interface, true});
                }
            }
            continue;
        }
        const auto hop = std::find_if(edges[from].begin(), edges[from].end(), [&](const Edge& e) {
            const bool passes = e.to == towards || nodes_[e.to].node->forwards();
            return passes && distance[e.to] + e.cost == distance[from];
        });
        CHECK(hop != edges[from].end());
        for (const Prefix& prefix : prefixes) {
            nodes_[from].routes->add(Route{prefix, Route::Kind::kUnicast, hop->interface, true});
        }
    }
}

}  // namespace netsim::net
