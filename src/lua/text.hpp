// Numbers for people.
#pragma once

#include <string>

namespace netsim::lua {

/// Four significant digits, no exponent where it can be helped: "0.9987", "12.3", "48210".
std::string short_number(double value);

}  // namespace netsim::lua
