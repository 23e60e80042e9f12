// Segments made by hand and packets seen on the way, as hping3, scapy and tcpdump have them: for
// attackers, middle boxes of one's own and tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "netsim/address.hpp"
#include "netsim/time.hpp"

namespace netsim {

/// A TCP segment as its sender wants it: nothing is checked, the source may be anybody's.
struct ForgedSegment {
    Endpoint source;
    Endpoint destination;
    std::string flags = ".";  // tcpdump's letters S F R P U E W and . (ACK); "none": no flag
    std::uint32_t seq = 0;    // as sent, not relative
    std::uint32_t ack = 0;
    std::uint16_t window = 64240;  // as sent, unscaled
    std::uint8_t ttl = 64;
    std::optional<std::uint16_t> mss{};
    std::optional<std::uint32_t> tsval{};  // the timestamps option, if either is given
    std::optional<std::uint32_t> tsecr{};
    std::string data{};  // at most 1,460 octets
};

/// A packet as somebody on its way sees it.
struct SeenPacket {
    Time at{};
    Ipv4 source;
    Ipv4 destination;
    std::string_view protocol;  // "tcp", "udp", "icmp"
    std::uint8_t ttl = 0;
    std::uint32_t length = 0;  // payload, octets

    // tcp and udp
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    // tcp
    std::string flags;  // "S.", as tcpdump writes them
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint16_t window = 0;
    std::optional<std::uint32_t> tsval{};
    std::optional<std::uint32_t> tsecr{};

    // icmp
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
};

}  // namespace netsim
