// MD5 over a segment. Linux tcp_v4_md5_hash_skb().
#include "wire/md5.hpp"

#include <nettle/md5.h>

#include "wire/codec_bytes.hpp"

namespace netsim::wire {

using bytes::put16;
using bytes::put32;

std::array<std::uint8_t, 16> tcp_md5_digest(const Packet& packet, const ByteStore* store,
                                            std::string_view key) {
    const TcpHeader& tcp = packet.tcp;
    const std::uint32_t header = kTcpHeaderLength + tcp.options_length();
    bytes::Buffer text;
    text.reserve(12 + kTcpHeaderLength + tcp.payload.length);
    put32(text, packet.source.bits);
    put32(text, packet.destination.bits);
    put16(text, static_cast<unsigned>(Protocol::kTcp));
    put16(text, header + tcp.payload.length);
    put16(text, tcp.source_port);
    put16(text, tcp.destination_port);
    put32(text, tcp.seq.raw());
    put32(text, tcp.ack.raw());
    put16(text, ((header / 4) << 12U) | (unsigned{tcp.flags} & 0x1ffU));
    put16(text, tcp.window);
    put16(text, 0);  // the checksum, which is made later
    put16(text, tcp.urgent);
    bytes::put_payload(text, tcp.payload, store);

    md5_ctx md5{};
    md5_init(&md5);
    md5_update(&md5, text.size(), text.data());
    const std::vector<std::uint8_t> secret(key.begin(), key.end());
    md5_update(&md5, secret.size(), secret.data());
    std::array<std::uint8_t, 16> digest{};
    md5_digest(&md5, digest.size(), digest.data());
    return digest;
}

}  // namespace netsim::wire
