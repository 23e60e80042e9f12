// Packets and records to feed observers with.
#pragma once

#include <string_view>

#include "sim/trace.hpp"
#include "wire/packet.hpp"

namespace netsim::observe::testing {

inline constexpr Ipv4 kUser = ipv4(10, 0, 0, 1);
inline constexpr Ipv4 kWeb = ipv4(10, 0, 0, 2);
inline constexpr sim::NodeId kUserNode = 1;
inline constexpr sim::NodeId kWebNode = 2;
inline constexpr sim::NodeId kRouterNode = 3;

inline Time ms(std::int64_t n) {
    return at_ns(n * 1'000'000);
}

/// From user:40000 to web:80 unless turned().
inline wire::Packet segment(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack = 0,
                            std::uint32_t length = 0) {
    static std::uint64_t counter = 0;
    wire::Packet packet{};
    packet.uid = (std::uint64_t{kUserNode} << 40U) | ++counter;
    packet.source = kUser;
    packet.destination = kWeb;
    packet.tcp.source_port = 40000;
    packet.tcp.destination_port = 80;
    packet.tcp.flags = flags;
    packet.tcp.seq = wire::SeqNum(seq);
    packet.tcp.ack = wire::SeqNum(ack);
    packet.tcp.window = 64240;
    packet.tcp.payload.length = length;
    return packet;
}

/// The same from web:80 to user:40000.
inline wire::Packet turned(wire::Packet packet) {
    packet.uid = (packet.uid & 0xffffffffffU) | (std::uint64_t{kWebNode} << 40U);
    std::swap(packet.source, packet.destination);
    std::swap(packet.tcp.source_port, packet.tcp.destination_port);
    return packet;
}

inline wire::Packet syn(std::uint32_t seq) {
    wire::Packet packet = segment(wire::flag::kSyn, seq);
    packet.tcp.options = wire::option::kMss | wire::option::kSackPermitted |
                         wire::option::kTimestamps | wire::option::kWindowScale;
    packet.tcp.mss = 1460;
    packet.tcp.tsval = 1;
    packet.tcp.window_scale = 10;
    return packet;
}

inline wire::Packet syn_ack(std::uint32_t seq, std::uint32_t ack) {
    wire::Packet packet = syn(seq);
    packet.tcp.flags = wire::flag::kSyn | wire::flag::kAck;
    packet.tcp.ack = wire::SeqNum(ack);
    packet.tcp.window = 65160;
    packet.tcp.tsecr = 1;
    return turned(packet);
}

inline std::string_view name_of(sim::NodeId node) {
    return node == kUserNode ? "user" : node == kWebNode ? "web" : "r";
}

inline sim::PacketRecord record(Time at, sim::PacketEvent event, sim::NodeId node,
                                const wire::Packet& packet, std::string_view reason = {}) {
    return sim::PacketRecord{.at = at,
                             .event = event,
                             .node = node,
                             .node_name = name_of(node),
                             .interface_name = "eth0",
                             .packet = &packet,
                             .reason = reason};
}

inline sim::PacketRecord sent(Time at, sim::NodeId node, const wire::Packet& packet) {
    return record(at, sim::PacketEvent::kSent, node, packet);
}

inline sim::PacketRecord received(Time at, sim::NodeId node, const wire::Packet& packet) {
    return record(at, sim::PacketEvent::kReceived, node, packet);
}

inline sim::PacketRecord dropped(Time at, sim::NodeId node, const wire::Packet& packet,
                                 std::string_view reason) {
    return record(at, sim::PacketEvent::kDropped, node, packet, reason);
}

}  // namespace netsim::observe::testing
