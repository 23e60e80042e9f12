// An evaluator of assertions: assert, print and assignments over integers, floats and texts.
#include "packetdrill/code.hpp"

#include <charconv>

#include "packetdrill/code_value.hpp"
#include "packetdrill/machine.hpp"
#include "packetdrill/scanner.hpp"

namespace netsim::packetdrill {
namespace {

constexpr int kDepthMax = 64;

CodeValue of(std::int64_t n) {
    return CodeValue{n};
}

class Expression {
 public:
    Expression(std::string_view text, const Names& info, const Names& variables)
        : text_(text), info_(info), variables_(variables) {}

    CodeValue whole() { return either(); }

    bool take(std::string_view word) {
        skip();
        const std::string_view rest = text_.substr(at_);
        const bool ends =
            !is_word(word.back()) || rest.size() <= word.size() || !is_word(rest[word.size()]);
        if (!rest.starts_with(word) || !ends) {
            return false;
        }
        at_ += word.size();
        return true;
    }

    bool done() {
        skip();
        return at_ == text_.size();
    }

    [[noreturn]] void fail() {
        throw Mismatch{"code not understood at \"" + std::string(text_.substr(at_)) +
                       "\" (known: assert, print, NAME = value, comparisons, arithmetic)"};
    }

 private:
    void skip() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
            ++at_;
        }
    }

    CodeValue either() {
        CodeValue left = both();
        while (take("or")) {
            const CodeValue right = both();
            left = truth(left) ? left : right;
        }
        return left;
    }

    CodeValue both() {
        CodeValue left = negated();
        while (take("and")) {
            const CodeValue right = negated();
            left = truth(left) ? right : left;
        }
        return left;
    }

    CodeValue negated() {
        bool flip = false;
        bool any = false;
        while (take("not")) {
            flip = !flip;
            any = true;
        }
        const CodeValue inner = comparison();
        return any ? of(truth(inner) != flip ? 1 : 0) : inner;
    }

    /// a < b <= c holds if each pair does.
    CodeValue comparison() {
        CodeValue left = binary(0);
        bool all = true;
        bool any = false;
        for (;;) {
            static constexpr std::array<std::string_view, 6> kOps{"==", "!=", "<=", ">=", "<", ">"};
            std::size_t op = 0;
            while (op < kOps.size() && !take(kOps[op])) {
                ++op;
            }
            if (op == kOps.size()) {
                return any ? of(all ? 1 : 0) : left;
            }
            const CodeValue right = binary(0);
            const int c = compare(left, right);
            const std::array<bool, 6> holds{c == 0, c != 0, c <= 0, c >= 0, c<0, c> 0};
            all = all && holds[op];
            any = true;
            left = right;
        }
    }

    CodeValue binary(std::size_t level) {
        static const std::vector<std::vector<std::string_view>> kLevels{
            {"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "//", "/", "%"}};
        if (level == kLevels.size()) {
            return unary();
        }
        CodeValue left = binary(level + 1);
        for (;;) {
            bool found = false;
            for (const std::string_view op : kLevels[level]) {
                if (take(op)) {
                    left = arithmetic(op, left, binary(level + 1));
                    found = true;
                    break;
                }
            }
            if (!found) {
                return left;
            }
        }
    }

    CodeValue unary() {
        if (++depth_ > kDepthMax) {
            throw Mismatch{"code nested too deeply"};
        }
        CodeValue result;
        if (take("-")) {
            result = arithmetic("-", of(0), unary());
        } else if (take("~")) {
            result = arithmetic("^", of(-1), unary());
        } else {
            result = primary();
        }
        --depth_;
        return result;
    }

    CodeValue primary() {
        skip();
        if (at_ == text_.size()) {
            throw Mismatch{"code ends where a value was expected"};
        }
        const char c = text_[at_];
        if (c == '(') {
            return parenthesised();
        }
        if (c == '\'' || c == '"') {
            return quoted(c);
        }
        if (is_digit(c)) {
            return number();
        }
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_word(text_[at_])) {
            ++at_;
        }
        if (begin == at_) {
            fail();
        }
        return named(text_.substr(begin, at_ - begin));
    }

    CodeValue parenthesised() {
        take("(");
        if (take(")")) {
            return {Tuple{}};
        }
        CodeValue first = either();
        if (take(")")) {
            return first;
        }
        Tuple all{first};
        while (take(",")) {
            if (take(")")) {
                return {all};
            }
            all.push_back(either());
        }
        if (!take(")")) {
            fail();
        }
        return {all};
    }

    CodeValue quoted(char quote) {
        const std::size_t end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) {
            throw Mismatch{"a text in the code does not end"};
        }
        std::string text(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return {std::move(text)};
    }

    CodeValue number() {
        const std::string_view rest = text_.substr(at_);
        const bool hex = rest.starts_with("0x");
        std::int64_t n = 0;
        const char* first = rest.data() + (hex ? 2 : 0);
        const char* last = rest.data() + rest.size();
        const auto [stop, error] = std::from_chars(first, last, n, hex ? 16 : 10);
        if (error != std::errc()) {
            fail();
        }
        if (stop != last && (*stop == '.' || *stop == 'e')) {
            double d = 0;
            const auto [end, problem] = std::from_chars(rest.data(), last, d);
            if (problem != std::errc()) {
                fail();
            }
            at_ += static_cast<std::size_t>(end - rest.data());
            return {d};
        }
        at_ += static_cast<std::size_t>(stop - rest.data());
        return of(n);
    }

    CodeValue named(std::string_view name) {
        if (name == "True" || name == "False") {
            return of(name == "True" ? 1 : 0);
        }
        if (const auto found = variables_.find(name); found != variables_.end()) {
            return found->second;
        }
        if (const auto found = info_.find(name); found != info_.end()) {
            return found->second;
        }
        if (name == "abs" || name == "int" || name == "str" || name == "min" || name == "max") {
            return call(name);
        }
        throw Mismatch{"the name " + std::string(name) +
                       " is not known to the code (not a field of tcp_info the stack keeps)"};
    }

    CodeValue call(std::string_view name) {
        skip();
        const CodeValue argument = parenthesised();
        const auto* tuple = std::get_if<Tuple>(&argument.v);
        if (name == "str") {
            return {shown(argument)};
        }
        if ((name == "min" || name == "max") && tuple != nullptr && !tuple->empty()) {
            CodeValue best = tuple->front();
            for (const CodeValue& item : *tuple) {
                const int c = compare(item, best);
                best = (name == "min" ? c < 0 : c > 0) ? item : best;
            }
            return best;
        }
        const double d = as_double(argument);
        if (name == "int") {
            return as_int(argument) != nullptr ? argument : of(static_cast<std::int64_t>(d));
        }
        return d < 0 ? arithmetic("-", of(0), argument) : argument;
    }

    std::string_view text_;
    const Names& info_;
    const Names& variables_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

/// A line without its comment.
std::string_view without_comment(std::string_view line) {
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (quote == 0 && line[i] == '#') {
            return line.substr(0, i);
        }
        if (quote == 0 && (line[i] == '\'' || line[i] == '"')) {
            quote = line[i];
        } else if (line[i] == quote) {
            quote = 0;
        }
    }
    return line;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\r')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' ||
                             text.back() == ';')) {
        text.remove_suffix(1);
    }
    return text;
}

/// A logical line's statements: `a; b`.
std::vector<std::string_view> statements(std::string_view line) {
    std::vector<std::string_view> all;
    char quote = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= line.size(); ++i) {
        if (i == line.size() || (quote == 0 && line[i] == ';')) {
            const std::string_view part = trimmed(line.substr(begin, i - begin));
            if (!part.empty()) {
                all.push_back(part);
            }
            begin = i + 1;
        } else if (quote == 0 && (line[i] == '\'' || line[i] == '"')) {
            quote = line[i];
        } else if (line[i] == quote) {
            quote = 0;
        }
    }
    return all;
}

}  // namespace

CodeProgram::CodeProgram() {
    const auto add = [&](std::string_view name, std::int64_t n) {
        variables_[std::string(name)] = of(n);
    };
    std::int64_t n = 1;
    for (const std::string_view name :
         {"ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
          "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"}) {
        add("TCP_" + std::string(name), n++);
    }
    n = 0;
    for (const std::string_view name : {"Open", "Disorder", "CWR", "Recovery", "Loss"}) {
        add("TCP_CA_" + std::string(name), n++);
    }
    n = 1;
    for (const std::string_view name :
         {"TIMESTAMPS", "SACK", "WSCALE", "ECN", "ECN_SEEN", "SYN_DATA"}) {
        add("TCPI_OPT_" + std::string(name), n);
        n *= 2;
    }
}

void CodeProgram::run(const std::string& text, const Names& info, int& line) {
    line = 0;
    std::string joined;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view part =
            trimmed(without_comment(std::string_view(text).substr(begin, end - begin)));
        begin = end + 1;
        if (!part.empty() && part.back() == '\\') {
            joined += std::string(part.substr(0, part.size() - 1)) + " ";
        } else {
            joined += part;
            for (const std::string_view one : statements(joined)) {
                statement(one, info);
            }
            joined.clear();
        }
        ++line;
    }
    for (const std::string_view one : statements(joined)) {  // the block ended in a backslash
        statement(one, info);
    }
}

void CodeProgram::statement(std::string_view text, const Names& info) {
    Expression e(text, info, variables_);
    if (e.take("import") || e.take("from")) {
        throw Mismatch{"import is not supported in the code"};
    }
    if (e.take("assert")) {
        const CodeValue holds = e.whole();
        std::string message;
        if (e.take(",")) {
            message = ": " + shown(e.whole());
        }
        if (!e.done()) {
            e.fail();
        }
        if (!truth(holds)) {
            throw Mismatch{"the assertion does not hold" + message};
        }
        return;
    }
    if (e.take("print")) {
        printed_ += (e.done() ? "" : shown(e.whole())) + "\n";
    } else {
        std::size_t n = 0;
        while (n < text.size() && is_word(text[n])) {
            ++n;
        }
        const std::string name(text.substr(0, n));
        if (name.empty() || is_digit(name[0]) || !e.take(name) || !e.take("=")) {
            e.fail();
        }
        CodeValue value = e.whole();
        if (e.done()) {
            variables_[name] = std::move(value);
        }
    }
    if (!e.done()) {
        e.fail();
    }
}

}  // namespace netsim::packetdrill
