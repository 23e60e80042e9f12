// Recursive descent into postfix steps; evaluated on a small stack of bits.
#include "observe/packet_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "wire/packet.hpp"

namespace netsim::observe {
namespace {

using Step = PacketFilter::Step;
using Test = PacketFilter::Test;
using Side = PacketFilter::Side;

constexpr std::array<std::string_view, 17> kFilterWords{
    "host", "src", "dst", "port", "net",  "tcp",  "udp", "icmp", "syn",
    "fin",  "rst", "ack", "data", "drop", "node", "not", "and"};
/// Parentheses and "not"s may nest this deep: each level leaves at most two bits (a or b and (...))
/// on the stack of matches(), which is one word.
constexpr std::size_t kDepthMax = 30;

struct Word {
    std::string_view text;   // empty: the end
    std::size_t column = 0;  // from 1
};

class FilterParser {
 public:
    FilterParser(std::string_view text, const KnownNames& names) : text_(text), names_(names) {
        next();
    }

    std::vector<Step> parse() {
        if (!word_.text.empty()) {
            any_of();
            if (!word_.text.empty()) {
                fail(
                    fmt::format("\"{}\" after a complete filter; join conditions by \"and\" or "
                                "\"or\"",
                                word_.text));
            }
        }
        return std::move(steps_);
    }

 private:
    void any_of() {
        all_of();
        while (word_.text == "or" || word_.text == "||") {
            next();
            all_of();
            steps_.push_back(Step{.test = Test::kOr});
        }
    }

    void all_of() {
        factor();
        while (word_.text == "and" || word_.text == "&&") {
            next();
            factor();
            steps_.push_back(Step{.test = Test::kAnd});
        }
    }

    void factor() {
        if (++depth_ > kDepthMax) {
            fail("nested too deeply");
        }
        if (word_.text == "not" || word_.text == "!") {
            next();
            factor();
            steps_.push_back(Step{.test = Test::kNot});
        } else if (word_.text == "(") {
            next();
            any_of();
            if (word_.text != ")") {
                fail("\")\" is missing");
            }
            next();
        } else {
            condition();
        }
        --depth_;
    }

    void condition() {
        const Word word = take("a condition");
        if (word.text == "src" || word.text == "dst") {
            sided(word.text == "src" ? Side::kSource : Side::kDestination);
        } else if (!sided_word(word, Side::kEither) && !plain_word(word)) {
            word_ = word;
            fail(fmt::format("unknown word \"{}\"{}; known: {}", word.text,
                             did_you_mean(word.text, kFilterWords), join(kFilterWords)));
        }
    }

    void sided(Side side) {
        const Word word = take("host, port, net or a name");
        if (!sided_word(word, side)) {
            steps_.push_back(host_step(word, side));
        }
    }

    bool sided_word(const Word& word, Side side) {
        if (word.text == "host") {
            steps_.push_back(host_step(take("a host"), side));
        } else if (word.text == "port") {
            steps_.push_back(
                Step{.test = Test::kPort, .side = side, .number = port(take("a port"))});
        } else if (word.text == "net") {
            const Word value = take("a prefix such as 198.18.0.0/15");
            const std::optional<Prefix> prefix = parse_prefix(value.text);
            if (!prefix) {
                word_ = value;
                fail(fmt::format("\"{}\" is no prefix such as 198.18.0.0/15", value.text));
            }
            steps_.push_back(Step{.test = Test::kNet, .side = side, .prefix = *prefix});
        } else {
            return false;
        }
        return true;
    }

    bool plain_word(const Word& word) {
        struct Plain {
            std::string_view text;
            Test test;
            std::uint16_t number;
        };

        static constexpr std::array<Plain, 9> kPlain{{
            {"tcp", Test::kProtocol, 6},
            {"udp", Test::kProtocol, 17},
            {"icmp", Test::kProtocol, 1},
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
            steps_.push_back(Step{.test = found->test, .number = found->number});
            return true;
        }
        if (word.text != "node") {
            return false;
        }
        const Word name = take("a node's name");
        if (std::none_of(names_.begin(), names_.end(),
                         [&](const auto& known) { return known.first == name.text; })) {
            unknown_name("node", name);
        }
        steps_.push_back(Step{.test = Test::kNode, .name = std::string(name.text)});
        return true;
    }

    Step host_step(const Word& word, Side side) {
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

    std::uint16_t port(const Word& word) {
        std::uint16_t value = 0;
        const char* const end = word.text.data() + word.text.size();
        const auto result = std::from_chars(word.text.data(), end, value);
        if (result.ec != std::errc() || result.ptr != end) {
            word_ = word;
            fail(fmt::format("\"{}\" is no port; allowed: 0 to 65535", word.text));
        }
        return value;
    }

    [[noreturn]] void unknown_name(std::string_view what, const Word& word) {
        std::vector<std::string_view> known;
        for (const auto& entry : names_) {
            known.emplace_back(entry.first);
        }
        word_ = word;
        fail(fmt::format("unknown {} \"{}\"{}", what, word.text, did_you_mean(word.text, known)));
    }

    Word take(std::string_view wanted) {
        if (word_.text.empty()) {
            fail(fmt::format("{} is missing at the end", wanted));
        }
        const Word word = word_;
        next();
        return word;
    }

    void next() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
            ++at_;
        }
        const std::size_t begin = at_;
        if (at_ < text_.size() && is_mark(text_[at_])) {
            ++at_;
        } else {
            while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\t' &&
                   !is_mark(text_[at_])) {
                ++at_;
            }
        }
        word_ = Word{text_.substr(begin, at_ - begin), begin + 1};
    }

    static bool is_mark(char c) { return c == '(' || c == ')' || c == '!'; }

    [[noreturn]] void fail(const std::string& what) const {
        throw InputError(fmt::format("filter \"{}\", column {}: {}", text_, word_.column, what));
    }

    std::string_view text_;
    const KnownNames& names_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    Word word_;
    std::vector<Step> steps_;
};

/// Applies `test(source)` and `test(destination)` as the side asks.
bool on_side(Side side, bool source, bool destination) {
    return side == Side::kSource        ? source
           : side == Side::kDestination ? destination
                                        : source || destination;
}

bool has_address(const Step& step, Ipv4 address) {
    return std::find(step.addresses.begin(), step.addresses.end(), address) != step.addresses.end();
}

bool port_matches(const Step& step, const wire::Packet& packet) {
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            return on_side(step.side, packet.tcp.source_port == step.number,
                           packet.tcp.destination_port == step.number);
        case wire::Protocol::kUdp:
            return on_side(step.side, packet.udp.source_port == step.number,
                           packet.udp.destination_port == step.number);
        case wire::Protocol::kIcmp:
            break;
    }
    return false;
}

bool has_data(const wire::Packet& packet) {
    return (packet.protocol == wire::Protocol::kTcp && packet.tcp.payload.length > 0) ||
           (packet.protocol == wire::Protocol::kUdp && packet.udp.payload.length > 0);
}

bool condition_holds(const Step& step, const sim::PacketRecord& record) {
    const wire::Packet& packet = *record.packet;
    switch (step.test) {
        case Test::kHost:
            return on_side(step.side, has_address(step, packet.source),
                           has_address(step, packet.destination));
        case Test::kNet:
            return on_side(step.side, step.prefix.contains(packet.source),
                           step.prefix.contains(packet.destination));
        case Test::kPort:
            return port_matches(step, packet);
        case Test::kProtocol:
            return static_cast<std::uint16_t>(packet.protocol) == step.number;
        case Test::kFlag:
            return packet.protocol == wire::Protocol::kTcp && packet.tcp.any(step.number);
        case Test::kData:
            return has_data(packet);
        case Test::kDrop:
            return record.event == sim::PacketEvent::kDropped;
        case Test::kNode:
            return record.node_name == step.name;
        case Test::kAnd:
        case Test::kOr:
        case Test::kNot:
            break;
    }
    return false;
}

}  // namespace

PacketFilter::PacketFilter(std::string_view text, const KnownNames& names)
    : steps_(FilterParser(text, names).parse()) {}

bool PacketFilter::names_a_node() const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [](const Step& step) { return step.test == Test::kNode; });
}

bool PacketFilter::matches(const sim::PacketRecord& record) const {
    if (steps_.empty()) {
        return true;
    }
    std::uint64_t stack = 0;  // bit 0 is the top
    for (const Step& step : steps_) {
        if (step.test == Test::kNot) {
            stack ^= 1U;
        } else if (step.test == Test::kAnd || step.test == Test::kOr) {
            const std::uint64_t top = stack & 1U;
            stack >>= 1U;
            stack = step.test == Test::kAnd ? stack & (~std::uint64_t{1} | top) : stack | top;
        } else {
            stack = (stack << 1U) | (condition_holds(step, record) ? 1U : 0U);
        }
    }
    return (stack & 1U) != 0;
}

}  // namespace netsim::observe
