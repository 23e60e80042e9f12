// Running 64-bit digest of what happened. Two runs with equal digests did the same things in the
// same order. Not cryptographic. Word by word, so padding never enters it.
#pragma once

#include <cstdint>
#include <string_view>

namespace netsim {

class Digest {
 public:
    constexpr void add(std::uint64_t word) {
        state_ = (state_ ^ word) * 0x9fb21c651e98df25ULL;
        state_ ^= state_ >> 28U;
    }

    constexpr void add(std::string_view text) {
        add(text.size());
        for (const char c : text) {
            add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
        }
    }

    constexpr std::uint64_t value() const { return state_; }

 private:
    std::uint64_t state_ = 0x243f6a8885a308d3ULL;
};

}  // namespace netsim
