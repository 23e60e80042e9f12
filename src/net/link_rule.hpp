// A rule of a link at work: what it matched so far, and whether it is a packet's turn. Both
// directions of a link may share one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "netsim/elements.hpp"
#include "netsim/rng.hpp"
#include "sim/simulation.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

/// TCP flags, read from tcpdump's letters once. Throws InputError.
class FlagTest {
 public:
    /// `looked_at`: the flags that count besides those named; others may be as they like.
    explicit FlagTest(const FlagMatch& match, std::uint16_t looked_at = 0xffff);

    /// Matches anything.
    bool any() const { return any_; }

    /// True for a TCP segment whose flags are as asked for, and for all if nothing was.
    bool matches(const wire::Packet& packet) const;

 private:
    std::uint16_t bits_ = 0;
    std::uint16_t mask_ = 0xffff;
    FlagMatch::How how_ = FlagMatch::How::kExactly;
    bool any_ = true;
};

/// Ports of TCP and UDP; 0 of others.
std::uint16_t source_port(const wire::Packet& packet);
std::uint16_t destination_port(const wire::Packet& packet);

/// "1st", "2nd", "3rd", "11th".
std::string ordinal(std::uint64_t n);

class LinkRuleState {
 public:
    /// `stream`: the name of its random stream. Throws InputError on bad flags.
    LinkRuleState(const LinkRule& rule, std::string stream);

    /// Counts the packet if it matches. Is it this packet's turn?
    bool meet(const wire::Packet& packet, const sim::Simulation& sim);

    void count_hit() { ++hits_; }

    /// "rule: 3rd S.", of the last packet that matched.
    std::string reason() const;

    const LinkRule& rule() const { return rule_; }

    std::uint64_t matched() const { return matched_; }

    /// Dropped, delayed or copied.
    std::uint64_t hits() const { return hits_; }

 private:
    bool matches(const wire::Packet& packet) const;

    LinkRule rule_;
    FlagTest flags_;
    std::string stream_;
    std::optional<Rng> rng_;
    std::uint64_t matched_ = 0;
    std::uint64_t hits_ = 0;
};

/// Throws InputError when a value is out of range.
void check(const LinkRule& rule);

}  // namespace netsim::net
