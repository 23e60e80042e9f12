// Flags of ss(8); what is no flag is the filter (ss_filter.cpp).
#include "observe/ss_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/ss_states.hpp"

namespace netsim::observe {
namespace {

using tcp::State;

/// What ss shows without -a and -l.
constexpr std::uint32_t kShownStates = kConnectedStates & ~kBucketStates;
constexpr std::uint32_t kListeningStates = state_bit(State::kListen) | state_bit(State::kClosed);

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 16> kStates{{
    {"all", kEveryState},
    {"connected", kConnectedStates},
    {"synchronized", kConnectedStates & ~state_bit(State::kSynSent)},
    {"bucket", kBucketStates},
    {"big", kEveryState & ~kBucketStates},
    {"established", state_bit(State::kEstablished)},
    {"syn-sent", state_bit(State::kSynSent)},
    {"syn-recv", state_bit(State::kSynReceived)},
    {"fin-wait-1", state_bit(State::kFinWait1)},
    {"fin-wait-2", state_bit(State::kFinWait2)},
    {"time-wait", state_bit(State::kTimeWait)},
    {"closed", state_bit(State::kClosed)},
    {"close-wait", state_bit(State::kCloseWait)},
    {"last-ack", state_bit(State::kLastAck)},
    {"listening", state_bit(State::kListen)},
    {"closing", state_bit(State::kClosing)},
}};

constexpr std::array<std::pair<std::string_view, char>, 14> kLongFlags{{
    {"--tcp", 't'},
    {"--udp", 'u'},
    {"--all", 'a'},
    {"--listening", 'l'},
    {"--numeric", 'n'},
    {"--options", 'o'},
    {"--info", 'i'},
    {"--extended", 'e'},
    {"--memory", 'm'},
    {"--processes", 'p'},
    {"--summary", 's'},
    {"--no-header", 'H'},
    {"--oneline", 'O'},
    {"--ipv4", '4'},
}};

constexpr std::string_view kFlags = "-t -u -a -l -n -o -i -e -m -p -s -H -O -4";

class QueryParser {
 public:
    SsQuery parse(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t begin = text.find_first_not_of(" \t", at);
            if (begin == std::string_view::npos) {
                break;
            }
            at = std::min(text.size(), text.find_first_of(" \t", begin));
            const std::string_view word = text.substr(begin, at - begin);
            if (word.front() == '-') {
                flags(word);
            } else {
                filter_text_ += word;
                filter_text_ += ' ';
            }
        }
        query_.filter = parse_ss_filter(filter_text_, named_, excluded_);
        query_.states = chosen_states();
        query_.tcp = tcp_ || !udp_;
        query_.udp = udp_ || !tcp_;
        query_.sockets = !query_.summary || tcp_ || udp_ || !filter_text_.empty();
        return std::move(query_);
    }

 private:
    std::uint32_t chosen_states() const {
        const std::uint32_t states = named_ != 0  ? named_
                                     : all_       ? kEveryState
                                     : listening_ ? kListeningStates
                                                  : kShownStates;
        return states & ~excluded_;
    }

    void flags(std::string_view word) {
        if (word.starts_with("--")) {
            const auto* const found =
                std::find_if(kLongFlags.begin(), kLongFlags.end(),
                             [&](const auto& entry) { return entry.first == word; });
            if (found == kLongFlags.end()) {
                unknown_flag(word);
            }
            return flag(found->second);
        }
        if (word.size() < 2) {
            unknown_flag(word);
        }
        for (const char letter : word.substr(1)) {
            flag(letter);
        }
    }

    void flag(char letter) {
        switch (letter) {
            case 't':
                tcp_ = true;
                break;
            case 'u':
                udp_ = true;
                break;
            case 'a':
                all_ = true;
                break;
            case 'l':
                listening_ = true;
                break;
            case '4':  // every socket here is IPv4
                break;
            case 'e':
                query_.details = true;
                query_.timers = true;  // as in ss: -e includes -o
                break;
            default:
                plain_flag(letter);
        }
    }

    /// Those that only set a member.
    void plain_flag(char letter) {
        constexpr std::array<std::pair<char, bool SsQuery::*>, 7> kPlain{{
            {'n', &SsQuery::numeric},
            {'o', &SsQuery::timers},
            {'i', &SsQuery::info},
            {'m', &SsQuery::memory},
            {'p', &SsQuery::processes},
            {'s', &SsQuery::summary},
            {'O', &SsQuery::one_line},
        }};
        if (letter == 'H') {
            query_.header = false;
            return;
        }
        const auto* const found = std::find_if(
            kPlain.begin(), kPlain.end(), [&](const auto& entry) { return entry.first == letter; });
        if (found == kPlain.end()) {
            unknown_flag(std::string("-") + letter);
        }
        query_.*(found->second) = true;
    }

    [[noreturn]] static void unknown_flag(std::string_view flag) {
        throw InputError(fmt::format("ss: unknown flag \"{}\"; allowed: {}", flag, kFlags));
    }

    SsQuery query_;
    std::string filter_text_;
    bool tcp_ = false;
    bool udp_ = false;
    bool all_ = false;
    bool listening_ = false;
    std::uint32_t named_ = 0;
    std::uint32_t excluded_ = 0;
};

}  // namespace

std::uint32_t ss_states(std::string_view name) {
    const auto* const found = std::find_if(kStates.begin(), kStates.end(),
                                           [&](const auto& entry) { return entry.first == name; });
    if (found == kStates.end()) {
        std::vector<std::string_view> known;
        for (const auto& entry : kStates) {
            known.push_back(entry.first);
        }
        throw InputError(fmt::format("ss: unknown state \"{}\"{}; known: {}", name,
                                     did_you_mean(name, known), join(known)));
    }
    return found->second;
}

bool SsQuery::wants(const tcp::SocketInfo& socket) const {
    return (states & state_bit(socket.state)) != 0 && filter.holds(socket);
}

SsQuery parse_ss(std::string_view arguments) {
    return QueryParser().parse(arguments);
}

}  // namespace netsim::observe
