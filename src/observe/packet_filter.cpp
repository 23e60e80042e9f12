// Recursive descent into postfix steps; evaluated on a small stack of bits.
#include "observe/packet_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "observe/filter_arithmetic.hpp"
#include "observe/filter_words.hpp"
#include "observe/services.hpp"
#include "wire/packet.hpp"

namespace netsim::observe {
namespace {

using Step = PacketFilter::Step;
using Test = PacketFilter::Test;
using Side = PacketFilter::Side;

constexpr std::array<std::string_view, 23> kFilterWordsKnown{
    "host", "src", "dst",  "port", "portrange", "net", "proto", "ip",
    "tcp",  "udp", "icmp", "less", "greater",   "len", "syn",   "fin",
    "rst",  "ack", "data", "drop", "node",      "not", "and"};
/// Parentheses and "not"s may nest this deep: each level leaves at most two bits (a or b and (...))
/// on the stack of matches(), which is one word.
constexpr std::size_t kDepthMax = 30;

/// What stands before a value: "tcp src port". A value alone takes it from the one before.
struct Qualifiers {
    std::uint8_t protocol = 0;
    Side side = Side::kEither;
    bool sided = false;     // src or dst was said
    std::string_view type;  // host, net, port, portrange, proto; empty: none said
};

class FilterParser {
 public:
    FilterParser(std::string_view text, const KnownNames& names) : words_(text), names_(names) {}

    std::vector<Step> parse() {
        if (!words_.word().text.empty()) {
            any_of();
            if (!words_.word().text.empty()) {
                words_.fail(
                    words_.word(),
                    fmt::format("\"{}\" after a complete filter; join conditions by \"and\" "
                                "or \"or\"",
                                words_.word().text));
            }
        }
        return std::move(steps_);
    }

 private:
    /// "and" and "or" have equal rank, and group from the left: as in tcpdump.
    void any_of() {
        factor();
        while (true) {
            const bool either = words_.accept("or") || words_.accept("||");
            if (!either && !words_.accept("and") && !words_.accept("&&")) {
                return;
            }
            factor();
            steps_.push_back(Step{.test = either ? Test::kOr : Test::kAnd});
        }
    }

    void factor() {
        if (++depth_ > kDepthMax) {
            words_.fail(words_.word(), "nested too deeply");
        }
        if (words_.accept("not") || words_.accept("!")) {
            factor();
            steps_.push_back(Step{.test = Test::kNot});
        } else if (!parse_relation(words_, steps_)) {
            if (words_.accept("(")) {
                any_of();
                if (!words_.accept(")")) {
                    words_.fail(words_.word(), "\")\" is missing");
                }
            } else {
                condition();
            }
        }
        --depth_;
    }

    void condition() {
        const FilterWord word = words_.word();
        if (word.text.empty()) {
            static_cast<void>(words_.take("a condition"));
        }
        if (plain_word(word) || length_word(word)) {
            return;
        }
        Qualifiers said;
        if (!qualifiers(said)) {
            if (is_value(word.text)) {
                said = last_;
            } else {
                words_.fail(word, fmt::format("unknown word \"{}\"{}; known: {}", word.text,
                                              did_you_mean(word.text, kFilterWordsKnown),
                                              join(kFilterWordsKnown)));
            }
        } else if (said.type.empty() && !said.sided) {
            steps_.push_back(protocol_step(said.protocol));
            return;
        }
        if (said.type.empty()) {
            said.type = "host";
        }
        last_ = said;
        value(said);
    }

    /// Takes "tcp", "src", "port" and the like; false if none stands here.
    bool qualifiers(Qualifiers& said) {
        const std::size_t column = words_.word().column;
        static constexpr std::array<std::pair<std::string_view, std::uint8_t>, 4> kProtocols{
            {{"ip", 255}, {"icmp", 1}, {"tcp", 6}, {"udp", 17}}};
        for (const auto& [name, number] : kProtocols) {
            if (words_.accept(name)) {
                said.protocol = number;
                break;
            }
        }
        if (words_.accept("src")) {
            said.side = Side::kSource;
            said.sided = true;
            two_sides(said, "dst");
        } else if (words_.accept("dst")) {
            said.side = Side::kDestination;
            said.sided = true;
            two_sides(said, "src");
        }
        static constexpr std::array<std::string_view, 5> kTypes{"host", "net", "port", "portrange",
                                                                "proto"};
        for (const std::string_view type : kTypes) {
            if (words_.accept(type)) {
                said.type = type;
                break;
            }
        }
        return words_.word().column != column;
    }

    /// "src or dst", "src and dst".
    void two_sides(Qualifiers& said, std::string_view other) {
        const FilterWords before = words_;
        const bool either = words_.accept("or");
        if ((either || words_.accept("and")) && words_.accept(other)) {
            said.side = either ? Side::kEither : Side::kBoth;
        } else {
            words_ = before;
        }
    }

    static Step protocol_step(std::uint8_t protocol) {
        return protocol == 255 ? Step{.test = Test::kIp}
                               : Step{.test = Test::kProtocol, .protocol = protocol};
    }

    bool is_value(std::string_view text) const {
        std::uint32_t number = 0;
        return parse_ipv4(text) || parse_prefix(text) || parse_filter_number(text, number) ||
               std::any_of(names_.begin(), names_.end(),
                           [&](const auto& known) { return known.first == text; });
    }

    void value(const Qualifiers& said) {
        const bool address = said.type == "host" || said.type == "net";
        if (address && said.protocol != 0 && said.protocol != 255) {
            words_.fail(words_.word(),
                        "tcp, udp and icmp go before ports; write \"tcp and host ...\"");
        }
        if (said.type == "host") {
            steps_.push_back(host_step(words_.take("a host"), said.side));
        } else if (said.type == "net") {
            net(said.side);
        } else if (said.type == "proto") {
            proto();
        } else {
            ports(said);
        }
    }

    void net(Side side) {
        const FilterWord word = words_.take("a prefix such as 198.18.0.0/15");
        std::optional<Prefix> prefix = parse_prefix(word.text);
        if (!prefix) {
            prefix = short_prefix(word.text);
        }
        if (words_.accept("mask")) {
            const FilterWord mask = words_.take("a mask such as 255.255.0.0");
            const auto address = parse_ipv4(word.text);
            const auto bits = parse_ipv4(mask.text);
            const unsigned length =
                bits ? static_cast<unsigned>(__builtin_popcount(bits->bits)) : 0;
            const bool whole =
                bits && (length == 0 || bits->bits == ~std::uint32_t{0} << (32 - length));
            if (!whole) {
                words_.fail(mask, fmt::format("\"{}\" is no mask such as 255.255.0.0", mask.text));
            }
            prefix = address ? parse_prefix(fmt::format("{}/{}", word.text, length)) : std::nullopt;
        }
        if (!prefix) {
            words_.fail(word, fmt::format("\"{}\" is no prefix such as 198.18.0.0/15", word.text));
        }
        steps_.push_back(Step{.test = Test::kNet, .side = side, .prefix = *prefix});
    }

    /// "10" is 10.0.0.0/8, "192.168" 192.168.0.0/16, "10.0.0.1" that address.
    static std::optional<Prefix> short_prefix(std::string_view text) {
        const auto dots = std::count(text.begin(), text.end(), '.');
        if (text.empty() || dots > 3) {
            return std::nullopt;
        }
        std::string whole(text);
        for (auto i = dots; i < 3; ++i) {
            whole += ".0";
        }
        return parse_prefix(fmt::format("{}/{}", whole, 8 * (dots + 1)));
    }

    void proto() {
        const FilterWord word = words_.take("a protocol");
        std::uint32_t number = 0;
        if (word.text == "\\tcp" || word.text == "tcp") {
            number = 6;
        } else if (word.text == "\\udp" || word.text == "udp") {
            number = 17;
        } else if (word.text == "\\icmp" || word.text == "icmp") {
            number = 1;
        } else if (!parse_filter_number(word.text, number) || number > 254) {
            words_.fail(
                word,
                fmt::format("\"{}\" is no protocol; allowed: tcp, udp, icmp, 0 to 254", word.text));
        }
        steps_.push_back(protocol_step(static_cast<std::uint8_t>(number)));
    }

    void ports(const Qualifiers& said) {
        if (said.protocol == 1) {
            words_.fail(words_.word(), "icmp has no ports");
        }
        Step step{.test = Test::kPort,
                  .side = said.side,
                  .protocol = said.protocol == 255 ? std::uint8_t{0} : said.protocol};
        const bool range = said.type == "portrange";
        const FilterWord word = words_.take(range ? "a range of ports" : "a port");
        if (range) {
            const std::size_t hyphen = word.text.find('-');
            step.number = port(word, word.text.substr(0, hyphen));
            step.number_max = hyphen == std::string_view::npos
                                  ? step.number
                                  : port(word, word.text.substr(hyphen + 1));
            if (step.number_max < step.number) {
                std::swap(step.number, step.number_max);
            }
        } else {
            step.number = step.number_max = port(word, word.text);
        }
        steps_.push_back(step);
    }

    std::uint16_t port(const FilterWord& word, std::string_view text) {
        std::uint16_t value = 0;
        const char* const end = text.data() + text.size();
        const auto result = std::from_chars(text.data(), end, value);
        if (result.ec == std::errc() && result.ptr == end) {
            return value;
        }
        const std::optional<std::uint16_t> named = service_port(text);
        if (!named) {
            words_.fail(word,
                        fmt::format("\"{}\" is no port; allowed: 0 to 65535, and names such as "
                                    "http",
                                    text));
        }
        return *named;
    }

    bool length_word(const FilterWord& word) {
        if (word.text != "less" && word.text != "greater") {
            return false;
        }
        words_.next();
        const FilterWord length = words_.take("a length");
        std::uint32_t value = 0;
        if (!parse_filter_number(length.text, value)) {
            words_.fail(length, fmt::format("\"{}\" is no length", length.text));
        }
        steps_.push_back(Step{.test = Test::kLength});
        steps_.push_back(Step{.test = Test::kNumber, .value = value});
        steps_.push_back(Step{.test = Test::kCompare, .symbol = word.text == "less" ? 'l' : 'g'});
        return true;
    }

    bool plain_word(const FilterWord& word) {
        struct Plain {
            std::string_view text;
            Test test;
            std::uint16_t number;
        };

        static constexpr std::array<Plain, 6> kPlain{{
            {"syn", Test::kFlag, wire::flag::kSyn},
            {"fin", Test::kFlag, wire::flag::kFin},
            {"rst", Test::kFlag, wire::flag::kRst},
            {"ack", Test::kFlag, wire::flag::kAck},
            {"data", Test::kData, 0},
            {"drop", Test::kDrop, 0},
        }};
        const auto* const found = std::find_if(kPlain.begin(), kPlain.end(),
                                               [&](const Plain& p) { return p.text == word.text; });
        if (found != kPlain.end()) {
            words_.next();
            steps_.push_back(Step{.test = found->test, .number = found->number});
            return true;
        }
        if (word.text != "node") {
            return false;
        }
        words_.next();
        const FilterWord name = words_.take("a node's name");
        if (std::none_of(names_.begin(), names_.end(),
                         [&](const auto& known) { return known.first == name.text; })) {
            unknown_name("node", name);
        }
        steps_.push_back(Step{.test = Test::kNode, .name = std::string(name.text)});
        return true;
    }

    Step host_step(const FilterWord& word, Side side) {
        Step step{.test = Test::kHost, .side = side};
        if (const std::optional<Ipv4> address = parse_ipv4(word.text)) {
            step.addresses.push_back(*address);
            return step;
        }
        for (const auto& [name, address] : names_) {
            if (name == word.text && !address.is_any()) {
                step.addresses.push_back(address);
            }
        }
        if (step.addresses.empty()) {
            unknown_name("host", word);
        }
        return step;
    }

    [[noreturn]] void unknown_name(std::string_view what, const FilterWord& word) {
        std::vector<std::string_view> known;
        for (const auto& entry : names_) {
            known.emplace_back(entry.first);
        }
        words_.fail(word, fmt::format("unknown {} \"{}\"{}", what, word.text,
                                      did_you_mean(word.text, known)));
    }

    FilterWords words_;
    const KnownNames& names_;
    std::size_t depth_ = 0;
    Qualifiers last_;
    std::vector<Step> steps_;
};

}  // namespace

PacketFilter::PacketFilter(std::string_view text, const KnownNames& names,
                           const wire::ByteStore* store)
    : steps_(FilterParser(text, names).parse()), store_(store) {}

bool PacketFilter::names_a_node() const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [](const Step& step) { return step.test == Test::kNode; });
}

}  // namespace netsim::observe
