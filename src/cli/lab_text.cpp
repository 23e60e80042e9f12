// Labs as text and as Markdown.
#include "cli/lab_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <sstream>

#include "base/text.hpp"
#include "netsim/lesson.hpp"
#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

constexpr std::size_t kColumns = 80;

std::string rule_line(const std::string& name) {
    const std::string head = "-- " + name + " ";
    return head + std::string(kColumns - std::min(kColumns, head.size()), '-') + "\n";
}

// A cell of a Markdown table: no bars, and nothing that reads as a tag.
std::string cell_text(const std::string& text) {
    std::string cell;
    for (const char c : text) {
        cell += c == '|' ? "\\|" : c == '<' ? "&lt;" : std::string(1, c);
    }
    return cell;
}

std::vector<std::string> chapters_of(const std::vector<Lab>& labs) {
    std::vector<std::string> chapters;
    for (const Lab& lab : labs) {
        if (std::find(chapters.begin(), chapters.end(), lab.chapter) == chapters.end()) {
            chapters.push_back(lab.chapter);
        }
    }
    return chapters;
}

bool begins_like(const std::string& whole, const std::string& part) {
    return !part.empty() && part.size() <= whole.size() &&
           std::equal(part.begin(), part.end(), whole.begin(),
                      [](char a, char b) { return std::tolower(a) == std::tolower(b); });
}

}  // namespace

std::string wrapped(const std::string& text, const std::string& indent) {
    std::istringstream words(text);
    std::string result;
    std::string line = indent;
    for (std::string word; words >> word;) {
        if (line.size() + 1 + word.size() > kColumns && line.size() > indent.size()) {
            result += line + "\n";
            line = indent;
        }
        line += (line.size() > indent.size() ? " " : "") + word;
    }
    return result + line + "\n";
}

std::string list_labs(const std::vector<Lab>& labs, const std::optional<std::string>& chapter) {
    std::string text;
    const std::vector<std::string> chapters = chapters_of(labs);
    for (std::size_t i = 0; i < chapters.size(); ++i) {
        if (chapter && !begins_like(chapters[i], *chapter) && *chapter != std::to_string(i + 1)) {
            continue;
        }
        text += fmt::format("{}Chapter {}. {}\n", text.empty() ? "" : "\n", i + 1, chapters[i]);
        for (const Lab& lab : labs) {
            if (lab.chapter == chapters[i]) {
                text += fmt::format("  {:>2}  {}\n", lab.number, lab.title) +
                        wrapped(lab.question, "      ");
            }
        }
    }
    if (chapter && text.empty()) {
        const std::vector<std::string_view> known(chapters.begin(), chapters.end());
        throw InputError("no chapter \"" + *chapter + "\"" + did_you_mean(*chapter, known) +
                         " (chapters: " + join(known) + ")");
    }
    return text + fmt::format("\n{0} lab 1 runs one; {0} lab 1 --quiz asks before it shows.\n",
                              program_name());
}

std::string labs_markdown(const std::vector<Lab>& labs) {
    std::string text =
        "# Labs\n\n"
        "Each behaviour of TCP connections as a short script that anyone can run, change and be "
        "checked on.\n"
        "This table is made of the labs' own headers: `netsim lab --markdown` prints it. How to "
        "write one:\n[labs-writing.md](labs-writing.md).\n\n"
        "```sh\n"
        "netsim lab                     # the list\n"
        "netsim lab 1                   # run one, with its prose\n"
        "netsim lab 1 --quiz            # be asked before it shows\n"
        "netsim lab check my-answer.lua # a changed script, judged by the lab's own checks\n"
        "netsim lab new \"My own lab\"    # a skeleton that runs\n"
        "netsim lab rules               # what --without can switch off\n"
        "```\n";
    const std::vector<std::string> chapters = chapters_of(labs);
    for (std::size_t i = 0; i < chapters.size(); ++i) {
        text +=
            fmt::format("\n## {}. {}\n| | lab | question | things to change |\n|---|---|---|---|\n",
                        i + 1, chapters[i]);
        for (const Lab& lab : labs) {
            if (lab.chapter != chapters[i]) {
                continue;
            }
            std::string tries;
            for (const LabTry& one : lab.tries) {
                tries += (tries.empty() ? "`" : " · `") + cell_text(one.flags) + "`";
            }
            text += fmt::format("| {} | [{}](../lua/labs/{}.lua) | {} | {} |\n", lab.number,
                                cell_text(lab.title), lab.name, cell_text(lab.question), tries);
        }
    }
    return text;
}

std::string list_rules() {
    std::string text =
        "Rules of TCP that --without RULE switches off on every host, to show what each is "
        "for:\n\n";
    std::size_t width = 0;
    for (const LessonRuleEntry& entry : lesson_rules()) {
        width = std::max(width, entry.name.size());
    }
    for (const LessonRuleEntry& entry : lesson_rules()) {
        text += fmt::format("  {:{}}  without it, {}\n", entry.name, width, entry.without);
        text += fmt::format("  {:{}}  Linux: {}\n", "", width, entry.where);
    }
    return text;
}

void print_prose(std::ostream& out, const Lab& lab) {
    out << lab.heading();
    if (!lab.chapter.empty()) {
        out << "  (" << lab.chapter << ")";
    }
    out << "\n\n" << wrapped(lab.question, "  ") << '\n';
    for (const std::string& line : lab.background) {
        out << line << '\n';
    }
    if (!lab.watch.empty()) {
        out << '\n' << wrapped("Watch: " + lab.watch, "");
    }
    out << '\n' << rule_line("what happens");
}

void print_expectations(std::ostream& out, const lua::RunReport& report,
                        const std::string& changed) {
    if (report.expectations.empty()) {
        return;
    }
    out << '\n' << rule_line("what must hold");
    for (const lua::Expectation& one : report.expectations) {
        out << (one.ok ? "passed  " : "FAILED  ") << one.message << '\n';
    }
    if (!changed.empty() && report.expectations_failed()) {
        out << "(These are the claims of the lab unchanged; you changed: " << changed << ")\n";
    }
}

void print_tries(std::ostream& out, const Lab& lab) {
    if (lab.tries.empty()) {
        return;
    }
    out << '\n' << rule_line("now change something");
    for (const LabTry& one : lab.tries) {
        out << lab.command() << ' ' << one.flags << '\n';
        for (const std::string& line : one.prediction) {
            out << "    " << line << '\n';
        }
    }
}

}  // namespace netsim::cli
