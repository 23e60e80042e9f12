// A student's script by a lab's checks, a teacher's lab by what a lab must be.
#include "cli/lab_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cli/script_run.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

constexpr std::size_t kCodeLinesMax = 60;
constexpr std::size_t kColumnsMax = 100;

struct Trial {
    lua::RunReport report;
    std::string output;

    std::uint64_t digest() const { return report.digest(); }
};

// Without a terminal; `results`: what the checks judge instead of the script's own.
Trial try_out(const Lab& lab, const Options& options, const lua::Json* results = nullptr) {
    std::ostringstream out;
    std::ostringstream err;
    lua::RunOptions run = make_run(options, {lab.path, lab.text});
    run.out = &out;
    run.err = &err;
    run.tell_failures = false;
    run.results = results;
    Trial trial{run_at_terminal(run, false).report, {}};
    trial.output = out.str();
    return trial;
}

void insist_on_end(const Lab& lab, const lua::RunReport& report) {
    const lua::Failure& failure = report.failure;
    if (failure.ending == lua::Ending::kInterrupted) {
        throw InputError(lab.path + ": interrupted");
    }
    if (failure.ending != lua::Ending::kNone) {
        throw InputError(failure.message);
    }
}

std::vector<lua::Expectation> in_checks(const std::vector<lua::Expectation>& all) {
    std::vector<lua::Expectation> kept;
    std::copy_if(all.begin(), all.end(), std::back_inserter(kept),
                 [](const lua::Expectation& e) { return e.in_checks; });
    return kept;
}

std::vector<lua::Expectation> judge(const Lab& lab, const lua::Json& results) {
    const lua::RunReport report = try_out(lab, Options{}, &results).report;
    std::vector<lua::Expectation> verdict = in_checks(report.expectations);
    if (report.failure.ending == lua::Ending::kInterrupted) {
        insist_on_end(lab, report);
    }
    if (report.failure.ending != lua::Ending::kNone) {
        verdict.push_back(
            {"", "these results cannot be judged: " + report.failure.message, false, true});
    }
    return verdict;
}

bool any_failed(const std::vector<lua::Expectation>& expectations) {
    return std::any_of(expectations.begin(), expectations.end(),
                       [](const lua::Expectation& e) { return !e.ok; });
}

// The command line `netsim lab FILE FLAGS`.
Options options_with(const Lab& lab, const std::string& flags) {
    std::vector<std::string> words{"netsim", "lab", lab.path};
    const std::vector<std::string> more = split_flags(flags);
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    return parse_options(static_cast<int>(argv.size()), argv.data());
}

std::size_t columns(std::string_view line) {
    return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;  // not the rest of a UTF-8 letter
    }));
}

class LabTest {
 public:
    explicit LabTest(const Lab& lab) : lab_(lab) {}

    std::vector<std::string> run() {
        faults_ = lab_.faults;
        header();
        code();
        if (plain()) {
            tries();
            broken();
        }
        return std::move(faults_);
    }

 private:
    void fault(bool wrong, const std::string& text) {
        if (wrong) {
            faults_.push_back(text);
        }
    }

    void header() {
        const std::vector<Lab> shipped = shipped_labs();
        const bool known = std::any_of(shipped.begin(), shipped.end(),
                                       [&](const Lab& one) { return one.number == lab_.number; });
        fault(lab_.number > 0 && !known,
              fmt::format("no lab {} comes with netsim: one of your own begins \"-- Lab: TITLE\"",
                          lab_.number));
        fault(lab_.chapter.empty(), "the header has no Chapter");
        fault(lab_.question.empty(), "the header has no Question");
        fault(lab_.watch.empty(), "the header has no Watch");
        const std::size_t background = lab_.background.size();
        fault(background < 3 || background > 8,
              fmt::format("Background has {} lines; 3 to 8 are wanted", background));
        const std::size_t count = lab_.tries.size();
        fault(count < 2 || count > 3,
              fmt::format("the header has {} Try lines; 2 or 3 are wanted", count));
        for (const LabTry& one : lab_.tries) {
            const bool predicted =
                !one.prediction.empty() && one.prediction.front().starts_with("Predict first:");
            fault(!predicted,
                  "Try: " + one.flags + ": the next line is not \"--   Predict first: ...\"");
        }
        fault(lab_.broken_by.empty(), "the header has no \"Broken by\"");
    }

    void code() {
        std::istringstream source(lab_.text);
        std::size_t lines = 0;
        for (std::string line; std::getline(source, line);) {
            const std::size_t first = line.find_first_not_of(" \t\r");
            lines += first != std::string::npos && line.compare(first, 2, "--") != 0 ? 1U : 0U;
            fault(columns(line) > kColumnsMax,
                  fmt::format("a line of the script has {} columns; {} is the most", columns(line),
                              kColumnsMax));
        }
        fault(lines > kCodeLinesMax,
              fmt::format("{} lines of code; a screen holds {}", lines, kCodeLinesMax));
    }

    bool plain() {
        first_ = try_out(lab_, Options{});
        const lua::RunReport& report = first_.report;
        if (report.failure.ending != lua::Ending::kNone) {
            fault(true, report.failure.message);
            return false;
        }
        for (const lua::Expectation& one : report.expectations) {
            fault(!one.ok, one.place + "expectation failed: " + one.message);
            fault(!one.in_checks, one.place + "an expectation outside netsim.checks");
        }
        fault(in_checks(report.expectations).empty(), "netsim.checks claims nothing");
        fault(report.questions.empty(), "there is no netsim.quiz");
        for (const lua::Question& one : report.questions) {
            fault(!one.choices.empty() && !one.choice,
                  "quiz: the run gives " + one.actual +
                      ", which is none of the choices of: " + one.text);
        }
        std::istringstream lines(first_.output);
        for (std::string line; std::getline(lines, line);) {
            fault(columns(line) > kColumnsMax,
                  fmt::format("a printed line has {} columns: {}", columns(line), line));
        }
        fault(first_.output.empty(), "it prints nothing");
        const Trial again = try_out(lab_, Options{});
        fault(again.output != first_.output || again.digest() != first_.digest(),
              "two runs differ");
        return report.results.has_value();
    }

    void tries() {
        for (const LabTry& one : lab_.tries) {
            changed(
                "Try: " + one.flags, one.flags, [&](const Trial& trial, const std::string& what) {
                    fault(trial.output == first_.output, what + " changes nothing that is printed");
                });
        }
    }

    void broken() {
        for (const std::string& flags : lab_.broken_by) {
            changed("Broken by: " + flags, flags, [&](const Trial& trial, const std::string& what) {
                if (!any_failed(in_checks(trial.report.expectations))) {
                    fault(true, what + " breaks nothing: all checks pass");
                } else if (!trial.report.results) {
                    fault(true, what + " ends before netsim.checks");
                } else {
                    fault(!any_failed(judge(lab_, *trial.report.results)),
                          what + ": the checks see more than the results they are given");
                }
            });
        }
    }

    template <typename F>
    void changed(const std::string& what, const std::string& flags, F then) {
        try {
            const Trial trial = try_out(lab_, options_with(lab_, flags));
            if (trial.report.failure.ending != lua::Ending::kNone) {
                fault(true, what + ": " + trial.report.failure.message);
            } else {
                then(trial, what);
            }
        } catch (const InputError& error) {
            fault(true, what + ": " + error.what());
        }
    }

    const Lab& lab_;
    Trial first_;
    std::vector<std::string> faults_;
};

}  // namespace

std::vector<lua::Expectation> grade(const Lab& lab, const Lab& answer, const Options& options) {
    const lua::RunReport report = try_out(answer, options).report;
    insist_on_end(answer, report);
    if (!report.results) {
        throw InputError(answer.path +
                         ": reports no results: it must end, as the lab does, with "
                         "netsim.checks({name = value, ...}, function(r) ... end)");
    }
    // All shipped labs simulate something: results that were typed in are no answer.
    if (lab.number > 0 && report.events() == 0) {
        throw InputError(answer.path + ": nothing happened in its run: " + lab.heading() +
                         " is about a network, and its results come from one");
    }
    std::vector<lua::Expectation> verdict = judge(lab, *report.results);
    if (verdict.empty()) {
        throw InputError(lab.path + ": has no expectations in netsim.checks to judge by");
    }
    return verdict;
}

std::vector<std::string> test_lab(const Lab& lab) {
    return LabTest(lab).run();
}

}  // namespace netsim::cli
