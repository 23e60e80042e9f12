// Elementary functions from IEEE + - * / and sqrt only (all correctly rounded), so that every
// machine and every libm gives the same bits. det_log and det_exp are in netsim/rng.hpp.
#pragma once

namespace netsim {

inline constexpr double kPi = 3.14159265358979323846;

/// |x| <= 2 pi; absolute error under 1e-14.
double det_sin(double x);
double det_cos(double x);
/// -1 <= x <= 1; absolute error under 1e-14.
double det_asin(double x);

}  // namespace netsim
