// Standard output and error: errors in one line, colour only on a terminal, a reader that goes
// away.
#pragma once

#include <cstddef>
#include <string>

namespace netsim::cli {

/// A write to a closed pipe becomes an error to handle, not a signal.
void ignore_broken_pipes();
/// A message that begins with its file and line as it is, others as "netsim: message", on standard
/// error.
void print_error(const std::string& message);
/// A terminal, and NO_COLOR is not set (no-color.org).
bool colors_on(int descriptor);
/// A terminal in a UTF-8 locale.
bool utf8_on(int descriptor);
/// "1 host", "2 hosts".
std::string counted(std::size_t count, const std::string& noun);
/// Flushes standard output. If its reader went away: ends as any filter does, by SIGPIPE. If it
/// cannot be written (a full disk): an error. Else returns `exit_code`.
int finish_stdout(int exit_code);
/// Ends the process as a filter does whose reader went away.
[[noreturn]] void die_of_broken_pipe();

}  // namespace netsim::cli
