// The script's text, read from left to right; errors name line and column.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "netsim/time.hpp"
#include "packetdrill/script.hpp"

namespace netsim::packetdrill {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// May it stand in a name?
constexpr bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

class Scanner {
 public:
    Scanner(std::string_view name, std::string_view text) : name_(name), text_(text) {}

    /// Skips blanks and comments; true at the end of the text.
    bool at_end();
    /// The next character after blanks; 0 at the end.
    char peek();

    /// The characters that follow, blanks included.
    std::string_view rest() const { return text_.substr(at_); }

    /// Takes `word` if it comes next (after blanks). A word of letters must end there.
    bool take(std::string_view word);
    /// Takes `word` or fails, saying what was expected.
    void need(std::string_view word);
    bool next_is(std::string_view word);
    /// Letters, digits and _; empty if none is next.
    std::string_view identifier();
    /// Characters of `set`, right here; may be empty.
    std::string_view run_of(std::string_view set);
    /// The text up to `mark`, which is taken as well.
    std::string_view until(std::string_view mark, std::string_view what);

    std::int64_t integer(std::string_view what);
    std::uint32_t u32(std::string_view what);
    std::uint16_t u16(std::string_view what);
    /// Seconds with up to nine decimals.
    Duration seconds();

    /// Of what comes next.
    Place place();
    Place place_of(std::size_t offset) const;

    /// Passes over `n` characters as they are.
    void step(std::size_t n = 1) { at_ = std::min(at_ + n, text_.size()); }

    std::size_t offset() const { return at_; }

    std::string_view text() const { return text_; }

    [[noreturn]] void fail(const std::string& message);
    [[noreturn]] void fail_at(Place place, const std::string& message) const;

 private:
    void skip();

    std::string_view name_;
    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace netsim::packetdrill
