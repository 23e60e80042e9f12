// Random valid packets for the codec's properties.
#pragma once

#include "netsim/rng.hpp"
#include "wire/packet.hpp"

namespace netsim::wire::testing {

inline std::uint16_t any16(Rng& rng) {
    return static_cast<std::uint16_t>(rng.below(0x10000));
}

inline std::uint8_t any8(Rng& rng) {
    return static_cast<std::uint8_t>(rng.below(0x100));
}

inline void fill_sack(TcpHeader& tcp, Rng& rng, std::uint64_t count_max) {
    tcp.options |= option::kSack;
    tcp.sack_count = static_cast<std::uint8_t>(1 + rng.below(count_max));
    for (std::size_t i = 0; i < tcp.sack_count; ++i) {
        tcp.sack.at(i) = SeqRange{SeqNum(rng.u32()), SeqNum(rng.u32())};
    }
}

inline void fill_cookie(TcpHeader& tcp, Rng& rng) {
    tcp.options |= rng.chance(0.5) ? option::kFastOpen : option::kFastOpenExp;
    tcp.cookie = FastOpenCookie{};
    tcp.cookie.length = rng.chance(0.5) ? 0 : 8;
    for (std::size_t i = 0; i < tcp.cookie.length; ++i) {
        tcp.cookie.bytes.at(i) = any8(rng);
    }
}

inline void fill_options(TcpHeader& tcp, Rng& rng) {
    if (rng.chance(0.5)) {
        tcp.options |= option::kTimestamps;
        tcp.tsval = rng.u32();
        tcp.tsecr = rng.u32();
    }
    if (!tcp.syn()) {
        if (rng.chance(0.5)) {
            fill_sack(tcp, rng, tcp.has_option(option::kTimestamps) ? 3 : 4);
        }
        return;
    }
    if (rng.chance(0.7)) {
        tcp.options |= option::kMss;
        tcp.mss = any16(rng);
    }
    if (rng.chance(0.5)) {
        tcp.options |= option::kSackPermitted;
    }
    if (rng.chance(0.5)) {
        tcp.options |= option::kWindowScale;
        tcp.window_scale = any8(rng);
    }
    if (rng.chance(0.3)) {
        fill_cookie(tcp, rng);
    }
}

inline PayloadRef any_payload(Rng& rng) {
    PayloadRef payload;
    payload.stream = static_cast<StreamId>(rng.below(4));
    payload.offset = rng.u64() >> 8U;
    payload.length = rng.chance(0.5) ? 0 : static_cast<std::uint32_t>(rng.below(1460));
    return payload;
}

inline void fill_tcp(Packet& packet, Rng& rng) {
    TcpHeader& tcp = packet.tcp;
    tcp = TcpHeader{};
    tcp.source_port = any16(rng);
    tcp.destination_port = any16(rng);
    tcp.seq = SeqNum(rng.u32());
    tcp.ack = SeqNum(rng.u32());
    tcp.flags = static_cast<std::uint16_t>(rng.below(0x200));
    tcp.window = any16(rng);
    tcp.urgent = any16(rng);
    tcp.payload = any_payload(rng);
    fill_options(tcp, rng);
}

inline void fill_icmp(Packet& packet, Rng& rng) {
    IcmpHeader header{};
    header.type = rng.chance(0.5)   ? icmp::kEchoRequest
                  : rng.chance(0.5) ? icmp::kTimeExceeded
                                    : icmp::kDestinationUnreachable;
    if (header.type == icmp::kEchoRequest) {
        header.echo_id = any16(rng);
        header.echo_seq = any16(rng);
        header.echo_length = static_cast<std::uint32_t>(rng.below(100));
    } else {
        header.code = any8(rng);
        header.mtu = any16(rng);
        header.quoted.source = Ipv4{rng.u32()};
        header.quoted.destination = Ipv4{rng.u32()};
        header.quoted.ttl = any8(rng);
        header.quoted.id = any16(rng);
        header.quoted.total_length = static_cast<std::uint16_t>(28 + rng.below(1400));
        header.quoted.source_port = any16(rng);
        header.quoted.destination_port = any16(rng);
        header.quoted.protocol = rng.chance(0.5) ? Protocol::kTcp : Protocol::kUdp;
        header.quoted.seq = header.quoted.protocol == Protocol::kTcp ? rng.u32() : 0;
    }
    packet.icmp = header;
}

inline Packet random_packet(Rng& rng) {
    Packet packet{};
    packet.source = Ipv4{rng.u32()};
    packet.destination = Ipv4{rng.u32()};
    packet.id = any16(rng);
    packet.ttl = any8(rng);
    packet.ecn = static_cast<Ecn>(rng.below(4));
    packet.dscp = static_cast<std::uint8_t>(rng.below(64));
    packet.dont_fragment = rng.chance(0.5);
    switch (rng.below(4)) {
        case 0:
            packet.protocol = Protocol::kUdp;
            packet.udp = UdpHeader{any16(rng), any16(rng), any_payload(rng)};
            break;
        case 1:
            packet.protocol = Protocol::kIcmp;
            fill_icmp(packet, rng);
            break;
        default:
            packet.protocol = Protocol::kTcp;
            fill_tcp(packet, rng);
            break;
    }
    return packet;
}

}  // namespace netsim::wire::testing
