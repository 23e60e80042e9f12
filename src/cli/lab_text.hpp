// What a person reads of labs: the list, one lab's prose, what must hold, what to try.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cli/lab_file.hpp"
#include "lua/run.hpp"

namespace netsim::cli {

/// By chapter; `chapter`: that one alone. InputError naming the chapters.
std::string list_labs(const std::vector<Lab>& labs, const std::optional<std::string>& chapter);

/// docs/labs.md
std::string labs_markdown(const std::vector<Lab>& labs);

/// The rules that --without switches off.
std::string list_rules();

/// Title, question, what to watch, background: what is read before the run.
void print_prose(std::ostream& out, const Lab& lab);

/// Each expectation, passed or failed. `changed`: flags that make it another experiment.
void print_expectations(std::ostream& out, const lua::RunReport& report,
                        const std::string& changed);

void print_tries(std::ostream& out, const Lab& lab);

/// Words in lines of at most 80 columns, each after `indent`.
std::string wrapped(const std::string& text, const std::string& indent);

}  // namespace netsim::cli
