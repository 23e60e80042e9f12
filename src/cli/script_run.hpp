// Running a script from the command line: what run and lab have in common.
#pragma once

#include "cli/options.hpp"
#include "cli/shipped.hpp"
#include "lua/run.hpp"

namespace netsim::cli {

/// What the command line says, with the shipped folders and the machine's memory. Output goes
/// nowhere yet.
lua::RunOptions make_run(const Options& options, const Script& script);

struct Timed {
    lua::RunReport report;
    double wall_seconds = 0;
};

/// Runs it; Ctrl-C stops it, and a progress bar shows on a terminal.
Timed run_at_terminal(lua::RunOptions& run, bool progress);

/// The exit code; why it failed is told on standard error.
int exit_code_of(const lua::RunReport& report);

}  // namespace netsim::cli
