// From a frame to the IP packet in it, by link type (https://www.tcpdump.org/linktypes.html).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "observe/capture_reader.hpp"

namespace netsim::observe {

enum class NetworkLayer : std::uint8_t { kIpv4, kIpv6, kOther, kCutOff };

struct LinkPayload {
    NetworkLayer what = NetworkLayer::kOther;
    std::span<const std::uint8_t> bytes;  // from the IP header on
    std::uint32_t header = 0;             // octets before it
    std::uint32_t device = 0;             // Linux cooked v2: the interface's index
    CaptureDirection direction = CaptureDirection::kUnknown;
};

bool is_known_link_type(std::uint32_t type);
/// "127 (802.11 with radiotap)"
std::string link_type_name(std::uint32_t type);
/// Which are known, for messages.
std::string known_link_types();

/// `type` must be known.
LinkPayload link_payload(std::uint32_t type, std::span<const std::uint8_t> frame);

}  // namespace netsim::observe
