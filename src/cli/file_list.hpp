// Files named on the command line: a folder stands for the files of one kind in and under it.
#pragma once

#include <string>
#include <vector>

namespace netsim::cli {

/// `extension`: ".pkt". In order of name within each folder. InputError, beginning with `command`,
/// if a folder has none.
std::vector<std::string> expand_folders(const std::vector<std::string>& paths,
                                        const std::string& extension, const std::string& command);

}  // namespace netsim::cli
