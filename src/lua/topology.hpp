// Topologies by name, as scripts and the command line give them.
#pragma once

#include <string>

#include "netsim/network.hpp"

namespace netsim::lua {

/// A generator, a GraphML or DOT file, or the name, with or without its ending, of one in the
/// folder `shipped`. InputError naming the nearest.
TopologyResult add_topology(Network& net, const std::string& name, const std::string& shipped,
                            const TopologyOptions& options);

}  // namespace netsim::lua
