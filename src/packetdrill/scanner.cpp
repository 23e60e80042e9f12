// Blanks, comments, words and numbers of a script.
#include "packetdrill/scanner.hpp"

#include <charconv>

#include "netsim/result.hpp"

namespace netsim::packetdrill {
namespace {

std::string shown(std::string_view rest) {
    if (rest.empty()) {
        return "the end of the script";
    }
    if (rest.front() == '\n') {
        return "the end of the line";
    }
    std::size_t n = 1;
    if (is_word(rest.front())) {
        while (n < rest.size() && n < 40 && is_word(rest[n])) {
            ++n;
        }
    }
    const auto c = static_cast<unsigned char>(rest.front());
    return c < 32 || c > 126 ? "a byte that is not ASCII"
                             : "\"" + std::string(rest.substr(0, n)) + "\"";
}

}  // namespace

void Scanner::skip() {
    for (;;) {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                      text_[at_] == '\n' || text_[at_] == '\r')) {
            ++at_;
        }
        const std::string_view left = rest();
        if (left.starts_with("//") || (at_ == 0 && left.starts_with("#!"))) {
            at_ = std::min(text_.find('\n', at_), text_.size());
        } else if (left.starts_with("/*")) {
            const std::size_t end = text_.find("*/", at_ + 2);
            if (end == std::string_view::npos) {
                fail_at(place_of(at_), "this comment does not end; expected */");
            }
            at_ = end + 2;
        } else {
            return;
        }
    }
}

bool Scanner::at_end() {
    skip();
    return at_ == text_.size();
}

char Scanner::peek() {
    return at_end() ? '\0' : text_[at_];
}

bool Scanner::next_is(std::string_view word) {
    skip();
    const std::string_view left = rest();
    const bool whole =
        !is_word(word.back()) || left.size() <= word.size() || !is_word(left[word.size()]);
    return left.starts_with(word) && whole;
}

bool Scanner::take(std::string_view word) {
    if (!next_is(word)) {
        return false;
    }
    at_ += word.size();
    return true;
}

void Scanner::need(std::string_view word) {
    if (!take(word)) {
        fail("expected \"" + std::string(word) + "\"");
    }
}

std::string_view Scanner::identifier() {
    skip();
    const std::size_t begin = at_;
    if (at_ < text_.size() && !is_digit(text_[at_])) {
        while (at_ < text_.size() && is_word(text_[at_])) {
            ++at_;
        }
    }
    return text_.substr(begin, at_ - begin);
}

std::string_view Scanner::run_of(std::string_view set) {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_not_of(set, at_), text_.size());
    return text_.substr(begin, at_ - begin);
}

std::string_view Scanner::until(std::string_view mark, std::string_view what) {
    const std::size_t begin = at_;
    const std::size_t end = text_.find(mark, at_);
    if (end == std::string_view::npos) {
        fail(std::string(what) + " does not end; expected " + std::string(mark));
    }
    at_ = end + mark.size();
    return text_.substr(begin, end - begin);
}

std::int64_t Scanner::integer(std::string_view what) {
    skip();
    const std::size_t begin = at_;
    const bool minus = at_ < text_.size() && text_[at_] == '-';
    std::size_t digits = at_ + (minus ? 1U : 0U);
    const bool hex =
        text_.substr(digits).starts_with("0x") || text_.substr(digits).starts_with("0X");
    digits += hex ? 2U : 0U;
    std::uint64_t value = 0;
    const char* first = text_.data() + digits;
    const char* last = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(first, last, value, hex ? 16 : 10);
    const auto end = static_cast<std::size_t>(stop - text_.data());
    if (error != std::errc() || value > 0x7fffffffffffffffULL ||
        (end < text_.size() && is_word(text_[end]))) {
        fail_at(place_of(begin), "expected " + std::string(what) + ", a whole number, not " +
                                     shown(text_.substr(begin)));
    }
    at_ = end;
    const auto number = static_cast<std::int64_t>(value);
    return minus ? -number : number;
}

std::uint32_t Scanner::u32(std::string_view what) {
    const Place where = place();
    const std::int64_t n = integer(what);
    if (n < 0 || n > 0xffffffffLL) {
        fail_at(where, std::string(what) + " must be 0 to 4294967295");
    }
    return static_cast<std::uint32_t>(n);
}

std::uint16_t Scanner::u16(std::string_view what) {
    const Place where = place();
    const std::int64_t n = integer(what);
    if (n < 0 || n > 0xffff) {
        fail_at(where, std::string(what) + " must be 0 to 65535");
    }
    return static_cast<std::uint16_t>(n);
}

Duration Scanner::seconds() {
    skip();
    constexpr std::int64_t kMost = 10'000'000;  // seconds: far beyond any timer of TCP
    const std::size_t begin = at_;
    std::int64_t whole = 0;
    std::int64_t nanos = 0;
    bool any = false;
    while (at_ < text_.size() && is_digit(text_[at_]) && whole < kMost) {
        whole = whole * 10 + (text_[at_++] - '0');
        any = true;
    }
    // `...` is no decimal point: it separates the two times of a blocking call.
    if (at_ < text_.size() && text_[at_] == '.' && !rest().starts_with("..")) {
        ++at_;
        for (std::int64_t unit = 100'000'000; at_ < text_.size() && is_digit(text_[at_]);
             unit /= 10) {
            nanos += (text_[at_++] - '0') * unit;
            any = true;
        }
    }
    if (!any || whole >= kMost || (at_ < text_.size() && is_word(text_[at_]))) {
        fail_at(place_of(begin), "expected a time in seconds, not " + shown(text_.substr(begin)));
    }
    return std::chrono::seconds(whole) + Duration(nanos);
}

Place Scanner::place() {
    skip();
    return place_of(at_);
}

Place Scanner::place_of(std::size_t offset) const {
    Place p{1, 1};
    for (std::size_t i = 0; i < offset; ++i) {
        if (text_[i] == '\n') {
            ++p.line;
            p.column = 1;
        } else {
            ++p.column;
        }
    }
    return p;
}

void Scanner::fail(const std::string& message) {
    const Place where = place();
    fail_at(where, message + ", not " + shown(rest()));
}

void Scanner::fail_at(Place place, const std::string& message) const {
    throw InputError(std::string(name_) + ":" + std::to_string(place.line) + ":" +
                     std::to_string(place.column) + ": " + message);
}

}  // namespace netsim::packetdrill
