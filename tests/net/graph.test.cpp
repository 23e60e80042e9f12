// Graph files good and bad, generators, distances.
#include "net/graph.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "base/units.hpp"
#include "net/generators.hpp"
#include "net/graph_file.hpp"
#include "net/link_words.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}

std::string topology_path(const std::string& name) {
    return std::string(NETSIM_SOURCE_DIR) + "/topologies/" + name;
}

std::pair<int, int> hosts_and_routers(const GraphDescription& graph) {
    int hosts = 0;
    for (const GraphNode& node : graph.nodes) {
        hosts += node.host ? 1 : 0;
    }
    return {hosts, static_cast<int>(graph.nodes.size()) - hosts};
}

TEST(Distance, BetweenKnownPlaces) {
    const Place seattle{47.6062, -122.3321};
    const Place new_york{40.7128, -74.006};
    EXPECT_NEAR(distance_km(seattle, new_york), 3866, 5);
    EXPECT_EQ(distance_km(seattle, seattle), 0);
    EXPECT_NEAR(distance_km({0, 0}, {0, 180}), 20015, 1);
    EXPECT_NEAR(distance_km({90, 0}, {-90, 0}), 20015, 1);
    EXPECT_NEAR(distance_km({0, -179}, {0, 179}), 222.4, 0.1);
    EXPECT_EQ(delay_of_distance(200), milliseconds(1));
    EXPECT_EQ(delay_of_distance(0), microseconds(1));
}

TEST(GraphFile, AllShippedTopologiesRead) {
    const std::map<std::string, std::pair<int, int>> expected{
        {"dumbbell.graphml", {8, 2}},      {"dumbbell.dot", {8, 2}},
        {"star.graphml", {8, 1}},          {"two_tier_tree.graphml", {16, 6}},
        {"fat_tree_k4.graphml", {16, 20}}, {"abilene.graphml", {11, 11}},
        {"abilene.dot", {11, 11}},         {"nsfnet.graphml", {14, 14}}};
    for (const auto& [file, counts] : expected) {
        const GraphDescription graph = read_graph(topology_path(file));
        EXPECT_EQ(hosts_and_routers(graph), counts) << file;
        for (const GraphEdge& edge : graph.edges) {
            EXPECT_GT(edge_options(graph, edge, {}).delay, Duration(0)) << file;
        }
    }
}

TEST(GraphFile, AbileneIsWhatItWas) {
    const GraphDescription graph = read_graph(topology_path("abilene.graphml"));
    EXPECT_EQ(graph.edges.size(), 14U + 11U);
    EXPECT_EQ(graph.nodes[0].name, "Seattle");
    EXPECT_EQ(graph.nodes[0].label, "Seattle, WA");
    const LinkOptions options = edge_options(graph, graph.edges[0], {});
    EXPECT_EQ(options.rate_bps, 10'000'000'000U);
    EXPECT_EQ(options.delay, microseconds(5'693));  // Seattle - Sunnyvale, 1139 km
    EXPECT_EQ(read_graph(topology_path("nsfnet.graphml")).edges.size(), 21U + 14U);
}

/// By name, as DOT's nodes come in another order.
std::map<std::string, std::string> nodes_of(const GraphDescription& graph) {
    std::map<std::string, std::string> all;
    for (const GraphNode& node : graph.nodes) {
        const std::string place = node.place ? format_number(node.place->latitude) + " " +
                                                   format_number(node.place->longitude)
                                             : "nowhere";
        all[node.name] = std::string(node.host ? "host " : "router ") + node.label + " " + place;
    }
    return all;
}

using Options = std::map<std::string, std::string>;

std::vector<std::tuple<std::string, std::string, Options>> edges_of(const GraphDescription& graph) {
    std::vector<std::tuple<std::string, std::string, Options>> all;
    for (const GraphEdge& edge : graph.edges) {
        all.emplace_back(graph.nodes[edge.a].name, graph.nodes[edge.b].name, edge.options);
    }
    return all;
}

void expect_equal(const GraphDescription& x, const GraphDescription& y) {
    EXPECT_EQ(nodes_of(x), nodes_of(y));
    EXPECT_EQ(edges_of(x), edges_of(y));
}

TEST(GraphFile, WhatIsWrittenReadsBack) {
    const GraphDescription graph = read_graph(topology_path("abilene.graphml"));
    expect_equal(graph, read_graph(topology_path("abilene.dot")));
    std::ostringstream xml;
    write_graphml(xml, graph);
    expect_equal(graph, parse_graphml(xml.str(), "out.graphml"));
    std::ostringstream dot;
    write_dot(dot, graph);
    expect_equal(graph, parse_dot(dot.str(), "out.dot"));
}

std::string graphml(const std::string& body) {
    return "<graphml>\n"
           "<key id=\"n\" for=\"node\" attr.name=\"name\" attr.type=\"string\"/>\n"
           "<key id=\"k\" for=\"node\" attr.name=\"kind\" attr.type=\"string\"/>\n"
           "<key id=\"la\" for=\"node\" attr.name=\"Latitude\" attr.type=\"double\"/>\n"
           "<key id=\"lo\" for=\"node\" attr.name=\"Longitude\" attr.type=\"double\"/>\n"
           "<key id=\"d\" for=\"edge\" attr.name=\"delay\" attr.type=\"string\"/>\n"
           "<key id=\"x\" for=\"edge\" attr.name=\"dealy\" attr.type=\"string\"/>\n"
           "<graph edgedefault=\"undirected\">\n" +
           body + "</graph></graphml>\n";
}

std::string node(const std::string& name, const std::string& more = "") {
    return "<node id=\"" + name + "\"><data key=\"n\">" + name + "</data>" + more + "</node>\n";
}

std::string refusal_of(const std::string& body) {
    return refusal([&] {
        const GraphDescription graph = parse_graphml(graphml(body), "f.graphml");
        for (const GraphEdge& edge : graph.edges) {
            edge_options(graph, edge, {});
        }
    });
}

TEST(GraphFile, BadGraphMlIsRefusedWithItsPlace) {
    const std::string ab = node("a") + node("b");
    EXPECT_EQ(refusal_of(ab + "<edge source=\"a\" target=\"b\"/>"), "accepted");
    EXPECT_THAT(refusal_of("<node id=\"a\"/>"),
                AllOf(StartsWith("f.graphml:9:"), HasSubstr("neither \"name\" nor \"label\"")));
    EXPECT_THAT(refusal_of(node("a") + node("a")),
                AllOf(StartsWith("f.graphml:10:"), HasSubstr("the same id \"a\"")));
    EXPECT_THAT(refusal_of(node("a") + "<node id=\"z\"><data key=\"n\">a</data></node>"),
                AllOf(StartsWith("f.graphml:10:"), HasSubstr("two nodes are called \"a\"")));
    EXPECT_THAT(refusal_of(ab + "<edge source=\"a\" target=\"a\"/>"),
                AllOf(StartsWith("f.graphml:11:"), HasSubstr("with itself")));
    EXPECT_THAT(refusal_of(ab + "<edge source=\"a\" target=\"c\"/>"),
                AllOf(StartsWith("f.graphml:11:"),
                      HasSubstr("target \"c\" is a node that is not declared")));
    EXPECT_THAT(refusal_of(ab + "<edge source=\"a\"/>"), HasSubstr("not valid GraphML"));
    EXPECT_THAT(refusal_of(node("a", "<data key=\"k\">switch</data>")),
                HasSubstr("allowed are host and router"));
    EXPECT_THAT(refusal_of(node("a", "<data key=\"la\">10</data>")),
                HasSubstr("a Latitude but no Longitude"));
    EXPECT_THAT(refusal_of(node("a", "<data key=\"la\">91</data><data key=\"lo\">0</data>")),
                HasSubstr("between -90 and 90"));
    EXPECT_THAT(refusal_of(node("a", "<data key=\"la\">north</data>")), HasSubstr("north"));
    EXPECT_THAT(
        refusal_of(ab + "<edge source=\"a\" target=\"b\"><data key=\"d\">5 furlongs</data></edge>"),
        AllOf(StartsWith("f.graphml:11:"), HasSubstr("link \"a\" - \"b\""), HasSubstr("furlongs")));
    EXPECT_THAT(
        refusal_of(ab + "<edge source=\"a\" target=\"b\"><data key=\"d\">-5ms</data></edge>"),
        HasSubstr("delay is -5ms"));
    EXPECT_THAT(
        refusal_of(ab + "<edge source=\"a\" target=\"b\"><data key=\"x\">5ms</data></edge>"),
        HasSubstr("did you mean \"delay\"?"));
    EXPECT_THAT(refusal_of(node("a", "<data key=\"la\">1</data><data key=\"lo\">1</data>") +
                           node("b") + "<edge source=\"a\" target=\"b\"/>"),
                HasSubstr("\"b\" has no Latitude and Longitude"));
    EXPECT_THAT(refusal_of(""), HasSubstr("no nodes"));
}

TEST(GraphFile, WhatIsNoGraphAtAll) {
    const auto xml = [](const std::string& text) {
        return refusal([&] { parse_graphml(text, "f.graphml"); });
    };
    EXPECT_THAT(xml("<graphml>\n<graph\n"), StartsWith("f.graphml:"));
    EXPECT_THAT(xml("<html></html>"), HasSubstr("f.graphml"));
    EXPECT_THAT(xml("hello"), HasSubstr("f.graphml"));
    EXPECT_THAT(xml("<graphml><graph edgedefault=\"directed\"/></graphml>"), HasSubstr("directed"));
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "<a>";
    }
    EXPECT_THAT(xml(deep), HasSubstr("nested more than 64 deep"));
    const auto dot = [](const std::string& text) {
        return refusal([&] { parse_dot(text, "f.dot"); });
    };
    EXPECT_THAT(dot("graph { a -- "), StartsWith("f.dot: not valid DOT"));
    EXPECT_THAT(dot("digraph { a -> b }"), HasSubstr("directed"));
    EXPECT_THAT(dot("graph { a -- a }"), HasSubstr("with itself"));
    EXPECT_THAT(dot("graph { a -- b [dealy=\"1ms\"] }"), HasSubstr("did you mean \"delay\"?"));
    EXPECT_THAT(dot("graph {" + std::string(100'000, '{')), HasSubstr("nested more than 64 deep"));
    EXPECT_THAT(refusal([] { read_graph("/nonexistent/x.dot"); }), HasSubstr("cannot be opened"));
    EXPECT_THAT(refusal([] { read_graph("x.png"); }), HasSubstr("must end in"));
    EXPECT_THAT(refusal([] { read_graph("/tmp/.graphml"); }), HasSubstr("cannot be opened"));
}

TEST(LinkWords, EachSetsItsOption) {
    LinkOptions o;
    for (const auto& [word, value] : std::map<std::string, std::string>{{"rate", "1gbit"},
                                                                        {"delay", "5ms"},
                                                                        {"jitter", "1ms"},
                                                                        {"jitter_reorders", "no"},
                                                                        {"loss", "1%"},
                                                                        {"duplicate", "2%"},
                                                                        {"corrupt", "3%"},
                                                                        {"reorder", "4%"},
                                                                        {"gap", "5"},
                                                                        {"limit", "64kb"},
                                                                        {"mtu", "9000"},
                                                                        {"cost", "2.5"}}) {
        set_link_option(o, word, value);
    }
    set_link_option(o, "limit", "100p");
    set_link_option(o, "gemodel", "1% 10% 70% 0.1%");
    EXPECT_EQ(o.rate_bps, 1'000'000'000U);
    EXPECT_EQ(o.delay, milliseconds(5));
    EXPECT_EQ(o.jitter, milliseconds(1));
    EXPECT_FALSE(o.jitter_reorders);
    EXPECT_DOUBLE_EQ(o.loss, 0.01);
    EXPECT_DOUBLE_EQ(o.duplicate, 0.02);
    EXPECT_DOUBLE_EQ(o.corrupt, 0.03);
    EXPECT_DOUBLE_EQ(o.reorder, 0.04);
    EXPECT_EQ(o.reorder_gap, 5U);
    EXPECT_EQ(o.limit_bytes, 65'536U);
    EXPECT_EQ(o.limit_packets, 100U);
    EXPECT_EQ(o.mtu, 9000U);
    EXPECT_DOUBLE_EQ(o.cost, 2.5);
    EXPECT_DOUBLE_EQ(o.gemodel->r, 0.1);
    EXPECT_DOUBLE_EQ(o.gemodel->loss_bad, 0.7);
    EXPECT_DOUBLE_EQ(o.gemodel->loss_good, 0.001);
    set_link_option(o, "gemodel", "2%");
    EXPECT_DOUBLE_EQ(o.gemodel->r, 0.98);
    EXPECT_EQ(o.gemodel->loss_bad, 1);
    EXPECT_THAT(refusal([&] { set_link_option(o, "dleay", "1ms"); }),
                AllOf(HasSubstr("did you mean \"delay\"?"), HasSubstr("allowed: rate")));
    EXPECT_THAT(refusal([&] { set_link_option(o, "mtu", "1.5"); }), HasSubstr("mtu: bad number"));
    EXPECT_THAT(refusal([&] { set_link_option(o, "gemodel", ""); }), HasSubstr("gemodel"));
}

TEST(Generators, Shapes) {
    const auto shape = [](std::string_view kind, const std::map<std::string, double>& parameters) {
        const GraphDescription graph = generate(kind, parameters);
        check(graph);
        const auto [hosts, routers] = hosts_and_routers(graph);
        return std::array<int, 3>{hosts, routers, static_cast<int>(graph.edges.size())};
    };
    using Shape = std::array<int, 3>;
    EXPECT_EQ(shape("dumbbell", {{"hosts", 3}}), (Shape{6, 2, 7}));
    EXPECT_EQ(shape("star", {{"hosts", 5}}), (Shape{5, 1, 5}));
    EXPECT_EQ(shape("tree", {{"spines", 2}, {"leaves", 3}, {"hosts", 4}}), (Shape{12, 5, 18}));
    EXPECT_EQ(shape("fat_tree", {}), (Shape{16, 20, 48}));
    EXPECT_EQ(shape("fat_tree", {{"k", 6}}), (Shape{54, 45, 162}));
    EXPECT_EQ(shape("line", {{"n", 5}}), (Shape{5, 5, 9}));
    EXPECT_EQ(shape("ring", {{"n", 5}, {"hosts", 0}}), (Shape{0, 5, 5}));
    EXPECT_EQ(shape("grid", {{"w", 3}, {"h", 2}, {"hosts", 0}}), (Shape{0, 6, 7}));
    EXPECT_EQ(shape("random", {{"n", 20}, {"degree", 4}, {"hosts", 0}}), (Shape{0, 20, 40}));
    EXPECT_EQ(shape("random", {{"n", 5}, {"degree", 4}, {"hosts", 0}}), (Shape{0, 5, 10}));
}

TEST(Generators, RandomDependsOnItsSeedOnly) {
    const auto edges = [](double seed) {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> all;
        for (const GraphEdge& edge : generate("random", {{"n", 20}, {"seed", seed}}).edges) {
            all.emplace_back(edge.a, edge.b);
        }
        return all;
    };
    EXPECT_EQ(edges(1), edges(1));
    EXPECT_NE(edges(1), edges(2));
}

TEST(Generators, MistakesAreNamed) {
    const auto mistake = [](std::string_view kind, const std::map<std::string, double>& p) {
        return refusal([&] { generate(kind, p); });
    };
    EXPECT_THAT(mistake("dumbell", {}), HasSubstr("did you mean \"dumbbell\"?"));
    EXPECT_THAT(mistake("star", {{"host", 3}}),
                AllOf(HasSubstr("did you mean \"hosts\"?"), HasSubstr("allowed: hosts")));
    EXPECT_THAT(mistake("star", {{"hosts", 0}}), HasSubstr("whole number from 1"));
    EXPECT_THAT(mistake("star", {{"hosts", 2.5}}), HasSubstr("hosts is 2.5"));
    EXPECT_THAT(mistake("fat_tree", {{"k", 5}}), HasSubstr("must be even"));
    EXPECT_THAT(mistake("random", {{"n", 3}, {"degree", 3}}), HasSubstr("less than n"));
    EXPECT_THAT(mistake("grid", {{"w", 100}, {"h", 100}, {"hosts", 1000}}),
                HasSubstr("more than 2100000 nodes"));
}

}  // namespace
}  // namespace netsim::net
