// The command line as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lua/run.hpp"

namespace netsim::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitCheckFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

enum class Command : std::uint8_t {
    kDone,  // --help, --version: answered already
    kRun,
    kCalibrate,
    kSysctl,
    kTopo,
    kReplay,
    kPacketdrill,
    kBench,
};

struct Options {
    Command command = Command::kDone;
    int exit_code = kExitDone;  // of kDone

    // run
    std::string script;
    lua::RunOptions run;
    std::optional<std::string> json;  // empty: standard output
    bool progress = true;

    // calibrate
    std::string from;  // what netsim-kernel-bench wrote; empty: run it

    // sysctl, topo
    std::string word;
    std::string profile = "linux-6.18";   // sysctl, packetdrill
    std::vector<std::string> parameters;  // topo: --NAME VALUE

    // packetdrill, replay
    std::vector<std::string> files;
    std::vector<std::string> defines;
    bool verbose = false;

    std::vector<std::string> arguments;  // bench: for the program that measures
};

/// InputError on bad usage. Prints --help and --version itself.
Options parse_options(int argc, char** argv);

}  // namespace netsim::cli
