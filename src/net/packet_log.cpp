// What of a packet enters the digest: all that a later event could depend on.
#include "net/packet_log.hpp"

namespace netsim::net {
namespace {

/// Two words that tell transports apart: ports, flags, window; seq and ack.
struct TransportWords {
    std::uint64_t first;
    std::uint64_t second;
};

TransportWords transport_words(const wire::Packet& packet) {
    switch (packet.protocol) {
        case wire::Protocol::kTcp: {
            const wire::TcpHeader& tcp = packet.tcp;
            return {(std::uint64_t{tcp.source_port} << 48U) |
                        (std::uint64_t{tcp.destination_port} << 32U) |
                        (std::uint64_t{tcp.window} << 16U) | tcp.flags,
                    (std::uint64_t{tcp.seq.raw()} << 32U) | tcp.ack.raw()};
        }
        case wire::Protocol::kUdp:
            return {(std::uint64_t{packet.udp.source_port} << 48U) |
                        (std::uint64_t{packet.udp.destination_port} << 32U),
                    packet.udp.payload.offset};
        case wire::Protocol::kIcmp:
            break;
    }
    const wire::IcmpHeader& icmp = packet.icmp;
    return {(std::uint64_t{icmp.type} << 48U) | (std::uint64_t{icmp.code} << 32U) |
                (std::uint64_t{icmp.echo_id} << 16U) | icmp.echo_seq,
            (std::uint64_t{icmp.mtu} << 32U) | icmp.quoted.destination.bits};
}

}  // namespace

void digest_packet(const Fabric& fabric, const Node& node, const wire::Packet& packet,
                   std::uint64_t ending) {
    Digest& digest = fabric.sim.node_digest(node.id());
    const TransportWords words = transport_words(packet);
    digest.add(static_cast<std::uint64_t>(to_ns(fabric.sim.now())));
    digest.add((std::uint64_t{packet.source.bits} << 32U) | packet.destination.bits);
    digest.add(words.first);
    digest.add(words.second);
    digest.add((std::uint64_t{packet.length()} << 32U) |
               (static_cast<std::uint64_t>(packet.protocol) << 24U) |
               (std::uint64_t{packet.corrupted} << 16U) | (std::uint64_t{packet.ttl} << 8U) |
               ending);
    digest.add(packet.uid);
}

void log_drop(const Fabric& fabric, const Node& node, std::string_view interface_name,
              const wire::Packet& packet, DropReason reason, std::string_view text) {
    trace_packet(fabric, node, interface_name, sim::PacketEvent::kDropped, packet,
                 text.empty() ? to_string(reason) : text);
    digest_packet(fabric, node, packet, 1 + static_cast<std::uint64_t>(reason));
}

}  // namespace netsim::net
