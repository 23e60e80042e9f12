// Words of commands.
#include "packetdrill/shell_syntax.hpp"

#include <algorithm>

namespace netsim::packetdrill {
namespace {

using Words = std::vector<std::string>;
using Runs = ShellCommand::Runs;

/// The value of a product, quotient, sum or difference of whole numbers: what scripts write in
/// $((...)).
std::int64_t arithmetic(const std::string& text) {
    std::int64_t sum = 0;
    std::int64_t product = 1;
    char op = '+';
    std::size_t at = 0;
    bool negative = false;
    for (;;) {
        at = std::min(text.find_first_not_of(' ', at), text.size());
        const std::size_t end = std::min(text.find_first_not_of("0123456789", at), text.size());
        if (end == at || end - at > 9 ||
            (op == '/' && std::stoll(text.substr(at, end - at)) == 0)) {
            throw Mismatch{"$((" + text + ")) is not understood (whole numbers, + - * /)"};
        }
        const std::int64_t n = std::stoll(text.substr(at, end - at));
        if (op == '*' || op == '/') {
            product = op == '*' ? product * n : product / n;
        } else {
            product = n;
        }
        if (product > (std::int64_t{1} << 40U)) {
            throw Mismatch{"$((" + text + ")) is too large"};
        }
        at = std::min(text.find_first_not_of(' ', end), text.size());
        op = at < text.size() ? text[at] : '\0';
        ++at;
        if (op != '*' && op != '/') {
            sum += negative ? -product : product;
            negative = op == '-';
        }
        if (op == '\0') {
            return sum;
        }
    }
}

/// Each $((...)) by its value.
std::string expanded(std::string text) {
    std::size_t at = 0;
    while ((at = text.find("$((", at)) != std::string::npos) {
        const std::size_t end = text.find("))", at);
        if (end == std::string::npos) {
            throw Mismatch{"$(( without ))"};
        }
        const std::string value = std::to_string(arithmetic(text.substr(at + 3, end - at - 3)));
        text.replace(at, end + 2 - at, value);
        at += value.size();
    }
    return text;
}

bool takes_file(const std::string& word) {
    return word == ">" || word == ">>" || word == "1>" || word == "2>" || word == "&>";
}

bool is_redirection(const std::string& word) {
    return word.starts_with(">") || word.starts_with("2>") || word.starts_with("1>") ||
           word.starts_with("&>");
}

Words without_redirections(const Words& words) {
    Words kept;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string target =
            takes_file(words[i]) && i + 1 < words.size() ? words[i + 1] : words[i];
        if (!is_redirection(words[i]) || target.find("/proc/") != std::string::npos ||
            target.find("/sys/") != std::string::npos) {
            kept.push_back(words[i]);
        } else if (takes_file(words[i])) {
            ++i;
        }
    }
    return kept;
}

/// Collects words into commands.
class Splitter {
 public:
    explicit Splitter(const std::string& text) : text_(text) { begin(Runs::kAlways); }

    std::vector<ShellCommand> run() {
        for (at_ = 0; at_ < text_.size(); ++at_) {
            take(text_[at_]);
        }
        end_word();
        return std::move(commands_);
    }

 private:
    bool next_is(std::string_view what) const {
        return std::string_view(text_).substr(at_).starts_with(what);
    }

    void begin(Runs runs) {
        end_word();
        commands_.push_back({runs, {1, Words{}}});
    }

    void end_word() {
        if (in_word_) {
            commands_.back().pipeline.back().push_back(word_);
        }
        word_.clear();
        in_word_ = false;
    }

    void add(char c) {
        word_ += c;
        in_word_ = true;
    }

    void take(char c) {
        if (quote_ != 0) {
            c == quote_ ? static_cast<void>(quote_ = 0) : add(c);
        } else if (c == '"' || c == '\'') {
            quote_ = c;
            in_word_ = true;
        } else if (next_is("\\\n")) {
            ++at_;
        } else if (next_is("&&") || next_is("||")) {
            begin(c == '&' ? Runs::kAfterSuccess : Runs::kAfterFailure);
            ++at_;
        } else if (c == '\n' || c == ';') {
            // A line may end behind && and ||.
            if (c == ';' || commands_.back().pipeline.size() > 1 ||
                !commands_.back().pipeline.front().empty() || in_word_) {
                begin(Runs::kAlways);
            }
        } else if (c == '|') {
            end_word();
            commands_.back().pipeline.emplace_back();
        } else if (c == ' ' || c == '\t' || c == '\r') {
            end_word();
        } else if (c == '#' && !in_word_) {
            at_ = std::min(text_.find('\n', at_), text_.size()) - 1;
        } else {
            add(c);
        }
    }

    const std::string& text_;
    std::size_t at_ = 0;
    std::vector<ShellCommand> commands_;
    std::string word_;
    bool in_word_ = false;
    char quote_ = 0;
};

}  // namespace

std::vector<ShellCommand> shell_commands(const std::string& text) {
    const std::string plain = expanded(text);
    std::vector<ShellCommand> commands = Splitter(plain).run();
    for (ShellCommand& command : commands) {
        for (Words& words : command.pipeline) {
            words = without_redirections(words);
        }
    }
    return commands;
}

bool rescued(const std::vector<ShellCommand>& commands, std::size_t i) {
    for (std::size_t k = i + 1; k < commands.size() && commands[k].runs != Runs::kAlways; ++k) {
        if (commands[k].runs == Runs::kAfterFailure) {
            return true;
        }
    }
    return false;
}

}  // namespace netsim::packetdrill
