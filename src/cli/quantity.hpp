// Numbers of a network that a person names: "web:80 syn-recv", "web TcpExtListenOverflows"; and
// conditions on them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/network.hpp"

namespace netsim::cli {

/// InputError naming the hosts there are.
HostRef host_of(const Network& network, const std::string& name);
/// None: there is no such router.
std::optional<RouterRef> router_of(const Network& network, const std::string& name);

/// Network::explain(), a host that is not there refused as by host_of().
std::string explain(const Network& network, const std::string& endpoint);

struct Quantity {
    std::string host;
    std::uint16_t port = 0;  // 0: all of the host
    std::string word;        // a state of ss's, accept-queue, syn-queue, a counter of nstat's

    std::string label() const;
    /// Reads it in a network. InputError: no such host or word.
    std::function<double()> in(const Network& network) const;
};

/// "[HOST[:PORT]] WORD"; `host`: where none is named.
Quantity parse_quantity(const std::vector<std::string>& words, const std::string& host);

struct Condition {
    Quantity quantity;
    std::string comparison;
    double value = 0;

    /// Does it hold?
    std::function<bool()> in(const Network& network) const;
};

/// "[HOST[:PORT]] WORD OP N"; "time-wait>10" too.
Condition parse_condition(const std::vector<std::string>& words, const std::string& host);

/// The words that are no counters.
const std::vector<std::string_view>& quantity_words();

}  // namespace netsim::cli
