// Runs a piece of Lua as `netsim run` would and keeps what came out.
#pragma once

#include <sstream>
#include <string>

#include "lua/run.hpp"

namespace netsim::lua {

struct Ran {
    RunReport report;
    std::string out;
    std::string err;

    Ending ending() const { return report.failure.ending; }

    const std::string& message() const { return report.failure.message; }
};

inline Ran run_lua(const std::string& text, RunOptions options = {}) {
    std::ostringstream out;
    std::ostringstream err;
    if (options.script.empty()) {
        options.script = "test.lua";
    }
    options.text = text;
    if (options.library_dir.empty()) {
        options.library_dir = std::string(NETSIM_SOURCE_DIR) + "/lua";
    }
    options.topology_dir = std::string(NETSIM_SOURCE_DIR) + "/topologies";
    options.out = &out;
    options.err = &err;
    Ran ran;
    ran.report = run_script(options);
    ran.out = out.str();
    ran.err = err.str();
    return ran;
}

/// Two hosts on a link of 10 ms, then `body` with net, a and b.
inline std::string two_hosts(const std::string& body) {
    return "local net = netsim.network{} local a, b = net:host('a'), net:host('b') "
           "local link = net:link(a, b, {delay = '10ms'})\n" +
           body;
}

}  // namespace netsim::lua
