// Reading flags.
#include "shell/flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "netsim/result.hpp"

namespace netsim::shell {

Flags::Flags(const FlagTable& table, const std::vector<std::string>& words) : table_(table) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word.size() < 2 || word[0] != '-') {
            operands_.push_back(word);
        } else if (word[1] == '-') {
            read_word(words, i);
        } else {
            read_letters(words, i);
        }
    }
}

void Flags::read_letters(const std::vector<std::string>& words, std::size_t& at) {
    const std::string& word = words[at];
    for (std::size_t i = 1; i < word.size(); ++i) {
        const std::size_t place = table_.letters.find(word[i]);
        if (place == std::string_view::npos || word[i] == ':') {
            refuse_flag(fmt::format("-{}", word[i]));
        }
        const std::string flag(1, word[i]);
        if (place + 1 >= table_.letters.size() || table_.letters[place + 1] != ':') {
            flags_.emplace_back(flag, "");
            continue;
        }
        if (i + 1 < word.size()) {
            flags_.emplace_back(flag, word.substr(i + 1));
        } else if (at + 1 < words.size()) {
            flags_.emplace_back(flag, words[++at]);
        } else {
            refuse(fmt::format("-{} needs a value", flag));
        }
        return;
    }
}

void Flags::read_word(const std::vector<std::string>& words, std::size_t& at) {
    const std::string_view word = std::string_view(words[at]).substr(2);
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    for (const std::string_view known : table_.words) {
        const bool takes_value = known.ends_with(':');
        if (known.substr(0, known.size() - (takes_value ? 1 : 0)) != name) {
            continue;
        }
        if (!takes_value) {
            flags_.emplace_back(name, "");
        } else if (equals != std::string_view::npos) {
            flags_.emplace_back(name, word.substr(equals + 1));
        } else if (at + 1 < words.size()) {
            flags_.emplace_back(name, words[++at]);
        } else {
            refuse(fmt::format("--{} needs a value", name));
        }
        return;
    }
    refuse_flag(fmt::format("--{}", name));
}

bool Flags::has(std::string_view flag) const {
    return value(flag).has_value();
}

std::optional<std::string> Flags::value(std::string_view flag) const {
    const auto found = std::find_if(flags_.rbegin(), flags_.rend(),
                                    [&](const auto& given) { return given.first == flag; });
    return found != flags_.rend() ? std::optional(found->second) : std::nullopt;
}

std::int64_t Flags::number(std::string_view flag, std::int64_t otherwise, std::int64_t low,
                           std::int64_t high) const {
    const std::optional<std::string> text = value(flag);
    if (!text) {
        return otherwise;
    }
    std::int64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc{} || stop != end || number < low || number > high) {
        throw InputError(fmt::format("{}: -{} \"{}\": a number from {} to {}", table_.tool, flag,
                                     *text, low, high));
    }
    return number;
}

Duration Flags::seconds(std::string_view flag, Duration otherwise, double low, double high) const {
    const std::optional<std::string> text = value(flag);
    if (!text) {
        return otherwise;
    }
    double seconds = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, seconds);
    if (error != std::errc{} || stop != end || !(seconds >= low && seconds <= high)) {
        throw InputError(fmt::format("{}: -{} \"{}\": seconds from {} to {}", table_.tool, flag,
                                     *text, low, high));
    }
    return Duration(std::llround(seconds * 1e9));
}

const std::string& Flags::operand() const {
    if (operands_.size() != 1) {
        refuse(operands_.empty() ? "whom?" : fmt::format("\"{}\" is one too many", operands_[1]));
    }
    return operands_.front();
}

void Flags::refuse(const std::string& what) const {
    throw InputError(fmt::format("{}: {}; write {}", table_.tool, what, table_.synopsis));
}

void Flags::refuse_flag(std::string_view flag) const {
    refuse(fmt::format("unknown flag \"{}\"", flag));
}

}  // namespace netsim::shell
