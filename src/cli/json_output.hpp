// --json: the report as one object, to standard output or whole to a file.
#pragma once

#include <optional>
#include <string>

#include "cli/whole_file.hpp"
#include "lua/run.hpp"

namespace netsim::cli {

class JsonOutput {
 public:
    /// `path` empty: standard output. InputError if it cannot be written.
    explicit JsonOutput(const std::string& path);

    /// InputError if the disk is full, or the like.
    void write(const lua::Json& report);

 private:
    std::optional<WholeFile> file_;
};

/// design §6's object.
lua::Json make_report(const lua::RunOptions& options, const lua::RunReport& report,
                      double wall_seconds);

/// "0123456789abcdef"
std::string digest_text(std::uint64_t digest);

}  // namespace netsim::cli
