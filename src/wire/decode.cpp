// Bytes to packet. Every length is checked before it is used: the input may be anything.
#include <algorithm>

#include "wire/codec.hpp"
#include "wire/codec_bytes.hpp"

namespace netsim::wire {
namespace {

using bytes::get16;
using bytes::get32;
using bytes::View;
namespace kind = bytes::tcp_option;

using Step = tl::expected<void, DecodeError>;

tl::unexpected<DecodeError> bad(std::string_view reason, std::size_t offset) {
    return tl::unexpected(DecodeError{reason, offset});
}

void read_cookie(TcpHeader& tcp, std::uint8_t bit, View cookie) {
    const bool valid_length = cookie.empty() || (cookie.size() >= 4 && cookie.size() <= 16 &&
                                                 cookie.size() % 2 == 0);  // RFC 7413 §4.1.1
    if (!valid_length || tcp.has_option(option::kSack)) {
        return;
    }
    tcp.options |= bit;
    tcp.cookie.length = static_cast<std::uint8_t>(cookie.size());
    std::copy(cookie.begin(), cookie.end(), tcp.cookie.bytes.begin());
}

void read_sack(TcpHeader& tcp, View blocks) {
    const bool cookie = (tcp.options & (option::kFastOpen | option::kFastOpenExp)) != 0;
    if (blocks.empty() || blocks.size() % 8 != 0 || blocks.size() > 32 || cookie) {
        return;
    }
    tcp.options |= option::kSack;
    tcp.sack_count = static_cast<std::uint8_t>(blocks.size() / 8);
    if (!tcp.has_option(option::kMd5)) {  // else the digest stands behind the blocks
        tcp.sack = {};
    }
    for (std::size_t i = 0; i < tcp.sack_count; ++i) {
        tcp.sack.at(i) = SeqRange{SeqNum(get32(blocks, 8 * i)), SeqNum(get32(blocks, 8 * i + 4))};
    }
}

/// One option: `data` is what follows kind and length.
void read_option(TcpHeader& tcp, std::uint8_t option_kind, View data) {
    if (option_kind == kind::kMss && data.size() == 2) {
        tcp.options |= option::kMss;
        tcp.mss = get16(data, 0);
    } else if (option_kind == kind::kWindowScale && data.size() == 1) {
        tcp.options |= option::kWindowScale;
        tcp.window_scale = data[0];
    } else if (option_kind == kind::kSackPermitted && data.empty()) {
        tcp.options |= option::kSackPermitted;
    } else if (option_kind == kind::kTimestamps && data.size() == 8) {
        tcp.options |= option::kTimestamps;
        tcp.tsval = get32(data, 0);
        tcp.tsecr = get32(data, 4);
    } else if (option_kind == kind::kSack) {
        read_sack(tcp, data);
    } else if (option_kind == kind::kMd5 && data.size() == 16) {
        tcp.options |= option::kMd5;
        std::copy(data.begin(), data.end(), tcp.digest.bytes.begin());
    } else if (option_kind == kind::kFastOpen) {
        read_cookie(tcp, option::kFastOpen, data);
    } else if (option_kind == kind::kExperiment && data.size() >= 2 &&
               get16(data, 0) == kind::kFastOpenMagic) {
        read_cookie(tcp, option::kFastOpenExp, data.subspan(2));
    }
}

constexpr std::uint32_t kOptionsMax = 40;  // RFC 9293 §3.1: the data offset has four bits

void read_options(TcpHeader& tcp, View in) {
    std::size_t at = 0;
    while (at < in.size() && in[at] != kind::kEnd) {
        if (in[at] == kind::kNop) {
            ++at;
            continue;
        }
        if (at + 1 >= in.size() || in[at + 1] < 2 || at + in[at + 1] > in.size()) {
            return;
        }
        const TcpHeader without = tcp;
        read_option(tcp, in[at], in.subspan(at + 2, in[at + 1] - 2U));
        if (tcp.options_length() > kOptionsMax) {
            tcp = without;  // with Linux's padding it has no room: what decodes also encodes
        }
        at += in[at + 1];
    }
}

/// Transport and payload: the octets at hand, and how many more were on the wire.
struct Transport {
    View bytes;
    std::uint32_t missing = 0;
};

/// Checksums can be verified of what is whole.
bool verifies(const DecodeRules& rules, const Transport& transport) {
    return rules.checksums && transport.missing == 0;
}

Step read_tcp(Decoded& out, const Transport& transport, std::size_t start,
              const DecodeRules& rules) {
    const View in = transport.bytes;
    if (in.size() < kTcpHeaderLength) {
        return bad("truncated TCP header", start + in.size());
    }
    const std::size_t header = std::size_t{in[12]} / 16 * 4;
    const std::size_t whole = in.size() + transport.missing;
    if (header < kTcpHeaderLength || header > whole) {
        return bad("bad TCP data offset", start + 12);
    }
    const Packet& ip = out.packet;
    if (verifies(rules, transport) &&
        internet_checksum(in, bytes::pseudo_header_sum(ip.source, ip.destination, Protocol::kTcp,
                                                       in.size())) != 0) {
        return bad("bad TCP checksum", start + 16);
    }
    TcpHeader tcp{};
    tcp.source_port = get16(in, 0);
    tcp.destination_port = get16(in, 2);
    tcp.seq = SeqNum(get32(in, 4));
    tcp.ack = SeqNum(get32(in, 8));
    tcp.flags = get16(in, 12) & 0x1ffU;
    tcp.window = get16(in, 14);
    tcp.urgent = get16(in, 18);
    const std::size_t at_hand = std::min(header, in.size());  // a capture may cut off options
    read_options(tcp, in.subspan(kTcpHeaderLength, at_hand - kTcpHeaderLength));
    out.options_cut = at_hand < header;
    out.payload = in.subspan(at_hand);
    tcp.payload.length = static_cast<std::uint32_t>(whole - header);
    out.packet.tcp = tcp;
    return {};
}

Step read_udp(Decoded& out, const Transport& transport, std::size_t start,
              const DecodeRules& rules) {
    const View in = transport.bytes;
    if (in.size() < 8) {
        return bad("truncated UDP header", start + in.size());
    }
    const std::size_t length = get16(in, 4);
    if (length < 8 || length > in.size() + transport.missing) {
        return bad("bad UDP length", start + 4);
    }
    const Packet& ip = out.packet;
    const View datagram = in.first(std::min(length, in.size()));
    if (verifies(rules, transport) && get16(in, 6) != 0 &&
        internet_checksum(datagram, bytes::pseudo_header_sum(ip.source, ip.destination,
                                                             Protocol::kUdp, length)) != 0) {
        return bad("bad UDP checksum", start + 6);
    }
    UdpHeader udp;
    udp.source_port = get16(in, 0);
    udp.destination_port = get16(in, 2);
    out.payload = datagram.subspan(8);
    udp.payload.length = static_cast<std::uint32_t>(length - 8);
    out.packet.udp = udp;
    return {};
}

Step read_quoted(IcmpHeader::Quoted& quoted, View in, std::size_t start) {
    if (in.size() < kIpHeaderLength || in[0] / 16 != 4) {
        return bad("ICMP error quotes no IPv4 header", start);
    }
    const std::size_t header = std::size_t{in[0]} % 16 * 4;
    if (header < kIpHeaderLength || in.size() < header + 8) {
        return bad("ICMP error quotes too little", start + in.size());
    }
    const std::uint8_t protocol = in[9];
    if (protocol != 1 && protocol != 6 && protocol != 17) {
        return bad("ICMP error quotes an unsupported protocol", start + 9);
    }
    quoted.total_length = get16(in, 2);
    quoted.id = get16(in, 4);
    quoted.ttl = in[8];
    quoted.protocol = static_cast<Protocol>(protocol);
    quoted.source = Ipv4{get32(in, 12)};
    quoted.destination = Ipv4{get32(in, 16)};
    const View data = in.subspan(header);
    const std::size_t ports = quoted.protocol == Protocol::kIcmp ? 4 : 0;
    quoted.source_port = get16(data, ports);
    quoted.destination_port = get16(data, ports + 2);
    if (quoted.protocol == Protocol::kTcp) {
        quoted.seq = get32(data, 4);
    }
    return {};
}

Step read_icmp(Decoded& out, const Transport& transport, std::size_t start,
               const DecodeRules& rules) {
    const View in = transport.bytes;
    if (in.size() < 8) {
        return bad("truncated ICMP header", start + in.size());
    }
    if (verifies(rules, transport) && internet_checksum(in) != 0) {
        return bad("bad ICMP checksum", start + 2);
    }
    IcmpHeader header;
    header.type = in[0];
    header.code = in[1];
    if (header.type == icmp::kEchoRequest || header.type == icmp::kEchoReply) {
        header.echo_id = get16(in, 4);
        header.echo_seq = get16(in, 6);
        out.payload = in.subspan(8);
        header.echo_length = static_cast<std::uint32_t>(out.payload.size()) + transport.missing;
    } else if (header.type == icmp::kDestinationUnreachable || header.type == icmp::kTimeExceeded ||
               header.type == icmp::kParameterProblem) {
        header.mtu = get16(in, 6);
        const Step quoted = read_quoted(header.quoted, in.subspan(8), start + 8);
        if (!quoted) {
            return quoted;
        }
    } else {
        return bad("unsupported ICMP type", start);
    }
    out.packet.icmp = header;
    return {};
}

/// The IP header; returns the octets it says follow it.
tl::expected<Transport, DecodeError> read_ip(Packet& packet, View in, const DecodeRules& rules) {
    if (in.size() < kIpHeaderLength) {
        return bad("truncated IPv4 header", in.size());
    }
    if (in[0] / 16 != 4) {
        return bad("not IPv4", 0);
    }
    const std::size_t header = std::size_t{in[0]} % 16 * 4;
    const std::size_t on_wire = std::max<std::size_t>(rules.wire_length, in.size());
    const bool offloaded = get16(in, 2) == 0 && rules.wire_length > 0;
    const std::size_t total = offloaded ? on_wire : get16(in, 2);
    if (header < kIpHeaderLength || header > in.size()) {
        return bad("bad IPv4 header length", 0);
    }
    if (total < header) {
        return bad("bad IPv4 total length", 2);
    }
    if (rules.checksums && internet_checksum(in.first(header)) != 0) {
        return bad("bad IPv4 header checksum", 10);
    }
    if (total > on_wire) {
        return bad("truncated IPv4 packet", in.size());
    }
    const unsigned fragment = get16(in, 6);
    if ((fragment & 0x3fffU) != 0) {
        return bad("IPv4 fragment", 6);
    }
    packet.dscp = in[1] / 4;
    packet.ecn = static_cast<Ecn>(in[1] % 4);
    packet.id = get16(in, 4);
    packet.dont_fragment = (fragment & 0x4000U) != 0;
    packet.ttl = in[8];
    packet.source = Ipv4{get32(in, 12)};
    packet.destination = Ipv4{get32(in, 16)};
    const std::size_t at_hand = std::min(total, in.size());
    return Transport{in.subspan(header, at_hand - header),
                     static_cast<std::uint32_t>(total - at_hand)};
}

}  // namespace

tl::expected<Decoded, DecodeError> decode(std::span<const std::uint8_t> in,
                                          const DecodeRules& rules) {
    Decoded out{};
    const auto transport = read_ip(out.packet, in, rules);
    if (!transport) {
        return tl::unexpected(transport.error());
    }
    const std::size_t start = std::size_t{in[0]} % 16 * 4;
    Step step;
    switch (in[9]) {
        case 6:
            out.packet.protocol = Protocol::kTcp;
            step = read_tcp(out, *transport, start, rules);
            break;
        case 17:
            out.packet.protocol = Protocol::kUdp;
            step = read_udp(out, *transport, start, rules);
            break;
        case 1:
            out.packet.protocol = Protocol::kIcmp;
            step = read_icmp(out, *transport, start, rules);
            break;
        default:
            return bad("unsupported protocol", 9);
    }
    if (!step) {
        return tl::unexpected(step.error());
    }
    return out;
}

}  // namespace netsim::wire
