// ss(8)'s expressions (ssfilter.y): state NAME, sport = :80, dst 10.0.0.0/8, and, or, not, ().
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/services.hpp"
#include "observe/ss_query.hpp"
#include "observe/ss_states.hpp"

namespace netsim::observe {
namespace {

constexpr std::array<std::string_view, 10> kSsFilterWords{
    "state", "exclude", "sport", "dport", "src", "dst", "autobound", "and", "or", "not"};

constexpr std::array<std::pair<std::string_view, Compare>, 17> kCompareWords{{
    {"=", Compare::kEqual},
    {"==", Compare::kEqual},
    {"eq", Compare::kEqual},
    {"!=", Compare::kNotEqual},
    {"ne", Compare::kNotEqual},
    {"neq", Compare::kNotEqual},
    {"<", Compare::kLess},
    {"lt", Compare::kLess},
    {"<=", Compare::kLessEqual},
    {"le", Compare::kLessEqual},
    {"leq", Compare::kLessEqual},
    {">", Compare::kMore},
    {"gt", Compare::kMore},
    {">=", Compare::kMoreEqual},
    {"ge", Compare::kMoreEqual},
    {"geq", Compare::kMoreEqual},
    {"=>", Compare::kMoreEqual},
}};

/// Words, and the signs that need no blanks around them.
std::vector<std::string_view> ss_tokens(std::string_view text) {
    constexpr std::string_view kSigns = "()!=<>&|";
    std::vector<std::string_view> tokens;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == ' ' || c == '\t') {
            ++at;
            continue;
        }
        std::size_t end = at + 1;
        if (c == '(' || c == ')') {
            // a token of its own
        } else if (kSigns.find(c) != std::string_view::npos) {
            while (end < text.size() &&
                   std::string_view("=&|>").find(text[end]) != std::string_view::npos) {
                ++end;
            }
        } else {
            end = std::min(text.size(), text.find_first_of(" \t()!=<>&|", at));
        }
        tokens.push_back(text.substr(at, end - at));
        at = end;
    }
    return tokens;
}

class SsFilterParser {
 public:
    SsFilterParser(std::string_view text, std::uint32_t& named, std::uint32_t& excluded)
        : tokens_(ss_tokens(text)), named_(named), excluded_(excluded) {}

    SsFilter parse() {
        if (!tokens_.empty()) {
            either();
            if (at_ < tokens_.size()) {
                throw InputError(fmt::format("ss: \"{}\" closes nothing", tokens_[at_]));
            }
        }
        return std::move(filter_);
    }

 private:
    using Kind = SsFilter::Kind;
    using Node = SsFilter::Node;

    bool next_is(std::string_view a, std::string_view b, std::string_view c = {}) {
        if (at_ < tokens_.size() &&
            (tokens_[at_] == a || tokens_[at_] == b || (!c.empty() && tokens_[at_] == c))) {
            ++at_;
            return true;
        }
        return false;
    }

    std::size_t add(const Node& node) {
        filter_.nodes.push_back(node);
        return filter_.nodes.size() - 1;
    }

    std::size_t join(Kind kind, std::size_t left, std::size_t right) {
        Node node;
        node.kind = kind;
        node.left = left;
        node.right = right;
        return add(node);
    }

    std::size_t either() {
        std::size_t left = all();
        while (next_is("or", "||", "|")) {
            const std::size_t right = all();
            left = join(Kind::kOr, left, right);
        }
        return left;
    }

    bool goes_on() const {
        return at_ < tokens_.size() && tokens_[at_] != ")" && tokens_[at_] != "or" &&
               tokens_[at_] != "||" && tokens_[at_] != "|";
    }

    std::size_t all() {
        std::size_t left = one();
        while (goes_on()) {
            next_is("and", "&&", "&");
            const std::size_t right = one();
            left = join(Kind::kAnd, left, right);
        }
        return left;
    }

    std::size_t one() {
        if (at_ >= tokens_.size()) {
            throw InputError("ss: the filter ends where a condition is expected");
        }
        const std::string_view word = tokens_[at_++];
        if (word == "(") {
            const std::size_t inner = either();
            if (!next_is(")", ")")) {
                throw InputError("ss: a \"(\" in the filter is not closed");
            }
            return inner;
        }
        if (word == "not" || word == "!") {
            return join(Kind::kNot, one(), 0);
        }
        if (word == "state" || word == "exclude") {
            (word == "state" ? named_ : excluded_) |= ss_states(value(word));
            return add(Node{});
        }
        if (word == "sport" || word == "dport") {
            return port(word == "sport");
        }
        if (word == "src" || word == "dst") {
            return address(word == "src");
        }
        if (word == "autobound") {
            Node node;
            node.kind = Kind::kAutobound;
            return add(node);
        }
        throw InputError(fmt::format("ss: unknown word \"{}\"{}; known: {}, ( )", word,
                                     did_you_mean(word, kSsFilterWords),
                                     netsim::join(kSsFilterWords)));
    }

    std::string_view value(std::string_view after) {
        if (at_ >= tokens_.size()) {
            throw InputError(fmt::format("ss: a value is missing after \"{}\"", after));
        }
        return tokens_[at_++];
    }

    Compare compare() {
        if (at_ < tokens_.size()) {
            for (const auto& [word, meaning] : kCompareWords) {
                if (tokens_[at_] == word) {
                    ++at_;
                    return meaning;
                }
            }
        }
        return Compare::kEqual;
    }

    /// "sport = :80", "sport :http", "dport ge :1024".
    std::size_t port(bool source) {
        Node node;
        node.kind = Kind::kPort;
        node.source = source;
        node.compare = compare();
        std::string_view text = value(source ? "sport" : "dport");
        text.remove_prefix(text.front() == ':' ? 1 : 0);
        node.port = port_number(text);
        return add(node);
    }

    std::size_t address(bool source) {
        const Compare how = compare();
        if (how != Compare::kEqual && how != Compare::kNotEqual) {
            throw InputError("ss: addresses are compared by = and != only");
        }
        const std::string_view text = value(source ? "src" : "dst");
        const std::size_t colon = text.find(':');
        const std::string_view host = text.substr(0, colon);
        Node node;
        node.kind = Kind::kAddress;
        node.source = source;
        if (!host.empty() && host != "*") {
            const std::optional<Prefix> prefix = parse_prefix(host);
            if (!prefix) {
                throw InputError(fmt::format(
                    "ss: \"{}\" is no address such as 10.0.0.1, 10.0.0.1:80 or 10.0.0.0/8", text));
            }
            node.prefix = *prefix;
        }
        if (colon != std::string_view::npos && text.substr(colon + 1) != "*") {
            node.has_port = true;
            node.port = port_number(text.substr(colon + 1));
        }
        const std::size_t made = add(node);
        return how == Compare::kEqual ? made : join(Kind::kNot, made, 0);
    }

    static std::uint16_t port_number(std::string_view text) {
        if (const std::optional<std::uint16_t> named = service_port(text)) {
            return *named;
        }
        std::uint16_t value = 0;
        const char* const end = text.data() + text.size();
        const auto result = std::from_chars(text.data(), end, value);
        if (result.ec != std::errc() || result.ptr != end) {
            throw InputError(fmt::format(
                "ss: \"{}\" is no port; allowed: 0 to 65535 and names such as http", text));
        }
        return value;
    }

    std::vector<std::string_view> tokens_;
    std::size_t at_ = 0;
    std::uint32_t& named_;
    std::uint32_t& excluded_;
    SsFilter filter_;
};

bool compares(Compare how, std::uint16_t left, std::uint16_t right) {
    switch (how) {
        case Compare::kEqual:
            return left == right;
        case Compare::kNotEqual:
            return left != right;
        case Compare::kLess:
            return left < right;
        case Compare::kLessEqual:
            return left <= right;
        case Compare::kMore:
            return left > right;
        case Compare::kMoreEqual:
            break;
    }
    return left >= right;
}

}  // namespace

bool SsFilter::holds(const tcp::SocketInfo& socket, std::size_t at) const {
    const Node& node = nodes[at];
    const Endpoint& end = node.source ? socket.local : socket.remote;
    switch (node.kind) {
        case Kind::kTrue:
            return true;
        case Kind::kAddress:
            return node.prefix.contains(end.address) && (!node.has_port || node.port == end.port);
        case Kind::kPort:
            return compares(node.compare, end.port, node.port);
        case Kind::kAutobound:
            return !socket.bound && socket.kind == tcp::EndpointKind::kConnection;
        case Kind::kNot:
            return !holds(socket, node.left);
        case Kind::kAnd:
            return holds(socket, node.left) && holds(socket, node.right);
        case Kind::kOr:
            break;
    }
    return holds(socket, node.left) || holds(socket, node.right);
}

SsFilter parse_ss_filter(std::string_view text, std::uint32_t& named, std::uint32_t& excluded) {
    return SsFilterParser(text, named, excluded).parse();
}

}  // namespace netsim::observe
