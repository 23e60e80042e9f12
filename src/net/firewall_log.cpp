// A packet in the words of Linux's nf_log_syslog.c.
#include <array>
#include <string>

#include "net/firewall.hpp"

namespace netsim::net {
namespace {

std::string hex_byte(unsigned value) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    return {'0', 'x', kDigits[(value >> 4U) & 15U], kDigits[value & 15U]};
}

std::string tcp_words(const wire::TcpHeader& tcp) {
    constexpr std::array<std::pair<std::uint16_t, std::string_view>, 8> kWords{{
        {wire::flag::kCwr, "CWR "},
        {wire::flag::kEce, "ECE "},
        {wire::flag::kUrg, "URG "},
        {wire::flag::kAck, "ACK "},
        {wire::flag::kPsh, "PSH "},
        {wire::flag::kRst, "RST "},
        {wire::flag::kSyn, "SYN "},
        {wire::flag::kFin, "FIN "},
    }};
    std::string text = "PROTO=TCP SPT=" + std::to_string(tcp.source_port) +
                       " DPT=" + std::to_string(tcp.destination_port) +
                       " WINDOW=" + std::to_string(tcp.window) + " RES=0x00 ";
    for (const auto& [bit, word] : kWords) {
        if (tcp.any(bit)) {
            text += word;
        }
    }
    return text + "URGP=" + std::to_string(tcp.urgent) + " ";
}

std::string icmp_words(const wire::IcmpHeader& icmp) {
    std::string text =
        "PROTO=ICMP TYPE=" + std::to_string(icmp.type) + " CODE=" + std::to_string(icmp.code) + " ";
    if (icmp.type == wire::icmp::kEchoRequest || icmp.type == wire::icmp::kEchoReply) {
        text +=
            "ID=" + std::to_string(icmp.echo_id) + " SEQ=" + std::to_string(icmp.echo_seq) + " ";
    }
    return text;
}

}  // namespace

std::string log_line(const wire::Packet& packet, std::string_view in, std::string_view out) {
    const unsigned tos = (unsigned{packet.dscp} << 2U) | static_cast<unsigned>(packet.ecn);
    std::string text =
        "IN=" + std::string(in) + " OUT=" + std::string(out) + " SRC=" + to_string(packet.source) +
        " DST=" + to_string(packet.destination) + " LEN=" + std::to_string(packet.length()) +
        " TOS=" + hex_byte(tos & 0x1eU) + " PREC=" + hex_byte(tos & 0xe0U) +
        " TTL=" + std::to_string(packet.ttl) + " ID=" + std::to_string(packet.id) + " ";
    text += packet.dont_fragment ? "DF " : "";
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            return text + tcp_words(packet.tcp);
        case wire::Protocol::kUdp:
            return text + "PROTO=UDP SPT=" + std::to_string(packet.udp.source_port) +
                   " DPT=" + std::to_string(packet.udp.destination_port) +
                   " LEN=" + std::to_string(packet.length() - wire::kIpHeaderLength) + " ";
        case wire::Protocol::kIcmp:
            break;
    }
    return text + icmp_words(packet.icmp);
}

}  // namespace netsim::net
