// --report and --report-data: the pictures of a run as a page, and the data it is drawn from.
#pragma once

#include <optional>

#include "cli/options.hpp"
#include "cli/whole_file.hpp"
#include "lua/run.hpp"
#include "report/document.hpp"

namespace netsim::cli {

/// What a report says of a run.
report::Document make_document(const Options& options, const lua::RunOptions& run,
                               const lua::RunReport& report);

class ReportOutput {
 public:
    /// Asks the run for what the files need. InputError if one of them cannot be written.
    ReportOutput(const Options& options, lua::RunOptions& run);

    /// Of a run that failed half-way, too; not of one that only told its parameters.
    void write(const Options& options, const lua::RunOptions& run, const lua::RunReport& report);

 private:
    std::optional<WholeFile> page_;
    std::optional<WholeFile> data_;
};

}  // namespace netsim::cli
