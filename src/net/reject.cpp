// RFC 9293 §3.10.7.1: a RST that its receiver takes.
#include "net/reject.hpp"

namespace netsim::net {
namespace {

// codes of "destination unreachable" that only firewalls send (RFC 1122 §3.2.2.1)
constexpr std::uint8_t kNetProhibitedCode = 9;
constexpr std::uint8_t kHostProhibitedCode = 10;

}  // namespace

std::optional<wire::Packet> reset_for(const wire::Packet& cause) {
    if (cause.protocol != wire::Protocol::kTcp || cause.tcp.rst()) {
        return std::nullopt;
    }
    wire::Packet reset{};
    reset.source = cause.destination;
    reset.destination = cause.source;
    reset.ttl = 64;  // net.ipv4.ip_default_ttl
    reset.protocol = wire::Protocol::kTcp;
    reset.tcp = wire::TcpHeader{};
    reset.tcp.source_port = cause.tcp.destination_port;
    reset.tcp.destination_port = cause.tcp.source_port;
    reset.tcp.flags = wire::flag::kRst;
    if (cause.tcp.ack_flag()) {
        reset.tcp.seq = cause.tcp.ack;
    } else {
        reset.tcp.flags |= wire::flag::kAck;
        reset.tcp.ack = cause.tcp.end_seq();
    }
    return reset;
}

std::optional<std::uint8_t> icmp_code(RejectWith reject) {
    switch (reject) {
        case RejectWith::kTcpReset:
            return std::nullopt;
        case RejectWith::kNetUnreachable:
            return wire::icmp::kNetUnreachable;
        case RejectWith::kHostUnreachable:
            return wire::icmp::kHostUnreachable;
        case RejectWith::kProtoUnreachable:
            return wire::icmp::kProtocolUnreachable;
        case RejectWith::kPortUnreachable:
            return wire::icmp::kPortUnreachable;
        case RejectWith::kNetProhibited:
            return kNetProhibitedCode;
        case RejectWith::kHostProhibited:
            return kHostProhibitedCode;
        case RejectWith::kAdminProhibited:
            return wire::icmp::kAdminProhibited;
    }
    return std::nullopt;
}

}  // namespace netsim::net
