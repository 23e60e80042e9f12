// Building and writing the JSON report.
#include "cli/json_output.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <iostream>

namespace netsim::cli {
namespace {

using lua::Json;

std::uint64_t peak_rss_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

double per(double count, double seconds) {
    return seconds > 0 ? count / seconds : 0.0;
}

Json case_json(const lua::CaseReport& one) {
    Json json;
    json["name"] = one.name;
    json["seed"] = one.seed;
    json["simulated_seconds"] = one.simulated_seconds;
    json["ended"] = one.ended;
    json["events"] = one.events;
    json["handshakes"] = one.handshakes;
    json["digest"] = digest_text(one.digest);
    json["results"] = one.results;
    json["hosts"] = one.hosts;
    return json;
}

}  // namespace

JsonOutput::JsonOutput(const std::string& path) {
    if (!path.empty()) {
        file_.emplace("--json", path);
    }
}

void JsonOutput::write(const Json& report) {
    // Bytes of a script's strings that are no UTF-8 are replaced: the output is always valid JSON.
    const std::string text = report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (file_) {
        file_->write(text);
    } else {
        std::cout << text;  // the caller flushes and looks
    }
}

std::string digest_text(std::uint64_t digest) {
    return fmt::format("{:016x}", digest);
}

Json make_report(const lua::RunOptions& options, const lua::RunReport& report,
                 double wall_seconds) {
    const auto events = static_cast<double>(report.events());
    const auto handshakes = static_cast<double>(report.handshakes());
    const double simulated = report.simulated_seconds();
    Json json;
    json["script"] = options.script;
    json["seed"] = !report.cases.empty() ? report.cases.front().seed : options.seed.value_or(1);
    json["simulated_seconds"] = simulated;
    json["wall_seconds"] = wall_seconds;
    json["events"] = report.events();
    json["events_per_second"] = per(events, wall_seconds);
    json["handshakes"] = report.handshakes();
    json["handshakes_per_simulated_second"] = per(handshakes, simulated);
    json["handshakes_per_wall_second"] = per(handshakes, wall_seconds);
    json["peak_rss_bytes"] = peak_rss_bytes();
    json["digest"] = digest_text(report.digest());
    json["interrupted"] = report.interrupted();
    json["expectations"] = Json::array();
    for (const lua::Expectation& one : report.expectations) {
        std::string place = one.place;  // "file:line: "
        place.erase(place.find_last_not_of(": ") + 1);
        json["expectations"].push_back(
            Json{{"place", place}, {"message", one.message}, {"ok", one.ok}});
    }
    json["cases"] = Json::array();
    for (const lua::CaseReport& one : report.cases) {
        json["cases"].push_back(case_json(one));
    }
    return json;
}

}  // namespace netsim::cli
