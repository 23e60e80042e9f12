// Flags and filter words of ss(8).
#include "observe/ss_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "netsim/result.hpp"

namespace netsim::observe {
namespace {

using tcp::State;

constexpr std::uint32_t bit(State state) {
    return std::uint32_t{1} << static_cast<unsigned>(state);
}

constexpr std::uint32_t kAll =
    bit(State::kEstablished) | bit(State::kSynSent) | bit(State::kSynReceived) |
    bit(State::kFinWait1) | bit(State::kFinWait2) | bit(State::kTimeWait) | bit(State::kClosed) |
    bit(State::kCloseWait) | bit(State::kLastAck) | bit(State::kListen) | bit(State::kClosing);
constexpr std::uint32_t kConnected = kAll & ~(bit(State::kListen) | bit(State::kClosed));
constexpr std::uint32_t kBucket = bit(State::kSynReceived) | bit(State::kTimeWait);
/// What ss shows without -a and -l.
constexpr std::uint32_t kDefault = kConnected & ~kBucket;
constexpr std::uint32_t kListening = bit(State::kListen) | bit(State::kClosed);

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 16> kStates{{
    {"all", kAll},
    {"connected", kConnected},
    {"synchronized", kConnected & ~bit(State::kSynSent)},
    {"bucket", kBucket},
    {"big", kAll & ~kBucket},
    {"established", bit(State::kEstablished)},
    {"syn-sent", bit(State::kSynSent)},
    {"syn-recv", bit(State::kSynReceived)},
    {"fin-wait-1", bit(State::kFinWait1)},
    {"fin-wait-2", bit(State::kFinWait2)},
    {"time-wait", bit(State::kTimeWait)},
    {"closed", bit(State::kClosed)},
    {"close-wait", bit(State::kCloseWait)},
    {"last-ack", bit(State::kLastAck)},
    {"listening", bit(State::kListen)},
    {"closing", bit(State::kClosing)},
}};

constexpr std::string_view kFlags = "-t -a -l -n -o -i -e -m -4 -H -O";
constexpr std::array<std::string_view, 8> kQueryWords{"state", "exclude", "sport", "dport",
                                                      "src",   "dst",     "and",   "="};

class QueryParser {
 public:
    explicit QueryParser(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = text.find_first_not_of(" \t()", at);
            if (begin == std::string_view::npos) {
                break;
            }
            at = std::min(text.size(), text.find_first_of(" \t()", begin));
            words_.push_back(text.substr(begin, at - begin));
        }
    }

    SsQuery parse() {
        while (at_ < words_.size()) {
            const std::string_view word = words_[at_++];
            if (word.front() == '-') {
                flags(word);
            } else if (word == "state" || word == "exclude") {
                state(word == "state");
            } else if (word == "sport" || word == "dport") {
                port(word == "sport");
            } else if (word == "src" || word == "dst") {
                address(word == "src");
            } else if (word != "and" && word != "&&") {
                throw InputError(fmt::format("ss: unknown word \"{}\"{}; known: {} and flags {}",
                                             word, did_you_mean(word, kQueryWords),
                                             join(kQueryWords), kFlags));
            }
        }
        query_.states = chosen_states();
        return std::move(query_);
    }

 private:
    std::uint32_t chosen_states() const {
        std::uint32_t states = named_ != 0  ? named_
                               : all_       ? kAll
                               : listening_ ? kListening
                                            : kDefault;
        return states & ~excluded_;
    }

    void flags(std::string_view word) {
        if (word.size() < 2 || word[1] == '-') {
            unknown_flag(word);
        }
        for (const char flag : word.substr(1)) {
            switch (flag) {
                case 't':
                    query_.tcp_only = true;
                    break;
                case 'n':
                    query_.numeric = true;
                    break;
                case 'a':
                    all_ = true;
                    break;
                case 'l':
                    listening_ = true;
                    break;
                case 'o':
                    query_.timers = true;
                    break;
                case 'e':
                    query_.details = true;
                    query_.timers = true;  // as in ss: -e includes -o
                    break;
                case 'i':
                    query_.info = true;
                    break;
                case 'm':
                    query_.memory = true;
                    break;
                case 'H':
                    query_.header = false;
                    break;
                case 'O':
                    query_.one_line = true;
                    break;
                case '4':  // every socket here is IPv4
                    break;
                default:
                    unknown_flag(std::string("-") + flag);
            }
        }
    }

    [[noreturn]] static void unknown_flag(std::string_view flag) {
        throw InputError(fmt::format("ss: unknown flag \"{}\"; allowed: {}", flag, kFlags));
    }

    std::string_view value(std::string_view after) {
        if (at_ >= words_.size()) {
            throw InputError(fmt::format("ss: a value is missing after \"{}\"", after));
        }
        return words_[at_++];
    }

    void state(bool include) {
        const std::string_view name = value(include ? "state" : "exclude");
        (include ? named_ : excluded_) |= states_named(name);
    }

    /// "sport = :80", "sport :80", "sport = 80".
    void port(bool source) {
        std::string_view text = value(source ? "sport" : "dport");
        if (text == "=" || text == "==" || text == "eq") {
            text = value(text);
        }
        if (!text.empty() && text.front() == ':') {
            text.remove_prefix(1);
        }
        query_.conditions.push_back(
            {.source = source, .has_port = true, .port = port_number(text)});
    }

    void address(bool source) {
        const std::string_view text = value(source ? "src" : "dst");
        const std::size_t colon = text.find(':');
        SsQuery::Condition condition{.source = source};
        if (colon != 0) {
            const std::optional<Prefix> prefix = parse_prefix(text.substr(0, colon));
            if (!prefix) {
                throw InputError(fmt::format(
                    "ss: \"{}\" is no address such as 10.0.0.1, 10.0.0.1:80 or 10.0.0.0/8", text));
            }
            condition.prefix = *prefix;
        }
        if (colon != std::string_view::npos) {
            condition.has_port = true;
            condition.port = port_number(text.substr(colon + 1));
        }
        query_.conditions.push_back(condition);
    }

    static std::uint16_t port_number(std::string_view text) {
        std::uint16_t value = 0;
        const char* const end = text.data() + text.size();
        const auto result = std::from_chars(text.data(), end, value);
        if (result.ec != std::errc() || result.ptr != end) {
            throw InputError(fmt::format("ss: \"{}\" is no port; allowed: 0 to 65535", text));
        }
        return value;
    }

    std::vector<std::string_view> words_;
    std::size_t at_ = 0;
    bool all_ = false;
    bool listening_ = false;
    std::uint32_t named_ = 0;
    std::uint32_t excluded_ = 0;
    SsQuery query_;
};

}  // namespace

std::uint32_t states_named(std::string_view word) {
    const auto* const found = std::find_if(kStates.begin(), kStates.end(),
                                           [&](const auto& entry) { return entry.first == word; });
    if (found == kStates.end()) {
        std::vector<std::string_view> known;
        for (const auto& entry : kStates) {
            known.push_back(entry.first);
        }
        throw InputError(fmt::format("ss: unknown state \"{}\"{}; known: {}", word,
                                     did_you_mean(word, known), join(known)));
    }
    return found->second;
}

bool SsQuery::wants(const tcp::SocketInfo& socket) const {
    if ((states & bit(socket.state)) == 0) {
        return false;
    }
    return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& condition) {
        const Endpoint& end = condition.source ? socket.local : socket.remote;
        return condition.prefix.contains(end.address) &&
               (!condition.has_port || condition.port == end.port);
    });
}

SsQuery parse_ss(std::string_view arguments) {
    return QueryParser(arguments).parse();
}

}  // namespace netsim::observe
