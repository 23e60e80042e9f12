// Which port a connection gets: its own where that is free, else one found from a random start on,
// as nf_nat_l4proto_unique_tuple() does.
#include "net/nat.hpp"

#include <algorithm>

#include "net/middlebox.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr std::uint32_t kNatAttempts = 128;
constexpr std::uint32_t kNatAttemptsLeast = 16;

/// ICMP's id stands for both ports.
void set_reply_port(CtTuple& reply, std::uint16_t port) {
    reply.destination_port = port;
    if (reply.protocol == wire::Protocol::kIcmp) {
        reply.source_port = port;
    }
}

void set_packet_ports(wire::Packet& packet, std::optional<std::uint16_t> source,
                      std::optional<std::uint16_t> destination) {
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            packet.tcp.source_port = source.value_or(packet.tcp.source_port);
            packet.tcp.destination_port = destination.value_or(packet.tcp.destination_port);
            return;
        case wire::Protocol::kUdp:
            packet.udp.source_port = source.value_or(packet.udp.source_port);
            packet.udp.destination_port = destination.value_or(packet.udp.destination_port);
            return;
        case wire::Protocol::kIcmp:
            packet.icmp.echo_id = source ? *source : destination.value_or(packet.icmp.echo_id);
            return;
    }
}

/// A quoted echo keeps its id where icmp.cpp put it.
void set_quoted_port(wire::IcmpHeader::Quoted& quoted, bool source, std::uint16_t port) {
    if (quoted.protocol == wire::Protocol::kIcmp) {
        quoted.seq = (std::uint32_t{port} << 16U) | (quoted.seq & 0xffffU);
    } else if (source) {
        quoted.source_port = port;
    } else {
        quoted.destination_port = port;
    }
}

bool is_error(const Conntrack::Tracking& tracking) {
    return tracking.state == ct_state::kRelated;
}

}  // namespace

Nat::Nat(const Node& node, Ipv4 own, const NatOptions& options)
    : options_(options),
      outside_(options.outside.value_or(Prefix{own, 32})),
      inside_interfaces_(interface_indices(node, options.inside_interfaces)),
      rng_(node.fabric().sim.rng("node/" + node.name() + "/nat")) {
    if (options.ports &&
        (options.ports->first == 0 || options.ports->first > options.ports->last)) {
        throw InputError("ports " + std::to_string(options.ports->first) + "-" +
                         std::to_string(options.ports->last) +
                         " are no range of ports from 1 to 65535");
    }
    for (const NatOptions::Forward& forward : options.forward) {
        if (forward.port == 0 || forward.to.port == 0) {
            throw InputError("forward: ports are from 1 to 65535");
        }
    }
}

bool Nat::is_inside(Ipv4 address, std::uint32_t interface) const {
    const auto& prefixes = options_.inside;
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](Prefix prefix) { return prefix.contains(address); }) ||
           std::find(inside_interfaces_.begin(), inside_interfaces_.end(), interface) !=
               inside_interfaces_.end();
}

/// The same address for the same client, as Linux's find_best_ips_proto() does.
Ipv4 Nat::outside_for(Ipv4 source) const {
    const std::uint64_t mixed = (source.bits * std::uint64_t{0x9e3779b97f4a7c15U}) >> 32U;
    return Ipv4{outside_.address.bits + static_cast<std::uint32_t>(mixed % outside_.size())};
}

PortRange Nat::range_for(const CtTuple& tuple) const {
    constexpr std::uint16_t kReserved = 1024;
    if (options_.ports) {
        return *options_.ports;
    }
    if (tuple.protocol == wire::Protocol::kIcmp) {
        return {0, 65535};
    }
    if (tuple.source_port < 512) {
        return {1, 511};
    }
    return tuple.source_port < kReserved ? PortRange{600, kReserved - 1}
                                         : PortRange{kReserved, 65535};
}

bool Nat::find_port(CtTuple& reply, const PortRange& range, Conntrack& table) {
    const std::uint32_t size = std::uint32_t{range.last} - range.first + 1U;
    std::uint32_t attempts = std::min(size, kNatAttempts);
    for (;;) {
        const auto start = static_cast<std::uint32_t>(rng_.below(size));
        for (std::uint32_t i = 0; i < attempts; ++i) {
            set_reply_port(reply, static_cast<std::uint16_t>(range.first + (start + i) % size));
            if (!table.taken(reply)) {
                return true;
            }
        }
        if (attempts >= size || attempts < kNatAttemptsLeast) {
            return false;
        }
        attempts /= 2;
    }
}

bool Nat::map_source(const wire::Packet& packet, const Conntrack::Tracking& tracking,
                     std::uint32_t in, std::uint32_t out, Conntrack& table) {
    CtEntry* entry = tracking.entry;
    if (entry == nullptr || entry->confirmed || is_error(tracking) ||
        !is_inside(packet.source, in) || is_inside(packet.destination, out)) {
        return true;
    }
    const CtTuple& original = entry->tuple[Conntrack::kOriginal];
    CtTuple reply = entry->tuple[Conntrack::kReply];
    reply.destination = outside_for(original.source);
    const bool in_range = !options_.ports || options_.ports->contains(original.source_port);
    if (!in_range || table.taken(reply)) {
        if (!find_port(reply, range_for(original), table)) {
            ++stats_.exhausted;
            return false;
        }
        ++stats_.port_changed;
    }
    entry->tuple[Conntrack::kReply] = reply;
    ++stats_.mapped;
    return true;
}

void Nat::map_destination(const wire::Packet& packet, const Conntrack::Tracking& tracking) {
    CtEntry* entry = tracking.entry;
    if (entry == nullptr || entry->confirmed || is_error(tracking) || !owns(packet.destination)) {
        return;
    }
    const CtTuple& original = entry->tuple[Conntrack::kOriginal];
    for (const NatOptions::Forward& forward : options_.forward) {
        if (static_cast<std::uint8_t>(forward.protocol) ==
                static_cast<std::uint8_t>(original.protocol) &&
            forward.port == original.destination_port) {
            entry->tuple[Conntrack::kReply].source = forward.to.address;
            entry->tuple[Conntrack::kReply].source_port = forward.to.port;
            ++stats_.forwarded;
            return;
        }
    }
}

bool Nat::swallows(const Conntrack::Tracking& tracking) {
    const bool unmapped = tracking.entry == nullptr || tracking.direction == Conntrack::kOriginal;
    stats_.unmapped += unmapped ? 1U : 0U;
    return unmapped && options_.silent;
}

void translate_destination(wire::Packet& packet, const Conntrack::Tracking& tracking) {
    if (tracking.entry == nullptr) {
        return;
    }
    const CtTuple& own = tracking.entry->tuple[tracking.direction];
    const CtTuple beyond = inverse(tracking.entry->tuple[1 - tracking.direction]);
    if (beyond.destination == own.destination && beyond.destination_port == own.destination_port) {
        return;
    }
    packet.destination = beyond.destination;
    if (!is_error(tracking)) {
        set_packet_ports(packet, std::nullopt, beyond.destination_port);
        return;
    }
    packet.icmp.quoted.source = beyond.destination;
    set_quoted_port(packet.icmp.quoted, true, beyond.destination_port);
}

void translate_source(wire::Packet& packet, const Conntrack::Tracking& tracking) {
    if (tracking.entry == nullptr) {
        return;
    }
    const CtTuple& own = tracking.entry->tuple[tracking.direction];
    const CtTuple beyond = inverse(tracking.entry->tuple[1 - tracking.direction]);
    if (beyond.source == own.source && beyond.source_port == own.source_port) {
        return;
    }
    packet.source = beyond.source;
    if (!is_error(tracking)) {
        set_packet_ports(packet, beyond.source_port, std::nullopt);
        return;
    }
    packet.icmp.quoted.destination = beyond.source;
    set_quoted_port(packet.icmp.quoted, false, beyond.source_port);
}

}  // namespace netsim::net
