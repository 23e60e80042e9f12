// Boost.Graph's readers put every attribute, as text, into maps; what they mean is read from there.
#include "net/graph_file.hpp"

#include <array>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphml.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/property_tree/ptree.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "base/units.hpp"
#include "net/link_words.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr std::size_t kFileMax = std::size_t{64} << 20U;
constexpr int kDepthMax = 64;  // the readers recurse; deeper nesting is no topology

struct Attributes {
    std::map<std::string, std::string> values;
};

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, Attributes,
                                    Attributes, Attributes>;
using Vertex = boost::graph_traits<Graph>::vertex_descriptor;
using Edge = boost::graph_traits<Graph>::edge_descriptor;

/// One attribute of all vertices, all edges or the graph (Key), kept as text.
template <typename Key>
class AttributeMap final : public boost::dynamic_property_map {
 public:
    AttributeMap(Graph& graph, std::string name) : graph_(graph), name_(std::move(name)) {}

    boost::any get(const boost::any& key) override { return get_string(key); }

    std::string get_string(const boost::any& key) override { return slot(key); }

    void put(const boost::any& key, const boost::any& value) override { slot(key) = text(value); }

    const std::type_info& key() const override { return typeid(Key); }

    const std::type_info& value() const override { return typeid(std::string); }

 private:
    std::string& slot(const boost::any& key) {
        if constexpr (std::is_same_v<Key, Graph*>) {
            return graph_[boost::graph_bundle].values[name_];
        } else {
            return graph_[boost::any_cast<Key>(key)].values[name_];
        }
    }

    /// GraphML's types come parsed.
    static std::string text(const boost::any& value) {
        if (const auto* string = boost::any_cast<std::string>(&value)) {
            return *string;
        }
        if (const auto* real = boost::any_cast<double>(&value)) {
            return format_number(*real);
        }
        if (const auto* real = boost::any_cast<float>(&value)) {
            return format_number(static_cast<double>(*real));
        }
        if (const auto* whole = boost::any_cast<int>(&value)) {
            return std::to_string(*whole);
        }
        if (const auto* whole = boost::any_cast<long>(&value)) {
            return std::to_string(*whole);
        }
        const auto* truth = boost::any_cast<bool>(&value);
        return truth == nullptr ? "" : *truth ? "true" : "false";
    }

    Graph& graph_;
    std::string name_;
};

boost::dynamic_properties attributes_of(Graph& graph) {
    return boost::dynamic_properties(
        [&graph](const std::string& name, const boost::any& key,
                 const boost::any&) -> boost::shared_ptr<boost::dynamic_property_map> {
            if (key.type() == typeid(Vertex)) {
                return boost::make_shared<AttributeMap<Vertex>>(graph, name);
            }
            if (key.type() == typeid(Edge)) {
                return boost::make_shared<AttributeMap<Edge>>(graph, name);
            }
            return boost::make_shared<AttributeMap<Graph*>>(graph, name);
        });
}

std::string take(std::map<std::string, std::string>& values, const std::string& name) {
    const auto node = values.extract(name);
    return node.empty() ? std::string() : node.mapped();
}

double coordinate(const std::string& text, double limit, const char* name,
                  const std::string& where) {
    try {
        const double value = parse_number(text);
        if (!(value >= -limit && value <= limit)) {
            throw InputError("it must lie between " + format_number(-limit) + " and " +
                             format_number(limit));
        }
        return value;
    } catch (const InputError& error) {
        throw InputError(where + ": " + name + " \"" + text + "\": " + error.what());
    }
}

void read_place(GraphNode& node, std::map<std::string, std::string>& values) {
    std::string latitude = take(values, "Latitude");
    std::string longitude = take(values, "Longitude");
    latitude = latitude.empty() ? take(values, "latitude") : latitude;
    longitude = longitude.empty() ? take(values, "longitude") : longitude;
    if (latitude.empty() != longitude.empty()) {
        throw InputError(
            node.where + ": node \"" + node.name + "\" has a " +
            (latitude.empty() ? "Longitude but no Latitude" : "Latitude but no Longitude"));
    }
    if (!latitude.empty()) {
        node.place = Place{coordinate(latitude, 90, "Latitude", node.where),
                           coordinate(longitude, 180, "Longitude", node.where)};
    }
}

/// What is left over may belong to another tool; a near miss of a word of ours is a mistake.
void refuse_misspelt(const std::map<std::string, std::string>& values,
                     std::span<const std::string_view> words, const std::string& where) {
    for (const auto& [name, value] : values) {
        if (!nearest_name(name, words).empty()) {
            std::string message = where;
            message += ": unknown attribute \"" + name + "\"";
            message += did_you_mean(name, words);
            throw InputError(message);
        }
    }
}

GraphNode read_node(std::map<std::string, std::string> values, std::string where) {
    static constexpr std::array<std::string_view, 5> kNodeWords{"name", "kind", "label", "Latitude",
                                                                "Longitude"};
    GraphNode node;
    node.where = std::move(where);
    node.label = take(values, "label");
    node.name = take(values, "name");
    const std::string id = take(values, "node_id");  // DOT
    if (!id.empty()) {
        node.name = id;
    } else if (node.name.empty()) {
        node.name = node.label;
    }
    if (node.name.empty()) {
        throw InputError(node.where + ": a node has neither \"name\" nor \"label\"");
    }
    const std::string kind = take(values, "kind");
    if (!kind.empty() && kind != "host" && kind != "router") {
        throw InputError(node.where + ": node \"" + node.name + "\" is of kind \"" + kind +
                         "\", allowed are host and router");
    }
    node.host = kind == "host";
    read_place(node, values);
    refuse_misspelt(values, kNodeWords, node.where);
    return node;
}

GraphEdge read_edge(std::map<std::string, std::string> values, std::string where) {
    GraphEdge edge;
    edge.where = std::move(where);
    for (const std::string_view word : link_words()) {
        std::string value = take(values, std::string(word));
        if (!value.empty()) {
            edge.options.emplace(word, std::move(value));
        }
    }
    static_cast<void>(take(values, "label"));
    refuse_misspelt(values, link_words(), edge.where);
    return edge;
}

/// An element's opening tag, from its "<" on.
struct Element {
    std::size_t line = 0;
    std::string_view tag;
};

/// Each element <tag ...> outside comments, in order.
std::vector<Element> elements(const std::string& text, const std::string& tag) {
    std::vector<Element> found;
    std::size_t line = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') {
            ++line;
        } else if (text.compare(i, 4, "<!--") == 0) {
            const std::size_t end = std::min(text.find("-->", i), text.size());
            line += static_cast<std::size_t>(
                std::count(text.begin() + static_cast<std::ptrdiff_t>(i),
                           text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
            i = end;
        } else if (text[i] == '<' && text.compare(i + 1, tag.size(), tag) == 0 &&
                   std::string_view(" \t\r\n/>").find(text.c_str()[i + 1 + tag.size()]) !=
                       std::string_view::npos) {
            found.push_back({line, std::string_view(text).substr(i, text.find('>', i) - i)});
        }
    }
    return found;
}

/// The value of an attribute, as it is written.
std::string_view attribute(std::string_view tag, std::string_view name) {
    for (std::size_t at = tag.find(name); at != std::string_view::npos;
         at = tag.find(name, at + 1)) {
        const std::string_view rest = tag.substr(at + name.size());
        const std::size_t quote = rest.find_first_not_of(" \t\r\n=");
        const bool whole =
            at > 0 && std::string_view(" \t\r\n").find(tag[at - 1]) != std::string_view::npos;
        if (whole && quote != std::string_view::npos &&
            (rest[quote] == '"' || rest[quote] == '\'')) {
            return rest.substr(quote + 1, rest.find(rest[quote], quote + 1) - quote - 1);
        }
    }
    return {};
}

std::string place_in(const std::string& file, const std::vector<Element>& found,
                     std::size_t index) {
    return index < found.size() ? file + ":" + std::to_string(found[index].line) : file;
}

/// Boost's reader merges nodes of one id, and makes nodes that only an edge names.
void refuse_wrong_ids(const std::vector<Element>& nodes, const std::vector<Element>& edges,
                      const std::string& file) {
    std::set<std::string_view> ids;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const std::string_view id = attribute(nodes[i].tag, "id");
        if (!ids.insert(id).second) {
            throw InputError(place_in(file, nodes, i) + ": two nodes have the same id \"" +
                             std::string(id) + "\"");
        }
    }
    for (std::size_t i = 0; i < edges.size(); ++i) {
        for (const char* const end : {"source", "target"}) {
            const std::string_view id = attribute(edges[i].tag, end);
            if (!ids.contains(id)) {
                const std::vector<std::string_view> known(ids.begin(), ids.end());
                throw InputError(place_in(file, edges, i) + ": the edge's " + end + " \"" +
                                 std::string(id) + "\" is a node that is not declared" +
                                 did_you_mean(id, known));
            }
        }
    }
}

GraphDescription describe(const Graph& graph, const std::string& file,
                          const std::vector<Element>& node_elements,
                          const std::vector<Element>& edge_elements) {
    GraphDescription description;
    for (Vertex v = 0; v < boost::num_vertices(graph); ++v) {
        auto values = graph[v].values;
        std::erase_if(values, [](const auto& entry) { return entry.second.empty(); });
        description.nodes.push_back(read_node(std::move(values), place_in(file, node_elements, v)));
    }
    const auto [first, last] = boost::edges(graph);
    for (auto e = first; e != last; ++e) {
        const std::string where = place_in(file, edge_elements, description.edges.size());
        GraphEdge edge = read_edge(graph[*e].values, where);
        edge.a = static_cast<std::uint32_t>(boost::source(*e, graph));
        edge.b = static_cast<std::uint32_t>(boost::target(*e, graph));
        description.edges.push_back(std::move(edge));
    }
    try {
        check(description);
    } catch (const InputError& error) {
        const std::string message = error.what();
        throw InputError(message.starts_with(file) ? message : file + ": " + message);
    }
    return description;
}

/// The readers recurse once per level: refuse what would exhaust the stack.
void refuse_deep_xml(const std::string& text, const std::string& name) {
    int depth = 0;
    std::size_t line = 1;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        if (text[i] == '\n') {
            ++line;
        } else if ((text[i] == '<' && text[i + 1] == '/') ||
                   (text[i] == '/' && text[i + 1] == '>')) {
            --depth;
        } else if (text[i] == '<' && text[i + 1] != '!' && text[i + 1] != '?') {
            ++depth;
        }
        if (depth > kDepthMax) {
            throw InputError(name + ":" + std::to_string(line) +
                             ": elements are nested more than " + std::to_string(kDepthMax) +
                             " deep");
        }
    }
}

void refuse_deep_dot(const std::string& text, const std::string& name) {
    int depth = 0;
    bool in_string = false;
    std::size_t line = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') {
            ++line;
        } else if (in_string && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && (text[i] == '{' || text[i] == '<')) {
            ++depth;
        } else if (!in_string && (text[i] == '}' || text[i] == '>')) {
            --depth;
        }
        if (depth > kDepthMax) {
            throw InputError(name + ":" + std::to_string(line) +
                             ": subgraphs are nested more than " + std::to_string(kDepthMax) +
                             " deep");
        }
    }
}

std::string slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw InputError(path + ": cannot be opened");
    }
    std::string text;
    std::array<char, 65536> block{};
    while (file.read(block.data(), block.size()) || file.gcount() > 0) {
        text.append(block.data(), static_cast<std::size_t>(file.gcount()));
        if (text.size() > kFileMax) {
            throw InputError(path + ": larger than 64 MB");
        }
    }
    if (file.bad() || text.empty()) {
        throw InputError(path + (file.bad() ? ": cannot be read" : ": the file is empty"));
    }
    return text;
}

constexpr const char* kDirected =
    ": the graph is directed; a link has both directions, so the graph must be undirected";

/// One line of it: readers' messages may span several.
std::string one_line(std::string text) {
    for (char& c : text) {
        c = c == '\n' || c == '\r' ? ' ' : c;
    }
    while (text.ends_with(' ')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

GraphDescription parse_graphml(const std::string& text, const std::string& name) {
    refuse_deep_xml(text, name);
    if (text.find("edgedefault=\"directed\"") != std::string::npos ||
        text.find("edgedefault='directed'") != std::string::npos) {
        throw InputError(name + kDirected);
    }
    Graph graph;
    boost::dynamic_properties properties = attributes_of(graph);
    std::istringstream in(text);
    try {
        boost::read_graphml(in, graph, properties);
    } catch (const boost::property_tree::file_parser_error& error) {
        throw InputError(name + ":" + std::to_string(error.line()) +
                         ": not well-formed XML: " + one_line(error.message()));
    } catch (const std::exception& error) {
        throw InputError(name + ": not valid GraphML: " + one_line(error.what()));
    }
    const std::vector<Element> nodes = elements(text, "node");
    const std::vector<Element> edges = elements(text, "edge");
    if (boost::num_vertices(graph) != nodes.size()) {
        refuse_wrong_ids(nodes, edges, name);
        throw InputError(name + ": the ids of nodes and the ends of edges do not match");
    }
    return describe(graph, name, nodes, edges);
}

GraphDescription parse_dot(const std::string& text, const std::string& name) {
    refuse_deep_dot(text, name);
    Graph graph;
    boost::dynamic_properties properties = attributes_of(graph);
    try {
        boost::read_graphviz(text, graph, properties, "node_id");
    } catch (const boost::directed_graph_error&) {
        throw InputError(name + kDirected);
    } catch (const std::exception& error) {
        throw InputError(name + ": not valid DOT: " + one_line(error.what()));
    }
    return describe(graph, name, {}, {});
}

GraphDescription read_graph(const std::string& path) {
    const std::string_view view = path;
    if (view.ends_with(".graphml") || view.ends_with(".xml")) {
        return parse_graphml(slurp(path), path);
    }
    if (view.ends_with(".dot") || view.ends_with(".gv")) {
        return parse_dot(slurp(path), path);
    }
    throw InputError(path + ": unknown kind of graph file, its name must end in .graphml or .dot");
}

namespace {

/// The same attributes back in Boost.Graph's terms.
Graph to_graph(const GraphDescription& description, bool dot) {
    Graph graph(description.nodes.size());
    for (Vertex v = 0; v < description.nodes.size(); ++v) {
        const GraphNode& node = description.nodes[v];
        auto& values = graph[v].values;
        values[dot ? "node_id" : "name"] = node.name;
        values["kind"] = node.host ? "host" : "router";
        if (!node.label.empty()) {
            values["label"] = node.label;
        }
        if (node.place) {
            values["Latitude"] = format_number(node.place->latitude);
            values["Longitude"] = format_number(node.place->longitude);
        }
    }
    for (const GraphEdge& edge : description.edges) {
        boost::add_edge(edge.a, edge.b, Attributes{edge.options}, graph);
    }
    return graph;
}

boost::dynamic_properties used_attributes(Graph& graph, bool dot) {
    boost::dynamic_properties properties;
    for (const char* const name : {"name", "node_id", "kind", "label", "Latitude", "Longitude"}) {
        const auto [first, last] = boost::vertices(graph);
        if (std::string_view(name) == (dot ? "node_id" : "name") ||
            std::any_of(first, last, [&](Vertex v) { return graph[v].values.contains(name); })) {
            properties.insert(name, boost::make_shared<AttributeMap<Vertex>>(graph, name));
        }
    }
    for (const std::string_view word : link_words()) {
        const std::string name(word);
        const auto [first, last] = boost::edges(graph);
        if (std::any_of(first, last, [&](Edge e) { return graph[e].values.contains(name); })) {
            properties.insert(name, boost::make_shared<AttributeMap<Edge>>(graph, name));
        }
    }
    return properties;
}

}  // namespace

void write_graphml(std::ostream& out, const GraphDescription& description) {
    Graph graph = to_graph(description, false);
    const boost::dynamic_properties properties = used_attributes(graph, false);
    boost::write_graphml(out, graph, boost::get(boost::vertex_index, graph), properties, true);
}

void write_dot(std::ostream& out, const GraphDescription& description) {
    Graph graph = to_graph(description, true);
    const boost::dynamic_properties properties = used_attributes(graph, true);
    boost::write_graphviz_dp(out, graph, properties, "node_id");
}

}  // namespace netsim::net
