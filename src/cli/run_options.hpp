// The options that run, lab, plot and view share: their help in CLI11's terms, and what they mean.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {

/// As typed.
struct RunTexts {
    std::string until;
    std::string memory;
    std::string lua_memory;
    std::string trace;
    std::string ladder;
    std::string ladder_format;
    std::string ladder_show;
    std::string ladder_max;
    std::string json;
    std::string states;
    std::string pcap;
    std::string pcap_per;
    std::string seed;
    std::string instructions;
    std::string cpu;
    std::string events;
    std::string port;
    std::string speed;
    std::vector<std::string> without;
    std::vector<std::string> sysctl_confs;
    bool no_progress = false;
    bool help = false;
};

/// Those that may be given without a value.
struct RunFlags {
    CLI::Option* seed = nullptr;
    CLI::Option* json = nullptr;
    CLI::Option* states = nullptr;
    CLI::Option* pcap = nullptr;
    CLI::Option* trace = nullptr;
    CLI::Option* ladder = nullptr;
};

/// InputError begins with the flag's name.
template <typename F>
auto parse_flag(const std::string& flag, const std::string& text, F parse) {
    try {
        return parse(text);
    } catch (const InputError& error) {
        throw InputError(flag + ": " + error.what());
    }
}

/// CLI11 would take "-1" for 2^64-1. InputError.
std::uint64_t parse_count(const std::string& flag, const std::string& text);

void add_run_options(CLI::App* run, Options& options, RunTexts& texts, RunFlags& flags);
/// What was typed into what it means. InputError.
void finish_run(Options& options, const RunTexts& texts, const RunFlags& flags);

}  // namespace netsim::cli
