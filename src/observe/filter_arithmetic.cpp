// pcap-filter(7): expr relop expr. Ranks of operators as in libpcap's grammar: | ^ & << >> + - * /
// %.
#include "observe/filter_arithmetic.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace netsim::observe {
namespace {

using FilterStep = PacketFilter::Step;
using FilterTest = PacketFilter::Test;

struct NamedNumber {
    std::string_view name;
    std::uint32_t value;
};

constexpr std::array<NamedNumber, 18> kFilterNumbers{{
    {"tcpflags", 13},
    {"tcp-fin", 1},
    {"tcp-syn", 2},
    {"tcp-rst", 4},
    {"tcp-push", 8},
    {"tcp-ack", 16},
    {"tcp-urg", 32},
    {"tcp-ece", 64},
    {"tcp-cwr", 128},
    {"icmptype", 0},
    {"icmpcode", 1},
    {"icmp-echoreply", 0},
    {"icmp-unreach", 3},
    {"icmp-sourcequench", 4},
    {"icmp-redirect", 5},
    {"icmp-echo", 8},
    {"icmp-timxceed", 11},
    {"icmp-paramprob", 12},
}};

struct NamedSymbol {
    std::string_view text;
    char symbol;
};

/// Operators by rank, the weakest first.
constexpr std::array<std::array<NamedSymbol, 3>, 6> kRanks{{
    {{{"|", '|'}, {}, {}}},
    {{{"^", '^'}, {}, {}}},
    {{{"&", '&'}, {}, {}}},
    {{{"<<", '{'}, {">>", '}'}, {}}},
    {{{"+", '+'}, {"-", '-'}, {}}},
    {{{"*", '*'}, {"/", '/'}, {"%", '%'}}},
}};

constexpr std::array<NamedSymbol, 7> kComparisons{
    {{"=", '='}, {"==", '='}, {"!=", '!'}, {"<", '<'}, {">", '>'}, {"<=", 'l'}, {">=", 'g'}}};

std::optional<std::uint8_t> protocol_number(std::string_view word) {
    return word == "ip"     ? std::optional<std::uint8_t>(0)
           : word == "icmp" ? 1
           : word == "tcp"  ? 6
           : word == "udp"  ? std::optional<std::uint8_t>(17)
                            : std::nullopt;
}

class Arithmetic {
 public:
    Arithmetic(FilterWords& words, std::vector<FilterStep>& steps) : words_(words), steps_(steps) {}

    /// False: here stands no number; what was taken must be given back.
    bool expression(std::size_t rank = 0) {
        if (rank == kRanks.size()) {
            return operand();
        }
        if (!expression(rank + 1)) {
            return false;
        }
        while (const char symbol = symbol_of(kRanks.at(rank))) {
            words_.next();
            const FilterWord at = words_.word();
            if (!expression(rank + 1)) {
                words_.fail(at, "a number, len or tcp[...] is missing");
            }
            steps_.push_back(FilterStep{.test = FilterTest::kOperator, .symbol = symbol});
            --numbers_;
        }
        return true;
    }

    template <std::size_t N>
    char symbol_of(const std::array<NamedSymbol, N>& list) const {
        for (const NamedSymbol& one : list) {
            if (!one.text.empty() && one.text == words_.word().text) {
                return one.symbol;
            }
        }
        return 0;
    }

 private:
    void push(FilterStep step) {
        if (++numbers_ > kFilterNumbersMax) {
            words_.fail(words_.word(), "too long a sum");
        }
        steps_.push_back(std::move(step));
    }

    bool operand() {
        if (++depth_ > kFilterNumbersMax) {
            words_.fail(words_.word(), "nested too deeply");
        }
        const bool ok = operand_here();
        --depth_;
        return ok;
    }

    bool operand_here() {
        const FilterWord word = words_.word();
        std::uint32_t value = 0;
        if (parse_filter_number(word.text, value)) {
            words_.next();
            push(FilterStep{.test = FilterTest::kNumber, .value = value});
            return true;
        }
        for (const NamedNumber& named : kFilterNumbers) {
            if (named.name == word.text) {
                words_.next();
                push(FilterStep{.test = FilterTest::kNumber, .value = named.value});
                return true;
            }
        }
        if (words_.accept("len")) {
            push(FilterStep{.test = FilterTest::kLength});
            return true;
        }
        if (words_.accept("(")) {
            return expression() && words_.accept(")");
        }
        const auto protocol = protocol_number(word.text);
        if (!protocol) {
            return false;
        }
        words_.next();
        return words_.accept("[") && octets(*protocol);
    }

    /// After "tcp[".
    bool octets(std::uint8_t protocol) {
        const FilterWord at = words_.word();
        if (!expression()) {
            words_.fail(at, fmt::format("\"{}\" is no offset; allowed: a number, tcpflags, "
                                        "icmptype, icmpcode",
                                        at.text));
        }
        FilterStep step{.test = FilterTest::kOctets, .protocol = protocol, .number = 1};
        if (words_.accept(":")) {
            const FilterWord size = words_.take("a size");
            std::uint32_t value = 0;
            if (!parse_filter_number(size.text, value) ||
                (value != 1 && value != 2 && value != 4)) {
                words_.fail(size, fmt::format("\"{}\" is no size; allowed: 1, 2 and 4", size.text));
            }
            step.number = static_cast<std::uint16_t>(value);
        }
        if (!words_.accept("]")) {
            words_.fail(words_.word(), "\"]\" is missing");
        }
        steps_.push_back(step);  // in place of its index
        return true;
    }

    FilterWords& words_;
    std::vector<FilterStep>& steps_;
    std::size_t numbers_ = 0;
    std::size_t depth_ = 0;
};

}  // namespace

bool parse_filter_number(std::string_view text, std::uint32_t& value) {
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    const std::string_view digits = hex ? text.substr(2) : text;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
    return error == std::errc() && stop == end && !digits.empty();
}

bool parse_relation(FilterWords& words, std::vector<FilterStep>& steps) {
    const FilterWords begin = words;
    const std::size_t size = steps.size();
    Arithmetic arithmetic(words, steps);
    const bool number = arithmetic.expression();
    const char symbol = number ? arithmetic.symbol_of(kComparisons) : '\0';
    if (number && symbol == 0 &&
        (steps.size() > size + 1 || steps.back().test != FilterTest::kNumber)) {
        words.fail(words.word(), "a comparison such as != 0 is missing");
    }
    if (symbol == 0) {
        words = begin;
        steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(size), steps.end());
        return false;
    }
    words.next();
    const FilterWord at = words.word();
    if (!arithmetic.expression()) {
        words.fail(at, "a number, len or tcp[...] is missing");
    }
    steps.push_back(FilterStep{.test = FilterTest::kCompare, .symbol = symbol});
    return true;
}

}  // namespace netsim::observe
