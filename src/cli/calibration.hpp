// From what netsim-kernel-bench measured to the costs of a host's CPU (docs/cpu.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "netsim/cpu.hpp"

namespace netsim::cli {

struct Calibration {
    std::string kernel;
    std::string processor;
    CpuCosts costs;
    double loopback_ns = 0;   // CPU time of one connect, accept and close on both sides, measured
    double exchange_ns = 0;   // ... and what the costs say of the same exchange
    double handshake_ns = 0;  // a server's part of it, by the costs
    double syn_ns = 0;        // a SYN that is kept and answered, by the costs
    double cookie_ns = 0;     // ... answered by a cookie
};

/// `measured`: the program's output. InputError naming `source` and what is missing or wrong in it.
Calibration calibrate(const nlohmann::ordered_json& measured, const std::string& source);

/// What calibrate() prints with --json, for `netsim run --cpu FILE`.
nlohmann::ordered_json to_json(const Calibration& calibration);

/// The costs in such a file. InputError naming it and what is allowed.
CpuCosts read_costs(const std::string& path);

/// A JSON file, or standard input ("-"). InputError naming it.
nlohmann::ordered_json read_json(const std::string& path);

}  // namespace netsim::cli
