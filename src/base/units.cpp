// Parsing and printing of quantities with units.
#include "base/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr double kKibi = 1024.0;

constexpr auto kTimeUnits = std::to_array<Unit>(
    {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}});
constexpr auto kRateUnits = std::to_array<Unit>({
    {"bit", 1},
    {"kbit", 1e3},
    {"mbit", 1e6},
    {"gbit", 1e9},
    {"tbit", 1e12},
    {"kibit", kKibi},
    {"mibit", kKibi* kKibi},
    {"gibit", kKibi* kKibi* kKibi},
    {"bps", 8},
    {"kbps", 8e3},
    {"mbps", 8e6},
    {"gbps", 8e9},
    {"", 1},
});
constexpr auto kFrequencyUnits = std::to_array<Unit>({{"pps", 1},
                                                      {"kpps", 1e3},
                                                      {"mpps", 1e6},
                                                      {"/s", 1},
                                                      {"k/s", 1e3},
                                                      {"m/s", 1e6},
                                                      {"/ms", 1e3},
                                                      {"/min", 1.0 / 60},
                                                      {"/h", 1.0 / 3600}});
constexpr auto kByteUnits = std::to_array<Unit>({
    {"b", 1},
    {"kb", kKibi},
    {"mb", kKibi* kKibi},
    {"gb", kKibi* kKibi* kKibi},
    {"k", kKibi},
    {"m", kKibi* kKibi},
    {"g", kKibi* kKibi* kKibi},
    {"kib", kKibi},
    {"mib", kKibi* kKibi},
    {"gib", kKibi* kKibi* kKibi},
    {"kbit", 125},
    {"mbit", 125e3},
    {"gbit", 125e6},
    {"", 1},
});
constexpr auto kPacketUnits = std::to_array<Unit>({{"p", 1}, {"", 1}});
constexpr auto kProbabilityUnits = std::to_array<Unit>({{"%", 0.01}, {"", 1}});

struct Quantity {
    std::string_view what;     // "duration"
    std::string_view example;  // "10ms"
    std::span<const Unit> units;
};

constexpr Quantity kDuration{"duration", "10ms", kTimeUnits};
constexpr Quantity kRate{"rate", "100mbit", kRateUnits};
constexpr Quantity kFrequency{"frequency", "20kpps", kFrequencyUnits};
constexpr Quantity kBytes{"size", "64kb", kByteUnits};
constexpr Quantity kPackets{"number of packets", "1000p", kPacketUnits};
constexpr Quantity kProbability{"probability", "1%", kProbabilityUnits};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

std::string lowered(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return lower;
}

[[noreturn]] void refuse(const Quantity& quantity, std::string_view text, const std::string& why) {
    throw InputError("bad " + std::string(quantity.what) + " \"" + std::string(text) +
                     "\": " + why);
}

/// Splits off the number; what follows is the unit. Plain decimals only: no hex, inf, nan.
std::optional<double> take_number(std::string_view& text) {
    if (text.empty() || text.size() > 64) {
        return std::nullopt;
    }
    const char next = text.front() == '-' && text.size() > 1 ? text[1] : text.front();
    if ((next < '0' || next > '9') && next != '.') {
        return std::nullopt;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || !std::isfinite(value)) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

struct Parsed {
    double number;
    double factor;
};

Parsed parse(const Quantity& quantity, std::string_view text) {
    std::string_view rest = trimmed(text);
    const auto number = take_number(rest);
    if (!number) {
        refuse(quantity, text,
               "expected a number and a unit, e.g. \"" + std::string(quantity.example) + "\"");
    }
    const std::string unit = lowered(trimmed(rest));
    std::vector<std::string_view> names;
    for (const Unit& candidate : quantity.units) {
        if (candidate.name == unit) {
            return {*number, candidate.factor};
        }
        if (!candidate.name.empty()) {
            names.push_back(candidate.name);
        }
    }
    if (unit.empty()) {
        refuse(quantity, text, "a unit is missing, one of " + join(names));
    }
    refuse(quantity, text,
           "unknown unit \"" + unit + "\", allowed are " + join(names) + did_you_mean(unit, names));
}

/// The quantity as a whole number, rounded to nearest; must lie within [0, max].
std::uint64_t parse_whole(const Quantity& quantity, std::string_view text, double max) {
    const Parsed parsed = parse(quantity, text);
    const double value = parsed.number * parsed.factor;
    if (value < 0) {
        refuse(quantity, text, "it must not be negative");
    }
    if (value > max) {
        refuse(quantity, text, "it is too large");
    }
    return static_cast<std::uint64_t>(std::round(value));
}

struct PrintUnit {
    std::string_view name;
    std::uint64_t factor;
};

/// The largest unit in which the value has at most `digits` decimals, printed exactly.
/// Decimals only where a double times the unit's factor comes back to the same whole number.
std::string format_whole(std::uint64_t value, std::span<const PrintUnit> units, unsigned digits) {
    digits = value < (std::uint64_t{1} << 50U) ? digits : 0;
    for (const PrintUnit& unit : units) {
        if (value < unit.factor) {
            continue;
        }
        std::uint64_t rest = value % unit.factor;
        std::string fraction;
        for (unsigned i = 0; i < digits && rest != 0; ++i) {
            rest *= 10;
            fraction += static_cast<char>('0' + rest / unit.factor);
            rest %= unit.factor;
        }
        if (rest == 0) {
            return std::to_string(value / unit.factor) + (fraction.empty() ? "" : ".") + fraction +
                   std::string(unit.name);
        }
    }
    return "0" + std::string(units.back().name);
}

}  // namespace

Duration parse_duration(std::string_view text) {
    if (trimmed(text) == "0") {
        return Duration::zero();
    }
    const Parsed parsed = parse(kDuration, text);
    const double ns = parsed.number * parsed.factor;
    if (ns > 9.2e18 || ns < -9.2e18) {
        refuse(kDuration, text, "it is too large (at most 292 years)");
    }
    return Duration(static_cast<std::int64_t>(std::round(ns)));
}

std::uint64_t parse_rate(std::string_view text) {
    return parse_whole(kRate, text, 1e18);
}

double parse_frequency(std::string_view text) {
    const Parsed parsed = parse(kFrequency, text);
    if (parsed.number < 0) {
        refuse(kFrequency, text, "it must not be negative");
    }
    if (parsed.factor < 1) {  // per minute: divide, so that 60/min is exactly one
        return parsed.number / std::round(1 / parsed.factor);
    }
    return parsed.number * parsed.factor;
}

std::uint64_t parse_bytes(std::string_view text) {
    return parse_whole(kBytes, text, 1e18);
}

std::uint32_t parse_packets(std::string_view text) {
    const Parsed parsed = parse(kPackets, text);
    if (parsed.number != std::floor(parsed.number)) {
        refuse(kPackets, text, "it must be a whole number");
    }
    return static_cast<std::uint32_t>(
        parse_whole(kPackets, text, std::numeric_limits<std::uint32_t>::max()));
}

bool counts_packets(std::string_view text) {
    text = trimmed(text);
    return text.ends_with('p') || text.ends_with('P');
}

double parse_probability(std::string_view text) {
    const Parsed parsed = parse(kProbability, text);
    const double value = parsed.factor < 1 ? parsed.number / 100 : parsed.number;
    if (!(value >= 0 && value <= 1)) {
        refuse(kProbability, text, "it must lie between 0 and 1 (0% and 100%)");
    }
    return value;
}

double parse_number(std::string_view text) {
    std::string_view rest = trimmed(text);
    const auto number = take_number(rest);
    if (!number || !rest.empty()) {
        throw InputError("bad number \"" + std::string(text) +
                         "\": expected a decimal number, e.g. \"1.5\"");
    }
    return *number;
}

std::string format_duration(Duration duration) {
    static constexpr auto kUnits = std::to_array<PrintUnit>(
        {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}});
    const std::int64_t count = duration.count();
    const auto magnitude =
        count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    return (count < 0 ? "-" : "") + format_whole(magnitude, kUnits, 3);
}

std::string format_rate(std::uint64_t bits_per_second) {
    static constexpr auto kUnits = std::to_array<PrintUnit>(
        {{"gbit", 1'000'000'000}, {"mbit", 1'000'000}, {"kbit", 1'000}, {"bit", 1}});
    return format_whole(bits_per_second, kUnits, 3);
}

std::string format_bytes(std::uint64_t bytes) {
    static constexpr auto kUnits = std::to_array<PrintUnit>(
        {{"gb", 1U << 30U}, {"mb", 1U << 20U}, {"kb", 1U << 10U}, {"b", 1}});
    return format_whole(bytes, kUnits, 2);
}

std::string format_number(double value) {
    std::array<char, 32> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return error == std::errc() ? std::string(buffer.data(), end) : "?";
}

double rounded_for_people(double value) {
    constexpr int kDigits = 6;
    constexpr int kDigitsOfADouble = 15;
    int whole = 0;  // digits before the point
    for (double left = std::fabs(value); left >= 1 && whole <= kDigitsOfADouble; left /= 10) {
        ++whole;
    }
    if (!std::isfinite(value) || whole > kDigitsOfADouble) {
        return value;
    }
    std::array<char, 64> buffer{};
    const auto [end, error] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                      std::chars_format::scientific, std::max(whole, kDigits) - 1);
    double rounded = value;
    std::from_chars(buffer.data(), end, rounded);
    return rounded;
}

}  // namespace netsim
