// The table and the JSON object.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rows.hpp"

namespace netsim::bench {

/// A row's medians. Empty: not measured.
struct Figure {
    const Row* row = nullptr;
    std::optional<double> netsim{};
    std::optional<double> peer{};          // at its best setting
    std::optional<double> peer_default{};  // as it comes
    std::optional<double> instructions{};  // per unit of work
    double packets = 0;                    // per unit of work; 0: not counted
    double peer_packets = 0;
};

struct Report {
    std::vector<Figure> figures{};
    std::string peer{};  // "ns-3.37 (Debian's build)"; empty: without peers
    bool instructions = false;
    std::uint64_t repeats = 0;
};

/// A row's figure from what one run of it did.
double figure_of(Unit unit, const Work& work);

/// How many times as good netsim is: faster, or smaller.
double ratio(Unit unit, double netsim, double peer);

std::string table(const Report& report);
nlohmann::ordered_json to_json(const Report& report);

/// What compiled this program, and how: counts depend on it.
std::string compiler();

}  // namespace netsim::bench
