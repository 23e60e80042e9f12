// IPv4 addresses, prefixes and endpoints as values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netsim {

/// An IPv4 address in host byte order. 0.0.0.0 means "any" where a socket call allows it.
struct Ipv4 {
    std::uint32_t bits = 0;

    friend constexpr auto operator<=>(Ipv4, Ipv4) = default;

    constexpr bool is_any() const { return bits == 0; }

    constexpr bool is_loopback() const { return (bits >> 24U) == 127U; }

    constexpr bool is_multicast() const { return (bits >> 28U) == 14U; }

    constexpr bool is_broadcast() const { return bits == 0xffffffffU; }
};

constexpr Ipv4 ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
    return Ipv4{(a << 24U) | (b << 16U) | (c << 8U) | d};
}

std::string to_string(Ipv4 address);
/// Dotted quad only; nullopt if it is anything else.
std::optional<Ipv4> parse_ipv4(std::string_view text);

/// A prefix such as 198.18.0.0/15; the bits past `length` are zero.
struct Prefix {
    Ipv4 address;
    std::uint8_t length = 32;

    friend constexpr auto operator<=>(Prefix, Prefix) = default;

    constexpr std::uint32_t mask() const {
        return length == 0 ? 0U : ~std::uint32_t{0} << (32U - length);
    }

    constexpr bool contains(Ipv4 a) const { return (a.bits & mask()) == address.bits; }

    /// How many addresses it holds (2^32 for /0).
    constexpr std::uint64_t size() const { return std::uint64_t{1} << (32U - length); }
};

std::string to_string(Prefix prefix);
/// "10.0.0.0/8" or "10.0.0.1" (a /32); nullopt if malformed or if host bits are set.
std::optional<Prefix> parse_prefix(std::string_view text);

struct Endpoint {
    Ipv4 address;
    std::uint16_t port = 0;

    friend constexpr auto operator<=>(Endpoint, Endpoint) = default;
};

/// "10.0.0.1:80"
std::string to_string(Endpoint endpoint);

}  // namespace netsim
