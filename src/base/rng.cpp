// Philox4x32-10 streams and the distributions over them (docs/decisions/0004).
#include "netsim/rng.hpp"

#include <Random123/philox.h>

#include <cmath>

#include "base/check.hpp"

namespace netsim {
namespace {

__extension__ using Wide = unsigned __int128;

/// Nanoseconds to the nearest whole one; what does not fit is cut to about 146 years.
Duration rounded(double ns) {
    constexpr double kMax = 4.6e18;
    return Duration(static_cast<std::int64_t>(ns < kMax ? ns + 0.5 : kMax));
}

}  // namespace

std::uint64_t name_hash(std::string_view name) {
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (const char c : name) {
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    h ^= h >> 33U;  // MurmurHash3's finaliser: FNV alone leaves the top bits of short names alike
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33U;
    h *= 0xc4ceb9fe1a85ec53ULL;
    h ^= h >> 33U;
    return h;
}

// The seed is the key and the name's hash the upper half of the counter: two names never share a
// block of one seed's permutation, whatever the seed.
Rng::Rng(std::uint64_t seed, std::string_view name)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)},
      stream_(name_hash(name)) {}

std::uint32_t Rng::u32() {
    if (left_ == 0) {
        r123::Philox4x32 philox;
        const r123::Philox4x32::ctr_type counter{
            {static_cast<std::uint32_t>(counter_), static_cast<std::uint32_t>(counter_ >> 32U),
             static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32U)}};
        const r123::Philox4x32::key_type key{{key_[0], key_[1]}};
        const auto out = philox(counter, key);
        block_ = {out[0], out[1], out[2], out[3]};
        ++counter_;
        left_ = 4;
    }
    return block_[4 - left_--];
}

std::uint64_t Rng::u64() {
    if (left_ >= 2) {  // nearly always: what draws 64 bits draws nothing else
        const std::size_t i = 4 - left_;
        left_ -= 2;
        return block_[i] | (std::uint64_t{block_[i + 1]} << 32U);
    }
    const std::uint64_t low = u32();
    return low | (std::uint64_t{u32()} << 32U);
}

std::uint64_t Rng::below(std::uint64_t n) {
    CHECK(n > 0);
    Wide product = Wide{u64()} * n;
    auto low = static_cast<std::uint64_t>(product);
    if (low < n) {
        const std::uint64_t threshold = (0 - n) % n;
        while (low < threshold) {
            product = Wide{u64()} * n;
            low = static_cast<std::uint64_t>(product);
        }
    }
    return static_cast<std::uint64_t>(product >> 64U);
}

std::int64_t Rng::between(std::int64_t lo, std::int64_t hi) {
    CHECK(lo <= hi);
    const std::uint64_t span = static_cast<std::uint64_t>(hi) - static_cast<std::uint64_t>(lo) + 1;
    const std::uint64_t offset = span == 0 ? u64() : below(span);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(lo) + offset);
}

double Rng::unit() {
    return static_cast<double>(u64() >> 11U) * 0x1p-53;
}

bool Rng::chance(double p) {
    return unit() < p;
}

Duration Rng::exponential(Duration mean) {
    CHECK(mean >= Duration::zero());
    return rounded(-det_log(1 - unit()) * static_cast<double>(mean.count()));
}

Duration Rng::pareto(Duration mean, double shape) {
    CHECK(mean >= Duration::zero() && shape > 1);
    const double smallest = static_cast<double>(mean.count()) * (shape - 1) / shape;
    return rounded(smallest * det_exp(-det_log(1 - unit()) / shape));
}

double Rng::normal(double mean, double sigma) {
    for (;;) {
        const double x = 2 * unit() - 1;
        const double y = 2 * unit() - 1;
        const double s = x * x + y * y;
        if (s > 0 && s < 1) {
            return mean + sigma * x * std::sqrt(-2 * det_log(s) / s);
        }
    }
}

}  // namespace netsim
