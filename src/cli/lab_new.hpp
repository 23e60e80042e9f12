// netsim lab new: the skeleton of a lab, for teachers.
#pragma once

#include <string>

namespace netsim::cli {

/// A commented lab that runs, passes its own checks and is a whole lab by `netsim lab test`.
std::string lab_skeleton(const std::string& title, const std::string& chapter);

/// "Accept-queue overflow" -> "accept-queue-overflow.lua"
std::string lab_file_name(const std::string& title);

/// Writes it whole or not at all. InputError if there is such a file already, or it cannot be
/// written.
void write_new_lab(const std::string& path, const std::string& text);

}  // namespace netsim::cli
