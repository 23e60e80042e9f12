// SipHash-2-4 (Aumasson, Bernstein 2012): the keyed hash of initial sequence numbers, SYN cookies
// and port choice, as in Linux's lib/siphash.c.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace netsim::tcp {

struct SipKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

class SipState {
 public:
    constexpr explicit SipState(const SipKey& key)
        : a_(key.k0 ^ 0x736f6d6570736575ULL),
          b_(key.k1 ^ 0x646f72616e646f6dULL),
          c_(key.k0 ^ 0x6c7967656e657261ULL),
          d_(key.k1 ^ 0x7465646279746573ULL) {}

    constexpr void absorb(std::uint64_t word) {
        d_ ^= word;
        round();
        round();
        a_ ^= word;
    }

    constexpr std::uint64_t finish() {
        c_ ^= 0xff;
        round();
        round();
        round();
        round();
        return a_ ^ b_ ^ c_ ^ d_;
    }

 private:
    constexpr void round() {
        a_ += b_;
        b_ = std::rotl(b_, 13) ^ a_;
        a_ = std::rotl(a_, 32);
        c_ += d_;
        d_ = std::rotl(d_, 16) ^ c_;
        a_ += d_;
        d_ = std::rotl(d_, 21) ^ a_;
        c_ += b_;
        b_ = std::rotl(b_, 17) ^ c_;
        c_ = std::rotl(c_, 32);
    }

    std::uint64_t a_;
    std::uint64_t b_;
    std::uint64_t c_;
    std::uint64_t d_;
};

/// Over 64-bit little-endian words, then up to 7 tail bytes given as `tail` (low bytes) and their
/// count.
constexpr std::uint64_t siphash(const SipKey& key, std::span<const std::uint64_t> words,
                                std::uint64_t tail = 0, unsigned tail_bytes = 0) {
    SipState state(key);
    for (const std::uint64_t word : words) {
        state.absorb(word);
    }
    state.absorb(((words.size() * 8 + tail_bytes) << 56U) | tail);
    return state.finish();
}

/// Four 32-bit words, as Linux's siphash_4u32().
constexpr std::uint64_t siphash_4u32(const SipKey& key, std::uint32_t a, std::uint32_t b,
                                     std::uint32_t c, std::uint32_t d) {
    SipState state(key);
    state.absorb((std::uint64_t{b} << 32U) | a);
    state.absorb((std::uint64_t{d} << 32U) | c);
    state.absorb(std::uint64_t{16} << 56U);
    return state.finish();
}

}  // namespace netsim::tcp
