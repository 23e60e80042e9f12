// Big-endian access for the codec. Bounds are the caller's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "netsim/address.hpp"
#include "wire/packet.hpp"

namespace netsim::wire::bytes {

namespace tcp_option {
inline constexpr std::uint8_t kEnd = 0;
inline constexpr std::uint8_t kNop = 1;
inline constexpr std::uint8_t kMss = 2;
inline constexpr std::uint8_t kWindowScale = 3;
inline constexpr std::uint8_t kSackPermitted = 4;
inline constexpr std::uint8_t kSack = 5;
inline constexpr std::uint8_t kTimestamps = 8;
inline constexpr std::uint8_t kMd5 = 19;
inline constexpr std::uint8_t kFastOpen = 34;
inline constexpr std::uint8_t kExperiment = 254;
inline constexpr std::uint16_t kFastOpenMagic = 0xF989;
}  // namespace tcp_option

using Buffer = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

inline void put8(Buffer& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value));
}

inline void put16(Buffer& out, unsigned value) {
    put8(out, (value >> 8U) & 0xffU);
    put8(out, value & 0xffU);
}

inline void put32(Buffer& out, std::uint32_t value) {
    put16(out, value >> 16U);
    put16(out, value & 0xffffU);
}

inline void set16(Buffer& out, std::size_t at, unsigned value) {
    out[at] = static_cast<std::uint8_t>(value >> 8U);
    out[at + 1] = static_cast<std::uint8_t>(value);
}

inline std::uint16_t get16(View in, std::size_t at) {
    return static_cast<std::uint16_t>((unsigned{in[at]} << 8U) | in[at + 1]);
}

inline std::uint32_t get32(View in, std::size_t at) {
    return (std::uint32_t{get16(in, at)} << 16U) | get16(in, at + 2);
}

/// The payload's bytes; of real ones without a store: zeros.
void put_payload(Buffer& out, const PayloadRef& payload, const ByteStore* store);

/// Sum of the pseudo header (RFC 9293 §3.1), to start a checksum from.
inline std::uint32_t pseudo_header_sum(Ipv4 source, Ipv4 destination, Protocol protocol,
                                       std::size_t length) {
    return (source.bits >> 16U) + (source.bits & 0xffffU) + (destination.bits >> 16U) +
           (destination.bits & 0xffffU) + static_cast<std::uint32_t>(protocol) +
           static_cast<std::uint32_t>(length);
}

}  // namespace netsim::wire::bytes
