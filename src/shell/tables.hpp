// A host's interfaces and routes, as ip, netstat and /proc show them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/routes.hpp"
#include "netsim/address.hpp"

namespace netsim::host {
class Host;
}

namespace netsim::shell {

struct InterfaceRow {
    struct Counters {
        std::uint64_t bytes = 0;  // of IP packets
        std::uint64_t packets = 0;
        std::uint64_t dropped = 0;
    };

    std::uint32_t index = 0;  // 2 and up, as 1 is lo's on Linux
    std::string name;
    std::uint32_t mtu = 0;
    bool up = false;
    Ipv4 address;
    std::uint8_t prefix_length = 32;
    std::optional<std::uint32_t> queue_limit{};  // packets
    std::optional<std::uint64_t> rate_bps{};
    Counters rx;
    Counters tx;  // without what met a full queue, which is `dropped`
};

std::vector<InterfaceRow> interface_rows(const host::Host& host);

struct RouteRow {
    Prefix prefix;
    net::Route::Kind kind = net::Route::Kind::kUnicast;
    std::optional<Ipv4> gateway{};  // none: the neighbour itself
    std::string interface;          // empty: none
    bool link_down = false;         // of the interface
};

/// The default route first, then by address.
std::vector<RouteRow> route_rows(const host::Host& host);
RouteRow route_row(const host::Host& host, const net::Route& route, Ipv4 destination);

}  // namespace netsim::shell
