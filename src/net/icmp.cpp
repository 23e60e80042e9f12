// Making ICMP packets.
#include "net/icmp.hpp"

namespace netsim::net {
namespace {

constexpr std::uint8_t kTtl = 64;  // net.ipv4.ip_default_ttl

bool names_one_host(Ipv4 address) {
    return !address.is_any() && !address.is_multicast() && !address.is_broadcast() &&
           !address.is_loopback();
}

wire::IcmpHeader::Quoted quote(const wire::Packet& cause) {
    wire::IcmpHeader::Quoted quoted;
    quoted.source = cause.source;
    quoted.destination = cause.destination;
    quoted.protocol = cause.protocol;
    quoted.ttl = cause.ttl;
    quoted.total_length = static_cast<std::uint16_t>(cause.length());
    quoted.id = cause.id;
    switch (cause.protocol) {
        case wire::Protocol::kTcp:
            quoted.source_port = cause.tcp.source_port;
            quoted.destination_port = cause.tcp.destination_port;
            quoted.seq = cause.tcp.seq.raw();
            break;
        case wire::Protocol::kUdp:
            quoted.source_port = cause.udp.source_port;
            quoted.destination_port = cause.udp.destination_port;
            break;
        case wire::Protocol::kIcmp:  // the words where ports would stand: type/code, and the id
            quoted.source_port =
                static_cast<std::uint16_t>((cause.icmp.type << 8) | cause.icmp.code);
            quoted.seq = (std::uint32_t{cause.icmp.echo_id} << 16U) | cause.icmp.echo_seq;
            break;
    }
    return quoted;
}

}  // namespace

bool may_send_error_about(const wire::Packet& packet) {
    if (packet.protocol == wire::Protocol::kIcmp && packet.icmp.type != wire::icmp::kEchoRequest &&
        packet.icmp.type != wire::icmp::kEchoReply) {
        return false;
    }
    return names_one_host(packet.source) && !packet.destination.is_multicast() &&
           !packet.destination.is_broadcast();
}

wire::Packet icmp_error(const wire::Packet& cause, Ipv4 source, std::uint8_t type,
                        std::uint8_t code, std::uint16_t mtu) {
    wire::Packet error{};
    error.source = source;
    error.destination = cause.source;
    error.ttl = kTtl;
    error.protocol = wire::Protocol::kIcmp;
    error.dont_fragment = false;
    error.icmp = wire::IcmpHeader{};
    error.icmp.type = type;
    error.icmp.code = code;
    error.icmp.mtu = mtu;
    error.icmp.quoted = quote(cause);
    return error;
}

wire::Packet echo_reply(const wire::Packet& request) {
    wire::Packet reply{};
    reply.source = request.destination;
    reply.destination = request.source;
    reply.ttl = kTtl;
    reply.protocol = wire::Protocol::kIcmp;
    reply.dont_fragment = false;
    reply.icmp = wire::IcmpHeader{};
    reply.icmp.type = wire::icmp::kEchoReply;
    reply.icmp.echo_id = request.icmp.echo_id;
    reply.icmp.echo_seq = request.icmp.echo_seq;
    reply.icmp.echo_length = request.icmp.echo_length;
    return reply;
}

}  // namespace netsim::net
