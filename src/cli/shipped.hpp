// Where the scripts and topologies that come with netsim are: beside the installed program, or in
// the source tree it was built from.
#pragma once

#include <string>

namespace netsim::cli {

/// "lua" or "topologies": the folder's path.
std::string shipped_folder(const std::string& name);

/// A file the user named. InputError: why it cannot be read.
std::string read_file(const std::string& path);

struct Script {
    std::string name;  // as messages say it
    std::string text;
};

/// A path, the name, with or without .lua, of a shipped script, or a lab's number. InputError.
Script read_script(const std::string& word);

}  // namespace netsim::cli
