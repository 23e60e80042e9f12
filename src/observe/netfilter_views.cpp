// Columns as iptables 1.8.9 (nf_tables) and conntrack-tools 1.4.7 print them.
#include "observe/netfilter_views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace netsim::observe {
namespace {

using Output = std::back_insert_iterator<std::string>;

/// xtables_print_num(): with K, M, G, T or P from 100,000 on.
std::string iptables_number(std::uint64_t n, bool exact, bool with_blank) {
    constexpr std::string_view kUnits = "KMGTP";
    if (exact) {
        return fmt::format("{:>8}{}", n, with_blank ? " " : "");
    }
    constexpr std::uint64_t kPlainMax = 99999;
    if (n <= kPlainMax) {
        return fmt::format("{:>5}{}", n, with_blank ? " " : "");
    }
    std::size_t unit = 0;
    n = (n + 500) / 1000;
    while (n > 9999 && unit + 1 < kUnits.size()) {
        n = (n + 500) / 1000;
        ++unit;
    }
    return fmt::format("{:>4}{}{}", n, kUnits[unit], with_blank ? " " : "");
}

std::string plain_number(std::uint64_t n, bool exact) {
    std::string text = iptables_number(n, exact, false);
    return text.substr(std::min(text.find_first_not_of(' '), text.size() - 1));
}

std::string_view target_name(Target target, bool logs) {
    switch (target) {
        case Target::kAccept:
            return "ACCEPT";
        case Target::kDrop:
            return "DROP";
        case Target::kReject:
            return "REJECT";
        case Target::kNone:
            break;
    }
    return logs ? "LOG" : "";
}

std::string prefix_text(const std::optional<Prefix>& prefix) {
    if (!prefix || prefix->length == 0) {
        return "0.0.0.0/0";
    }
    return prefix->length == 32 ? to_string(prefix->address) : to_string(*prefix);
}

/// iptables has one interface in a rule; a rule of several stands for as many.
std::string interface_text(const std::vector<std::string>& names) {
    return names.empty() ? "*" : fmt::format("{}", fmt::join(names, ","));
}

std::string ports_text(const char* word, PortRange ports) {
    return ports.first == ports.last ? fmt::format(" {}t:{}", word, ports.first)
                                     : fmt::format(" {}ts:{}:{}", word, ports.first, ports.last);
}

/// As tcp's match prints them: mask and comparison.
std::string flags_text(const FlagMatch& flags) {
    if (flags.letters.empty()) {
        return {};
    }
    constexpr std::string_view kLetters = "FSRP.UEW";
    unsigned bits = 0;
    for (const char letter : flags.letters) {
        const std::size_t bit =
            flags.letters == "none" ? std::string_view::npos : kLetters.find(letter);
        bits |= bit == std::string_view::npos ? 0U : 1U << bit;
    }
    switch (flags.how) {
        case FlagMatch::How::kExactly:
            return fmt::format(" flags:0x{:02X}/0x{:02X}", 0x3fU | bits, bits);
        case FlagMatch::How::kAllOf:
            return fmt::format(" flags:0x{:02X}/0x{:02X}", bits, bits);
        case FlagMatch::How::kAnyOf:
            break;
    }
    return fmt::format(" flags:!0x{:02X}/0x00", bits);
}

/// libxt_limit's print_rate(): in the largest unit that keeps it whole. Its parse_rate() divides
/// without rounding, and so must this: 15/sec is a period of 666, not 667.
std::string rate_text(double per_second) {
    struct Unit {
        std::string_view name;
        std::uint64_t scale;
    };

    constexpr std::uint64_t kScale = 10000;  // XT_LIMIT_SCALE
    constexpr double kNoise = 1e-6;          // of a rate such as 1/3 that should divide evenly
    constexpr std::array<Unit, 4> kUnits{{{"day", kScale * 24 * 60 * 60},
                                          {"hour", kScale * 60 * 60},
                                          {"min", kScale * 60},
                                          {"sec", kScale}}};
    const auto period = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(static_cast<double>(kScale) / per_second + kNoise));
    std::size_t i = 1;
    for (; i < kUnits.size(); ++i) {
        if (period > kUnits[i].scale || kUnits[i].scale / period < kUnits[i].scale % period) {
            break;
        }
    }
    return fmt::format("{}/{}", kUnits[i - 1].scale / period, kUnits[i - 1].name);
}

std::string limit_text(const PacketLimit& limit) {
    if (!limit.per_source && !limit.above) {
        return fmt::format(" limit: avg {} burst {}", rate_text(limit.per_second), limit.burst);
    }
    return fmt::format(" limit: {} {} burst {}{}", limit.above ? "above" : "up to",
                       rate_text(limit.per_second), limit.burst,
                       limit.per_source ? " mode srcip" : "");
}

std::string states_text(std::uint8_t states) {
    constexpr std::array<std::pair<std::uint8_t, std::string_view>, 4> kStates{{
        {ct_state::kInvalid, "INVALID"},
        {ct_state::kNew, "NEW"},
        {ct_state::kRelated, "RELATED"},
        {ct_state::kEstablished, "ESTABLISHED"},
    }};
    std::string text;
    for (const auto& [bit, name] : kStates) {
        if ((states & bit) != 0) {
            text += text.empty() ? " ctstate " : ",";
            text += name;
        }
    }
    return text;
}

void put_rule(std::string& out, const FirewallEntry& entry, std::size_t number,
              const IptablesOptions& options) {
    const FirewallRule& rule = entry.rule;
    if (options.line_numbers) {
        fmt::format_to(Output(out), "{:<4} ", number);
    }
    if (options.verbose) {
        out += iptables_number(entry.packets, options.exact, true);
        out += iptables_number(entry.bytes, options.exact, true);
    }
    fmt::format_to(Output(out), "{:<9}  {:<4} {:<2}  ",
                   target_name(rule.target, rule.log.has_value()),
                   static_cast<unsigned>(rule.protocol), "--");
    if (options.verbose) {
        fmt::format_to(Output(out), "{:<6} {:<6}  ", interface_text(rule.in),
                       interface_text(rule.out));
    }
    fmt::format_to(Output(out), "{:<19}  {:<19} ", prefix_text(rule.source),
                   prefix_text(rule.destination));
    out += iptables_matches(rule);
    out += '\n';
}

void put_chain(std::string& out, const net::Firewall* firewall, Chain chain,
               const IptablesOptions& options) {
    const net::Firewall::Policy policy =
        firewall != nullptr ? firewall->policy(chain) : net::Firewall::Policy{};
    fmt::format_to(Output(out), "Chain {} (policy {}", net::to_string(chain),
                   target_name(policy.target, false));
    if (options.verbose) {
        fmt::format_to(Output(out), " {} packets, {} bytes",
                       plain_number(policy.packets, options.exact),
                       plain_number(policy.bytes, options.exact));
    }
    out += ")\n";
    out += options.line_numbers ? "num  " : "";
    if (options.verbose) {
        out += options.exact ? "    pkts      bytes target     prot opt in     out     "
                             : " pkts bytes target     prot opt in     out     ";
    } else {
        out += "target     prot opt ";
    }
    out += "source               destination         \n";
    if (firewall == nullptr) {
        return;
    }
    std::size_t number = 0;
    for (const FirewallEntry& entry : firewall->rules(chain)) {
        put_rule(out, entry, ++number, options);
    }
}

// --- conntrack

std::string tuple_text(const net::CtTuple& tuple) {
    std::string text =
        fmt::format("src={} dst={} ", to_string(tuple.source), to_string(tuple.destination));
    if (tuple.protocol == wire::Protocol::kIcmp) {
        fmt::format_to(Output(text), "type={} code=0 id={} ", tuple.icmp_type, tuple.source_port);
    } else {
        fmt::format_to(Output(text), "sport={} dport={} ", tuple.source_port,
                       tuple.destination_port);
    }
    return text;
}

std::string_view protocol_name(wire::Protocol protocol) {
    switch (protocol) {
        case wire::Protocol::kTcp:
            return "tcp";
        case wire::Protocol::kUdp:
            return "udp";
        case wire::Protocol::kIcmp:
            break;
    }
    return "icmp";
}

std::string entry_text(const net::CtEntry& entry, bool counted, Time now) {
    const std::int64_t left =
        std::chrono::duration_cast<std::chrono::seconds>(entry.expires - now).count();
    std::string text = fmt::format("{:<8} {} {} ", protocol_name(entry.protocol()),
                                   static_cast<unsigned>(entry.protocol()), left);
    if (entry.protocol() == wire::Protocol::kTcp) {
        text += net::to_string(entry.tcp.state);
        text += ' ';
    }
    for (const std::size_t direction : {std::size_t{0}, std::size_t{1}}) {
        text += tuple_text(entry.tuple.at(direction));
        if (counted) {
            fmt::format_to(Output(text), "packets={} bytes={} ", entry.packets.at(direction),
                           entry.bytes.at(direction));
        }
        if (direction == 0 && !entry.seen_reply) {
            text += "[UNREPLIED] ";
        }
    }
    text += entry.assured ? "[ASSURED] " : "";
    return text + "mark=0 use=1\n";
}

}  // namespace

std::string iptables_matches(const FirewallRule& rule) {
    std::string text;
    const bool tcp = rule.protocol == IpProtocol::kTcp;
    std::string own;
    own += rule.source_port ? ports_text("sp", *rule.source_port) : "";
    own += rule.destination_port ? ports_text("dp", *rule.destination_port) : "";
    own += flags_text(rule.flags);
    if (!own.empty()) {
        text += (tcp ? " tcp" : " udp") + own;
    }
    text += states_text(rule.states);
    text += rule.limit ? limit_text(*rule.limit) : "";
    text += rule.comment.empty() ? "" : fmt::format(" /* {} */", rule.comment);
    if (rule.log && rule.target == Target::kNone) {
        text += " LOG flags 0 level 4";
        text += rule.log->empty() ? "" : fmt::format(" prefix \"{}\"", *rule.log);
    }
    if (rule.target == Target::kReject) {
        text += fmt::format(" reject-with {}", net::to_string(rule.reject));
    }
    return text;
}

std::string iptables_text(const net::Firewall* firewall, const IptablesOptions& options) {
    std::string out;
    bool first = true;
    for (const Chain chain : {Chain::kInput, Chain::kForward, Chain::kOutput}) {
        if (options.chain && *options.chain != chain) {
            continue;
        }
        out += first ? "" : "\n";
        first = false;
        put_chain(out, firewall, chain, options);
    }
    return out;
}

ConntrackText conntrack_text(net::Conntrack* table, Time now) {
    ConntrackText text;
    std::size_t shown = 0;
    if (table != nullptr) {
        table->for_each(now, [&](const net::CtEntry& entry) {
            text.entries += entry_text(entry, table->settings().acct != 0, now);
            ++shown;
        });
    }
    text.summary = fmt::format(
        "conntrack v1.4.7 (conntrack-tools): {} flow entries have been shown.\n", shown);
    return text;
}

std::string conntrack_stats_text(const ConntrackStats& stats) {
    return fmt::format(
        "cpu=0   \tfound=0 invalid={} insert=0 insert_failed={} drop={} early_drop={} error=0 "
        "search_restart=0 clash_resolve=0 chaintoolong=0 \n",
        stats.invalid, stats.insert_failed, stats.drop, stats.early_drop);
}

}  // namespace netsim::observe
