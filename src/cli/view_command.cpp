// netsim view: runs the script, and again with other values, while pages look on.
#include <algorithm>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/script_run.hpp"
#include "cli/shipped.hpp"
#include "cli/terminal.hpp"
#include "cli/view_desk.hpp"
#include "cli/view_run.hpp"
#include "cli/view_server.hpp"

namespace netsim::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{100};

void refuse_files(const Options& options) {
    if (options.json || options.states || !options.report.empty() || !options.report_data.empty()) {
        throw InputError("view: --json, --states and --report go with netsim run");
    }
}

/// What was typed, as netsim run has it: without the script's own values, which pages may change,
/// and without the seed.
std::vector<std::string> run_words(const Options& options) {
    const std::vector<std::string>& own = options.run.arguments;
    std::vector<std::string> words{"run"};
    std::size_t next = 0;
    for (std::size_t i = 1; i < options.typed.size(); ++i) {
        const std::string& word = options.typed[i];
        if (next < own.size() && word == own[next]) {
            ++next;
        } else if (word == "--port" || word == "--speed" || word == "--seed") {
            ++i;
        } else if (word != "--paused" && !word.starts_with("--port=") &&
                   !word.starts_with("--speed=") && !word.starts_with("--seed=")) {
            words.push_back(word);
        }
    }
    return words;
}

/// As netsim run would be called for it.
void give(Options& options, const std::vector<std::string>& words) {
    options.typed = words;
    options.typed.insert(options.typed.end(), options.run.arguments.begin(),
                         options.run.arguments.end());
    if (options.run.seed) {
        options.typed.insert(options.typed.end(), {"--seed", std::to_string(*options.run.seed)});
    }
}

void take(Options& options, const ViewRestart& restart, std::optional<std::uint64_t> typed_seed) {
    options.run.arguments.clear();
    for (const auto& [name, value] : restart.parameters) {
        if (value.starts_with("-")) {
            options.run.arguments.push_back("--" + name + "=" + value);
        } else {
            options.run.arguments.insert(options.run.arguments.end(), {"--" + name, value});
        }
    }
    options.run.seed = restart.seed ? restart.seed : typed_seed;
}

/// As it is now: it may have been edited. Of one that cannot be read the last text stays.
Script read_again(const Options& options, const Script& last) {
    try {
        return read_script(options.script);
    } catch (const InputError& error) {
        print_error(error.what());
        return last;
    }
}

/// False: Ctrl-C.
bool wait_for_restart(ViewDesk& desk) {
    while (!interrupted()) {
        if (desk.orders().restart) {
            return true;
        }
        desk.wait(ViewDesk::WallClock::now() + kPatience);
    }
    return false;
}

}  // namespace

int view_command(const Options& typed) {
    refuse_files(typed);
    Options options = typed;
    const std::vector<std::string> words = run_words(options);
    Script script = read_script(options.script);
    ViewDesk desk(options.view_speed, options.view_paused);
    const ViewServer server(desk, options.view_port, script.name);
    catch_interrupts();
    bool told = false;
    const auto ready = [&] {
        if (!std::exchange(told, true)) {
            std::cout << "netsim view: " << server.address() << "  (Ctrl-C ends it)\n"
                      << std::flush;
        }
    };
    while (!interrupted()) {
        give(options, words);
        lua::RunOptions run = make_run(options, script);
        run.out = &std::cout;
        run.err = &std::cerr;
        run.report = true;
        run.interrupted = interrupted;
        run.running = [](Network* network) { set_running(network); };
        ViewedRun viewed(desk, options, run, ready);
        run.driver = &viewed;
        desk.begin_run();
        const lua::RunReport report = lua::run_script(run);
        std::cout.flush();
        const lua::Ending ending = report.failure.ending;
        if (ending != lua::Ending::kInterrupted && ending != lua::Ending::kLeft) {
            const int code = exit_code_of(report);
            if (code == kExitUsage && !told) {
                return code;  // nothing to look at, and nobody looks
            }
            viewed.over(report);
            ready();
            if (!wait_for_restart(desk)) {
                break;
            }
        }
        if (const std::optional<ViewRestart> restart = desk.take_restart()) {
            take(options, *restart, typed.run.seed);
            script = read_again(options, script);
        }
    }
    return finish_stdout(kExitDone);
}

}  // namespace netsim::cli
