// The three drawers of a ladder's rows.
#pragma once

#include <string>

#include "observe/ladder_rows.hpp"

namespace netsim::observe {

/// As options.format says.
std::string draw_ladder(const LadderPicture& picture, const LadderOptions& options);

std::string ladder_text(const LadderPicture& picture, const LadderOptions& options);
/// A sequenceDiagram of mermaid 10 and 11.
std::string ladder_mermaid(const LadderPicture& picture);
/// One SVG document: no script, no fonts or styles from elsewhere.
std::string ladder_svg(const LadderPicture& picture);

}  // namespace netsim::observe
