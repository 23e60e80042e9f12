// Ports by name, as tools print them without -n: those a script is likely to use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netsim::observe {

/// Empty: it has none.
std::string_view service_name(std::uint16_t port);
std::optional<std::uint16_t> service_port(std::string_view name);
/// "http", or "8081"; numeric: "80".
std::string port_name(std::uint16_t port, bool numeric);

}  // namespace netsim::observe
