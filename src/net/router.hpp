// An IPv4 router (RFC 1812 §5.2): longest prefix match, TTL, MTU, ICMP errors as Linux limits them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_set.h>

#include "net/elements.hpp"
#include "net/icmp_limit.hpp"
#include "net/node.hpp"
#include "net/routes.hpp"

namespace netsim::net {

/// What a router did; drops are counted by reason.
struct RouterStats {
    std::uint64_t forwarded = 0;
    std::uint64_t icmp_sent = 0;          // errors
    std::uint64_t icmp_rate_limited = 0;  // errors not sent for the limits' sake
    std::uint64_t echo_replies = 0;
    std::uint64_t resets = 0;  // of TCP that was for the router itself
    std::array<std::uint64_t, static_cast<std::size_t>(DropReason::kCount)> dropped{};
};

class Router final : public Node {
 public:
    /// `address` is the source of its ICMP and what answers ping; its interfaces may share it.
    Router(Fabric& fabric, std::string name, Ipv4 address)
        : Node(fabric, std::move(name)), address_(address) {}

    void receive(wire::PacketPtr packet, std::uint32_t interface) override;

    bool forwards() const override { return true; }

    Ipv4 address() const { return address_; }

    /// Off: errors stay unsaid, as where a firewall drops ICMP. Too large a packet then vanishes: a
    /// black hole (RFC 2923 §2.1).
    void say_icmp_errors(bool on) { icmp_errors_ = on; }

    RouteTable& routes() { return routes_; }

    const RouteTable& routes() const { return routes_; }

    const RouterStats& stats() const { return stats_; }

    std::uint64_t dropped(DropReason reason) const {
        return stats_.dropped[static_cast<std::size_t>(reason)];
    }

 private:
    struct IcmpKind {
        std::uint8_t type;
        std::uint8_t code;
        std::uint16_t mtu = 0;
    };

    bool is_local(Ipv4 destination) const;
    void deliver_locally(wire::PacketPtr packet, std::uint32_t interface);
    /// Null: there is none, or it ends here, and the packet was dropped.
    const Route* route_of(const wire::Packet& packet, std::uint32_t interface);
    /// False: its TTL or its size do not allow it, and it was dropped.
    bool may_forward(const wire::Packet& packet, std::uint32_t interface, const Interface& out);
    void refuse(const wire::Packet& packet, std::uint32_t interface, DropReason reason,
                IcmpKind kind);
    void drop(const wire::Packet& packet, std::uint32_t interface, DropReason reason,
              std::string_view text = {});
    void send_error(const wire::Packet& cause, IcmpKind kind, bool asked_for = false);
    /// Own packets. False if there is no route.
    bool originate(wire::Packet packet);
    // --- with elements in the way (router_elements.cpp)
    void receive_through(wire::PacketPtr packet, std::uint32_t interface);
    bool passes(const HookVerdict& verdict, const wire::Packet& packet, std::uint32_t interface);
    bool own_passes(wire::Packet& packet, std::uint32_t out);

    Ipv4 address_;
    mutable absl::flat_hash_set<std::uint32_t> locals_;  // the interfaces' addresses
    mutable std::size_t locals_of_ = 0;                  // so many interfaces
    RouteTable routes_;
    IcmpLimit icmp_limit_;
    RouterStats stats_;
    std::uint16_t next_id_ = 0;
    bool icmp_errors_ = true;
};

}  // namespace netsim::net
