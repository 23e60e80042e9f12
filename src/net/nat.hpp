// Network address translation on top of connection tracking: Linux nf_nat_core.c. What a connection
// is translated to stands in its entry: its reply's tuple.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/conntrack.hpp"
#include "net/node.hpp"
#include "netsim/elements.hpp"
#include "netsim/rng.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

class Nat {
 public:
    /// Throws InputError. `own`: the router's address.
    Nat(const Node& node, Ipv4 own, const NatOptions& options);

    /// Is it one of the outside addresses?
    bool owns(Ipv4 address) const { return outside_.contains(address); }

    /// Where a new connection from outside to a forwarded port goes.
    void map_destination(const wire::Packet& packet, const Conntrack::Tracking& tracking);
    /// What a new connection from inside looks like outside. False: no port is free.
    bool map_source(const wire::Packet& packet, const Conntrack::Tracking& tracking,
                    std::uint32_t in, std::uint32_t out, Conntrack& table);

    /// For a packet to an outside address: is it silence that it gets?
    bool swallows(const Conntrack::Tracking& tracking);

    const NatStats& stats() const { return stats_; }

 private:
    bool is_inside(Ipv4 address, std::uint32_t interface) const;
    Ipv4 outside_for(Ipv4 source) const;
    PortRange range_for(const CtTuple& tuple) const;
    bool find_port(CtTuple& reply, const PortRange& range, Conntrack& table);

    NatOptions options_;
    Prefix outside_;
    std::vector<std::uint32_t> inside_interfaces_;
    Rng rng_;
    NatStats stats_;
};

/// Makes the packet look as its connection does beyond the NAT: its destination before routing, its
/// source after. ICMP errors with the packet they quote.
void translate_destination(wire::Packet& packet, const Conntrack::Tracking& tracking);
void translate_source(wire::Packet& packet, const Conntrack::Tracking& tracking);

}  // namespace netsim::net
