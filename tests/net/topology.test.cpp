// Routes from topologies: shortest paths, ties, failures, and what is refused.
#include "net/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/generators.hpp"
#include "net/net_bench.hpp"
#include "net/router.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

/// Builds networks by name; routers' names begin with r.
class Net {
 public:
    Node& add(const std::string& name) {
        const Ipv4 address{ipv4(10, 0, 0, 0).bits + static_cast<std::uint32_t>(nodes_.size()) + 1};
        Entry entry;
        entry.address = address;
        if (name.starts_with('r')) {
            auto router = std::make_unique<Router>(fabric, name, address);
            entry.routes = &router->routes();
            entry.node = std::move(router);
        } else {
            entry.node = std::make_unique<Sink>(fabric, name);
            own_.push_back(std::make_unique<RouteTable>());
            entry.routes = own_.back().get();
        }
        Node& node = *entry.node;
        topology.add_node(node, *entry.routes, address);
        nodes_.emplace(name, std::move(entry));
        return node;
    }

    Link& join(const std::string& a, const std::string& b, Duration delay = milliseconds(1)) {
        for (const std::string& name : {a, b}) {
            if (!nodes_.contains(name)) {
                add(name);
            }
        }
        const LinkOptions options{.delay = delay};
        links.push_back(std::make_unique<Link>(fabric, *nodes_.at(a).node, nodes_.at(a).address,
                                               *nodes_.at(b).node, nodes_.at(b).address, options,
                                               options));
        topology.add_link(*links.back());
        return *links.back();
    }

    /// The neighbour `from` would hand a packet for `to` to; "" if it has no route.
    std::string next_hop(const std::string& from, const std::string& to) {
        const Route* route = nodes_.at(from).routes->find(nodes_.at(to).address);
        return route == nullptr
                   ? ""
                   : nodes_.at(from).node->interfaces()[route->interface].out->to().name();
    }

    std::size_t routes(const std::string& name) { return nodes_.at(name).routes->size(); }

    RouteTable& table(const std::string& name) { return *nodes_.at(name).routes; }

    Ipv4 address(const std::string& name) { return nodes_.at(name).address; }

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& [name, entry] : nodes_) {
            all.push_back(name);
        }
        return all;
    }

    std::string refusal() {
        try {
            topology.require_connected();
        } catch (const InputError& error) {
            return error.what();
        }
        return "accepted";
    }

    sim::Simulation sim{1};
    wire::PacketPool pool;
    Fabric fabric{sim, pool};
    Topology topology;
    std::vector<std::unique_ptr<Link>> links;

 private:
    struct Entry {
        std::unique_ptr<Node> node;
        RouteTable* routes = nullptr;
        Ipv4 address;
    };

    std::vector<std::unique_ptr<RouteTable>> own_;
    std::map<std::string, Entry> nodes_;
};

TEST(Topology, ShortestByDelayNotByHops) {
    Net net;
    net.join("a", "r1");
    net.join("r1", "r2", milliseconds(10));
    net.join("r1", "r3", milliseconds(3));
    net.join("r3", "r2", milliseconds(3));
    net.join("r2", "b");
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "b"), "r3");
    EXPECT_EQ(net.next_hop("r3", "b"), "r2");
    EXPECT_EQ(net.next_hop("r2", "b"), "b");
    EXPECT_EQ(net.next_hop("r2", "a"), "r3");
    EXPECT_EQ(net.next_hop("a", "b"), "r1");
    EXPECT_EQ(net.routes("a"), 1U);  // a default route and nothing else
}

TEST(Topology, ARouterHasNoDefaultRoute) {
    Net net;
    net.join("a", "r1");
    net.join("r1", "r2");
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r2", "a"), "r1");
    EXPECT_EQ(net.routes("r2"), 2U);  // r1 and a: what it does not know it does not send back
    Net one;
    one.join("a", "r1");
    one.topology.compute_routes();
    EXPECT_EQ(one.next_hop("r1", "a"), "a");
    EXPECT_EQ(one.routes("r1"), 1U);
}

TEST(Topology, CostOverridesDelay) {
    Net net;
    net.join("r1", "r2", milliseconds(1)).set_options(0, LinkOptions{.cost = 100});
    net.join("r1", "r3", milliseconds(1)).set_options(0, LinkOptions{.cost = 1});
    net.join("r3", "r2", milliseconds(1)).set_options(0, LinkOptions{.cost = 1});
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "r2"), "r3");
    EXPECT_EQ(net.next_hop("r2", "r1"), "r1");  // the other direction goes by delay
}

TEST(Topology, TiesGoToTheNodeMadeFirst) {
    Net net;
    net.add("r9");
    net.add("r2");
    net.add("r1");
    net.join("r9", "r2");
    net.join("r9", "r1");
    net.join("rend", "r1");
    net.join("rend", "r2");
    net.join("rend", "b");
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r9", "b"), "r2");
    EXPECT_EQ(net.next_hop("rend", "r9"), "r2");
}

TEST(Topology, ReroutesWhenALinkFailsAndBack) {
    Net net;
    net.join("a", "r1");
    Link& direct = net.join("r1", "r2", milliseconds(1));
    net.join("r1", "r3", milliseconds(5));
    Link& detour = net.join("r3", "r2", milliseconds(5));
    net.join("r2", "b");
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "b"), "r2");
    direct.set_up(false);
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "b"), "r3");
    detour.set_up(false);
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "b"), "");
    EXPECT_EQ(net.next_hop("r1", "a"), "a");
    EXPECT_EQ(net.refusal(), "accepted");  // failures are no reason to refuse
    direct.set_up(true);
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "b"), "r2");
}

TEST(Topology, HostsDoNotForward) {
    Net net;
    net.join("m", "r1");  // a host with two links, on the shorter path
    net.join("m", "r2");
    net.join("r1", "r2", milliseconds(50));
    net.join("r2", "b");
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "b"), "r2");
    EXPECT_EQ(net.next_hop("m", "b"), "r2");
    EXPECT_EQ(net.next_hop("b", "m"), "r2");
    EXPECT_EQ(net.next_hop("r2", "m"), "m");
    EXPECT_EQ(net.routes("m"), 3U);
    EXPECT_EQ(net.refusal(), "accepted");
}

TEST(Topology, TwoHostsOnOneWire) {
    Net net;
    net.join("a", "b");
    net.topology.require_connected();
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("a", "b"), "b");
    EXPECT_EQ(net.next_hop("b", "a"), "a");
}

TEST(Topology, RoutesOfAScriptStay) {
    Net net;
    net.join("a", "r1");
    net.join("b", "r1");
    net.topology.compute_routes();
    const std::size_t before = net.routes("r1");
    net.topology.compute_routes();
    EXPECT_EQ(net.routes("r1"), before);
}

TEST(Topology, DisconnectedIsRefusedWithNamesOfBothSides) {
    Net net;
    net.join("a", "r1");
    net.join("b", "r2");
    EXPECT_THAT(net.refusal(), AllOf(HasSubstr("disconnected"), HasSubstr("\"a\", \"r1\""),
                                     HasSubstr("\"b\", \"r2\"")));
    net.join("r1", "r2");
    EXPECT_EQ(net.refusal(), "accepted");
    net.add("alone");
    EXPECT_THAT(net.refusal(), HasSubstr("\"alone\""));
}

TEST(Topology, APathOnlyThroughAHostIsRefused) {
    Net net;
    net.join("a", "r1");
    net.join("r1", "m");
    net.join("m", "r2");
    EXPECT_THAT(net.refusal(),
                AllOf(HasSubstr("\"r1\""), HasSubstr("\"r2\""), HasSubstr("hosts do not forward")));
    Net line;
    line.join("m", "a");
    line.join("m", "b");
    EXPECT_THAT(line.refusal(), HasSubstr("hosts do not forward"));
}

TEST(Topology, DuplicateNamesAndAddressesAreRefused) {
    Net net;
    Node& a = net.add("a");
    RouteTable routes;
    EXPECT_THROW(net.topology.add_node(a, routes, ipv4(1, 2, 3, 4)), InputError);
    Sink other(net.fabric, "other");
    EXPECT_THROW(net.topology.add_node(other, routes, ipv4(10, 0, 0, 1)), InputError);
    EXPECT_THROW(net.topology.add_node(other, routes, ipv4(224, 0, 0, 1)), InputError);
    net.topology.add_node(other, routes, ipv4(10, 9, 9, 9));
}

/// Follows next hops; -1 for a loop or a dead end.
int hops(Net& net, const std::string& from, const std::string& to) {
    std::string at = from;
    for (int i = 0; i < 100; ++i) {
        if (at == to) {
            return i;
        }
        at = net.next_hop(at, to);
        if (at.empty()) {
            return -1;
        }
    }
    return -1;
}

TEST(Topology, EveryPairOfARandomGraphIsReachedWithoutLoops) {
    for (const double seed : {1, 2, 3}) {
        const GraphDescription graph =
            generate("random", {{"n", 30}, {"degree", 3}, {"seed", seed}, {"hosts", 1}});
        Net net;
        for (const GraphEdge& edge : graph.edges) {
            net.join(graph.nodes[edge.a].name, graph.nodes[edge.b].name);
        }
        net.topology.require_connected();
        net.topology.compute_routes();
        for (const GraphNode& from : graph.nodes) {
            for (const GraphNode& to : graph.nodes) {
                const int there = hops(net, from.name, to.name);
                ASSERT_GE(there, 0) << from.name << " to " << to.name;
                ASSERT_EQ(there, hops(net, to.name, from.name));  // delays are symmetric
            }
        }
    }
}

/// A random graph with hosts that have two links, and some links down.
void build(Net& net, double seed) {
    const GraphDescription graph =
        generate("random", {{"n", 25}, {"degree", 4}, {"seed", seed}, {"hosts", 2}});
    Rng rng(static_cast<std::uint64_t>(seed), "test");
    for (const GraphEdge& edge : graph.edges) {
        net.join(graph.nodes[edge.a].name, graph.nodes[edge.b].name,
                 milliseconds(1 + rng.below(3)));
    }
    net.join("h1", "r7");
    net.join("h2", "r9");
    for (int i = 0; i < 12; ++i) {
        net.links[rng.below(net.links.size())]->set_up(false);
    }
}

TEST(Topology, RoutesFoundWhenAskedForAreTheComputedOnes) {
    for (const double seed : {1, 2, 3, 4, 5}) {
        Net eager;
        Net lazy;
        build(eager, seed);
        build(lazy, seed);
        lazy.topology.set_lazy_above(0);
        for (int round = 0; round < 2; ++round) {
            eager.topology.compute_routes();
            lazy.topology.compute_routes();
            for (const std::string& from : eager.names()) {
                for (const std::string& to : eager.names()) {
                    if (from != to) {
                        ASSERT_EQ(lazy.next_hop(from, to), eager.next_hop(from, to))
                            << from << " to " << to << ", seed " << seed;
                    }
                }
            }
            // What was found before a change must not be remembered after it.
            eager.links[0]->set_up(!eager.links[0]->up());
            lazy.links[0]->set_up(!lazy.links[0]->up());
        }
        EXPECT_EQ(lazy.routes("r1"), 0U);
    }
}

TEST(Topology, AScriptsRouteComesBeforeOneFoundLazily) {
    Net net;
    net.join("a", "r1");
    net.join("r1", "r2");
    net.join("r1", "r3");
    net.join("r3", "r2");
    net.join("r2", "b");
    net.topology.set_lazy_above(0);
    net.topology.compute_routes();
    EXPECT_EQ(net.next_hop("r1", "b"), "r2");
    RouteTable& table = net.table("r1");
    const std::uint32_t towards_r3 = 2;
    table.add({.prefix = Prefix{net.address("b"), 31}, .interface = towards_r3});
    EXPECT_EQ(net.next_hop("r1", "b"), "r2");  // the computed one is longer
    table.add({.prefix = Prefix{net.address("b"), 32}, .interface = towards_r3});
    EXPECT_EQ(net.next_hop("r1", "b"), "r3");
    EXPECT_EQ(table.find(ipv4(192, 0, 2, 1)), nullptr);  // nobody's address
}

TEST(Generators, InternetHasAFewHubsAndALongTail) {
    const GraphDescription graph =
        generate("internet", {{"n", 1000}, {"links", 2}, {"seed", 7}, {"hosts", 0}});
    std::vector<std::size_t> degree(graph.nodes.size(), 0);
    for (const GraphEdge& edge : graph.edges) {
        ++degree[edge.a];
        ++degree[edge.b];
    }
    std::sort(degree.begin(), degree.end());
    EXPECT_EQ(graph.edges.size(), 1U + 2U * 998U);
    EXPECT_LE(degree[500], 3U);   // half have hardly more than they began with
    EXPECT_GE(degree[999], 40U);  // a random graph's largest would be about 12
}

}  // namespace
}  // namespace netsim::net
