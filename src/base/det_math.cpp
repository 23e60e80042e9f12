// Series and argument reductions; no libm but sqrt, which IEEE 754 rounds correctly everywhere.
#include "base/det_math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#include "base/check.hpp"
#include "netsim/rng.hpp"

namespace netsim {
namespace {

// ln 2 in two parts: the first has 21 trailing zero bits, so that n * kLn2High is exact.
constexpr double kLn2High = 0x1.62e42fee00000p-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

/// 2^n for a normal result.
double power_of_two(std::int64_t n) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52U);
}

/// sin on [-pi/4, pi/4].
double sin_kernel(double x) {
    const double square = x * x;
    double term = x;
    double sum = x;
    for (int k = 2; k <= 20; k += 2) {
        term *= -square / (k * (k + 1.0));
        sum += term;
    }
    return sum;
}

/// cos on [-pi/4, pi/4].
double cos_kernel(double x) {
    const double square = x * x;
    double term = 1;
    double sum = 1;
    for (int k = 1; k <= 19; k += 2) {
        term *= -square / (k * (k + 1.0));
        sum += term;
    }
    return sum;
}

/// asin on [0, 0.5]: terms fall by a factor of four, 30 of them reach 1e-19.
double asin_kernel(double x) {
    const double square = x * x;
    double coefficient = x;
    double sum = x;
    for (int k = 1; k <= 30; ++k) {
        coefficient *= square * (2 * k - 1) / (2 * k);
        sum += coefficient / (2 * k + 1);
    }
    return sum;
}

}  // namespace

double det_log(double x) {
    CHECK(x > 0);
    std::int64_t exponent = 0;
    if (x < 0x1p-1022) {  // subnormal
        x *= 0x1p54;
        exponent = -54;
    }
    const auto bits = std::bit_cast<std::uint64_t>(x);
    exponent += static_cast<std::int64_t>(bits >> 52U) - 1023;
    double mantissa = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
    if (mantissa > 1.4142135623730951) {
        mantissa *= 0.5;
        ++exponent;
    }
    // log m = 2 artanh((m-1)/(m+1)); |s| <= 0.172, so s^24 is below the last bit.
    const double s = (mantissa - 1) / (mantissa + 1);
    const double square = s * s;
    double series = 0;
    for (int k = 23; k >= 3; k -= 2) {
        series = (series + 1.0 / k) * square;
    }
    const auto n = static_cast<double>(exponent);
    return n * kLn2High + (n * kLn2Low + 2 * (s + s * series));
}

double det_exp(double x) {
    CHECK(x > -700 && x < 700);
    const double scaled = x * 1.4426950408889634;
    const auto n = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    const auto k = static_cast<double>(n);
    const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= ln2 / 2
    double sum = 1;
    for (int i = 16; i >= 1; --i) {
        sum = 1 + sum * r / i;
    }
    return sum * power_of_two(n);
}

double det_sin(double x) {
    CHECK(x >= -2 * kPi - 1e-9 && x <= 2 * kPi + 1e-9);
    const double quarters = x * (2 / kPi);
    const auto n = static_cast<std::int64_t>(quarters < 0 ? quarters - 0.5 : quarters + 0.5);
    const double r = x - static_cast<double>(n) * (kPi / 2);
    switch ((n % 4 + 4) % 4) {
        case 0:
            return sin_kernel(r);
        case 1:
            return cos_kernel(r);
        case 2:
            return -sin_kernel(r);
        default:
            return -cos_kernel(r);
    }
}

double det_cos(double x) {
    return x >= 0 ? det_sin(kPi / 2 - x) : det_sin(kPi / 2 + x);
}

double det_asin(double x) {
    CHECK(x >= -1 && x <= 1);
    const double a = x < 0 ? -x : x;
    // asin a = pi/2 - 2 asin(sqrt((1-a)/2)) brings the upper half down to [0, 0.5].
    const double value =
        a <= 0.5 ? asin_kernel(a) : kPi / 2 - 2 * asin_kernel(std::sqrt((1 - a) / 2));
    return x < 0 ? -value : value;
}

}  // namespace netsim
