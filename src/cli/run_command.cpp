// netsim run.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>

#include "cli/commands.hpp"
#include "cli/json_output.hpp"
#include "cli/report_output.hpp"
#include "cli/script_run.hpp"
#include "cli/shipped.hpp"
#include "cli/terminal.hpp"
#include "cli/whole_file.hpp"
#include "observe/state_diagram.hpp"

namespace netsim::cli {
namespace {

std::string count_text(double count) {
    if (count >= 1e6) {
        return fmt::format("{:.2f} M", count / 1e6);
    }
    return count >= 1e4 ? fmt::format("{:.1f} k", count / 1e3) : fmt::format("{:.0f}", count);
}

// To standard error: what a script prints stays the same from run to run.
void print_summary(const lua::RunReport& report, double wall_seconds) {
    const auto events = static_cast<double>(report.events());
    fmt::print(stderr, "{:g} s simulated in {:.2f} s, {} events ({}/s), {}, digest {}\n",
               report.simulated_seconds(), wall_seconds, report.events(),
               count_text(wall_seconds > 0 ? events / wall_seconds : 0),
               counted(report.handshakes(), "handshake"), digest_text(report.digest()));
    for (const lua::CaseReport& one : report.cases) {
        if (one.ended == "events") {
            fmt::print(stderr, "case {} was cut short at {:g} s: --events-max was reached\n",
                       one.name, one.simulated_seconds);
        }
    }
}

// What was measured until then is reported all the same; the exit code says that it is not whole.
int report_memory(const lua::RunReport& report, int code) {
    for (const lua::CaseReport& one : report.cases) {
        if (!one.memory.empty()) {
            print_error(
                fmt::format("case {}: {} (--memory-max changes the limit)", one.name, one.memory));
            code = code == kExitDone ? kExitCheckFailed : code;
        }
    }
    return code;
}

/// What all cases took of the edges; as text, or a picture into `file`.
void print_states(const lua::RunReport& report, std::optional<WholeFile>& file, std::ostream& out) {
    observe::StateCoverage coverage;
    for (const lua::CaseReport& one : report.cases) {
        for (const StateEdgeCount& edge : one.state_edges) {
            coverage.add(edge.from, edge.to, edge.cause, edge.count);
        }
    }
    if (file) {
        file->write(observe::state_diagram_svg(coverage));
    } else {
        out << observe::state_diagram_text(coverage);
    }
}

}  // namespace

int run_command(const Options& options) {
    lua::RunOptions run = make_run(options, read_script(options.script));
    const bool json_only = options.json && (options.json->empty() || *options.json == "-");
    run.out = json_only ? &std::cerr : &std::cout;
    run.err = &std::cerr;
    run.utf8 = utf8_on(json_only ? STDERR_FILENO : STDOUT_FILENO);
    std::unique_ptr<JsonOutput> json;
    if (options.json && !run.help) {
        json = std::make_unique<JsonOutput>(json_only ? "" : *options.json);
    }
    ReportOutput pictures(options, run);
    std::optional<WholeFile> picture;  // of the states
    if (options.states && !options.states->empty() && !run.help) {
        picture.emplace("--states", *options.states);
    }
    if (isatty(STDOUT_FILENO) == 1) {
        std::cout << std::unitbuf;
    }

    const auto [report, wall] = run_at_terminal(run, options.progress);
    const int code = report_memory(report, exit_code_of(report));
    pictures.write(options, run, report);
    if (code == kExitUsage || report.failure.ending == lua::Ending::kHelp) {
        return code == kExitUsage ? code : finish_stdout(code);
    }
    if (options.states) {  // asked for, as a ladder is: --quiet leaves it
        print_states(report, picture, *run.out);
    }
    if (json) {
        json->write(make_report(run, report, wall));
    }
    if (code == kExitInterrupted) {
        std::cerr << "interrupted\n";
    }
    const int printed = finish_stdout(code);
    if (printed == code && !run.quiet && !json_only) {
        print_summary(report, wall);
    }
    return printed;
}

}  // namespace netsim::cli
