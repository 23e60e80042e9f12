// Asking, and telling right from wrong.
#include "cli/lab_quiz.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <istream>
#include <ostream>
#include <string_view>

#include "cli/lab_text.hpp"

namespace netsim::cli {
namespace {

std::string plain(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    const std::size_t last = text.find_last_not_of(" \t\r");
    return first == std::string_view::npos ? std::string()
                                           : std::string(text.substr(first, last - first + 1));
}

// "b", "b)" or the choice's own words.
std::optional<std::size_t> chosen(const lua::Question& question, const std::string& answer) {
    for (std::size_t i = 0; i < question.choices.size(); ++i) {
        const char letter = static_cast<char>('a' + i);
        const std::string word(1, letter);
        const std::string capital(1, static_cast<char>('A' + i));
        if (answer == word || answer == word + ")" || answer == capital ||
            answer == question.choices[i]) {
            return i;
        }
    }
    return std::nullopt;
}

// "131", "131 s": what comes behind the number is the reader's unit.
std::optional<double> numeric(const std::string& answer) {
    double value = 0;
    const char* const end = answer.data() + answer.size();
    const auto [stop, error] = std::from_chars(answer.data(), end, value);
    const bool whole =
        stop == end || *stop == ' ' || std::isalpha(static_cast<unsigned char>(*stop)) != 0;
    return error == std::errc() && whole ? std::optional<double>(value) : std::nullopt;
}

bool understood(const lua::Question& question, const std::string& answer) {
    return question.choices.empty() ? numeric(answer).has_value()
                                    : chosen(question, answer).has_value();
}

bool is_right(const lua::Question& question, const std::string& answer) {
    if (!question.choices.empty()) {
        return question.choice && chosen(question, answer) == question.choice;
    }
    const double slack = question.tolerance + 1e-9 * std::fabs(question.number);
    return std::fabs(numeric(answer).value_or(HUGE_VAL) - question.number) <= slack;
}

std::string in_words(const lua::Question& question, const std::string& answer) {
    if (question.choices.empty()) {
        return answer;
    }
    const std::size_t i = chosen(question, answer).value_or(0);
    return fmt::format("{}) {}", static_cast<char>('a' + i), question.choices[i]);
}

}  // namespace

Answers ask_questions(const std::vector<lua::Question>& questions, std::istream& in,
                      std::ostream& out) {
    Answers answers;
    out << "\nBefore you look: " << questions.size()
        << (questions.size() == 1 ? " question" : " questions") << ". An empty line skips one.\n";
    for (std::size_t i = 0; i < questions.size(); ++i) {
        const lua::Question& question = questions[i];
        out << '\n' << wrapped(fmt::format("{}. {}", i + 1, question.text), "");
        for (std::size_t j = 0; j < question.choices.size(); ++j) {
            out << "   " << static_cast<char>('a' + j) << ") " << question.choices[j] << '\n';
        }
        std::optional<std::string> answer;
        for (std::string line;;) {
            out << "> " << std::flush;
            if (!std::getline(in, line)) {
                out << '\n';
                break;
            }
            line = plain(line);
            if (line.empty()) {
                break;
            }
            if (understood(question, line)) {
                answer = line;
                break;
            }
            out << (question.choices.empty() ? "a number, please\n"
                                             : "one of the letters, please\n");
        }
        answers.push_back(std::move(answer));
    }
    out << '\n';
    return answers;
}

void tell_answers(const std::vector<lua::Question>& questions, const Answers& answers,
                  std::ostream& out) {
    std::size_t right = 0;
    out << "\nYour answers, and what the run says:\n";
    for (std::size_t i = 0; i < questions.size(); ++i) {
        const lua::Question& question = questions[i];
        out << wrapped(fmt::format("{}. {}", i + 1, question.text), "");
        std::string verdict = "skipped";
        if (answers[i]) {
            const bool good = is_right(question, *answers[i]);
            right += good ? 1U : 0U;
            verdict = in_words(question, *answers[i]) + (good ? ": right" : ": wrong");
        }
        out << "   " << verdict << ". The run: " << question.actual
            << (question.choices.empty() || question.choice ? "" : " (none of the choices)")
            << '\n';
    }
    out << fmt::format("Score: {} of {}\n", right, questions.size());
}

}  // namespace netsim::cli
