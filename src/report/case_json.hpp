// One case as JSON, within a budget.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "report/document.hpp"

namespace netsim::report {

/// How many octets of JSON parts of one case may take.
struct Budget {
    std::size_t series = 0;
    std::size_t connections = 0;
};

/// What the cases mention and what they leave out.
struct Mentions {
    std::set<std::string> counters;
    std::set<std::string> drops;
    std::vector<std::string> thinned;
};

std::string case_json(const CaseFacts& facts, const Budget& budget, Mentions& mentions);

}  // namespace netsim::report
