// netsim packetdrill: runs .pkt scripts, one line each, and what went wrong.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "cli/commands.hpp"
#include "cli/file_list.hpp"
#include "cli/json_output.hpp"
#include "cli/terminal.hpp"
#include "netsim/result.hpp"
#include "packetdrill/run.hpp"
#include "tcp/profile.hpp"

namespace netsim::cli {
namespace {

namespace fs = std::filesystem;
using lua::Json;

constexpr std::uintmax_t kScriptMax = 1U << 20U;  // bytes; the largest known has 60 KB

std::string read_pkt(const std::string& path) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    std::ifstream in(path, std::ios::binary);
    if (error || !in) {
        throw InputError("packetdrill: cannot read " + path);
    }
    if (size > kScriptMax) {
        throw InputError("packetdrill: " + path + " is larger than 1 MiB");
    }
    std::string text(static_cast<std::size_t>(size), '\0');
    in.read(text.data(), static_cast<std::streamsize>(size));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

packetdrill::RunOptions run_options(const std::vector<std::string>& defines) {
    packetdrill::RunOptions run;
    for (const std::string& define : defines) {
        const std::size_t equals = define.find('=');
        if (equals == std::string::npos || equals == 0) {
            throw InputError("--define " + define + ": expected NAME=VALUE");
        }
        run.defines[define.substr(0, equals)] = define.substr(equals + 1);
    }
    return run;
}

Json verdict_json(const packetdrill::Verdict& verdict) {
    Json json;
    json["file"] = verdict.name;
    json["passed"] = verdict.passed;
    if (!verdict.passed) {
        json["line"] = verdict.place.line;
        json["column"] = verdict.place.column;
        json["message"] = verdict.message;
        json["source"] = verdict.line;
        json["exchange"] = verdict.exchange;
    }
    return json;
}

}  // namespace

int packetdrill_command(const Options& options) {
    packetdrill::RunOptions run = run_options(options.defines);
    static_cast<void>(tcp::profile_settings(options.profile));  // an unknown name: say so at once
    run.profile = options.profile;
    const std::vector<std::string> scripts = expand_folders(options.files, ".pkt", "packetdrill");
    std::optional<JsonOutput> output;
    if (options.json) {
        output.emplace(*options.json);
    }
    const bool text = !options.json || !options.json->empty();
    std::size_t passed = 0;
    Json list = Json::array();
    for (const std::string& path : scripts) {
        const packetdrill::Verdict verdict = run_script(path, read_pkt(path), run);
        passed += verdict.passed ? 1 : 0;
        list.push_back(verdict_json(verdict));
        if (text) {
            std::cout << (verdict.passed ? "ok    " : "FAIL  ") << path << '\n'
                      << verdict.printed << (verdict.passed ? "" : failure_text(verdict));
            if (options.verbose && verdict.passed) {
                std::cout << verdict.exchange;
            }
        }
    }
    const std::size_t failed = scripts.size() - passed;
    if (output) {
        Json report;
        report["scripts"] = std::move(list);
        report["passed"] = passed;
        report["failed"] = failed;
        output->write(report);
    }
    if (text) {
        std::cout << fmt::format("{} passed, {} failed\n", passed, failed);
    }
    return finish_stdout(failed == 0 ? kExitDone : kExitCheckFailed);
}

}  // namespace netsim::cli
