// Packet by packet: flags, numbers, length, options, window, time.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "replay/compare.hpp"

namespace netsim::replay {

namespace {

namespace flag = wire::flag;
namespace option = wire::option;

std::string letters(std::uint16_t flags) {
    std::string out;
    const auto add = [&](std::uint16_t bit, char c) {
        if ((flags & bit) != 0) {
            out += c;
        }
    };
    add(flag::kFin, 'F');
    add(flag::kSyn, 'S');
    add(flag::kRst, 'R');
    add(flag::kPsh, 'P');
    add(flag::kUrg, 'U');
    add(flag::kEce, 'E');
    add(flag::kCwr, 'W');
    add(flag::kAck, '.');
    return out;
}

/// The recording writes letters in tcpdump's order; the set is what counts.
std::string sorted(std::string text) {
    std::sort(text.begin(), text.end());
    return text;
}

std::vector<std::string> option_words(const SentPacket& s) {
    const wire::TcpHeader& h = s.packet.tcp;
    std::vector<std::string> out;
    if (h.has_option(option::kMss)) {
        out.push_back(fmt::format("mss {}", h.mss));
    }
    if (h.has_option(option::kSackPermitted)) {
        out.emplace_back("sackOK");
    }
    if (h.has_option(option::kTimestamps)) {
        out.push_back(h.tsecr == 0 ? fmt::format("ts {} -", s.tsval)
                                   : fmt::format("ts {} {}", s.tsval, s.tsecr));
    }
    if (h.has_option(option::kWindowScale)) {
        out.push_back(fmt::format("wscale {}", h.window_scale));
    }
    if (h.has_option(option::kSack)) {
        std::string blocks = "sack";
        const std::int64_t base =
            s.ack_by_incarnation.empty() ? 0 : h.ack.raw() - s.ack_by_incarnation.front();
        for (std::uint8_t i = 0; i < h.sack_count; ++i) {
            blocks +=
                fmt::format(" {}:{}", static_cast<std::uint32_t>(h.sack[i].begin.raw() - base),
                            static_cast<std::uint32_t>(h.sack[i].end.raw() - base));
        }
        out.push_back(blocks);
    }
    if (h.has_option(option::kFastOpen)) {
        std::string cookie = h.cookie.length == 0 ? "tfo cookie request" : "tfo cookie ";
        for (std::uint8_t i = 0; i < h.cookie.length; ++i) {
            cookie += fmt::format("{:02x}", h.cookie.bytes.at(i));
        }
        out.push_back(cookie);
    }
    return out;
}

std::string describe(const SentPacket& s) {
    std::string options;
    for (const std::string& word : option_words(s)) {
        options += (options.empty() ? "" : ", ") + word;
    }
    const wire::TcpHeader& h = s.packet.tcp;
    return fmt::format(
        "{:.3f} ms {} [{}] seq {}{} len {} win {} <{}>", s.at, s.to_server ? "c>s" : "s>c",
        letters(h.flags), s.seq_by_incarnation.empty() ? 0 : s.seq_by_incarnation.front(),
        h.ack_flag() ? fmt::format(" ack {}",
                                   s.ack_by_incarnation.empty() ? 0 : s.ack_by_incarnation.front())
                     : "",
        h.payload.length, h.window, options);
}

std::string describe(const RecordedPacket& p) {
    std::string options;
    for (const std::string& word : p.options) {
        options += (options.empty() ? "" : ", ") + word;
    }
    return fmt::format("{:.3f} ms {} [{}] seq {}{} len {} win {} <{}>", p.sent,
                       p.to_server ? "c>s" : "s>c", p.flags, p.seq,
                       p.ack ? fmt::format(" ack {}", *p.ack) : "", p.length, p.window, options);
}

std::int64_t number(const std::vector<std::int64_t>& by_incarnation, int back) {
    const auto i = static_cast<std::size_t>(back);
    return i < by_incarnation.size() ? by_incarnation[i] : std::numeric_limits<std::int64_t>::min();
}

/// How far a cookie SYN-ACK's timestamp lay behind its clock: its low 6 bits carry options
/// (tcp's cookie_init_timestamp()), so what follows seems to run ahead of it. It depends on the
/// server's clock, which is not recorded.
struct CookieShift {
    Milliseconds kernel = 0;
    Milliseconds model = 0;
};

constexpr Milliseconds kCookieShiftMost = 64;

struct Timestamps {
    double value = 0;
    double echo = 0;
    bool echoes = false;
};

std::optional<Timestamps> timestamps_of(const std::string& option) {
    Timestamps t;
    char echo[24] = {};                                                     // NOLINT
    if (std::sscanf(option.c_str(), "ts %lf %23s", &t.value, echo) != 2) {  // NOLINT
        return std::nullopt;
    }
    t.echoes = echo[0] != '-';
    t.echo = t.echoes ? std::atof(echo) : 0;  // NOLINT
    return t;
}

/// "ts 21 0" against "ts 22 0": both clocks tick in milliseconds and started at some fraction of
/// one, so values may differ by as much as the times of the packets may.
bool timestamps_match(const std::string& recorded, const std::string& model, double slack_ms,
                      const CookieShift& of_value, const CookieShift& of_echo) {
    const auto r = timestamps_of(recorded);
    const auto m = timestamps_of(model);
    if (!r || !m || r->echoes != m->echoes) {
        return false;
    }
    const double value = (r->value - of_value.kernel) - (m->value - of_value.model);
    const double echo = (r->echo - of_echo.kernel) - (m->echo - of_echo.model);
    return std::abs(value) <= slack_ms && std::abs(echo) <= slack_ms;
}

/// How far the timestamp is from the kernel's.
std::optional<double> clock_error(const SentPacket& s) {
    for (const std::string& option : s.expected->options) {
        if (const auto recorded = timestamps_of(option)) {
            return std::abs(recorded->value - static_cast<double>(s.tsval));
        }
    }
    return std::nullopt;
}

bool options_match(const RecordedPacket& p, const SentPacket& s, double slack_ms,
                   const CookieShift& cookie) {
    // The cookie itself is 0 on both sides; what the server sends later is shifted, and its echo.
    const bool later = !s.to_server && !s.packet.tcp.syn();
    const bool echoes_later = s.to_server && s.tsecr != 0;
    const CookieShift of_value = later ? cookie : CookieShift{};
    const CookieShift of_echo = echoes_later ? cookie : CookieShift{};
    const std::vector<std::string> model = option_words(s);
    if (model.size() != p.options.size()) {
        return false;
    }
    for (std::size_t i = 0; i < model.size(); ++i) {
        // The key of the kernel's cookies is not recorded; a cookie is as good as another of its
        // length. That the client sends back what it was given, the model's server checks.
        const bool both_cookies = model[i].starts_with("tfo cookie ") &&
                                  p.options[i].starts_with("tfo cookie ") &&
                                  model[i] != "tfo cookie request";
        if (both_cookies && model[i].size() == p.options[i].size()) {
            continue;
        }
        const bool both_ts = model[i].starts_with("ts ") && p.options[i].starts_with("ts ");
        if (both_ts ? !timestamps_match(p.options[i], model[i], slack_ms, of_value, of_echo)
                    : model[i] != p.options[i]) {
            return false;
        }
    }
    return true;
}

std::vector<std::string> differences(const RecordedPacket& p, const SentPacket& s, double wait,
                                     const CookieShift& cookie) {
    std::vector<std::string> out;
    const wire::TcpHeader& h = s.packet.tcp;
    if (sorted(letters(h.flags)) != sorted(p.flags)) {
        out.emplace_back("flags");
    }
    if (p.seq_absolute ? h.seq.raw() != static_cast<std::uint32_t>(p.seq)
                       : number(s.seq_by_incarnation, p.seq_connections_back) != p.seq) {
        out.emplace_back("seq");
    }
    if (p.ack && !p.ack_absolute && h.ack_flag() &&
        number(s.ack_by_incarnation, p.ack_connections_back) != *p.ack) {
        out.emplace_back("ack");
    }
    if (h.payload.length != p.length) {
        out.emplace_back("length");
    }
    if (h.window != p.window) {
        out.emplace_back("window");
    }
    const double slack_ms = slack(wait);
    if (!options_match(p, s, slack_ms, cookie)) {
        out.emplace_back("options");
    }
    if (!time_matches(s.at, p.sent, wait)) {
        out.emplace_back("time");
    }
    return out;
}

/// Per flow whose SYN-ACK was a cookie with timestamps. What follows tells it: the server's next
/// timestamp is further ahead than its clock can have moved.
std::map<FlowKey, CookieShift> cookie_shifts(const Recording& recording, const Relay& relay) {
    std::map<FlowKey, CookieShift> out;
    const auto& counters = recording.counters[static_cast<std::size_t>(Side::kServer)];
    if (!counters.contains("TcpExtSyncookiesSent")) {
        return out;
    }
    std::map<FlowKey, const SentPacket*> syn_acks;
    std::map<FlowKey, bool> decided;
    for (const SentPacket& s : relay.sent()) {
        if (s.to_server || s.expected == nullptr || s.expected->options.empty()) {
            continue;
        }
        if (s.packet.tcp.syn()) {
            syn_acks.try_emplace(s.flow, &s);
            continue;
        }
        const auto syn_ack = syn_acks.find(s.flow);
        const auto recorded = timestamps_of(s.expected->options.front());
        if (syn_ack == syn_acks.end() || !recorded || std::exchange(decided[s.flow], true)) {
            continue;
        }
        const SentPacket& first = *syn_ack->second;
        const CookieShift shift{recorded->value - (s.expected->sent - first.expected->sent),
                                static_cast<double>(s.tsval) - (s.at - first.at)};
        const bool in_range = shift.kernel > -1 && shift.kernel <= kCookieShiftMost &&
                              shift.model > -1 && shift.model <= kCookieShiftMost;
        if (in_range) {
            out[s.flow] = shift;
        }
    }
    return out;
}

}  // namespace

Milliseconds slack(Milliseconds wait) {
    return 4 + wait / 100;
}

bool time_matches(Milliseconds model, Milliseconds recorded, Milliseconds wait) {
    constexpr Milliseconds kEarly = 4;
    return model >= recorded - kEarly && model <= recorded + slack(wait);
}

void compare_packets(const Recording& recording, const Relay& relay, Milliseconds until,
                     Report& report) {
    const std::map<FlowKey, CookieShift> cookies = cookie_shifts(recording, relay);
    const auto differ = [&](Milliseconds at, std::string text) {
        report.first_wrong = std::min(report.first_wrong, at);
        report.mismatches.push_back({"packet", std::move(text)});
    };
    std::map<std::pair<FlowKey, bool>, Milliseconds> last;
    for (const SentPacket& s : relay.sent()) {
        ++report.packets;
        if (s.expected == nullptr) {
            differ(s.at, "the kernel sent nothing like: " + describe(s));
            continue;
        }
        // What it waited for at most: the time since anything on this connection moved.
        Milliseconds previous = 0;
        for (const bool way : {false, true}) {
            const auto it = last.find({s.flow, way});
            previous = it == last.end() ? previous : std::max(previous, it->second);
        }
        const Milliseconds wait = std::max(0.0, s.expected->sent - previous);
        last[{s.flow, s.to_server}] = s.expected->sent;
        report.lateness += std::abs(s.at - s.expected->sent);
        if (const auto error = clock_error(s); error && std::isinf(report.first_wrong)) {
            report.clock_error += *error;
            ++report.timestamps;
        }
        const auto cookie = cookies.find(s.flow);
        const std::vector<std::string> wrong = differences(
            *s.expected, s, wait, cookie == cookies.end() ? CookieShift{} : cookie->second);
        if (!wrong.empty()) {
            std::string what;
            for (const std::string& w : wrong) {
                what += (what.empty() ? "" : ", ") + w;
            }
            differ(s.expected->sent,
                   fmt::format("#{} {}\n    kernel: {}\n    model:  {}", s.expected->number, what,
                               describe(*s.expected), describe(s)));
        }
    }
    for (const RecordedPacket* p : relay.missing()) {
        if (p->sent > until) {
            continue;
        }
        ++report.packets;
        differ(p->sent, fmt::format("#{} never sent by the model: {}", p->number, describe(*p)));
    }
}

}  // namespace netsim::replay
