// A file that appears whole at the end, or not at all.
#pragma once

#include <string>
#include <string_view>

namespace netsim::cli {

/// Reserves the place at once, so that a bad path fails before the run, and writes it in one step
/// at the end.
class WholeFile {
 public:
    /// InputError "--json out.json: Permission denied" if it cannot be written.
    WholeFile(std::string flag, std::string path);
    ~WholeFile();
    WholeFile(const WholeFile&) = delete;
    WholeFile& operator=(const WholeFile&) = delete;
    WholeFile(WholeFile&&) = delete;
    WholeFile& operator=(WholeFile&&) = delete;

    /// InputError if the disk is full, or the like.
    void write(std::string_view text);

 private:
    [[noreturn]] void refuse() const;

    std::string flag_;
    std::string path_;
    std::string temporary_;  // empty: written to path_ itself, a device or a pipe
};

}  // namespace netsim::cli
