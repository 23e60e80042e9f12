// Packets to bytes and back: IPv4 with TCP, UDP or ICMP. The only place where bytes of headers
// exist; used at the edge (pcapng, raw input), never between simulated nodes.
// RFC 791, 9293 §3.1, 768, 792; options in the order of Linux's tcp_options_write().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "wire/packet.hpp"
#include "wire/payload.hpp"

namespace netsim::wire {

/// Largest IPv4 packet. encode() CHECKs it: no link carries more.
inline constexpr std::uint32_t kPacketLengthMax = 65535;

/// Appends the packet's bytes to `out`, checksums correct unless `corrupted` says which octet to
/// spoil afterwards. Real payload is read from `store`; without one it is zeros.
void encode_to(const Packet& packet, const ByteStore* store, std::vector<std::uint8_t>& out);
std::vector<std::uint8_t> encode(const Packet& packet, const ByteStore* store = nullptr);

/// Why bytes are no packet we understand. `reason` is a literal.
struct DecodeError {
    std::string_view reason;
    std::size_t offset = 0;  // of the octet that shows it
};

struct Decoded {
    Packet packet{};  // uid 0; its PayloadRef has stream 0 and the right length
    std::span<const std::uint8_t> payload;  // within the decoded bytes
    bool options_cut = false;               // TCP's, by a capture's snap length
};

/// How strict decode() is.
struct DecodeRules {
    bool checksums = true;  // verify them; in real captures the sender's NIC fills them in later
    /// Octets of the packet on the wire, of which only the first may be at hand (a capture's snap
    /// length); 0: all are. A total length of 0, as of offloaded segments, is then this one.
    std::uint32_t wire_length = 0;
};

/// Parses one IPv4 packet, checksums verified. Octets past its total length are ignored (Ethernet
/// padding). TCP options are read as Linux's tcp_parse_options() does: unknown kinds are skipped, a
/// known kind of wrong length is ignored, and an impossible length ends the list, not the packet.
tl::expected<Decoded, DecodeError> decode(std::span<const std::uint8_t> bytes,
                                          const DecodeRules& rules = {});

/// The internet checksum (RFC 1071) of `bytes`, continuing from `sum`.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0);

}  // namespace netsim::wire
