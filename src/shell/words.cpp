// A command line's words, quoted as in sh(1).
#include <fmt/format.h>

#include "netsim/result.hpp"
#include "shell/shell.hpp"

namespace netsim::shell {
namespace {

class Splitter {
 public:
    explicit Splitter(std::string_view line) : line_(line) {}

    std::vector<std::string> split() {
        for (; at_ < line_.size(); ++at_) {
            const char c = line_[at_];
            if (c == ' ' || c == '\t') {
                end_word();
            } else if (c == '\'' || c == '"') {
                quoted(c);
            } else if (c == '\\' && at_ + 1 < line_.size()) {
                take(line_[++at_]);
            } else if (std::string_view("|<>&;`$\n").find(c) != std::string_view::npos) {
                refuse(c);
            } else {
                take(c);
            }
        }
        end_word();
        return std::move(words_);
    }

 private:
    void take(char c) {
        word_ += c;
        in_word_ = true;
    }

    void end_word() {
        if (in_word_) {
            words_.push_back(std::move(word_));
        }
        word_.clear();
        in_word_ = false;
    }

    void quoted(char mark) {
        in_word_ = true;
        const std::size_t from = at_++;
        for (; at_ < line_.size() && line_[at_] != mark; ++at_) {
            const bool escaped =
                mark == '"' && line_[at_] == '\\' && at_ + 1 < line_.size() &&
                std::string_view("\"\\$`").find(line_[at_ + 1]) != std::string_view::npos;
            at_ += escaped ? 1U : 0U;
            word_ += line_[at_];
        }
        if (at_ >= line_.size()) {
            throw InputError(
                fmt::format("sh: the quote {} at column {} is not closed", mark, from + 1));
        }
    }

    [[noreturn]] static void refuse(char c) {
        throw InputError(fmt::format(
            "sh: no pipes, redirections, variables or lists here ({}): quote it, or use your own "
            "shell's: netsim exec SCRIPT --at TIME HOST 'COMMAND' | ...",
            c == '\n' ? "a new line" : std::string(1, c)));
    }

    std::string_view line_;
    std::size_t at_ = 0;
    std::string word_;
    bool in_word_ = false;
    std::vector<std::string> words_;
};

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
    return Splitter(line).split();
}

}  // namespace netsim::shell
