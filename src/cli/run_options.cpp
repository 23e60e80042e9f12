// --seed, --set, --report and all the others that a run of a script takes.
#include "cli/run_options.hpp"

#include <charconv>
#include <limits>

#include "base/units.hpp"
#include "cli/calibration.hpp"
#include "cli/ladder_options.hpp"
#include "cli/shipped.hpp"

namespace netsim::cli {
namespace {

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

}  // namespace

std::uint64_t parse_count(const std::string& flag, const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) {
        throw InputError(flag + " " + text + ": expected a whole number from 0 to " +
                         std::to_string(std::numeric_limits<std::uint64_t>::max()));
    }
    return value;
}

void add_run_options(CLI::App* run, Options& options, RunTexts& texts, RunFlags& flags) {
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

void finish_run(Options& options, const RunTexts& texts, const RunFlags& flags) {
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

}  // namespace netsim::cli
