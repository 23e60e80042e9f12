// Text of addresses, prefixes and endpoints, both ways.
#include "netsim/address.hpp"

#include <charconv>

namespace netsim {
namespace {

/// A decimal number in [0, max] without sign, blanks or leading zeros (which some readers take for
/// octal), at the front of `text`, which loses it.
std::optional<std::uint32_t> take_number(std::string_view& text, std::uint32_t max) {
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || value > max || (stop - text.data() > 1 && text.front() == '0')) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return value;
}

}  // namespace

std::string to_string(Ipv4 address) {
    std::string text;
    for (unsigned shift = 32; shift > 0;) {
        shift -= 8;
        text += std::to_string((address.bits >> shift) & 0xffU);
        if (shift > 0) {
            text += '.';
        }
    }
    return text;
}

std::optional<Ipv4> parse_ipv4(std::string_view text) {
    std::uint32_t bits = 0;
    for (int i = 0; i < 4; ++i) {
        if (i > 0) {
            if (!text.starts_with('.')) {
                return std::nullopt;
            }
            text.remove_prefix(1);
        }
        const auto octet = take_number(text, 255);
        if (!octet) {
            return std::nullopt;
        }
        bits = (bits << 8U) | *octet;
    }
    return text.empty() ? std::optional(Ipv4{bits}) : std::nullopt;
}

std::string to_string(Prefix prefix) {
    return to_string(prefix.address) + '/' + std::to_string(prefix.length);
}

std::optional<Prefix> parse_prefix(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_ipv4(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    Prefix prefix{*address, 32};
    if (slash != std::string_view::npos) {
        text.remove_prefix(slash + 1);
        const auto length = take_number(text, 32);
        if (!length || !text.empty()) {
            return std::nullopt;
        }
        prefix.length = static_cast<std::uint8_t>(*length);
    }
    return prefix.contains(*address) ? std::optional(prefix) : std::nullopt;
}

std::string to_string(Endpoint endpoint) {
    return to_string(endpoint.address) + ':' + std::to_string(endpoint.port);
}

}  // namespace netsim
