// --json: the report as one object, to standard output or whole to a file.
#pragma once

#include <string>

#include "lua/run.hpp"

namespace netsim::cli {

/// Reserves the place at once, so that a bad path fails before the run, and writes it in one step
/// at the end: a file appears whole or not at all.
class JsonOutput {
 public:
    /// `path` empty: standard output. InputError if it cannot be written.
    explicit JsonOutput(const std::string& path);
    ~JsonOutput();
    JsonOutput(const JsonOutput&) = delete;
    JsonOutput& operator=(const JsonOutput&) = delete;
    JsonOutput(JsonOutput&&) = delete;
    JsonOutput& operator=(JsonOutput&&) = delete;

    /// InputError if the disk is full, or the like.
    void write(const lua::Json& report);

 private:
    std::string path_;
    std::string temporary_;  // empty: written to path_ itself, a device or a pipe
};

/// design §6's object.
lua::Json make_report(const lua::RunOptions& options, const lua::RunReport& report,
                      double wall_seconds);

/// "0123456789abcdef"
std::string digest_text(std::uint64_t digest);

}  // namespace netsim::cli
