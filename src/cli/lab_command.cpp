// netsim lab: the list, one lab with its prose or its quiz, check, new, test, rules.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <sstream>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_output.hpp"
#include "cli/lab_check.hpp"
#include "cli/lab_file.hpp"
#include "cli/lab_new.hpp"
#include "cli/lab_quiz.hpp"
#include "cli/lab_text.hpp"
#include "cli/report_output.hpp"
#include "cli/script_run.hpp"
#include "cli/terminal.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

using Names = std::initializer_list<std::string_view>;

// An option that means nothing here is an error, not ignored.
void allow_only(const Options& options, const std::string& what, Names allowed) {
    for (const std::string& given : options.given) {
        if (std::find(allowed.begin(), allowed.end(), given) == allowed.end()) {
            throw InputError(
                what + ": " + given + " means nothing here" +
                (allowed.size() == 0
                     ? ""
                     : " (allowed: " + join(std::span(allowed.begin(), allowed.size())) + ")"));
        }
    }
}

void forbid(const Options& options, const std::string& what, Names forbidden) {
    for (const std::string& given : options.given) {
        if (std::find(forbidden.begin(), forbidden.end(), given) != forbidden.end()) {
            throw InputError(what + ": " + given + " means nothing here");
        }
    }
}

// The words behind the first, at most so many; what they are is in `usage`.
std::vector<std::string> words_of(const Options& options, std::size_t least, std::size_t most,
                                  const std::string& usage) {
    const std::vector<std::string>& words = options.run.arguments;
    if (words.size() < least || words.size() > most) {
        throw InputError("usage: netsim lab " + usage);
    }
    for (const std::string& word : words) {
        if (word.find_first_not_of(' ') == std::string::npos) {
            throw InputError("an argument is empty; usage: netsim lab " + usage);
        }
        if (word.starts_with("-")) {
            throw InputError("unknown option " + word + "; usage: netsim lab " + usage);
        }
    }
    return words;
}

int print_all(const std::string& text) {
    std::cout << text;
    return finish_stdout(kExitDone);
}

std::string typed_flags(const Options& options) {
    std::string text;
    for (const std::string& word : options.changes) {
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

int show_lab(const Lab& lab, const Options& options) {
    forbid(options, "lab", {"--chapter", "--markdown", "--lab"});
    lab.insist_on_header();
    lua::RunOptions run = make_run(options, {lab.path, lab.text});
    const bool json_only = options.json && (options.json->empty() || *options.json == "-");
    std::ostream& out = json_only ? std::cerr : std::cout;
    std::ostringstream held;
    // A reader at a terminal has the prose while it runs; a file gets nothing of what is refused.
    const bool live = isatty(json_only ? STDERR_FILENO : STDOUT_FILENO) == 1;
    run.out = live && !options.quiz ? &out : &held;
    run.err = &std::cerr;
    run.utf8 = utf8_on(json_only ? STDERR_FILENO : STDOUT_FILENO);
    run.tell_failures = run.quiet;
    std::unique_ptr<JsonOutput> json;
    if (options.json && !run.help) {
        json = std::make_unique<JsonOutput>(json_only ? "" : *options.json);
    }
    ReportOutput pictures(options, run);
    const bool prose = !run.quiet && !run.help;
    if (prose && live) {
        print_prose(out, lab);
        out << std::flush;
    }
    const auto [report, wall] = run_at_terminal(run, options.progress);
    const bool whole = report.failure.ending == lua::Ending::kNone;
    if (prose && !live && report.failure.ending != lua::Ending::kInput) {
        print_prose(out, lab);
    }
    Answers answers;
    const bool asks = options.quiz && whole && !report.questions.empty();
    if (asks) {
        answers = ask_questions(report.questions, std::cin, out);
        if (interrupted()) {
            return kExitInterrupted;
        }
    }
    out << held.str();
    const int code = exit_code_of(report);
    pictures.write(options, run, report);
    if (!whole) {
        return finish_stdout(code);
    }
    if (asks) {
        tell_answers(report.questions, answers, out);
    } else if (options.quiz) {
        out << "\nThis lab asks no questions.\n";
    }
    if (!run.quiet) {
        print_expectations(out, report, typed_flags(options));
        print_tries(out, lab);
    }
    if (json) {
        json->write(make_report(run, report, wall));
    }
    return finish_stdout(code);
}

// Whose checks judge this script: --lab's, else those its header names.
Lab lab_of(const Lab& answer, const Options& options) {
    if (options.lab) {
        return find_lab(*options.lab);
    }
    if (answer.number > 0 && answer.faults.empty()) {
        return find_lab(std::to_string(answer.number));
    }
    if (answer.title.empty()) {
        throw InputError(answer.path +
                         ": its first line does not say which lab it answers (\"-- Lab 13: "
                         "...\"); say it with --lab 13");
    }
    if (!answer.faults.empty()) {
        throw InputError(answer.faults.front());
    }
    return answer;  // a lab of its own
}

int check_answer(Options options) {
    forbid(options, "lab check",
           {"--json", "--report", "--report-data", "--trace", "--quiz", "--chapter", "--markdown",
            "--quiet", "--help"});
    std::vector<std::string>& words = options.run.arguments;
    if (words.empty() || words.front().empty() || words.front().starts_with("-")) {
        throw InputError("usage: netsim lab check FILE [--lab LAB] [flags of the script]");
    }
    const Lab answer = read_lab(words.front());
    words.erase(words.begin());
    const Lab lab = lab_of(answer, options);
    const std::vector<lua::Expectation> verdict = grade(lab, answer, options);
    std::cout << answer.path << " by the checks of " << lab.heading() << "\n\n";
    std::size_t passed = 0;
    for (const lua::Expectation& one : verdict) {
        std::cout << (one.ok ? "passed  " : "FAILED  ") << one.message << '\n';
        passed += one.ok ? 1U : 0U;
    }
    std::cout << fmt::format("\n{} of {} passed\n", passed, verdict.size());
    return finish_stdout(passed == verdict.size() ? kExitDone : kExitCheckFailed);
}

int new_lab(const Options& options) {
    allow_only(options, "lab new", {"--chapter"});
    const auto words = words_of(options, 1, 2, "new TITLE [FILE] [--chapter CHAPTER]");
    if (words[0].find('\n') != std::string::npos) {
        throw InputError("lab new: a title is one line");
    }
    const std::string path = words.size() > 1 ? words[1] : lab_file_name(words[0]);
    write_new_lab(path, lab_skeleton(words[0], options.chapter.value_or("My own")));
    return print_all(
        fmt::format("{0} is written. It runs as it is: {1} lab {0}\n", path, program_name()));
}

// Without words: all that come with netsim.
int test_labs(const Options& options) {
    allow_only(options, "lab test", {});
    std::vector<Lab> labs;
    for (const std::string& word : words_of(options, 0, 1000, "test [LAB or FILE]...")) {
        labs.push_back(find_lab(word));
    }
    if (labs.empty()) {
        labs = shipped_labs();
    }
    std::size_t bad = 0;
    for (const Lab& lab : labs) {
        const std::vector<std::string> faults = test_lab(lab);
        bad += faults.empty() ? 0U : 1U;
        std::cout << (faults.empty() ? "ok      " : "FAULTY  ") << lab.name << '\n';
        for (const std::string& fault : faults) {
            std::cout << "        " << fault << '\n';
        }
        std::cout << std::flush;
    }
    return finish_stdout(bad == 0 ? kExitDone : kExitCheckFailed);
}

}  // namespace

int lab_command(const Options& options) {
    if (options.markdown) {
        allow_only(options, "lab --markdown", {"--markdown"});
        return print_all(labs_markdown(shipped_labs()));
    }
    if (options.script.empty()) {
        allow_only(options, "lab", {"--chapter"});
        words_of(options, 0, 0, "[LAB]");
        return print_all(list_labs(shipped_labs(), options.chapter));
    }
    if (options.script == "check") {
        return check_answer(options);
    }
    if (options.script == "new") {
        return new_lab(options);
    }
    if (options.script == "test") {
        return test_labs(options);
    }
    if (options.script == "rules") {
        allow_only(options, "lab rules", {});
        words_of(options, 0, 0, "rules");
        return print_all(list_rules());
    }
    return show_lab(find_lab(options.script), options);
}

}  // namespace netsim::cli
