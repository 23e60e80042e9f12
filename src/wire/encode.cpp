// Packet to bytes. Option layout: Linux tcp_options_write(), which pads with NOP so that 32-bit
// values are aligned, and sends MD5, MSS, timestamps (+ SACK-permitted), window scale, SACK, Fast
// Open.
#include <algorithm>
#include <string>

#include "base/check.hpp"
#include "wire/codec.hpp"
#include "wire/codec_bytes.hpp"

namespace netsim::wire {

namespace bytes {

void put_payload(Buffer& out, const PayloadRef& payload, const ByteStore* store) {
    if (payload.is_real()) {
        std::string text;
        if (store != nullptr) {
            store->read(payload, text);
        }
        text.resize(payload.length, '\0');
        out.insert(out.end(), text.begin(), text.end());
        return;
    }
    for (std::uint32_t i = 0; i < payload.length; ++i) {
        out.push_back(synthetic_byte(payload.stream, payload.offset + i));
    }
}

}  // namespace bytes

namespace {

using bytes::Buffer;
using bytes::put16;
using bytes::put32;
using bytes::put8;
using bytes::put_payload;
namespace kind = bytes::tcp_option;

constexpr unsigned kDontFragment = 0x4000;
constexpr unsigned kIpChecksumAt = 10;

void put_ip_header(Buffer& out, const Packet& packet, std::uint32_t total_length) {
    const std::size_t start = out.size();
    put8(out, 0x45);
    put8(out, (unsigned{packet.dscp} << 2U) | static_cast<unsigned>(packet.ecn));
    put16(out, total_length);
    put16(out, packet.id);
    put16(out, packet.dont_fragment ? kDontFragment : 0U);
    put8(out, packet.ttl);
    put8(out, static_cast<unsigned>(packet.protocol));
    put16(out, 0);
    put32(out, packet.source.bits);
    put32(out, packet.destination.bits);
    const bytes::View header(out.data() + start, kIpHeaderLength);
    bytes::set16(out, start + kIpChecksumAt, internet_checksum(header));
}

void put_nops(Buffer& out, int count) {
    out.insert(out.end(), static_cast<std::size_t>(count), kind::kNop);
}

void put_timestamps_and_sack_permitted(Buffer& out, const TcpHeader& tcp) {
    const bool sack = tcp.has_option(option::kSackPermitted);
    const bool timestamps = tcp.has_option(option::kTimestamps);
    if (sack) {
        if (!timestamps) {
            put_nops(out, 2);
        }
        put8(out, kind::kSackPermitted);
        put8(out, 2);
    } else if (timestamps) {
        put_nops(out, 2);
    }
    if (timestamps) {
        put8(out, kind::kTimestamps);
        put8(out, 10);
        put32(out, tcp.tsval);
        put32(out, tcp.tsecr);
    }
}

void put_sack(Buffer& out, const TcpHeader& tcp) {
    const unsigned count = std::min<unsigned>(tcp.sack_count, 4);
    put_nops(out, 2);
    put8(out, kind::kSack);
    put8(out, 2 + 8 * count);
    for (unsigned i = 0; i < count; ++i) {
        put32(out, tcp.sack.at(i).begin.raw());
        put32(out, tcp.sack.at(i).end.raw());
    }
}

void put_fast_open(Buffer& out, const TcpHeader& tcp) {
    const unsigned count = std::min<unsigned>(tcp.cookie.length, 16);
    const bool experimental = tcp.has_option(option::kFastOpenExp);
    const unsigned length = (experimental ? 4U : 2U) + count;
    put8(out, experimental ? kind::kExperiment : kind::kFastOpen);
    put8(out, length);
    if (experimental) {
        put16(out, kind::kFastOpenMagic);
    }
    out.insert(out.end(), tcp.cookie.bytes.begin(), tcp.cookie.bytes.begin() + count);
    put_nops(out, static_cast<int>((4U - length % 4U) % 4U));
}

void put_options(Buffer& out, const TcpHeader& tcp) {
    if (tcp.has_option(option::kMd5)) {
        put_nops(out, 2);
        put8(out, kind::kMd5);
        put8(out, 18);
        out.insert(out.end(), tcp.digest.bytes.begin(), tcp.digest.bytes.end());
    }
    if (tcp.has_option(option::kMss)) {
        put8(out, kind::kMss);
        put8(out, 4);
        put16(out, tcp.mss);
    }
    put_timestamps_and_sack_permitted(out, tcp);
    if (tcp.has_option(option::kWindowScale)) {
        put_nops(out, 1);
        put8(out, kind::kWindowScale);
        put8(out, 3);
        put8(out, tcp.window_scale);
    }
    if (tcp.has_option(option::kSack) && tcp.sack_count > 0) {
        put_sack(out, tcp);
    } else if ((tcp.options & (option::kFastOpen | option::kFastOpenExp)) != 0) {
        put_fast_open(out, tcp);
    }
}

void put_tcp(Buffer& out, const Packet& packet, const ByteStore* store) {
    const TcpHeader& tcp = packet.tcp;
    const std::size_t start = out.size();
    put16(out, tcp.source_port);
    put16(out, tcp.destination_port);
    put32(out, tcp.seq.raw());
    put32(out, tcp.ack.raw());
    put16(out, 0);  // data offset and flags, below
    put16(out, tcp.window);
    put16(out, 0);  // checksum, below
    put16(out, tcp.urgent);
    put_options(out, tcp);
    const std::size_t header = out.size() - start;
    CHECK(header <= 60 && header % 4 == 0);
    bytes::set16(out, start + 12,
                 (static_cast<unsigned>(header / 4) << 12U) | (unsigned{tcp.flags} & 0x1ffU));
    put_payload(out, tcp.payload, store);
    const std::size_t length = out.size() - start;
    const std::uint32_t sum =
        bytes::pseudo_header_sum(packet.source, packet.destination, Protocol::kTcp, length);
    bytes::set16(out, start + 16, internet_checksum({out.data() + start, length}, sum));
}

void put_udp(Buffer& out, const Packet& packet, const ByteStore* store) {
    const std::size_t start = out.size();
    put16(out, packet.udp.source_port);
    put16(out, packet.udp.destination_port);
    put16(out, 8 + packet.udp.payload.length);
    put16(out, 0);
    put_payload(out, packet.udp.payload, store);
    const std::size_t length = out.size() - start;
    const std::uint32_t sum =
        bytes::pseudo_header_sum(packet.source, packet.destination, Protocol::kUdp, length);
    const unsigned checksum = internet_checksum({out.data() + start, length}, sum);
    bytes::set16(out, start + 6, checksum == 0 ? 0xffffU : checksum);  // 0 means "none"
}

/// The header of the packet an error is about and its first 64 bits of data (RFC 792).
void put_quoted(Buffer& out, const IcmpHeader::Quoted& quoted) {
    Packet inner{};
    inner.source = quoted.source;
    inner.destination = quoted.destination;
    inner.protocol = quoted.protocol;
    inner.ttl = quoted.ttl;
    inner.id = quoted.id;
    put_ip_header(out, inner, quoted.total_length);
    if (quoted.protocol == Protocol::kIcmp) {
        put16(out, unsigned{icmp::kEchoRequest} << 8U);
        put16(out, 0);
        put16(out, quoted.source_port);  // an echo's id and sequence
        put16(out, quoted.destination_port);
        return;
    }
    put16(out, quoted.source_port);
    put16(out, quoted.destination_port);
    if (quoted.protocol == Protocol::kUdp) {
        put16(out, std::max<unsigned>(quoted.total_length, kIpHeaderLength) - kIpHeaderLength);
        put16(out, 0);
    } else {
        put32(out, quoted.seq);
    }
}

void put_icmp(Buffer& out, const IcmpHeader& header) {
    const std::size_t start = out.size();
    put8(out, header.type);
    put8(out, header.code);
    put16(out, 0);
    if (header.type == icmp::kEchoRequest || header.type == icmp::kEchoReply) {
        put16(out, header.echo_id);
        put16(out, header.echo_seq);
        for (std::uint32_t i = 0; i < header.echo_length; ++i) {
            put8(out, i & 0xffU);
        }
    } else {
        put16(out, 0);
        put16(out, header.mtu);
        put_quoted(out, header.quoted);
    }
    const std::size_t length = out.size() - start;
    bytes::set16(out, start + 2, internet_checksum({out.data() + start, length}));
}

}  // namespace

std::uint16_t internet_checksum(std::span<const std::uint8_t> data, std::uint32_t sum) {
    std::uint64_t total = sum;
    std::size_t i = 0;
    for (; i + 1 < data.size(); i += 2) {
        total += bytes::get16(data, i);
    }
    if (i < data.size()) {
        total += unsigned{data[i]} << 8U;
    }
    while ((total >> 16U) != 0) {
        total = (total & 0xffffU) + (total >> 16U);
    }
    return static_cast<std::uint16_t>(~total);
}

void encode_to(const Packet& packet, const ByteStore* store, std::vector<std::uint8_t>& out) {
    const std::size_t start = out.size();
    put_ip_header(out, packet, 0);
    switch (packet.protocol) {
        case Protocol::kTcp:
            put_tcp(out, packet, store);
            break;
        case Protocol::kUdp:
            put_udp(out, packet, store);
            break;
        case Protocol::kIcmp:
            put_icmp(out, packet.icmp);
            break;
    }
    const std::size_t length = out.size() - start;
    CHECK(length <= kPacketLengthMax);
    bytes::set16(out, start + 2, static_cast<unsigned>(length));
    bytes::set16(out, start + kIpChecksumAt, 0);
    bytes::set16(out, start + kIpChecksumAt,
                 internet_checksum({out.data() + start, kIpHeaderLength}));
    if (packet.corrupted != 0 && packet.corrupted <= length) {
        std::uint8_t& octet = out[start + packet.corrupted - 1U];
        octet = static_cast<std::uint8_t>(~octet);
    }
}

std::vector<std::uint8_t> encode(const Packet& packet, const ByteStore* store) {
    std::vector<std::uint8_t> out;
    encode_to(packet, store, out);
    return out;
}

}  // namespace netsim::wire
