// Building and writing the JSON report.
#include "cli/json_output.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

namespace fs = std::filesystem;
using lua::Json;

[[noreturn]] void refuse(const std::string& path) {
    const int error = errno;
    throw InputError("--json " + path + ": " + std::strerror(error != 0 ? error : EIO));
}

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

JsonOutput::JsonOutput(const std::string& path) : path_(path) {
    if (path_.empty()) {
        return;
    }
    if (fs::is_directory(path_)) {
        errno = EISDIR;
        refuse(path_);
    }
    errno = 0;
    if (fs::exists(path_) && !fs::is_regular_file(path_)) {
        if (!std::ofstream(path_, std::ios::app)) {
            refuse(path_);
        }
        return;
    }
    temporary_ = path_ + ".partial-" + std::to_string(getpid());
    if (!std::ofstream(temporary_, std::ios::binary)) {
        temporary_.clear();
        refuse(path_);
    }
    // It can be written: that was the question. A run that is killed leaves nothing behind.
    std::error_code ignored;
    fs::remove(temporary_, ignored);
}

JsonOutput::~JsonOutput() {
    if (!temporary_.empty()) {
        std::error_code ignored;
        fs::remove(temporary_, ignored);
    }
}

void JsonOutput::write(const Json& report) {
    // Bytes of a script's strings that are no UTF-8 are replaced: the output is always valid JSON.
    const std::string text = report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (path_.empty()) {
        std::cout << text;
        return;  // the caller flushes and looks
    }
    errno = 0;
    std::ofstream file(temporary_.empty() ? path_ : temporary_, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
        refuse(path_);
    }
    if (!temporary_.empty()) {
        std::error_code error;
        fs::rename(temporary_, path_, error);
        if (error) {
            throw InputError("--json " + path_ + ": " + error.message());
        }
        temporary_.clear();
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
