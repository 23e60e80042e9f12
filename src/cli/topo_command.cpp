// netsim topo: what a topology file or generator makes.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "base/units.hpp"
#include "cli/commands.hpp"
#include "cli/shipped.hpp"
#include "cli/terminal.hpp"
#include "lua/topology.hpp"
#include "netsim/network.hpp"

namespace netsim::cli {
namespace {

// "--k 4" or "--k=4"
TopologyOptions to_topology_options(const std::vector<std::string>& words) {
    TopologyOptions options;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (!word.starts_with("--")) {
            throw InputError("topo: unexpected argument \"" + word + "\"");
        }
        const std::size_t equals = word.find('=');
        const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
        if (equals == std::string::npos && i + 1 == words.size()) {
            throw InputError("topo: --" + name + ": a value is missing");
        }
        const std::string text = equals == std::string::npos ? words[++i] : word.substr(equals + 1);
        options.parameters[name] = parse_number(text);
    }
    return options;
}

}  // namespace

int topo_command(const Options& options) {
    Network net;
    lua::add_topology(net, options.word, shipped_folder("topologies"),
                      to_topology_options(options.parameters));
    const std::vector<LinkRef> links = net.links();
    net.run_until(Time{});  // refuses what is disconnected or contradictory
    std::cout << fmt::format("{}: {}, {}, {}\n", options.word, counted(net.hosts().size(), "host"),
                             counted(net.routers().size(), "router"),
                             counted(links.size(), "link"));
    std::size_t width = 4;
    for (const LinkRef& link : links) {
        width = std::max(width, link.name().size());
    }
    std::cout << fmt::format("{:<{}}  {:>10}  {:>12}\n", "link", width, "rate", "delay");
    for (const LinkRef& link : links) {
        const LinkOptions& one = link.options(0);
        std::cout << fmt::format("{:<{}}  {:>10}  {:>12}\n", link.name(), width,
                                 one.rate_bps ? format_rate(*one.rate_bps) : "-",
                                 format_duration(one.delay));
    }
    return finish_stdout(kExitDone);
}

}  // namespace netsim::cli
