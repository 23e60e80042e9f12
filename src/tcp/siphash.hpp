// SipHash-2-4 (Aumasson, Bernstein 2012): the keyed hash of initial sequence numbers, SYN cookies
// and port choice, as in Linux's lib/siphash.c.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace netsim::tcp {

struct SipKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

/// Over 64-bit little-endian words, then up to 7 tail bytes given as `tail` (low bytes) and their
/// count.
constexpr std::uint64_t siphash(const SipKey& key, std::span<const std::uint64_t> words,
                                std::uint64_t tail = 0, unsigned tail_bytes = 0) {
    std::array<std::uint64_t, 4> v{key.k0 ^ 0x736f6d6570736575ULL, key.k1 ^ 0x646f72616e646f6dULL,
                                   key.k0 ^ 0x6c7967656e657261ULL, key.k1 ^ 0x7465646279746573ULL};
    const auto round = [&v] {
        v[0] += v[1];
        v[1] = std::rotl(v[1], 13) ^ v[0];
        v[0] = std::rotl(v[0], 32);
        v[2] += v[3];
        v[3] = std::rotl(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = std::rotl(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = std::rotl(v[1], 17) ^ v[2];
        v[2] = std::rotl(v[2], 32);
    };
    const auto absorb = [&](std::uint64_t word) {
        v[3] ^= word;
        round();
        round();
        v[0] ^= word;
    };
    for (const std::uint64_t word : words) {
        absorb(word);
    }
    const std::uint64_t length = words.size() * 8 + tail_bytes;
    absorb((length << 56U) | tail);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; ++i) {
        round();
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/// Four 32-bit words, as Linux's siphash_4u32().
constexpr std::uint64_t siphash_4u32(const SipKey& key, std::uint32_t a, std::uint32_t b,
                                     std::uint32_t c, std::uint32_t d) {
    const std::array<std::uint64_t, 2> words{(std::uint64_t{b} << 32U) | a,
                                             (std::uint64_t{d} << 32U) | c};
    return siphash(key, words);
}

}  // namespace netsim::tcp
