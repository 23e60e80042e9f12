// A node's forwarding table: longest prefix match (RFC 1812 §5.2.4.3).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "netsim/address.hpp"

namespace netsim::net {

struct Route {
    enum class Kind : std::uint8_t { kUnicast, kBlackhole, kUnreachable };

    Prefix prefix;
    Kind kind = Kind::kUnicast;
    std::uint32_t interface = 0;  // of kUnicast
    /// True for a route the topology computed; false for one a script added. Recomputing replaces
    /// only the former.
    bool computed = false;
};

class RouteTable {
 public:
    /// Replaces a route with the same prefix, but a computed one never replaces a script's.
    void add(const Route& route);
    bool remove(Prefix prefix);
    void remove_computed();
    /// The longest match, or nullptr.
    const Route* find(Ipv4 destination) const;
    std::size_t size() const;
    /// All, longest prefix first, then by address.
    std::vector<Route> all() const;

 private:
    struct Level;
    // Hash of addresses per prefix length in use, longest first.
    std::vector<Level> levels_;

 public:
    RouteTable();
    ~RouteTable();
    RouteTable(const RouteTable&) = delete;
    RouteTable& operator=(const RouteTable&) = delete;
    RouteTable(RouteTable&&) noexcept;
    RouteTable& operator=(RouteTable&&) noexcept;
};

}  // namespace netsim::net
