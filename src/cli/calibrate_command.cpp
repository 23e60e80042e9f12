// netsim calibrate: the costs of this machine's kernel, as a script or --cpu takes them.
#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "base/units.hpp"
#include "cli/calibration.hpp"
#include "cli/commands.hpp"
#include "cli/json_output.hpp"
#include "cli/terminal.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kProgram = "netsim-kernel-bench";

/// Beside this program, as it is built.
fs::path program_path() {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    return error ? fs::path() : self.parent_path() / kProgram;
}

Json run_program() {
    const fs::path program = program_path();
    if (!fs::exists(program)) {
        throw InputError(
            fmt::format("calibrate: {} is not beside netsim: build it (cmake --build), "
                        "or give what it wrote elsewhere with --from FILE",
                        kProgram));
    }
    // The shell is only asked to start one program whose path is quoted.
    std::string quoted = "'";
    for (const char c : program.string()) {
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    quoted += "'";
    std::string text;
    FILE* const pipe = popen(quoted.c_str(), "r");
    if (pipe == nullptr) {
        throw InputError(fmt::format("calibrate: {} cannot be started", kProgram));
    }
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        text.append(buffer.data(), got);
    }
    const int status = pclose(pipe);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw InputError(fmt::format("calibrate: {} failed; it says why above", kProgram));
    }
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded()) {
        throw InputError(fmt::format("calibrate: {} wrote no JSON", kProgram));
    }
    return json;
}

/// Loopback alone does not tell one event's cost from another's: nothing is made up.
void refuse_partial(const Json& measured, const std::string& source) {
    if (!measured.is_object()) {
        return;
    }
    const auto missing = measured.find("missing");
    if (missing == measured.end()) {
        return;
    }
    std::string whole;
    const auto times = measured.find("measured_ns");
    if (times != measured.end() && times->is_object() && times->contains("loopback") &&
        times->at("loopback").is_number()) {
        whole = fmt::format(
            " (a connect, accept and close took {:.0f} ns of CPU over loopback; "
            "that cannot be split)",
            times->at("loopback").get<double>());
    }
    throw InputError(fmt::format(
        "{}: the costs of single events were not measured: {}{}; run it as root, or allow user "
        "namespaces (sysctl user.max_user_namespaces) and /dev/net/tun, or measure elsewhere "
        "({} > FILE) and give --from FILE",
        source, missing->is_string() ? missing->get<std::string>() : missing->dump(), whole,
        kProgram));
}

void print_table(const Calibration& c) {
    const auto rate = [](double each_ns) { return each_ns > 0 ? 1e9 / each_ns : 0.0; };
    std::cout << fmt::format("-- Linux {} on {}, measured by netsim calibrate.\n", c.kernel,
                             c.processor);
    std::cout << fmt::format(
        "-- One core by these costs: {:.0f} connections/s served (no data), "
        "{:.0f} SYN/s answered, {:.0f} with cookies.\n",
        rate(c.handshake_ns), rate(c.syn_ns), rate(c.cookie_ns));
    std::cout << fmt::format(
        "-- connect, accept and close over loopback: {:.0f}/s measured (warm "
        "caches), {:.0f}/s by these costs.\n",
        rate(c.loopback_ns), rate(c.exchange_ns));
    std::cout << "cpu = {\n  cores = 1,\n";
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        const std::string value =
            fmt::format("{} = \"{}ns\",", entry.name, (c.costs.*entry.member).count());
        std::cout << fmt::format("  {:<24}-- {}\n", value, entry.meaning);
    }
    std::cout << "}\n";
}

}  // namespace

int calibrate_command(const Options& options) {
    std::optional<JsonOutput> output;
    if (options.json) {
        output.emplace(*options.json);
    }
    const bool given = !options.from.empty();
    const Json measured = given ? read_json(options.from) : run_program();
    const std::string source = given ? options.from : "calibrate";
    refuse_partial(measured, source);
    const Calibration calibration = calibrate(measured, source);
    if (output) {
        output->write(to_json(calibration));
    }
    if (!options.json || !options.json->empty()) {
        print_table(calibration);
    }
    return finish_stdout(kExitDone);
}

}  // namespace netsim::cli
