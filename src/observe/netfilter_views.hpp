// What iptables and conntrack would print about a node.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/conntrack.hpp"
#include "net/firewall.hpp"
#include "net/node.hpp"

namespace netsim::observe {

struct IptablesOptions {
    std::optional<Chain> chain{};  // none: all
    bool verbose = false;          // -v
    bool exact = false;            // -x
    bool line_numbers = false;     // --line-numbers
};

/// `iptables -L -n` of iptables 1.8.9. Null: no firewall, empty chains.
std::string iptables_text(const net::Firewall* firewall, const IptablesOptions& options);

/// What a rule says beyond its columns: "tcp dpt:80 flags:0x3F/0x02".
std::string iptables_matches(const FirewallRule& rule);

/// `conntrack -L` of conntrack-tools 1.4.7: a line each, and how many there are, which that tool
/// says on its standard error.
struct ConntrackText {
    std::string entries{};
    std::string summary{};
};

ConntrackText conntrack_text(net::Conntrack* table, Time now);

/// `conntrack -S`: one processor.
std::string conntrack_stats_text(const ConntrackStats& stats);

/// The tools themselves, with their arguments: `iptables -L [CHAIN] -n [-v] [-x]
/// [--line-numbers]`, `conntrack -L | -C | -S | -F`, `dmesg`. Throws InputError.
std::string iptables_tool(net::Node& node, std::span<const std::string> arguments);
std::string conntrack_tool(net::Node& node, std::span<const std::string> arguments);
std::string dmesg_tool(net::Node& node, std::span<const std::string> arguments);

}  // namespace netsim::observe
