// The command lines of exec, explain and shell: netsim's flags, the script's own, and what follows.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace netsim::cli {

/// `words`: after the command's name. `run_flags`: netsim run's, which no script's parameter takes.
/// Prints --help itself. InputError.
Options parse_look(Command command, const std::vector<std::string>& words,
                   std::vector<std::string> run_flags);

}  // namespace netsim::cli
