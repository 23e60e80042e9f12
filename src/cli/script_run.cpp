// What run and lab have in common.
#include "cli/script_run.hpp"

#include <unistd.h>

#include <chrono>
#include <iostream>

#include "cli/interrupt.hpp"
#include "cli/memory.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"

namespace netsim::cli {

lua::RunOptions make_run(const Options& options, const Script& script) {
    lua::RunOptions run = options.run;
    run.script = script.name;
    run.text = script.text;
    run.library_dir = shipped_folder("lua");
    run.topology_dir = shipped_folder("topologies");
    if (run.run_limits.memory_bytes_max == 0) {
        run.run_limits.memory_bytes_max = available_memory();
    }
    return run;
}

Timed run_at_terminal(lua::RunOptions& run, bool progress) {
    Progress bar(progress && !run.quiet && isatty(STDERR_FILENO) == 1);
    catch_interrupts();
    run.interrupted = interrupted;
    run.running = [&](Network* network) {
        set_running(network);
        bar.restart();
    };
    run.progress = [&](const std::string& name, Time now, Time end, std::uint64_t events) {
        bar.update(name, now, end, events);
    };
    const auto begun = std::chrono::steady_clock::now();
    Timed timed{lua::run_script(run)};
    timed.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    run.running = nullptr;
    run.progress = nullptr;
    return timed;
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
        case lua::Ending::kLeft:
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

}  // namespace netsim::cli
