// Counting, comparing, writing.
#include "baseline.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "child.hpp"
#include "netsim/result.hpp"
#include "report.hpp"

namespace netsim::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kAllowed = 0.03;
constexpr const char* kPath = NETSIM_SOURCE_DIR "/bench/baseline.json";
constexpr const char* kCounts = "instructions_per_unit";

Json read_baseline() {
    std::ifstream file(kPath);
    if (!file) {
        return Json::object();
    }
    Json json = Json::parse(file, nullptr, false);
    if (!json.is_object() || !json.contains(kCounts)) {
        throw InputError(std::string(kPath) + ": is no baseline");
    }
    return json;
}

void need_valgrind() {
    if (!can_count_instructions()) {
        throw InputError("bench: valgrind is not installed: instructions cannot be counted");
    }
}

/// One line per row; true: as it should be.
bool compare(const Row& row, double counted, const Json& counts) {
    if (!counts.contains(row.name)) {
        fmt::print("{:<36}{:>12.1f}   not in the baseline\n", row.name, counted);
        return false;
    }
    const double before = counts[row.name];
    const double change = counted / before - 1;
    const char* verdict = change > kAllowed ? "GREW" : change < -kAllowed ? "shrank" : "";
    fmt::print("{:<36}{:>12.1f}{:>12.1f}{:>+8.1f} % {}\n", row.name, before, counted, 100 * change,
               verdict);
    std::cout.flush();
    return change <= kAllowed;
}

}  // namespace

int check_baseline(const std::vector<Row>& rows) {
    need_valgrind();
    const Json baseline = read_baseline();
    if (baseline.empty()) {
        throw InputError(std::string(kPath) + ": cannot be read");
    }
    if (baseline.at("compiler") != compiler()) {
        fmt::print("the baseline was counted with {}, this is {}: not compared\n",
                   baseline.at("compiler").get<std::string>(), compiler());
        return 0;
    }
    const Json& counts = baseline.at(kCounts);
    bool good = true;
    for (const Row& row : rows) {
        if (row.guarded) {
            good = compare(row, count_instructions(row), counts) && good;
        }
    }
    for (const auto& [name, count] : counts.items()) {
        bool known = false;
        for (const Row& row : all_rows()) {
            known = known || (row.name == name && row.guarded);
        }
        if (!known) {
            fmt::print("{:<36} is in the baseline and no longer guarded\n", name);
            good = false;
        }
    }
    if (!good) {
        fmt::print(
            "More than {:.0f} % more instructions per unit of work than bench/baseline.json "
            "says. If that is\nworth it: ./netsim bench --update-baseline \"why\", in the "
            "same commit.\n",
            100 * kAllowed);
    }
    return good ? 0 : 1;
}

int update_baseline(const std::vector<Row>& rows, const std::string& reason) {
    need_valgrind();
    const Json before = read_baseline();
    Json counts = Json::object();
    for (const Row& row : all_rows()) {
        bool chosen = false;
        for (const Row& one : rows) {
            chosen = chosen || one.name == row.name;
        }
        if (row.guarded && chosen) {
            counts[row.name] = std::round(10 * count_instructions(row)) / 10;
        } else if (row.guarded && !before.empty() && before.at(kCounts).contains(row.name)) {
            counts[row.name] = before.at(kCounts).at(row.name);
        }
    }
    const Json baseline{{"compiler", compiler()}, {"reason", reason}, {kCounts, counts}};
    std::ofstream file(kPath);
    file << baseline.dump(2) << '\n';
    file.close();
    if (!file) {
        throw InputError(std::string(kPath) + ": cannot be written");
    }
    fmt::print("{} counts written to {}\n", counts.size(), kPath);
    return 0;
}

}  // namespace netsim::bench
