// Damaged graph files: the readers answer with InputError or with a graph, whatever they are fed.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "net/graph_file.hpp"
#include "netsim/result.hpp"
#include "netsim/rng.hpp"

namespace netsim::net {
namespace {

std::string shipped(const std::string& name) {
    std::ifstream file(std::string(NETSIM_SOURCE_DIR) + "/topologies/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// A few octets replaced, removed, doubled or cut off.
std::string damaged(std::string text, Rng& rng) {
    const std::int64_t changes = rng.between(1, 4);
    for (std::int64_t i = 0; i < changes && !text.empty(); ++i) {
        const std::size_t at = rng.below(text.size());
        switch (rng.below(4)) {
            case 0:
                text[at] = static_cast<char>(rng.below(256));
                break;
            case 1:
                text.erase(at, rng.below(20));
                break;
            case 2:
                text.insert(at, text.substr(at, rng.below(40)));
                break;
            default:
                text.resize(at);
                break;
        }
    }
    return text;
}

int refused(const std::string& file,
            const std::function<GraphDescription(const std::string&)>& parse) {
    const std::string text = shipped(file);
    EXPECT_FALSE(text.empty());
    Rng rng(1, file);
    int count = 0;
    for (int i = 0; i < 1500; ++i) {
        try {
            const GraphDescription graph = parse(damaged(text, rng));
            check(graph);
            for (const GraphEdge& edge : graph.edges) {
                static_cast<void>(edge_options(graph, edge, {}));
            }
        } catch (const InputError& error) {
            EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
            ++count;
        }
    }
    return count;
}

TEST(HostileGraph, DamagedGraphMl) {
    EXPECT_GT(refused("star.graphml", [](const std::string& t) { return parse_graphml(t, "f"); }),
              700);
}

TEST(HostileGraph, DamagedDot) {
    EXPECT_GT(refused("dumbbell.dot", [](const std::string& t) { return parse_dot(t, "f"); }), 700);
}

}  // namespace
}  // namespace netsim::net
