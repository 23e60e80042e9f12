// netsim run.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_output.hpp"
#include "cli/memory.hpp"
#include "cli/progress.hpp"
#include "cli/shipped.hpp"
#include "cli/terminal.hpp"

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

int exit_code_of(const lua::RunReport& report) {
    switch (report.failure.ending) {
        case lua::Ending::kNone:
            return report.expectations_failed() ? kExitCheckFailed : kExitDone;
        case lua::Ending::kHelp:
            return kExitDone;
        case lua::Ending::kInterrupted:
            return kExitInterrupted;
        case lua::Ending::kOutputClosed:
            if (report.failure.message.empty()) {
                die_of_broken_pipe();
            }
            break;
        case lua::Ending::kInput:
        case lua::Ending::kRuntime:
        case lua::Ending::kLimit:
            break;
    }
    print_error(report.failure.message);
    if (!report.failure.traceback.empty()) {
        std::cerr << report.failure.traceback << '\n';
    }
    return kExitUsage;
}

}  // namespace

int run_command(const Options& options) {
    lua::RunOptions run = options.run;
    const Script script = read_script(options.script);
    run.script = script.name;
    run.text = script.text;
    run.library_dir = shipped_folder("lua");
    run.topology_dir = shipped_folder("topologies");
    const bool json_only = options.json && (options.json->empty() || *options.json == "-");
    run.out = json_only ? &std::cerr : &std::cout;
    run.err = &std::cerr;
    if (run.run_limits.memory_bytes_max == 0) {
        run.run_limits.memory_bytes_max = available_memory();
    }
    run.utf8 = utf8_on(json_only ? STDERR_FILENO : STDOUT_FILENO);
    std::unique_ptr<JsonOutput> json;
    if (options.json && !run.help) {
        json = std::make_unique<JsonOutput>(json_only ? "" : *options.json);
    }
    if (isatty(STDOUT_FILENO) == 1) {
        std::cout << std::unitbuf;
    }

    Progress progress(options.progress && !run.quiet && isatty(STDERR_FILENO) == 1);
    catch_interrupts();
    run.interrupted = interrupted;
    run.running = [&](Network* network) {
        set_running(network);
        progress.restart();
    };
    run.progress = [&](const std::string& name, Time now, Time end, std::uint64_t events) {
        progress.update(name, now, end, events);
    };

    const auto begun = std::chrono::steady_clock::now();
    const lua::RunReport report = lua::run_script(run);
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();

    const int code = report_memory(report, exit_code_of(report));
    if (code == kExitUsage || report.failure.ending == lua::Ending::kHelp) {
        return code == kExitUsage ? code : finish_stdout(code);
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
