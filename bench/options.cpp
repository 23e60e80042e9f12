// Options and their help, in CLI11's terms.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>

#include "netsim/result.hpp"

namespace netsim::bench {
namespace {

// CLI11 would take "-1" for 2^64-1.
std::uint64_t parse_count(const std::string& flag, const std::string& text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value == 0) {
        throw InputError("bench: " + flag + " " + text + ": expected a whole number above 0");
    }
    return value;
}

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    std::string json;
    std::string repeats;
    std::string reason;
    std::vector<std::string> child;
    CLI::App app{
        "Measures netsim, and beside it its peers: medians of several runs, each in a "
        "process of its own",
        "netsim bench"};
    app.add_option("--only", options.only, "Rows whose name has this in it; repeat for more")
        ->expected(1)
        ->take_all()
        ->type_name("NAME");
    app.add_flag("--list", options.list, "The rows' names, and what each measures");
    app.add_flag("--quick", options.quick, "A tenth of the work, once");
    CLI::Option* repeat =
        app.add_option("--repeat", repeats, "Runs of each row (default 5)")->type_name("N");
    app.add_flag("--peers", options.peers,
                 "The same work by ns-3 in turn; NS3=DIR in the environment names a build of it");
    app.add_flag("--instructions", options.instructions,
                 "Count instructions per unit of work too (valgrind's callgrind)");
    app.add_flag("--no-times", options.no_times, "With --instructions: nothing but those");
    app.add_flag("--check", options.check,
                 "Only: fail if instructions per unit have grown by more than 3 % since "
                 "bench/baseline.json");
    CLI::Option* update = app.add_option("--update-baseline", reason,
                                         "Only: write bench/baseline.json; WHY is kept in it")
                              ->type_name("WHY");
    CLI::Option* to_json =
        app.add_option("--json", json, "One JSON object, to FILE or standard output")
            ->expected(0, 1)
            ->type_name("FILE");
    app.add_option("--child", child, "")->expected(2)->group("");  // one run of one row
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) {
            app.exit(error, std::cout, std::cerr);
            options.done = true;
            return options;
        }
        throw InputError(std::string("bench: ") + error.what() + "; see netsim bench --help");
    }
    if (repeat->count() > 0) {
        options.repeats = parse_count("--repeat", repeats);
    } else if (options.quick) {
        options.repeats = 1;
    }
    if (to_json->count() > 0) {
        options.json = json;
    }
    if (!child.empty()) {
        options.child = child[0];
        options.amount = parse_count("--child", child[1]);
    }
    if (update->count() > 0) {
        if (reason.find_first_not_of(' ') == std::string::npos) {
            throw InputError("bench: --update-baseline: say why the counts changed");
        }
        options.update_baseline = reason;
    }
    if (options.no_times && options.peers) {
        throw InputError("bench: --no-times leaves nothing to compare --peers by");
    }
    if (options.no_times && !options.instructions) {
        throw InputError("bench: --no-times without --instructions leaves nothing to do");
    }
    return options;
}

}  // namespace netsim::bench
