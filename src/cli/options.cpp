// netsim's options and their help, in CLI11's terms.
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/ladder_options.hpp"
#include "cli/look_options.hpp"
#include "cli/run_options.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

CLI::App* add_run(CLI::App& app, Options& options, RunTexts& texts, RunFlags& flags) {
    CLI::App* run = app.add_subcommand("run", "Run a Lua script");
    add_run_options(run, options, texts, flags);
    run->add_flag("-h,--help", texts.help, "This text; with SCRIPT, its own parameters too");
    run->add_option("SCRIPT", options.script,
                    "A Lua file, the name of one in the shipped lua/ folder, or a lab's number");
    run->footer("Other options --NAME VALUE are the script's own: netsim run SCRIPT --help");
    return run;
}

CLI::App* add_lab(CLI::App& app, Options& options, RunTexts& texts, RunFlags& flags) {
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

CLI::App* add_plot(CLI::App& app, Options& options, RunTexts& texts, RunFlags& flags) {
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

CLI::App* add_view(CLI::App& app, Options& options, RunTexts& texts, RunFlags& flags) {
    CLI::App* view =
        app.add_subcommand("view", "Show a script's run in a browser while it goes on");
    add_run_options(view, options, texts, flags);
    view->add_option("SCRIPT", options.script, "As of netsim run")->required();
    view->add_option("--port", texts.port, "On 127.0.0.1 (default: any that is free)")
        ->type_name("N");
    view->add_option("--speed", texts.speed,
                     "Simulated seconds per second, or max; pages may change it (default 1)")
        ->type_name("X");
    view->add_flag("--paused", options.view_paused, "Begin paused");
    view->set_help_flag("-h,--help", "This text");
    view->footer("Other options --NAME VALUE are the script's own: netsim run SCRIPT --help");
    return view;
}

CLI::App* add_packetdrill(CLI::App& app, Options& options, RunTexts& texts, CLI::Option*& json) {
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

CLI::App* add_replay(CLI::App& app, Options& options, RunTexts& texts, CLI::Option*& json) {
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

CLI::App* add_calibrate(CLI::App& app, Options& options, RunTexts& texts, CLI::Option*& json) {
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

/// A value that is empty names no file, host or number: most often a shell variable without one.
void refuse_empty(const CLI::App& command, int argc, char** argv) {
    for (const CLI::Option* option : command.get_options()) {
        const bool named = !option->get_lnames().empty();
        const std::string name = named ? "--" + option->get_lnames().front() : option->get_name();
        bool empty = false;
        if (option->get_expected_min() > 0) {
            const std::vector<std::string>& values = option->results();
            empty = std::find(values.begin(), values.end(), "") != values.end();
        } else {  // what takes a value or none has an empty one for none
            for (int i = 1; named && i + 1 < argc; ++i) {
                empty = empty || (argv[i] == name && *argv[i + 1] == '\0');
            }
        }
        if (empty) {
            throw InputError(command.get_name() + ": " + name + ": the value is empty");
        }
    }
}

void finish_view(Options& options, const RunTexts& texts) {
    if (!texts.port.empty()) {
        const std::uint64_t port = parse_count("--port", texts.port);
        if (port < 1 || port > 65535) {
            throw InputError("--port " + texts.port + ": expected 1 to 65535");
        }
        options.view_port = static_cast<std::uint16_t>(port);
    }
    if (texts.speed == "max") {
        options.view_speed = std::nullopt;
    } else if (!texts.speed.empty()) {
        options.view_speed = parse_flag("--speed", texts.speed, parse_number);
        if (!(*options.view_speed > 0)) {
            throw InputError("--speed " + texts.speed + ": expected a number above 0, or max");
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

void take_lab(const CLI::App& lab, Options& options, const RunTexts& texts, const RunFlags& flags,
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
    if (const std::size_t at = message.find(": At Most 1 required but received");
        at != std::string::npos) {
        message.replace(at, std::string::npos, ": may be given only once");
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
    RunTexts texts;
    RunFlags flags;
    CLI::App app{"netsim: a deterministic simulator of TCP and the networks under it", "netsim"};
    app.set_version_flag("--version", std::string("netsim ") + NETSIM_VERSION);
    app.require_subcommand(1);
    CLI::App* run = add_run(app, options, texts, flags);
    RunFlags plot_flags;
    CLI::App* plot = add_plot(app, options, texts, plot_flags);
    RunFlags view_flags;
    CLI::App* view = add_view(app, options, texts, view_flags);
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
    for (const CLI::App* command : app.get_subcommands()) {
        refuse_empty(*command, argc, argv);
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
    } else if (view->parsed()) {
        options.command = Command::kView;
        options.run.arguments = view->remaining();
        add_names(*view, options.run.other_flags);
        finish_run(options, texts, view_flags);
        finish_view(options, texts);
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
