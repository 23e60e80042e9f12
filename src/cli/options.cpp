// netsim's options and their help, in CLI11's terms.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/calibration.hpp"
#include "cli/ladder_options.hpp"
#include "cli/look_options.hpp"
#include "cli/shipped.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

struct Texts {
    std::string until;
    std::string memory;
    std::string lua_memory;
    std::string trace;
    std::string ladder;
    std::string ladder_format;
    std::string ladder_show;
    std::string ladder_max;
    std::string json;
    std::string states;
    std::string pcap;
    std::string pcap_per;
    std::string seed;
    std::string instructions;
    std::string cpu;
    std::string events;
    std::vector<std::string> without;
    std::vector<std::string> sysctl_confs;
    bool no_progress = false;
    bool help = false;
};

struct RunFlags {
    CLI::Option* seed = nullptr;
    CLI::Option* json = nullptr;
    CLI::Option* states = nullptr;
    CLI::Option* pcap = nullptr;
    CLI::Option* trace = nullptr;
    CLI::Option* ladder = nullptr;
};

template <typename F>
auto parse_flag(const std::string& flag, const std::string& text, F parse) {
    try {
        return parse(text);
    } catch (const InputError& error) {
        throw InputError(flag + ": " + error.what());
    }
}

// CLI11 would take "-1" for 2^64-1.
std::uint64_t parse_count(const std::string& flag, const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) {
        throw InputError(flag + " " + text + ": expected a whole number, not negative");
    }
    return value;
}

// What run and lab have in common.
void add_run_options(CLI::App* run, Options& options, Texts& texts, RunFlags& flags) {
    run->set_help_flag();
    flags.seed = run->add_option("--seed", texts.seed, "Seed of all randomness (default 1)");
    flags.seed->type_name("N");
    run->add_option("--until", texts.until, "End simulated time here at the latest, e.g. 30s")
        ->type_name("TIME");
    run->add_option("--set", options.run.settings, "HOST.SYSCTL=V, or all hosts' SYSCTL=V; repeat")
        ->expected(1)
        ->take_all()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("S");
    run->add_option("--without", texts.without,
                    "A rule of TCP that no host follows (netsim lab rules lists them); repeat")
        ->expected(1)
        ->take_all()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("RULE");
    run->add_option("--sysctl-conf", texts.sysctl_confs,
                    "HOST=FILE, a sysctl.conf for a host, or FILE for all; before --set; repeat")
        ->expected(1)
        ->take_all()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("S");
    flags.json = run->add_option("--json", texts.json,
                                 "Results as a JSON object, to FILE or standard output")
                     ->expected(0, 1)
                     ->type_name("FILE");
    flags.pcap = run->add_option("--pcap", texts.pcap, "Packets as DIR/CASE.pcapng, for Wireshark")
                     ->type_name("DIR");
    run->add_option("--pcap-per", texts.pcap_per,
                    "host or interface: a file for each, in DIR/CASE/")
        ->type_name("WHAT");
    flags.trace = run->add_option("--trace", texts.trace,
                                  "Packets as text; FILTER: \"host web and syn\", \"drop\"...")
                      ->expected(0, 1)
                      ->type_name("FILTER");
    flags.states =
        run->add_option("--states", texts.states,
                        "TCP's state diagram with the edges taken, as text or to FILE.svg")
            ->expected(0, 1)
            ->type_name("FILE");
    flags.ladder = run->add_option("--ladder", texts.ladder,
                                   "Draw the connections of hosts A,B (A:PORT,B: one of them); "
                                   "without a value, what the busiest two did first")
                       ->expected(0, 1)
                       ->type_name("A,B");
    run->add_option("--report", options.report,
                    "Pictures of the run as one HTML file for any browser")
        ->type_name("FILE");
    run->add_option("--report-data", options.report_data,
                    "The data of those pictures as JSON (docs/report-format.md)")
        ->type_name("FILE");
    run->add_option("--ladder-format", texts.ladder_format, "text (default), mermaid or svg")
        ->type_name("F");
    run->add_option("--ladder-max", texts.ladder_max,
                    "Most rows of each connection (default all; 80 of what nobody chose)")
        ->type_name("N");
    run->add_option("--ladder-show", texts.ladder_show,
                    "Of: absolute, options, windows, utf8; joined by commas")
        ->type_name("WORDS");
    run->add_option("--cpu", texts.cpu,
                    "Costs of hosts with a CPU, from netsim calibrate --json FILE")
        ->type_name("FILE");
    run->add_flag("--quiet", options.run.quiet, "Print nothing but errors");
    run->add_flag("--no-progress", texts.no_progress, "No progress bar");
    run->add_option("--events-max", texts.events, "End a case at this event")->type_name("N");
    run->add_option("--memory-max", texts.memory,
                    "End a case at this much memory, e.g. 4gb (default: what there is)")
        ->type_name("SIZE");
    run->add_option("--instructions", texts.instructions,
                    "Most Lua instructions of the script (default 5e10)")
        ->type_name("N");
    run->add_option("--lua-memory", texts.lua_memory, "Most memory of the script (default 2gb)")
        ->type_name("SIZE");
    run->allow_extras();
}

CLI::App* add_run(CLI::App& app, Options& options, Texts& texts, RunFlags& flags) {
    CLI::App* run = app.add_subcommand("run", "Run a Lua script");
    add_run_options(run, options, texts, flags);
    run->add_flag("-h,--help", texts.help, "This text; with SCRIPT, its own parameters too");
    run->add_option("SCRIPT", options.script,
                    "A Lua file, or the name of one in the shipped lua/ folder");
    run->footer("Other options --NAME VALUE are the script's own: netsim run SCRIPT --help");
    return run;
}

CLI::App* add_lab(CLI::App& app, Options& options, Texts& texts, RunFlags& flags) {
    CLI::App* lab = app.add_subcommand("lab", "List the labs; run, answer, check or write one");
    add_run_options(lab, options, texts, flags);
    lab->add_flag("-h,--help", texts.help, "This text; with LAB, its own parameters too");
    lab->add_option("LAB", options.script,
                    "A lab's number or name, a file's path; or check FILE, new TITLE [FILE], "
                    "test [LAB]..., rules");
    lab->add_flag("--quiz", options.quiz, "Ask before showing what happens");
    lab->add_option("--chapter", options.chapter,
                    "List this chapter alone; the chapter of a new lab")
        ->type_name("NAME");
    lab->add_option("--lab", options.lab, "check: by the checks of this lab")->type_name("LAB");
    lab->add_flag("--markdown", options.markdown, "The list as docs/labs.md has it");
    lab->footer(
        "Without LAB: the list. Other options --NAME VALUE are the lab's own: netsim lab LAB "
        "--help");
    return lab;
}

CLI::App* add_plot(CLI::App& app, Options& options, Texts& texts, RunFlags& flags) {
    CLI::App* plot = app.add_subcommand("plot", "Draw time series of a script's run");
    add_run_options(plot, options, texts, flags);
    plot->add_option("SCRIPT", options.script, "As of netsim run")->required();
    plot->add_option("--series", options.series, "NAME[,NAME]..., or groups such as syn_queue")
        ->required();
    plot->add_option("--case", options.case_name, "One of netsim.compare's cases (default: all)");
    plot->add_option("-o,--output", options.svg, "FILE.svg, .png or .pdf")->required();
    plot->set_help_flag("-h,--help", "This text");
    return plot;
}

CLI::App* add_packetdrill(CLI::App& app, Options& options, Texts& texts, CLI::Option*& json) {
    CLI::App* command = app.add_subcommand("packetdrill", "Run packetdrill scripts on the TCP");
    command->add_option("FILE", options.files, "A .pkt script, or a folder of them")->required();
    command
        ->add_option("-D,--define", options.defines, "NAME=VALUE for the scripts; repeat for more")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("--profile", options.profile,
                        "Which kernel answers, where a script does not say (default linux-6.18)");
    command->add_flag("--verbose", options.verbose, "Print the exchange of scripts that pass, too");
    json = command
               ->add_option("--json", texts.json,
                            "Results as one JSON object, to FILE or standard output")
               ->expected(0, 1);
    return command;
}

CLI::App* add_replay(CLI::App& app, Options& options, Texts& texts, CLI::Option*& json) {
    CLI::App* command =
        app.add_subcommand("replay", "Compare the model with recordings of a real kernel");
    command->add_option("FILE", options.files, "A recording (.json), or a folder of them")
        ->required();
    command->add_flag("--verbose", options.verbose, "Print every difference");
    json = command
               ->add_option("--json", texts.json,
                            "Results as one JSON object, to FILE or standard output")
               ->expected(0, 1);
    return command;
}

CLI::App* add_calibrate(CLI::App& app, Options& options, Texts& texts, CLI::Option*& json) {
    CLI::App* command =
        app.add_subcommand("calibrate", "Measure what this machine's kernel spends on TCP");
    command
        ->add_option("--from", options.from,
                     "What netsim-kernel-bench wrote, instead of running it; - is standard input")
        ->type_name("FILE");
    json = command
               ->add_option("--json", texts.json,
                            "The costs as one JSON object, to FILE or standard output")
               ->expected(0, 1);
    return command;
}

/// "HOST=FILE" or "FILE", read.
lua::SysctlConf sysctl_conf(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string host = equals == std::string::npos ? "" : text.substr(0, equals);
    const std::string file = equals == std::string::npos ? text : text.substr(equals + 1);
    if (equals == 0 || file.empty()) {
        throw InputError("--sysctl-conf " + text + ": expected HOST=FILE or FILE");
    }
    return {host, file, read_file(file)};
}

void finish_run(Options& options, const Texts& texts, const RunFlags& flags) {
    lua::RunOptions& run = options.run;
    run.help = texts.help;
    options.progress = !texts.no_progress;
    for (const std::string& text : texts.sysctl_confs) {
        run.sysctl_confs.push_back(sysctl_conf(text));
    }
    if (flags.seed->count() > 0) {
        run.seed = parse_count("--seed", texts.seed);
    }
    if (!texts.events.empty()) {
        run.run_limits.events_max = parse_count("--events-max", texts.events);
    }
    if (!texts.until.empty()) {
        run.until = parse_flag("--until", texts.until, parse_duration);
        if (*run.until < Duration(0)) {
            throw InputError("--until: must not be negative");
        }
    }
    if (!texts.memory.empty()) {
        run.run_limits.memory_bytes_max = parse_flag("--memory-max", texts.memory, parse_bytes);
    }
    constexpr std::uint64_t kLeastMemory = 1U << 20U;  // the libraries alone need a part of it
    if (!texts.lua_memory.empty()) {
        run.limits.memory_bytes = parse_flag("--lua-memory", texts.lua_memory, parse_bytes);
        if (run.limits.memory_bytes < kLeastMemory) {
            throw InputError("--lua-memory: at least 1mb");
        }
    }
    if (!texts.instructions.empty()) {
        run.limits.instructions_run = parse_count("--instructions", texts.instructions);
        run.limits.instructions_call = run.limits.instructions_run;
    }
    for (const std::string& name : texts.without) {
        run.without.add(parse_flag("--without", name, parse_lesson_rule));
    }
    if (!texts.cpu.empty()) {
        run.cpu_costs = parse_flag("--cpu", texts.cpu, read_costs);
    }
    if (flags.json->count() > 0) {
        options.json = texts.json;
    }
    if (flags.states->count() > 0) {
        options.states = texts.states;
        run.states = true;
        if (!texts.states.empty() && !texts.states.ends_with(".svg")) {
            throw InputError("--states " + texts.states + ": the file's name must end in .svg");
        }
    }
    if (flags.pcap->count() > 0) {
        run.pcap_dir = texts.pcap;
    }
    if (!texts.pcap_per.empty()) {
        if (!run.pcap_dir) {
            throw InputError("--pcap-per: needs --pcap DIR");
        }
        if (texts.pcap_per != "host" && texts.pcap_per != "interface") {
            throw InputError("--pcap-per " + texts.pcap_per + ": expected host or interface");
        }
        run.pcap_per = texts.pcap_per == "host" ? CapturePer::kHost : CapturePer::kInterface;
    }
    if (flags.trace->count() > 0) {
        run.trace = texts.trace;
    }
    if (flags.ladder->count() > 0 || !texts.ladder_format.empty() || !texts.ladder_show.empty() ||
        !texts.ladder_max.empty()) {
        run.ladder = parse_ladder_request(texts.ladder, texts.ladder_format, texts.ladder_show);
        if (!texts.ladder_max.empty()) {
            run.ladder->options.rows_max = parse_ladder_rows(texts.ladder_max);
        }
    }
}

void add_names(const CLI::App& app, std::vector<std::string>& into) {
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            into.push_back("--" + name);
        }
    }
}

void take_lab(const CLI::App& lab, Options& options, const Texts& texts, const RunFlags& flags,
              const std::vector<std::string>& words) {
    if (options.script.empty() && texts.help) {
        std::cout << lab.help("netsim");
        return;
    }
    options.command = Command::kLab;
    options.run.arguments = lab.remaining();
    add_names(lab, options.run.other_flags);
    for (const CLI::Option* option : lab.get_options()) {
        if (option->count() > 0 && !option->get_lnames().empty()) {
            options.given.push_back("--" + option->get_lnames().front());
        }
    }
    if (words.size() > 3) {
        std::copy_if(words.begin() + 3, words.end(), std::back_inserter(options.changes),
                     [](const std::string& word) { return word != "--quiz"; });
    }
    finish_run(options, texts, flags);
}

// CLI11's words for what is wrong, in one line, and the nearest command for a misspelt one.
[[noreturn]] void refuse(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
    std::string message = error.what();
    for (char& c : message) {
        c = c == '\n' ? ' ' : c;
    }
    // A misspelt option in place of what is required is the first thing to say.
    for (const CLI::App* command : app.get_subcommands()) {
        const std::vector<std::string> rest = command->remaining();
        if (error.get_name() == "RequiredError" && !command->get_allow_extras() && !rest.empty()) {
            message = "The following argument was not expected: " + rest.front();
        }
    }
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands(nullptr)) {
        names.push_back(command->get_name());
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view word = argc > 1 ? argv[1] : "";
    const bool is_command = std::find(known.begin(), known.end(), word) != known.end();
    if (!word.empty() && word.front() != '-' && !is_command) {
        message = "unknown command \"" + std::string(word) + "\"" + did_you_mean(word, known) +
                  " (commands: " + join(known) + ")";
    }
    throw InputError(message + "; see netsim --help");
}

std::optional<Command> look_command(int argc, char** argv) {
    const std::string_view word = argc > 1 ? argv[1] : "";
    return word == "exec"      ? std::optional(Command::kExec)
           : word == "explain" ? std::optional(Command::kExplain)
           : word == "shell"   ? std::optional(Command::kShell)
                               : std::nullopt;
}

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    options.typed.assign(argv + std::min(argc, 1), argv + argc);
    Texts texts;
    RunFlags flags;
    CLI::App app{"netsim: a deterministic simulator of TCP and the networks under it", "netsim"};
    app.set_version_flag("--version", std::string("netsim ") + NETSIM_VERSION);
    app.require_subcommand(1);
    CLI::App* run = add_run(app, options, texts, flags);
    RunFlags plot_flags;
    CLI::App* plot = add_plot(app, options, texts, plot_flags);
    RunFlags lab_flags;
    CLI::App* lab = add_lab(app, options, texts, lab_flags);
    CLI::App* sysctl = app.add_subcommand("sysctl", "List the sysctls of a simulated host");
    sysctl->add_option("NAME", options.word, "A name, a part of one, or a pattern with *");
    sysctl->add_flag("--conf", options.conf, "As a sysctl.conf, to be changed and read back");
    sysctl->add_option("--profile", options.profile, "Whose defaults (default linux-6.18)");
    CLI::App* topo = app.add_subcommand("topo", "Show a topology: its nodes and links");
    topo->add_option("NAME", options.word,
                     "A .graphml or .dot file, a shipped topology, or a generator such as star")
        ->required();
    topo->allow_extras();
    topo->footer("Other options --NAME NUMBER are the generator's parameters, e.g. --hosts 8");
    CLI::Option* replay_json = nullptr;
    CLI::App* replay = add_replay(app, options, texts, replay_json);
    CLI::Option* packetdrill_json = nullptr;
    CLI::App* packetdrill = add_packetdrill(app, options, texts, packetdrill_json);
    app.add_subcommand("exec", "Run a host's tool (ss, netstat...) at a time of a script's run");
    app.add_subcommand("explain", "Say in words what connections are doing at a time of a run");
    app.add_subcommand("shell", "A prompt inside a script's run: step, look, go back");
    app.add_subcommand("bench", "Measure netsim's speed and size; from a clone");
    CLI::Option* calibrate_json = nullptr;
    CLI::App* calibrate = add_calibrate(app, options, texts, calibrate_json);
    LadderFlags ladder;
    add_ladder(app, options, ladder);
    CLI::App* version = app.add_subcommand("version", "Print the version");
    app.add_subcommand("help", "This text");
    if (argc > 1 && std::string_view(argv[1]) == "help") {
        std::cout << app.help();
        return options;
    }
    if (argc > 1 && std::string_view(argv[1]) == "bench") {
        options.command = Command::kBench;
        options.arguments.assign(argv + 2, argv + argc);
        return options;
    }
    add_names(*run, options.run.other_flags);
    if (const std::optional<Command> look = look_command(argc, argv)) {
        return parse_look(*look, {argv + 2, argv + argc}, options.run.other_flags);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {  // --help, --version
            app.exit(error, std::cout, std::cerr);
            return options;
        }
        refuse(app, error, argc, argv);
    }
    if (version->parsed()) {
        std::cout << "netsim " << NETSIM_VERSION << '\n';
    } else if (run->parsed()) {
        options.run.arguments = run->remaining();
        if (options.script.empty()) {
            if (!texts.help) {
                throw InputError("run: SCRIPT is missing; see netsim run --help");
            }
            std::cout << run->help("netsim");
            return options;
        }
        options.command = Command::kRun;
        finish_run(options, texts, flags);
    } else if (plot->parsed()) {
        options.command = Command::kPlot;
        options.run.arguments = plot->remaining();
        add_names(*plot, options.run.other_flags);
        finish_run(options, texts, plot_flags);
    } else if (lab->parsed()) {
        take_lab(*lab, options, texts, lab_flags, {argv, argv + argc});
    } else if (sysctl->parsed()) {
        options.command = Command::kSysctl;
    } else if (calibrate->parsed()) {
        options.command = Command::kCalibrate;
        if (calibrate_json->count() > 0) {
            options.json = texts.json;
        }
    } else if (packetdrill->parsed()) {
        options.command = Command::kPacketdrill;
        if (packetdrill_json->count() > 0) {
            options.json = texts.json;
        }
    } else if (replay->parsed()) {
        options.command = Command::kReplay;
        if (replay_json->count() > 0) {
            options.json = texts.json;
        }
    } else if (ladder.command->parsed()) {
        options.command = Command::kLadder;
        finish_ladder(options, ladder);
    } else if (topo->parsed()) {
        options.command = Command::kTopo;
        options.parameters = topo->remaining();
    }
    return options;
}

}  // namespace netsim::cli
