// A filter's text as words with their columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace netsim::observe {

struct FilterWord {
    std::string_view text;   // empty: the end
    std::size_t column = 0;  // from 1
};

/// Words are separated by blanks and marks; "&&", "<=" and the like are one mark.
class FilterWords {
 public:
    explicit FilterWords(std::string_view text) : text_(text) { next(); }

    const FilterWord& word() const { return word_; }

    void next();
    /// The word, and goes to the next; an error if there is none: "a port is missing at the end".
    FilterWord take(std::string_view wanted);
    /// If it is the word, takes it.
    bool accept(std::string_view text);

    /// InputError about this word.
    [[noreturn]] void fail(const FilterWord& at, const std::string& what) const;

 private:
    std::string_view text_;
    std::size_t at_ = 0;
    FilterWord word_;
};

}  // namespace netsim::observe
