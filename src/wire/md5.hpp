// The digest of a signed segment (RFC 2385 §2): MD5 over the pseudo header, the TCP header without
// options, the payload and the key.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "wire/packet.hpp"
#include "wire/payload.hpp"

namespace netsim::wire {

/// Real payload is read from `store`; without one it is zeros, as encode() has it.
std::array<std::uint8_t, 16> tcp_md5_digest(const Packet& packet, const ByteStore* store,
                                            std::string_view key);

}  // namespace netsim::wire
