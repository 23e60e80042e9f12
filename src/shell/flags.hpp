// A tool's command line: flags as getopt(3) reads them, then operands.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netsim/time.hpp"

namespace netsim::shell {

/// Which flags there are: letters, ':' after those that take a value; and long ones, "report",
/// "report-cycles:".
struct FlagTable {
    std::string_view tool;
    std::string_view synopsis;
    std::string_view letters;
    std::vector<std::string_view> words{};
};

class Flags {
 public:
    /// InputError: an unknown flag, or one without its value.
    Flags(const FlagTable& table, const std::vector<std::string>& words);

    bool has(std::string_view flag) const;
    /// The last one given; none: the flag was not.
    std::optional<std::string> value(std::string_view flag) const;
    /// A whole number in [low, high]; InputError.
    std::int64_t number(std::string_view flag, std::int64_t otherwise, std::int64_t low,
                        std::int64_t high) const;
    /// Seconds, with a fraction if wanted, in [low, high]; InputError.
    Duration seconds(std::string_view flag, Duration otherwise, double low, double high) const;

    const std::vector<std::string>& operands() const { return operands_; }

    /// The one operand; InputError if there is another number of them.
    const std::string& operand() const;

    /// InputError: "ping: WHAT; write ping [-n] ...".
    [[noreturn]] void refuse(const std::string& what) const;

 private:
    void read_letters(const std::vector<std::string>& words, std::size_t& at);
    void read_word(const std::vector<std::string>& words, std::size_t& at);
    [[noreturn]] void refuse_flag(std::string_view flag) const;

    FlagTable table_;
    std::vector<std::pair<std::string, std::string>> flags_;
    std::vector<std::string> operands_;
};

}  // namespace netsim::shell
