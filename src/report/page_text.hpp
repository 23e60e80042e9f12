// page.html as the program holds it; embed.cmake makes the source.
#pragma once

#include <string_view>

namespace netsim::report {

std::string_view page_text();

}  // namespace netsim::report
