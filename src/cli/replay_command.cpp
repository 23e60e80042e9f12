// netsim replay: recordings of a real kernel against the model, one line each, and where they
// differ.
#include <fmt/format.h>

#include <iostream>
#include <vector>

#include "cli/commands.hpp"
#include "cli/file_list.hpp"
#include "cli/json_output.hpp"
#include "cli/terminal.hpp"
#include "netsim/result.hpp"
#include "replay/replay.hpp"

namespace netsim::cli {
namespace {

using lua::Json;

/// In a folder, .json files that are no recordings (a table of sysctls) are passed over; a file
/// that was named is meant.
std::vector<std::string> recordings_of(const std::vector<std::string>& paths) {
    std::vector<std::string> all;
    for (const std::string& path : paths) {
        const std::size_t before = all.size();
        for (const std::string& file : expand_folders({path}, ".json", "replay")) {
            if (file == path || replay::is_recording(file)) {
                all.push_back(file);
            }
        }
        if (all.size() == before) {
            throw InputError("replay: no recording in " + path);
        }
    }
    return all;
}

Json report_json(const std::string& path, const replay::Report& report) {
    Json json;
    json["file"] = path;
    json["name"] = report.name;
    json["passed"] = report.passed();
    json["packets"] = report.packets;
    json["calls"] = report.calls;
    json["samples"] = report.samples;
    json["events"] = report.events;
    json["counters"] = report.counters;
    Json list = Json::array();
    for (const replay::Mismatch& mismatch : report.mismatches) {
        list.push_back({{"kind", mismatch.kind}, {"text", mismatch.text}});
    }
    json["mismatches"] = std::move(list);
    return json;
}

void print_report(const replay::Report& report, bool verbose) {
    std::cout << fmt::format("{}  {}: {} packets, {} calls, {} samples, {} events, {} counters",
                             report.passed() ? "ok  " : "FAIL", report.name, report.packets,
                             report.calls, report.samples, report.events, report.counters);
    if (!report.passed()) {
        std::cout << fmt::format(", {} differ", report.mismatches.size());
    }
    std::cout << '\n';
    constexpr std::size_t kShown = 5;
    std::size_t shown = 0;
    for (const replay::Mismatch& mismatch : report.mismatches) {
        if (!verbose && shown == kShown) {
            std::cout << fmt::format("  ... and {} more (--verbose shows all)\n",
                                     report.mismatches.size() - shown);
            break;
        }
        std::cout << "  " << mismatch.kind << ' ' << mismatch.text << '\n';
        ++shown;
    }
}

}  // namespace

int replay_command(const Options& options) {
    const std::vector<std::string> files = recordings_of(options.files);
    std::optional<JsonOutput> output;
    if (options.json) {
        output.emplace(*options.json);
    }
    const bool text = !options.json || !options.json->empty();
    std::size_t passed = 0;
    bool bad_input = false;
    Json list = Json::array();
    for (const std::string& path : files) {
        try {
            const replay::Report report = replay::replay(replay::read_recording(path));
            passed += report.passed() ? 1U : 0U;
            list.push_back(report_json(path, report));
            if (text) {
                print_report(report, options.verbose);
            }
        } catch (const InputError& error) {  // the others have their turn
            bad_input = true;
            list.push_back({{"file", path}, {"passed", false}, {"error", error.what()}});
            if (text) {
                std::cout << std::flush;
            }
            std::cerr << "netsim: " << error.what() << '\n';
        }
    }
    const std::size_t failed = files.size() - passed;
    if (output) {
        Json all;
        all["recordings"] = std::move(list);
        all["passed"] = passed;
        all["failed"] = failed;
        output->write(all);
    }
    if (text) {
        std::cout << fmt::format("{} passed, {} failed\n", passed, failed);
    }
    const int outcome = failed == 0 ? kExitDone : kExitCheckFailed;
    return finish_stdout(bad_input ? kExitUsage : outcome);
}

}  // namespace netsim::cli
