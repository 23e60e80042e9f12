// JSON written as it goes, without a tree in memory. Numbers are as short as they can be, strings
// valid UTF-8 whatever their octets.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "netsim/time.hpp"

namespace netsim::report {

/// A string with its quotes; what is no UTF-8 becomes U+FFFD.
std::string quoted(std::string_view text);

class JsonText {
 public:
    // --- members: `key` empty in an array
    JsonText& object(std::string_view key = {});
    JsonText& array(std::string_view key = {});
    /// Ends the innermost object or array.
    JsonText& end();
    JsonText& text(std::string_view key, std::string_view value);
    JsonText& whole(std::string_view key, std::uint64_t value);
    JsonText& flag(std::string_view key, bool value);
    JsonText& null(std::string_view key);
    /// Six digits; null of what is no number.
    JsonText& number(std::string_view key, double value);
    /// Every digit.
    JsonText& exact(std::string_view key, double value);
    /// Seconds; null of kNever.
    JsonText& time(std::string_view key, Time value);
    JsonText& numbers(std::string_view key, std::span<const double> values);
    /// A JSON value as text.
    JsonText& raw(std::string_view key, std::string_view value);

    std::size_t size() const { return out_.size(); }

    std::string take() { return std::move(out_); }

 private:
    void begin(std::string_view key);

    std::string out_;
    std::string closers_;  // of what is open
    bool first_ = true;
};

}  // namespace netsim::report
