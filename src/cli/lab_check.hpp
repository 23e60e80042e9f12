// Judging labs: a student's script by a lab's checks, a teacher's lab by what a lab must be.
#pragma once

#include <string>
#include <vector>

#include "cli/lab_file.hpp"
#include "cli/options.hpp"

namespace netsim::cli {

/// The expectations of `lab`'s own netsim.checks(), on what a run of `answer` with the command
/// line's flags reports. InputError if the answer does not load or run, or reports nothing.
std::vector<lua::Expectation> grade(const Lab& lab, const Lab& answer, const Options& options);

/// What keeps it from being a lab: nothing, or a line for each fault. Runs it plainly (twice: the
/// same output), with each Try, and with each "Broken by", under which its own checks must fail.
std::vector<std::string> test_lab(const Lab& lab);

}  // namespace netsim::cli
