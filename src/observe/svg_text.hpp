// Text for an SVG document: whatever it says, it stays text and the document well-formed.
#pragma once

#include <string>
#include <string_view>

namespace netsim::observe {

/// & < > " ' as entities; control characters and what is no UTF-8 as "?".
std::string svg_text(std::string_view text);

}  // namespace netsim::observe
