// The eleven states and the edges between them, laid out as RFC 9293's figure 5; what a run took of
// them stands out. The edges are those of the transition table.
#pragma once

#include <string>

#include "observe/state_coverage.hpp"

namespace netsim::observe {

/// For a terminal, 80 columns. Edges taken are drawn through, others dotted; a table of the ways to
/// CLOSED that the figure leaves out follows.
std::string state_diagram_text(const StateCoverage& coverage);

/// The same as an image of its own, for light and dark backgrounds.
std::string state_diagram_svg(const StateCoverage& coverage);

}  // namespace netsim::observe
