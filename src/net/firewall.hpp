// A firewall: ordered rules in chains, the first that decides ends it.
// iptables' table "filter".
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/kernel_log.hpp"
#include "net/link_rule.hpp"
#include "net/node.hpp"
#include "net/rate_limiter.hpp"
#include "netsim/elements.hpp"

namespace netsim::net {

std::string_view to_string(Chain chain);        // "FORWARD"
std::string_view to_string(RejectWith reject);  // "tcp-reset"

inline constexpr std::uint32_t kNoInterface = 0xfffffffeU;
inline constexpr std::uint32_t kLoopbackInterface = 0xffffffffU;

/// A packet as a chain sees it.
struct Filtered {
    const wire::Packet& packet;
    Chain chain = Chain::kForward;
    std::uint32_t in = kNoInterface;
    std::uint32_t out = kNoInterface;
    std::uint8_t state = 0;  // ct_state; 0: not tracked
};

struct FilterVerdict {
    Target target = Target::kAccept;
    RejectWith reject = RejectWith::kPortUnreachable;
    std::string reason{};  // "firewall rule 2"; empty if accepted
};

class Firewall {
 public:
    /// Throws InputError on rules that make no sense here.
    Firewall(const Node& node, KernelLog& log, const FirewallOptions& options);

    FilterVerdict decide(const Filtered& subject, Time now);

    /// Before the nth of its chain, 1 to the number of its rules plus 1. Throws
    /// InputError.
    void insert(std::size_t n, const FirewallRule& rule);
    void append(const FirewallRule& rule);
    /// Throws InputError if there is no nth.
    void remove(Chain chain, std::size_t n);
    void flush(Chain chain);
    void set_policy(Chain chain, Target target);
    /// `iptables -Z`
    void zero();

    /// Power went: counters and limits begin anew.
    void restart();

    /// Of the chain, in order.
    std::vector<FirewallEntry> rules(Chain chain) const;

    struct Policy {
        Target target = Target::kAccept;
        std::uint64_t packets = 0;
        std::uint64_t bytes = 0;
    };

    const Policy& policy(Chain chain) const { return chain_of(chain).policy; }

    /// Those a rule stands in if it names none.
    Chain default_chain() const { return node_.forwards() ? Chain::kForward : Chain::kInput; }

    /// Does a rule ask for the state of connections?
    bool needs_conntrack() const;

 private:
    struct Rule {
        FirewallEntry entry;
        FlagTest flags;
        std::vector<std::uint32_t> in;  // interfaces
        std::vector<std::uint32_t> out;
        std::optional<RateLimiter> limiter;
    };

    struct ChainRules {
        std::vector<std::unique_ptr<Rule>> rules;
        Policy policy;
    };

    ChainRules& chain_of(Chain chain) { return chains_.at(static_cast<std::size_t>(chain)); }

    const ChainRules& chain_of(Chain chain) const {
        return chains_.at(static_cast<std::size_t>(chain));
    }

    void check_chain(Chain chain) const;
    std::unique_ptr<Rule> made(const FirewallRule& rule) const;
    std::vector<std::uint32_t> interfaces(const std::vector<std::string>& names) const;
    std::string interface_name(std::uint32_t interface) const;
    bool matches(Rule& rule, const Filtered& subject, Time now) const;
    std::string reason(const Rule& rule, std::size_t number) const;
    void log_packet(const std::string& prefix, const Filtered& subject, Time now);

    const Node& node_;
    KernelLog& log_;
    std::array<ChainRules, static_cast<std::size_t>(Chain::kCount)> chains_;
};

/// One packet as a LOG rule writes it: "IN=eth0 OUT=eth1 SRC=10.0.0.1 DST=...".
std::string log_line(const wire::Packet& packet, std::string_view in, std::string_view out);

}  // namespace netsim::net
