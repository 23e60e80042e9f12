// Not CLI11's: what follows HOST is a tool's own line, flags and all.
#include "cli/look_options.hpp"

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/calibration.hpp"
#include "cli/run_options.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

constexpr const char* kExecHelp =
    R"(Usage: netsim exec SCRIPT [OPTIONS] HOST COMMAND...
Runs the script again, quietly, and a host's tool at a time of it: ss, netstat, nstat, ping...

  netsim exec synflood.lua --at 12s web 'netstat -nat'
)";

constexpr const char* kExplainHelp =
    R"(Usage: netsim explain SCRIPT [OPTIONS] HOST:PORT[-HOST:PORT]...
Says in words what connections are doing: state, who opened and closed, what each waits for.

  netsim explain synflood.lua --at 12s web:80
)";

constexpr const char* kShellHelp =
    R"(Usage: netsim shell SCRIPT [OPTIONS]
A prompt inside the script's run: step, run until, back, a host's tools, why, plot; help lists them.
Lines are read from standard input; on a terminal with editing, history and completion.
)";

constexpr const char* kOptionsHelp = R"(
Options:
  --at TIME          Simulated time to look at (default: the end of the run)
  --case NAME        Which of netsim.compare's cases (default: the first)
  --seed N           Seed of all randomness (default 1)
  --param NAME=V     A parameter of the script that is called as one of these
  --set S            HOST.SYSCTL=V, or all hosts' SYSCTL=V; repeat
  --cpu FILE         Costs of hosts with a CPU, from netsim calibrate --json FILE
  --events-max N     End a case at this event
  --memory-max SIZE  End a case at this much memory
  -h, --help         This text
Other options --NAME VALUE are the script's own: netsim run SCRIPT --help
)";

const char* help_of(Command command) {
    return command == Command::kExec      ? kExecHelp
           : command == Command::kExplain ? kExplainHelp
                                          : kShellHelp;
}

std::string_view name_of(Command command) {
    return command == Command::kExec ? "exec" : command == Command::kExplain ? "explain" : "shell";
}

constexpr std::array<std::string_view, 8> kFlags{"--at",  "--case", "--seed",       "--param",
                                                 "--set", "--cpu",  "--events-max", "--memory-max"};

/// Takes one of kFlags.
void take_flag(Options& options, const std::string& flag, const std::string& value) {
    lua::RunOptions& run = options.run;
    if (flag == "--at") {
        try {
            options.at = parse_duration(value);
        } catch (const InputError& error) {
            throw InputError("--at: " + std::string(error.what()));
        }
        if (*options.at < Duration{0}) {
            throw InputError("--at: must not be negative");
        }
    } else if (flag == "--case") {
        options.case_name = value;
    } else if (flag == "--seed") {
        run.seed = parse_count(flag, value);
    } else if (flag == "--param") {
        run.arguments.push_back("--" + value);
    } else if (flag == "--set") {
        run.settings.push_back(value);
    } else if (flag == "--cpu") {
        run.cpu_costs = read_costs(value);
    } else if (flag == "--events-max") {
        run.run_limits.events_max = parse_count(flag, value);
    } else {
        run.run_limits.memory_bytes_max = parse_bytes(value);
    }
}

class LookParser {
 public:
    LookParser(Options& options, const std::vector<std::string>& words)
        : options_(options), words_(words) {}

    void parse() {
        while (at_ < words_.size() && !options_.run.help) {
            const std::string& word = words_[at_];
            if (word == "-h" || word == "--help") {
                options_.run.help = true;
            } else if (word.starts_with("--")) {
                flag(word);
            } else {
                positional(word);
            }
        }
    }

 private:
    void flag(const std::string& word) {
        ++at_;
        const std::size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const bool apart =
            equals == std::string::npos && at_ < words_.size() && !words_[at_].starts_with("--");
        const bool has_value = equals != std::string::npos || apart;
        const std::string value = equals != std::string::npos ? word.substr(equals + 1)
                                  : apart                     ? words_[at_++]
                                                              : std::string();
        if (std::find(kFlags.begin(), kFlags.end(), name) != kFlags.end()) {
            if (value.empty()) {
                throw InputError(name +
                                 (has_value ? ": the value is empty" : ": a value is missing"));
            }
            const bool repeats = name == "--param" || name == "--set";
            if (!repeats && std::find(given_.begin(), given_.end(), name) != given_.end()) {
                throw InputError(name + ": may be given only once");
            }
            given_.push_back(name);
            take_flag(options_, name, value);
            return;
        }
        options_.run.arguments.push_back(has_value ? name + "=" + value : name);
    }

    void positional(const std::string& word) {
        ++at_;
        if (options_.script.empty()) {
            options_.script = word;
        } else if (options_.command == Command::kShell) {
            throw InputError("shell: unexpected argument \"" + word + "\"");
        } else if (options_.command == Command::kExplain) {
            options_.words.push_back(word);
        } else {
            options_.host = word;
            options_.words.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
            at_ = words_.size();
        }
    }

    Options& options_;
    const std::vector<std::string>& words_;
    std::size_t at_ = 0;
    std::vector<std::string> given_;
};

void check_whole(const Options& options) {
    const std::string name(name_of(options.command));
    const std::string see = "; see netsim " + name + " --help";
    if (options.script.empty()) {
        throw InputError(name + ": SCRIPT is missing" + see);
    }
    if (options.command == Command::kExec && options.host.empty()) {
        throw InputError("exec: HOST is missing" + see);
    }
    if (options.command == Command::kExec && options.words.empty()) {
        throw InputError("exec: the command for " + options.host + " is missing" + see);
    }
    if (options.words.size() > 1 && options.command == Command::kExec &&
        options.words.front().find(' ') != std::string::npos) {
        throw InputError("exec: \"" + options.words.front() +
                         "\" is a whole command line: what stands behind it, \"" +
                         options.words[1] + "\", is none of its words (options go before HOST)");
    }
    if (options.command == Command::kExplain && options.words.empty()) {
        throw InputError("explain: HOST:PORT is missing" + see);
    }
}

}  // namespace

Options parse_look(Command command, const std::vector<std::string>& words,
                   std::vector<std::string> run_flags) {
    Options options;
    options.command = command;
    options.run.other_flags = std::move(run_flags);
    LookParser(options, words).parse();
    if (options.run.help) {
        std::cout << help_of(command) << kOptionsHelp;
        options.command = Command::kDone;
        return options;
    }
    check_whole(options);
    return options;
}

}  // namespace netsim::cli
