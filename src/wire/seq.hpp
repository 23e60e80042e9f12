// Sequence numbers: modulo 2^32, so without an order. RFC 9293 §3.4.
#pragma once

#include <concepts>
#include <cstdint>

namespace netsim::wire {

class SeqNum {
 public:
    constexpr SeqNum() = default;

    constexpr explicit SeqNum(std::uint32_t raw) : raw_(raw) {}

    constexpr std::uint32_t raw() const { return raw_; }

    friend constexpr bool operator==(SeqNum, SeqNum) = default;

    friend constexpr SeqNum operator+(SeqNum a, std::uint32_t n) { return SeqNum(a.raw_ + n); }

    friend constexpr SeqNum operator-(SeqNum a, std::uint32_t n) { return SeqNum(a.raw_ - n); }

    /// Signed distance from b to a; right while they are less than 2^31 apart.
    friend constexpr std::int32_t operator-(SeqNum a, SeqNum b) {
        return static_cast<std::int32_t>(a.raw_ - b.raw_);
    }

    constexpr SeqNum& operator+=(std::uint32_t n) {
        raw_ += n;
        return *this;
    }

 private:
    std::uint32_t raw_ = 0;
};

/// Linux's before() and after().
constexpr bool before(SeqNum a, SeqNum b) {
    return a - b < 0;
}

constexpr bool after(SeqNum a, SeqNum b) {
    return a - b > 0;
}

/// lo <= s <= hi, Linux's between().
constexpr bool between(SeqNum s, SeqNum lo, SeqNum hi) {
    return hi.raw() - lo.raw() >= s.raw() - lo.raw();
}

constexpr SeqNum later(SeqNum a, SeqNum b) {
    return before(a, b) ? b : a;
}

constexpr SeqNum earlier(SeqNum a, SeqNum b) {
    return before(a, b) ? a : b;
}

static_assert(!std::totally_ordered<SeqNum>);

/// [begin, end)
struct SeqRange {
    SeqNum begin;
    SeqNum end;

    friend constexpr bool operator==(SeqRange, SeqRange) = default;

    constexpr std::uint32_t length() const { return end.raw() - begin.raw(); }

    constexpr bool empty() const { return begin == end; }
};

}  // namespace netsim::wire
