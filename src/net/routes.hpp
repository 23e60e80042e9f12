// A node's forwarding table: longest prefix match (RFC 1812 §5.2.4.3).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
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

/// Finds routes that stand in no table.
class RouteResolver {
 public:
    virtual ~RouteResolver() = default;
    /// The computed route of `node` (as given to RouteTable::set_resolver()) to exactly this
    /// address.
    virtual std::optional<Route> resolve(std::uint32_t node, Ipv4 destination) = 0;

 protected:
    RouteResolver() = default;
    RouteResolver(const RouteResolver&) = default;
    RouteResolver& operator=(const RouteResolver&) = default;
    RouteResolver(RouteResolver&&) = default;
    RouteResolver& operator=(RouteResolver&&) = default;
};

class RouteTable {
 public:
    /// Replaces a route with the same prefix, but a computed one never replaces a script's.
    void add(const Route& route);
    bool remove(Prefix prefix);
    void remove_computed();

    /// Who knows the computed routes that are not in the table; null: nobody. Routes of the table
    /// with 32 bits come before it, shorter ones after.
    void set_resolver(RouteResolver* resolver, std::uint32_t node) {
        ++version_;
        resolver_ = resolver;
        node_ = node;
    }

    /// The longest match, or nullptr. Valid until the next call, or until the table changes.
    const Route* find(Ipv4 destination) const {
        if (cache_) {
            const Cached& entry = (*cache_)[slot(destination)];
            if (entry.destination == destination && entry.version == version_) {
                return entry.route;
            }
        }
        return find_and_remember(destination);
    }

    std::size_t size() const;
    /// All that stand in the table, longest prefix first, then by address.
    std::vector<Route> all() const;

 private:
    struct Level;

    /// What was found last, as Linux keeps it per socket (sk_dst_cache): a packet's route is looked
    /// for several times on its way, and mostly towards the same few.
    struct Cached {
        Ipv4 destination;
        std::uint32_t version = 0;
        const Route* route = nullptr;  // in the table, or:
        Route resolved;
    };

    static constexpr std::size_t kCached = 64;

    static constexpr std::size_t slot(Ipv4 destination) {
        return (destination.bits ^ (destination.bits >> 8U)) % kCached;
    }

    const Route* find_and_remember(Ipv4 destination) const;
    const Route* search(Ipv4 destination) const;

    // Hash of addresses per prefix length in use, longest first.
    std::vector<Level> levels_;
    std::optional<Route> default_;  // of length 0: all that most hosts have
    RouteResolver* resolver_ = nullptr;
    std::uint32_t node_ = 0;
    std::uint32_t version_ = 1;  // of the table: rises with each change
    mutable std::unique_ptr<std::array<Cached, kCached>> cache_;

 public:
    RouteTable();
    ~RouteTable();
    RouteTable(const RouteTable&) = delete;
    RouteTable& operator=(const RouteTable&) = delete;
    RouteTable(RouteTable&&) noexcept;
    RouteTable& operator=(RouteTable&&) noexcept;
};

}  // namespace netsim::net
