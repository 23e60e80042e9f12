// bench/baseline.json: instructions per unit of work, and why they are what they are.
#pragma once

#include <string>
#include <vector>

#include "rows.hpp"

namespace netsim::bench {

/// Counts each row again and compares; the exit code: 1 if one has grown by more than 3 %, or is
/// not in the file, or the file has one that is no more. Counts by another compiler or with other
/// flags cannot be compared: that is said, and the exit code is 0.
int check_baseline(const std::vector<Row>& rows);

/// Counts each row and writes the file. Rows that are not among `rows` keep their counts.
int update_baseline(const std::vector<Row>& rows, const std::string& reason);

}  // namespace netsim::bench
