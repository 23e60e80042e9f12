// The Toeplitz hash by table: one look-up per octet instead of one step per bit.
#include "host/rss.hpp"

#include <array>
#include <cstddef>

namespace netsim::host {
namespace {

constexpr std::uint32_t kIndirection = 128;
constexpr std::size_t kOctets = 12;  // two addresses, two ports

constexpr std::array<std::uint8_t, kOctets + 4> kKey{
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0};

using Table = std::array<std::array<std::uint32_t, 256>, kOctets>;

/// The 32 bits of the key that begin at `bit`.
constexpr std::uint32_t window(std::size_t bit) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 5; ++i) {
        const std::size_t octet = bit / 8 + i;
        bits = (bits << 8U) | (octet < kKey.size() ? kKey[octet] : 0U);
    }
    return static_cast<std::uint32_t>(bits >> (8U - bit % 8));
}

Table make_table() {
    Table table{};
    for (std::size_t octet = 0; octet < kOctets; ++octet) {
        for (std::size_t value = 0; value < 256; ++value) {
            for (std::size_t bit = 0; bit < 8; ++bit) {
                if ((value & (0x80U >> bit)) != 0) {
                    table[octet][value] ^= window(octet * 8 + bit);
                }
            }
        }
    }
    return table;
}

/// `octets` from the first `place` on.
std::uint32_t hash(std::uint32_t value, std::size_t place, std::size_t octets) {
    static const Table kTable = make_table();
    std::uint32_t result = 0;
    for (std::size_t i = 0; i < octets; ++i) {
        result ^= kTable[place + i][(value >> (8 * (octets - 1 - i))) & 0xffU];
    }
    return result;
}

}  // namespace

std::uint32_t toeplitz(Ipv4 source, Ipv4 destination) {
    return hash(source.bits, 0, 4) ^ hash(destination.bits, 4, 4);
}

std::uint32_t toeplitz(Endpoint source, Endpoint destination) {
    return toeplitz(source.address, destination.address) ^ hash(source.port, 8, 2) ^
           hash(destination.port, 10, 2);
}

std::uint32_t rss_core(const wire::Packet& packet, std::uint32_t cores) {
    if (cores == 1) {
        return 0;
    }
    const std::uint32_t value =
        packet.protocol == wire::Protocol::kTcp
            ? toeplitz(Endpoint{packet.source, packet.tcp.source_port},
                       Endpoint{packet.destination, packet.tcp.destination_port})
            : toeplitz(packet.source, packet.destination);
    return value % kIndirection % cores;
}

}  // namespace netsim::host
