// One function per kind; the table below them names their parameters, defaults and ranges.
#include "net/generators.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "base/text.hpp"
#include "base/units.hpp"
#include "netsim/result.hpp"
#include "netsim/rng.hpp"

namespace netsim::net {
namespace {

using Counts = std::vector<std::uint32_t>;  // values in the order of the kind's parameters
using Index = std::uint32_t;

constexpr std::size_t kNodesMax = 2'100'000;

Index add(GraphDescription& graph, const std::string& name, bool host) {
    graph.nodes.push_back(GraphNode{name, host, {}, {}, {}});
    return static_cast<Index>(graph.nodes.size() - 1);
}

void join_nodes(GraphDescription& graph, Index a, Index b) {
    graph.edges.push_back(GraphEdge{a, b, {}, {}});
}

std::vector<Index> routers(GraphDescription& graph, const std::string& stem, std::uint32_t count) {
    std::vector<Index> made;
    for (std::uint32_t i = 1; i <= count; ++i) {
        made.push_back(add(graph, stem + std::to_string(i), false));
    }
    return made;
}

/// `count` hosts stem1, stem2, ... on each of these routers, numbered on.
void hang_hosts(GraphDescription& graph, const std::vector<Index>& on, const std::string& stem,
                std::uint32_t count) {
    if (graph.nodes.size() + on.size() * std::size_t{count} > kNodesMax) {
        throw InputError("the topology would have more than " + std::to_string(kNodesMax) +
                         " nodes");
    }
    std::uint32_t number = 0;
    for (const Index router : on) {
        for (std::uint32_t i = 0; i < count; ++i) {
            join_nodes(graph, add(graph, stem + std::to_string(++number), true), router);
        }
    }
}

GraphDescription dumbbell(const Counts& p) {
    GraphDescription graph;
    const Index left = add(graph, "left", false);
    const Index right = add(graph, "right", false);
    join_nodes(graph, left, right);
    hang_hosts(graph, {left}, "l", p[0]);
    hang_hosts(graph, {right}, "r", p[0]);
    return graph;
}

GraphDescription star(const Counts& p) {
    GraphDescription graph;
    hang_hosts(graph, {add(graph, "hub", false)}, "h", p[0]);
    return graph;
}

GraphDescription tree(const Counts& p) {
    GraphDescription graph;
    const std::vector<Index> spines = routers(graph, "spine", p[0]);
    const std::vector<Index> leaves = routers(graph, "leaf", p[1]);
    for (const Index leaf : leaves) {
        for (const Index spine : spines) {
            join_nodes(graph, leaf, spine);
        }
    }
    hang_hosts(graph, leaves, "h", p[2]);
    return graph;
}

/// Al-Fares, Loukissas, Vahdat (SIGCOMM 2008): k pods of k/2 edge and k/2 aggregation switches,
/// (k/2)^2 cores, k^3/4 hosts.
GraphDescription fat_tree(const Counts& p) {
    const std::uint32_t k = p[0];
    if (k % 2 != 0) {
        throw InputError("fat_tree: k is " + std::to_string(k) + ", it must be even");
    }
    const std::uint32_t half = k / 2;
    GraphDescription graph;
    const std::vector<Index> cores = routers(graph, "core", half * half);
    std::vector<Index> all_edges;
    for (std::uint32_t pod = 1; pod <= k; ++pod) {
        const std::string name = std::to_string(pod) + "-";
        const std::vector<Index> aggregations = routers(graph, "agg" + name, half);
        const std::vector<Index> edges = routers(graph, "edge" + name, half);
        for (std::uint32_t a = 0; a < half; ++a) {
            for (std::uint32_t i = 0; i < half; ++i) {
                join_nodes(graph, aggregations[a], cores[a * half + i]);
                join_nodes(graph, edges[i], aggregations[a]);
            }
        }
        all_edges.insert(all_edges.end(), edges.begin(), edges.end());
    }
    hang_hosts(graph, all_edges, "h", half);
    return graph;
}

GraphDescription line(const Counts& p) {
    GraphDescription graph;
    const std::vector<Index> chain = routers(graph, "r", p[0]);
    for (std::size_t i = 1; i < chain.size(); ++i) {
        join_nodes(graph, chain[i - 1], chain[i]);
    }
    hang_hosts(graph, chain, "h", p[1]);
    return graph;
}

GraphDescription ring(const Counts& p) {
    GraphDescription graph;
    const std::vector<Index> circle = routers(graph, "r", p[0]);
    for (std::size_t i = 0; i < circle.size(); ++i) {
        join_nodes(graph, circle[i], circle[(i + 1) % circle.size()]);
    }
    hang_hosts(graph, circle, "h", p[1]);
    return graph;
}

GraphDescription grid(const Counts& p) {
    GraphDescription graph;
    std::vector<Index> nodes;
    for (std::uint32_t y = 1; y <= p[1]; ++y) {
        for (std::uint32_t x = 1; x <= p[0]; ++x) {
            nodes.push_back(add(graph, "r" + std::to_string(x) + "-" + std::to_string(y), false));
            if (x > 1) {
                join_nodes(graph, nodes[nodes.size() - 2], nodes.back());
            }
            if (y > 1) {
                join_nodes(graph, nodes[nodes.size() - 1 - p[0]], nodes.back());
            }
        }
    }
    hang_hosts(graph, nodes, "h", p[2]);
    return graph;
}

/// A random tree makes it connected; further random edges bring the mean degree up.
GraphDescription random(const Counts& p) {
    const std::uint32_t n = p[0];
    const std::uint32_t degree = p[1];
    if (degree >= n) {
        throw InputError("random: degree is " + std::to_string(degree) +
                         ", it must be less than n, " + std::to_string(n));
    }
    GraphDescription graph;
    const std::vector<Index> nodes = routers(graph, "r", n);
    Rng rng(p[2], "topology/random");
    std::set<std::pair<Index, Index>> joined;
    const auto join_once = [&](Index a, Index b) {
        if (a != b && joined.emplace(std::min(a, b), std::max(a, b)).second) {
            join_nodes(graph, a, b);
        }
    };
    for (std::uint32_t i = 1; i < n; ++i) {
        join_once(static_cast<Index>(rng.below(i)), nodes[i]);
    }
    const std::uint64_t wanted = std::uint64_t{n} * degree / 2;
    while (joined.size() < wanted) {
        const auto a = static_cast<Index>(rng.below(n));
        join_once(a, static_cast<Index>(rng.below(n)));
    }
    hang_hosts(graph, nodes, "h", p[3]);
    return graph;
}

/// Preferential attachment (Barabasi, Albert 1999): each router joins `links` earlier ones, those
/// with many links more likely: a few hubs and a long tail, as the graph of the internet's systems.
GraphDescription internet(const Counts& p) {
    const std::uint32_t n = p[0];
    const std::uint32_t links = p[1];
    if (links >= n) {
        throw InputError("internet: links is " + std::to_string(links) +
                         ", it must be less than n, " + std::to_string(n));
    }
    GraphDescription graph;
    const std::vector<Index> nodes = routers(graph, "r", n);
    Rng rng(p[2], "topology/internet");
    std::vector<Index> ends;  // of all edges: a router stands here as often as it has links
    for (std::uint32_t i = 1; i < n; ++i) {
        std::vector<Index> chosen;
        const std::size_t before = ends.size();
        while (chosen.size() < std::min(links, i)) {
            // The first few have no edges to choose by.
            const Index to = i <= links ? static_cast<Index>(rng.below(i))
                                        : ends[static_cast<std::size_t>(rng.below(before))];
            if (std::find(chosen.begin(), chosen.end(), to) == chosen.end()) {
                chosen.push_back(to);
            }
        }
        for (const Index to : chosen) {
            join_nodes(graph, to, nodes[i]);
            ends.push_back(to);
            ends.push_back(nodes[i]);
        }
    }
    hang_hosts(graph, nodes, "h", p[3]);
    return graph;
}

struct Parameter {
    std::string_view name;
    std::uint32_t standard;
    std::uint32_t min;
    std::uint32_t max;
};

struct Kind {
    std::string_view name;
    GraphDescription (*make)(const Counts& values);
    std::array<Parameter, 4> parameters;  // unused ones have no name
};

constexpr std::uint32_t kHostsMax = 60'000;
constexpr std::uint32_t kRoutersMax = 2'000;
constexpr Parameter kHostsEach{"hosts", 1, 0, 1'000};

constexpr auto kKinds = std::to_array<Kind>({
    {"dumbbell", dumbbell, {{{"hosts", 2, 1, kHostsMax}}}},
    {"star", star, {{{"hosts", 4, 1, kHostsMax}}}},
    {"tree", tree, {{{"spines", 2, 1, 64}, {"leaves", 4, 1, 1'000}, {"hosts", 4, 0, 1'000}}}},
    {"fat_tree", fat_tree, {{{"k", 4, 2, 48}}}},
    {"line", line, {{{"n", 3, 1, kRoutersMax}, kHostsEach}}},
    {"ring", ring, {{{"n", 4, 3, kRoutersMax}, kHostsEach}}},
    {"grid", grid, {{{"w", 3, 1, 100}, {"h", 3, 1, 100}, kHostsEach}}},
    {"random",
     random,
     {{{"n", 10, 2, kRoutersMax},
       {"degree", 3, 1, 100},
       {"seed", 1, 0, 4'294'967'295U},
       kHostsEach}}},
    {"internet",
     internet,
     {{{"n", 100, 2, kRoutersMax},
       {"links", 2, 1, 100},
       {"seed", 1, 0, 4'294'967'295U},
       kHostsEach}}},
});

constexpr auto kKindNames = [] {
    std::array<std::string_view, kKinds.size()> names;
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
        names[i] = kKinds[i].name;
    }
    return names;
}();

const Kind& find_kind(std::string_view name) {
    for (const Kind& kind : kKinds) {
        if (kind.name == name) {
            return kind;
        }
    }
    throw InputError("unknown topology \"" + std::string(name) + "\"" +
                     did_you_mean(name, kKindNames) + " (allowed: " + join(kKindNames) + ")");
}

std::uint32_t whole(const Kind& kind, const Parameter& parameter, double value) {
    if (!(value >= parameter.min && value <= parameter.max) ||
        value != static_cast<double>(static_cast<std::uint32_t>(value))) {
        throw InputError(std::string(kind.name) + ": " + std::string(parameter.name) + " is " +
                         format_number(value) + ", it must be a whole number from " +
                         std::to_string(parameter.min) + " to " + std::to_string(parameter.max));
    }
    return static_cast<std::uint32_t>(value);
}

}  // namespace

std::span<const std::string_view> generator_kinds() {
    return kKindNames;
}

GraphDescription generate(std::string_view name, const std::map<std::string, double>& parameters) {
    const Kind& kind = find_kind(name);
    Counts values;
    std::vector<std::string_view> allowed;
    for (const Parameter& parameter : kind.parameters) {
        if (parameter.name.empty()) {
            continue;
        }
        allowed.push_back(parameter.name);
        const auto given = parameters.find(std::string(parameter.name));
        values.push_back(given == parameters.end() ? parameter.standard
                                                   : whole(kind, parameter, given->second));
    }
    for (const auto& [given, value] : parameters) {
        if (std::find(allowed.begin(), allowed.end(), given) == allowed.end()) {
            throw InputError(std::string(name) + ": unknown parameter \"" + given + "\"" +
                             did_you_mean(given, allowed) + " (allowed: " + join(allowed) + ")");
        }
    }
    return kind.make(values);
}

}  // namespace netsim::net
