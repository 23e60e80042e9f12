// IPv4 packets as octets: made for the TUN device, and read from it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace netsim::kernel_bench {

namespace flag {
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kAck = 0x10;
}  // namespace flag

/// One TCP segment. SYNs carry what a Linux client's do: MSS, SACK-permitted, timestamps, window
/// scale; others timestamps.
struct Segment {
    std::uint32_t source = 0;
    std::uint32_t destination = 0;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint8_t flags = 0;
    std::uint32_t tsval = 0;
    std::uint32_t tsecr = 0;
    std::size_t payload = 0;
};

struct Octets {
    std::array<std::uint8_t, 1600> data{};
    std::size_t length = 0;
};

Octets encode(const Segment& segment);
/// An ICMP echo request of 56 octets.
Octets echo_request(std::uint32_t source, std::uint32_t destination, std::uint16_t sequence);
/// Nothing: not TCP, or too short.
std::optional<Segment> decode(const std::uint8_t* data, std::size_t length);

}  // namespace netsim::kernel_bench
