// Topologies by name and numbers.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "net/graph.hpp"

namespace netsim::net {

/// dumbbell(hosts), star(hosts), tree(spines, leaves, hosts per leaf), fat_tree(k), line(n, hosts),
/// ring(n, hosts), grid(w, h, hosts), random(n, degree, seed, hosts), internet(n, links, seed,
/// hosts): `hosts` of the last five hang on each router. Throws InputError on an unknown kind or
/// parameter or a value out of range.
GraphDescription generate(std::string_view name, const std::map<std::string, double>& parameters);

std::span<const std::string_view> generator_kinds();

}  // namespace netsim::net
