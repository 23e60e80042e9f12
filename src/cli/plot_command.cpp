// netsim plot: curves of a run as SVG; as PNG or PDF by librsvg's program.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/script_run.hpp"
#include "cli/shipped.hpp"
#include "cli/terminal.hpp"
#include "cli/whole_file.hpp"
#include "report/plot.hpp"

namespace netsim::cli {
namespace {

constexpr std::array<std::string_view, 3> kEndings{".svg", ".png", ".pdf"};
constexpr const char* kNoPicture =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"/>";

std::string ending_of(const std::string& path) {
    const std::string ending = std::filesystem::path(path).extension().string();
    if (std::find(kEndings.begin(), kEndings.end(), ending) == kEndings.end()) {
        throw InputError("plot: -o " + path + ": a name ends in .svg, .png or .pdf");
    }
    return ending;
}

std::vector<std::string> split_names(const std::string& text) {
    std::vector<std::string> names;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t comma = std::min(text.find(',', from), text.size());
        if (comma > from) {
            names.push_back(text.substr(from, comma - from));
        }
        from = comma + 1;
    }
    if (names.empty()) {
        throw InputError("plot: --series \"" + text + "\": expected NAME[,NAME]...");
    }
    return names;
}

std::vector<report::NamedCase> chosen_cases(const lua::RunReport& run, const std::string& name) {
    std::vector<report::NamedCase> cases;
    std::vector<std::string_view> names;
    for (const lua::CaseReport& one : run.cases) {
        names.push_back(one.name);
        if (one.picture != nullptr && (name.empty() || one.name == name)) {
            cases.push_back({one.name, one.picture.get()});
        }
    }
    if (cases.empty()) {
        throw InputError(name.empty()
                             ? "plot: the script ran no network"
                             : "plot: there is no case \"" + name + "\"" +
                                   did_you_mean(name, names) + " (there are: " + join(names) + ")");
    }
    return cases;
}

/// A folder that is gone in the end, whatever happens.
class Scratch {
 public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "netsim-plot-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw InputError("plot: " + name + ": " + std::strerror(errno));
        }
        folder_ = name;
    }

    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    Scratch(Scratch&&) = delete;
    Scratch& operator=(Scratch&&) = delete;

    std::string file(const char* name) const { return (folder_ / name).string(); }

 private:
    std::filesystem::path folder_;
};

/// False: there is no such program.
bool run_program(std::vector<std::string> words) {
    const pid_t child = fork();
    if (child < 0) {
        throw InputError("plot: " + words.front() + ": " + std::strerror(errno));
    }
    constexpr int kNotThere = 127;
    if (child == 0) {
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        execvp(arguments.front(), arguments.data());
        _exit(kNotThere);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNotThere) {
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw InputError("plot: " + words.front() + " failed");
    }
    return true;
}

std::string read_octets(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream octets;
    octets << file.rdbuf();
    return octets.str();
}

std::string converted(const std::string& svg, const std::string& ending) {
    const Scratch scratch;
    const std::string from = scratch.file("plot.svg");
    const std::string to = scratch.file("plot.out");
    std::ofstream(from, std::ios::binary) << svg;
    std::vector<std::string> words{"rsvg-convert", "--format", ending.substr(1), "--output", to};
    if (ending == ".png") {  // for projectors and print
        words.insert(words.end(), {"--zoom", "2"});
    }
    words.push_back(from);
    if (!run_program(words)) {
        throw InputError("plot: " + ending.substr(1) +
                         " needs rsvg-convert, which is not installed (Debian: librsvg2-bin); .svg "
                         "needs nothing");
    }
    return read_octets(to);
}

}  // namespace

int plot_command(const Options& options) {
    if (options.json || options.states || !options.report.empty() || !options.report_data.empty()) {
        throw InputError("plot: it makes one picture; --json, --states and --report go with run");
    }
    const std::string ending = ending_of(options.svg);
    report::StaticPlot plot;
    plot.series = split_names(options.series);
    lua::RunOptions run = make_run(options, read_script(options.script));
    if (ending != ".svg") {
        converted(kNoPicture, ending);  // what is missing is told before the run
    }
    WholeFile file("plot: -o", options.svg);
    run.out = &std::cout;
    run.err = &std::cerr;
    run.quiet = true;
    run.report = true;
    const auto [report, wall] = run_at_terminal(run, options.progress);
    const int code = exit_code_of(report);
    if (code == kExitUsage || code == kExitInterrupted) {
        return code;
    }
    plot.title = std::filesystem::path(options.script).stem().string();
    if (report.comparison && !report.comparison->title.empty()) {
        plot.title += ": " + report.comparison->title;
    }
    const std::string svg = report::plot_svg(chosen_cases(report, options.case_name), plot);
    file.write(ending == ".svg" ? svg : converted(svg, ending));
    return finish_stdout(code);
}

}  // namespace netsim::cli
