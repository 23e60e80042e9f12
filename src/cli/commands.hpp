// What each command does; the result is the exit code. InputError: bad input.
#pragma once

#include "cli/options.hpp"

namespace netsim::cli {

int run_command(const Options& options);
int lab_command(const Options& options);
int calibrate_command(const Options& options);
int replay_command(const Options& options);
int sysctl_command(const Options& options);
int topo_command(const Options& options);
int packetdrill_command(const Options& options);
int ladder_command(const Options& options);
int plot_command(const Options& options);
int view_command(const Options& options);
int bench_command(const Options& options);
int exec_command(const Options& options);
int explain_command(const Options& options);
int shell_command(const Options& options);

}  // namespace netsim::cli
