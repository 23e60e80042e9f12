// The command line as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lua/run.hpp"
#include "observe/capture_ladder.hpp"

namespace netsim::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitCheckFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitInterrupted = 130;

enum class Command : std::uint8_t {
    kDone,  // --help, --version: answered already
    kRun,
    kLab,
    kCalibrate,
    kSysctl,
    kTopo,
    kReplay,
    kPacketdrill,
    kLadder,
    kPlot,
    kView,
    kBench,
    kExec,
    kExplain,
    kShell,
};

struct Options {
    Command command = Command::kDone;
    int exit_code = kExitDone;  // of kDone

    // run
    std::string script;
    lua::RunOptions run;
    std::optional<std::string> json;  // empty: standard output
    bool progress = true;
    std::optional<std::string> states;  // the state diagram, to FILE.svg; empty: as text
    std::string report;                 // a page, to this file; empty: none
    std::string report_data;            // its data, to this file
    std::vector<std::string> typed;     // all words behind netsim

    // exec, explain, shell: the script and its run as above
    std::optional<Duration> at;      // none: the end of the run
    std::string case_name;           // empty: the first
    std::string host;                // exec
    std::vector<std::string> words;  // exec: the tool's line; explain: endpoints

    // lab, besides what run has; `script` is LAB or a word such as check
    bool quiz = false;
    bool markdown = false;
    std::optional<std::string> chapter;
    std::optional<std::string> lab;
    std::vector<std::string> given;    // its options on the command line, "--quiz"
    std::vector<std::string> changes;  // the words behind LAB, as typed

    // calibrate
    std::string from;  // what netsim-kernel-bench wrote; empty: run it

    // sysctl, topo
    std::string word;
    std::string profile = "linux-6.18";   // sysctl, packetdrill
    bool conf = false;                    // sysctl: as a sysctl.conf
    std::vector<std::string> parameters;  // topo: --NAME VALUE

    // packetdrill, replay
    std::vector<std::string> files;
    std::vector<std::string> defines;
    bool verbose = false;

    // ladder
    std::string capture;
    observe::CaptureLadderOptions ladder;
    std::string svg;  // a file; empty: standard output, in the format asked for

    // plot: as run; `svg` is the file
    std::string series;

    // view: as run
    std::uint16_t view_port = 0;           // 0: any
    std::optional<double> view_speed = 1;  // simulated seconds per second; none: as fast as it can
    bool view_paused = false;              // it begins so

    std::vector<std::string> arguments;  // bench: for the program that measures
};

/// InputError on bad usage. Prints --help and --version itself.
Options parse_options(int argc, char** argv);

}  // namespace netsim::cli
