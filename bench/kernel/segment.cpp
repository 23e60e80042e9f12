// Octets of RFC 791, RFC 792, RFC 9293 §3.1 and RFC 7323, with their checksums (RFC 1071).
#include "segment.hpp"

#include <cstring>

namespace netsim::kernel_bench {
namespace {

constexpr std::size_t kIp = 20;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;

void put16(std::uint8_t* at, std::uint32_t value) {
    at[0] = static_cast<std::uint8_t>(value >> 8U);
    at[1] = static_cast<std::uint8_t>(value);
}

void put32(std::uint8_t* at, std::uint32_t value) {
    put16(at, value >> 16U);
    put16(at + 2, value);
}

std::uint32_t get16(const std::uint8_t* at) {
    return (std::uint32_t{at[0]} << 8U) | at[1];
}

std::uint32_t get32(const std::uint8_t* at) {
    return (get16(at) << 16U) | get16(at + 2);
}

std::uint32_t sum(const std::uint8_t* data, std::size_t length, std::uint32_t start = 0) {
    for (std::size_t i = 0; i + 1 < length; i += 2) {
        start += get16(data + i);
    }
    return length % 2 != 0 ? start + (std::uint32_t{data[length - 1]} << 8U) : start;
}

std::uint32_t checksum(std::uint32_t total) {
    while ((total >> 16U) != 0) {
        total = (total & 0xffffU) + (total >> 16U);
    }
    return ~total & 0xffffU;
}

void ip_header(Octets& out, std::uint8_t protocol, std::uint32_t source,
               std::uint32_t destination) {
    std::uint8_t* ip = out.data.data();
    ip[0] = 0x45;
    put16(ip + 2, static_cast<std::uint32_t>(out.length));
    ip[6] = 0x40;  // DF
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, source);
    put32(ip + 16, destination);
    put16(ip + 10, checksum(sum(ip, kIp)));
}

std::size_t put_options(std::uint8_t* at, const Segment& segment) {
    std::uint8_t* p = at;
    const bool syn = (segment.flags & flag::kSyn) != 0;
    if (syn) {
        static constexpr std::uint8_t kMssSack[] = {2, 4, 5, 0xb4, 4, 2};  // 1460
        std::memcpy(p, kMssSack, sizeof kMssSack);
        p += sizeof kMssSack;
    } else {
        *p++ = 1;
        *p++ = 1;
    }
    *p++ = 8;
    *p++ = 10;
    put32(p, segment.tsval);
    put32(p + 4, segment.tsecr);
    p += 8;
    if (syn) {
        static constexpr std::uint8_t kScale[] = {1, 3, 3, 7};
        std::memcpy(p, kScale, sizeof kScale);
        p += sizeof kScale;
    }
    return static_cast<std::size_t>(p - at);
}

}  // namespace

Octets encode(const Segment& segment) {
    Octets out;
    std::uint8_t* tcp = out.data.data() + kIp;
    const std::size_t header = 20 + put_options(tcp + 20, segment);
    const std::size_t length = header + segment.payload;
    std::memset(tcp + header, 'x', segment.payload);
    put16(tcp, segment.source_port);
    put16(tcp + 2, segment.destination_port);
    put32(tcp + 4, segment.seq);
    put32(tcp + 8, segment.ack);
    tcp[12] = static_cast<std::uint8_t>(header / 4 << 4U);
    tcp[13] = segment.flags;
    put16(tcp + 14, 65535);
    out.length = kIp + length;
    ip_header(out, kTcp, segment.source, segment.destination);
    const std::uint32_t pseudo =
        sum(out.data.data() + 12, 8) + kTcp + static_cast<std::uint32_t>(length);
    put16(tcp + 16, checksum(sum(tcp, length, pseudo)));
    return out;
}

Octets echo_request(std::uint32_t source, std::uint32_t destination, std::uint16_t sequence) {
    Octets out;
    out.length = kIp + 64;
    std::uint8_t* icmp = out.data.data() + kIp;
    icmp[0] = 8;
    put16(icmp + 4, 1);
    put16(icmp + 6, sequence);
    put16(icmp + 2, checksum(sum(icmp, 64)));
    ip_header(out, kIcmp, source, destination);
    return out;
}

std::optional<Segment> decode(const std::uint8_t* data, std::size_t length) {
    if (length < kIp + 20 || data[0] != 0x45 || data[9] != kTcp) {
        return std::nullopt;
    }
    const std::uint8_t* tcp = data + kIp;
    Segment segment{get32(data + 12),
                    get32(data + 16),
                    static_cast<std::uint16_t>(get16(tcp)),
                    static_cast<std::uint16_t>(get16(tcp + 2)),
                    get32(tcp + 4),
                    get32(tcp + 8),
                    tcp[13]};
    const std::size_t header = std::size_t{tcp[12]} / 16 * 4;
    if (header < 20 || kIp + header > length) {
        return std::nullopt;
    }
    segment.payload = length - kIp - header;
    for (std::size_t i = 20; i + 1 < header;) {
        if (tcp[i] == 0) {
            break;
        }
        if (tcp[i] == 1) {
            ++i;
            continue;
        }
        if (tcp[i] == 8 && i + 10 <= header) {
            segment.tsval = get32(tcp + i + 2);
            segment.tsecr = get32(tcp + i + 6);
        }
        if (tcp[i + 1] < 2) {
            break;
        }
        i += tcp[i + 1];
    }
    return segment;
}

}  // namespace netsim::kernel_bench
