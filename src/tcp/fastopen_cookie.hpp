// Fast Open cookies (RFC 7413 §4.1.2) and the keys they are made with. Linux tcp_fastopen.c:
// SipHash over source and destination address, one key to make and up to two to accept.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "netsim/address.hpp"
#include "tcp/siphash.hpp"
#include "wire/packet.hpp"

namespace netsim::tcp {

/// The primary key makes cookies; the backup, if there is one, is still believed. Count 0: none.
struct FastOpenKeys {
    std::array<SipKey, 2> key{};
    std::uint8_t count = 0;
};

/// net.ipv4.tcp_fastopen_key: four groups of up to eight hex digits with '-' between, a comma
/// before the backup. nullopt: not that.
std::optional<FastOpenKeys> parse_fastopen_keys(std::string_view text);
/// The same form; all zeros if there is no key yet, as /proc/sys prints it.
std::string to_text(const FastOpenKeys& keys);
/// TCP_FASTOPEN_KEY's value: 16 octets, or 32 with a backup. nullopt: another length.
std::optional<FastOpenKeys> fastopen_keys_from(std::span<const std::uint8_t> octets);
std::vector<std::uint8_t> octets_of(const FastOpenKeys& keys);

/// The cookie of 8 octets a server at `server` gives `client`. __tcp_fastopen_cookie_gen_cipher().
wire::FastOpenCookie make_fastopen_cookie(const SipKey& key, Ipv4 client, Ipv4 server);

enum class CookieMatch : std::uint8_t { kNone, kPrimary, kBackup };

CookieMatch match_fastopen_cookie(const FastOpenKeys& keys, Ipv4 client, Ipv4 server,
                                  const wire::FastOpenCookie& cookie);

}  // namespace netsim::tcp
