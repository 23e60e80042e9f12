// Keys and cookies of Fast Open.
#include "tcp/fastopen_cookie.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace netsim::tcp {

namespace {

constexpr std::size_t kKeyOctets = 16;

/// Four numbers of 32 bits, the least significant first.
SipKey key_of(const std::array<std::uint32_t, 4>& words) {
    return {(std::uint64_t{words[1]} << 32U) | words[0],
            (std::uint64_t{words[3]} << 32U) | words[2]};
}

std::optional<SipKey> parse_key(std::string_view text) {
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t end = std::min(text.find('-'), text.size());
        const std::string_view group = text.substr(0, end);
        const auto [rest, error] =
            std::from_chars(group.data(), group.data() + group.size(), words.at(i), 16);
        const bool last = i + 1 == words.size();
        if (error != std::errc() || rest != group.data() + group.size() || group.size() > 8 ||
            last != (end == text.size())) {
            return std::nullopt;
        }
        text = last ? std::string_view() : text.substr(end + 1);
    }
    return key_of(words);
}

std::string key_text(const SipKey& key) {
    return fmt::format("{:08x}-{:08x}-{:08x}-{:08x}", key.k0 & 0xffffffffU, key.k0 >> 32U,
                       key.k1 & 0xffffffffU, key.k1 >> 32U);
}

std::uint64_t little_endian(std::span<const std::uint8_t> octets) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) {
        value = (value << 8U) | octets[i];
    }
    return value;
}

void put_little_endian(std::uint64_t value, std::uint8_t* octets) {
    for (std::size_t i = 0; i < 8; ++i) {
        octets[i] = static_cast<std::uint8_t>(value >> (8U * i));
    }
}

/// An address's octets as they stand on the wire, read as a little-endian number.
std::uint64_t wire_order(Ipv4 address) {
    const std::uint32_t b = address.bits;
    return ((b & 0xffU) << 24U) | ((b & 0xff00U) << 8U) | ((b >> 8U) & 0xff00U) | (b >> 24U);
}

bool equal(const wire::FastOpenCookie& a, const wire::FastOpenCookie& b) {
    return a.length == b.length &&
           std::equal(a.bytes.begin(), a.bytes.begin() + a.length, b.bytes.begin());
}

}  // namespace

std::optional<FastOpenKeys> parse_fastopen_keys(std::string_view text) {
    FastOpenKeys keys;
    const std::size_t comma = text.find(',');
    const auto primary = parse_key(text.substr(0, comma));
    if (!primary) {
        return std::nullopt;
    }
    keys.key[0] = *primary;
    keys.count = 1;
    if (comma != std::string_view::npos) {
        const auto backup = parse_key(text.substr(comma + 1));
        if (!backup) {
            return std::nullopt;
        }
        keys.key[1] = *backup;
        keys.count = 2;
    }
    return keys;
}

std::string to_text(const FastOpenKeys& keys) {
    return key_text(keys.key[0]) + (keys.count == 2 ? "," + key_text(keys.key[1]) : "");
}

std::optional<FastOpenKeys> fastopen_keys_from(std::span<const std::uint8_t> octets) {
    if (octets.size() != kKeyOctets && octets.size() != 2 * kKeyOctets) {
        return std::nullopt;
    }
    FastOpenKeys keys;
    keys.count = static_cast<std::uint8_t>(octets.size() / kKeyOctets);
    for (std::size_t i = 0; i < keys.count; ++i) {
        keys.key.at(i) = {little_endian(octets.subspan(i * kKeyOctets, 8)),
                          little_endian(octets.subspan(i * kKeyOctets + 8, 8))};
    }
    return keys;
}

std::vector<std::uint8_t> octets_of(const FastOpenKeys& keys) {
    std::vector<std::uint8_t> octets(keys.count * kKeyOctets);
    for (std::size_t i = 0; i < keys.count; ++i) {
        put_little_endian(keys.key.at(i).k0, octets.data() + i * kKeyOctets);
        put_little_endian(keys.key.at(i).k1, octets.data() + i * kKeyOctets + 8);
    }
    return octets;
}

wire::FastOpenCookie make_fastopen_cookie(const SipKey& key, Ipv4 client, Ipv4 server) {
    const std::array<std::uint64_t, 1> words{(wire_order(server) << 32U) | wire_order(client)};
    wire::FastOpenCookie cookie;
    cookie.length = 8;
    put_little_endian(siphash(key, words), cookie.bytes.data());
    return cookie;
}

CookieMatch match_fastopen_cookie(const FastOpenKeys& keys, Ipv4 client, Ipv4 server,
                                  const wire::FastOpenCookie& cookie) {
    for (std::size_t i = 0; i < keys.count; ++i) {
        if (equal(make_fastopen_cookie(keys.key.at(i), client, server), cookie)) {
            return i == 0 ? CookieMatch::kPrimary : CookieMatch::kBackup;
        }
    }
    return CookieMatch::kNone;
}

}  // namespace netsim::tcp
