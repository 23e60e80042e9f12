// The options of ladders: --ladder A[:PORT],B, --ladder-format, --ladder-show.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "cli/options.hpp"

namespace netsim::cli {

/// InputError naming what is allowed. Empty texts: not given.
lua::LadderRequest parse_ladder_request(const std::string& hosts, const std::string& format,
                                        const std::string& show);
std::size_t parse_ladder_rows(const std::string& text);

/// netsim ladder FILE: its options.
struct LadderFlags {
    CLI::App* command = nullptr;
    std::string port;
    std::string stream;
    std::string rows;
    std::string width;
    bool mermaid = false;
};

void add_ladder(CLI::App& app, Options& options, LadderFlags& flags);
void finish_ladder(Options& options, const LadderFlags& flags);

}  // namespace netsim::cli
