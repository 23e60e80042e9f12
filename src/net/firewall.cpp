// Matching in iptables' order: interfaces, protocol, addresses, ports, flags,
// state, then the limit.
#include "net/firewall.hpp"

#include <algorithm>
#include <utility>

#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr std::uint16_t kUsualFlags = 0x3f;  // F S R P A U: --tcp-flags ALL

bool allows_interface(const std::vector<std::uint32_t>& wanted, std::uint32_t interface) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), interface) != wanted.end();
}

bool has_ports(IpProtocol protocol) {
    return protocol == IpProtocol::kTcp || protocol == IpProtocol::kUdp;
}

void check_firewall_rule(const FirewallRule& rule, Chain chain) {
    if (chain == Chain::kInput && !rule.out.empty()) {
        throw InputError("a rule of INPUT has no outgoing interface");
    }
    if (chain == Chain::kOutput && !rule.in.empty()) {
        throw InputError("a rule of OUTPUT has no incoming interface");
    }
    if ((rule.source_port || rule.destination_port) && !has_ports(rule.protocol)) {
        throw InputError("ports need the protocol: tcp or udp");
    }
    if (!rule.flags.letters.empty() && rule.protocol != IpProtocol::kTcp) {
        throw InputError("flags need the protocol tcp");
    }
    if (rule.target == Target::kReject && rule.reject == RejectWith::kTcpReset &&
        rule.protocol != IpProtocol::kTcp) {
        throw InputError("reject with tcp-reset needs the protocol tcp");
    }
    if (rule.target == Target::kNone && !rule.log && rule.comment.empty()) {
        throw InputError("a rule accepts, drops, rejects or logs");
    }
}

}  // namespace

std::string_view to_string(Chain chain) {
    static constexpr std::array<std::string_view, 3> kNames{"INPUT", "FORWARD", "OUTPUT"};
    return kNames.at(static_cast<std::size_t>(chain));
}

std::string_view to_string(RejectWith reject) {
    static constexpr std::array<std::string_view, 8> kNames{
        "icmp-port-unreachable",  "tcp-reset",
        "icmp-host-unreachable",  "icmp-net-unreachable",
        "icmp-proto-unreachable", "icmp-net-prohibited",
        "icmp-host-prohibited",   "icmp-admin-prohibited"};
    return kNames.at(static_cast<std::size_t>(reject));
}

Firewall::Firewall(const Node& node, KernelLog& log, const FirewallOptions& options)
    : node_(node), log_(log) {
    for (const Chain chain : {Chain::kInput, Chain::kForward, Chain::kOutput}) {
        const Target target = options.policy.at(static_cast<std::size_t>(chain));
        if (target != Target::kAccept) {
            set_policy(chain, target);
        }
    }
    for (const FirewallRule& rule : options.rules) {
        append(rule);
    }
}

void Firewall::check_chain(Chain chain) const {
    if (chain == Chain::kForward && !node_.forwards()) {
        throw InputError("a host has the chains INPUT and OUTPUT; it forwards nothing");
    }
}

std::vector<std::uint32_t> Firewall::interfaces(const std::vector<std::string>& names) const {
    std::vector<std::uint32_t> indices;
    for (const std::string& name : names) {
        if (name == "lo") {
            indices.push_back(kLoopbackInterface);
            continue;
        }
        const auto& known = node_.interfaces();
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&](const Interface& i) { return i.name == name; });
        if (found == known.end()) {
            std::string all;
            for (const Interface& i : known) {
                all += i.name + ", ";
            }
            throw InputError("\"" + name + "\" is no interface of " + node_.name() +
                             " (there are: " + all + "lo)");
        }
        indices.push_back(static_cast<std::uint32_t>(found - known.begin()));
    }
    return indices;
}

std::string Firewall::interface_name(std::uint32_t interface) const {
    if (interface == kNoInterface) {
        return {};
    }
    return interface == kLoopbackInterface ? "lo" : node_.interfaces()[interface].name;
}

std::unique_ptr<Firewall::Rule> Firewall::made(const FirewallRule& rule) const {
    const Chain chain = rule.chain.value_or(default_chain());
    check_chain(chain);
    check_firewall_rule(rule, chain);
    const FlagTest flags(rule.flags, kUsualFlags);
    std::vector<std::uint32_t> in = interfaces(rule.in);
    std::vector<std::uint32_t> out = interfaces(rule.out);
    auto made = std::make_unique<Rule>(
        Rule{{rule, chain}, flags, std::move(in), std::move(out), std::nullopt});
    if (rule.limit) {
        made->limiter.emplace(*rule.limit);
    }
    return made;
}

void Firewall::insert(std::size_t n, const FirewallRule& rule) {
    std::unique_ptr<Rule> one = made(rule);
    auto& rules = chain_of(one->entry.chain).rules;
    if (n < 1 || n > rules.size() + 1) {
        throw InputError("insert: index " + std::to_string(n) + " is too big, " +
                         std::string(to_string(one->entry.chain)) + " has " +
                         std::to_string(rules.size()) + " rules");
    }
    rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(n - 1), std::move(one));
}

void Firewall::append(const FirewallRule& rule) {
    std::unique_ptr<Rule> one = made(rule);
    auto& rules = chain_of(one->entry.chain).rules;
    rules.push_back(std::move(one));
}

void Firewall::remove(Chain chain, std::size_t n) {
    check_chain(chain);
    auto& rules = chain_of(chain).rules;
    if (n < 1 || n > rules.size()) {
        throw InputError("delete: " + std::string(to_string(chain)) + " has no rule " +
                         std::to_string(n) + ", it has " + std::to_string(rules.size()));
    }
    rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(n - 1));
}

void Firewall::flush(Chain chain) {
    check_chain(chain);
    chain_of(chain).rules.clear();
}

void Firewall::set_policy(Chain chain, Target target) {
    check_chain(chain);
    if (target != Target::kAccept && target != Target::kDrop) {
        throw InputError("a policy is accept or drop");
    }
    chain_of(chain).policy = {target};
}

void Firewall::zero() {
    for (ChainRules& chain : chains_) {
        chain.policy = {chain.policy.target};
        for (const auto& rule : chain.rules) {
            rule->entry.packets = rule->entry.bytes = 0;
        }
    }
}

void Firewall::restart() {
    zero();
    for (ChainRules& chain : chains_) {
        for (const auto& rule : chain.rules) {
            if (rule->limiter) {
                rule->limiter.emplace(*rule->entry.rule.limit);
            }
        }
    }
}

std::vector<FirewallEntry> Firewall::rules(Chain chain) const {
    std::vector<FirewallEntry> all;
    for (const auto& rule : chain_of(chain).rules) {
        all.push_back(rule->entry);
    }
    return all;
}

bool Firewall::needs_conntrack() const {
    return std::any_of(chains_.begin(), chains_.end(), [](const ChainRules& chain) {
        return std::any_of(chain.rules.begin(), chain.rules.end(),
                           [](const auto& rule) { return rule->entry.rule.states != 0; });
    });
}

bool Firewall::matches(Rule& rule, const Filtered& subject, Time now) const {
    const FirewallRule& want = rule.entry.rule;
    const wire::Packet& packet = subject.packet;
    if (!allows_interface(rule.in, subject.in) || !allows_interface(rule.out, subject.out)) {
        return false;
    }
    if (want.protocol != IpProtocol::kAny &&
        static_cast<std::uint8_t>(want.protocol) != static_cast<std::uint8_t>(packet.protocol)) {
        return false;
    }
    if ((want.source && !want.source->contains(packet.source)) ||
        (want.destination && !want.destination->contains(packet.destination))) {
        return false;
    }
    if ((want.source_port && !want.source_port->contains(source_port(packet))) ||
        (want.destination_port && !want.destination_port->contains(destination_port(packet)))) {
        return false;
    }
    if (!rule.flags.matches(packet) || (want.states != 0 && (want.states & subject.state) == 0)) {
        return false;
    }
    return !rule.limiter || rule.limiter->matches(now, packet.source);
}

std::string Firewall::reason(const Rule& rule, std::size_t number) const {
    std::string text = "firewall ";
    if (rule.entry.chain != default_chain()) {
        text += to_string(rule.entry.chain);
        text += ' ';
    }
    text += "rule " + std::to_string(number);
    if (!rule.entry.rule.comment.empty()) {
        text += " (" + rule.entry.rule.comment + ")";
    }
    if (rule.entry.rule.target == Target::kReject) {
        text += ": reject with ";
        text += to_string(rule.entry.rule.reject);
    }
    return text;
}

void Firewall::log_packet(const std::string& prefix, const Filtered& subject, Time now) {
    log_.add(now, prefix + log_line(subject.packet, interface_name(subject.in),
                                    interface_name(subject.out)));
}

FilterVerdict Firewall::decide(const Filtered& subject, Time now) {
    ChainRules& chain = chain_of(subject.chain);
    const std::uint32_t length = subject.packet.length();
    for (std::size_t i = 0; i < chain.rules.size(); ++i) {
        Rule& rule = *chain.rules[i];
        if (!matches(rule, subject, now)) {
            continue;
        }
        ++rule.entry.packets;
        rule.entry.bytes += length;
        const FirewallRule& want = rule.entry.rule;
        if (want.log) {
            log_packet(*want.log, subject, now);
        }
        if (want.target == Target::kAccept) {
            return {};
        }
        if (want.target != Target::kNone) {
            return {want.target, want.reject, reason(rule, i + 1)};
        }
    }
    ++chain.policy.packets;
    chain.policy.bytes += length;
    if (chain.policy.target == Target::kAccept) {
        return {};
    }
    const bool usual = subject.chain == default_chain();
    return {Target::kDrop,
            {},
            usual ? "firewall policy"
                  : "firewall " + std::string(to_string(subject.chain)) + " policy"};
}

}  // namespace netsim::net
