// GraphML and DOT files, read and written through Boost.Graph.
//
// Nodes: name (GraphML: data "name", else "label"; DOT: the node's id), kind ("router", the
// default, or "host"), label, Latitude, Longitude. Edges: netem's words (link_words.hpp). Other
// attributes are left aside, except where they look like a misspelt word of ours.
#pragma once

#include <iosfwd>
#include <string>

#include "net/graph.hpp"

namespace netsim::net {

/// By its ending: .graphml, .xml, .dot or .gv. Throws InputError with the file and, where it is
/// known, the line.
GraphDescription read_graph(const std::string& path);

/// The same from text; `name` is the file's in messages. DOT's nodes come in order of their names.
GraphDescription parse_graphml(const std::string& text, const std::string& name);
GraphDescription parse_dot(const std::string& text, const std::string& name);

void write_graphml(std::ostream& out, const GraphDescription& description);
void write_dot(std::ostream& out, const GraphDescription& description);

}  // namespace netsim::net
