// A hyphen, slash or colon inside a word belongs to it: "tcp-syn", "10.0.0.0/8"; at its beginning
// it is a mark.
#include "observe/filter_words.hpp"

#include <fmt/format.h>

#include "netsim/result.hpp"

namespace netsim::observe {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n';
}

bool is_mark(char c) {
    return std::string_view("()!&|=<>[]+*%^:").find(c) != std::string_view::npos;
}

bool is_mark_in_front(char c) {
    return c == '-' || c == '/';
}

}  // namespace

void FilterWords::next() {
    while (at_ < text_.size() && is_blank(text_[at_])) {
        ++at_;
    }
    const std::size_t begin = at_;
    if (at_ < text_.size() && (is_mark(text_[at_]) || is_mark_in_front(text_[at_]))) {
        const std::string_view two = text_.substr(at_, 2);
        const bool pair = two == "&&" || two == "||" || two == "==" || two == "!=" || two == "<=" ||
                          two == ">=" || two == "<<" || two == ">>";
        at_ += pair ? 2 : 1;
    } else {
        while (at_ < text_.size() && !is_blank(text_[at_]) && !is_mark(text_[at_])) {
            ++at_;
        }
    }
    word_ = FilterWord{text_.substr(begin, at_ - begin), begin + 1};
}

FilterWord FilterWords::take(std::string_view wanted) {
    if (word_.text.empty()) {
        fail(word_, fmt::format("{} is missing at the end", wanted));
    }
    const FilterWord word = word_;
    next();
    return word;
}

bool FilterWords::accept(std::string_view text) {
    if (word_.text != text) {
        return false;
    }
    next();
    return true;
}

void FilterWords::fail(const FilterWord& at, const std::string& what) const {
    throw InputError(fmt::format("filter \"{}\", column {}: {}", text_, at.column, what));
}

}  // namespace netsim::observe
