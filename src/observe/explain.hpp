// Connections in words: what state an endpoint is in, how it came there, what it waits for, which
// timer ends that and when, and what is unusual about it. Each sentence is read from the core.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "host/host.hpp"
#include "tcp/socket_info.hpp"

namespace netsim::observe {

/// What an explanation may ask about the rest of the network.
struct ExplainWorld {
    /// A node's name; empty: nobody's address.
    std::function<std::string_view(Ipv4)> name_of;
    /// The host with that address; null: none.
    std::function<host::Host*(Ipv4)> host_of;
};

/// Which endpoints of a host.
struct ExplainQuery {
    std::uint16_t port = 0;            // local
    std::optional<Endpoint> remote{};  // none: all of the port, its listener too
};

inline constexpr std::size_t kExplainedMost = 20;  // of one query; the rest is counted by state

/// A paragraph for each endpoint. Where there is none, it says so: CLOSED.
std::string explain_text(host::Host& host, const ExplainQuery& query, const ExplainWorld& world);

}  // namespace netsim::observe
