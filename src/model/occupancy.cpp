// Implicit Euler on a tridiagonal generator, solved by Thomas's algorithm.
#include "model/occupancy.hpp"

#include <algorithm>
#include <cmath>

namespace netsim::model {
namespace {

constexpr double kNothing = 1e-9;
constexpr double kNormalFrom = 100;  // a Poisson of this mean is taken as normal

}  // namespace

void poisson_cdf(double mean, std::vector<double>& out) {
    out.clear();
    double term = std::exp(-mean);
    double sum = 0;
    for (double j = 0;; ++j) {
        if (mean >= kNormalFrom) {
            sum = 0.5 * std::erfc((mean - j - 0.5) / std::sqrt(2 * mean));
        } else {
            sum += term;
            term *= mean / (j + 1);
        }
        if (sum > 1 - 1e-12) {
            return;
        }
        out.push_back(sum);
    }
}

Occupancy::Occupancy(std::uint64_t unproven, std::uint64_t all)
    : unproven_(unproven),
      all_(all),
      p_(unproven + 1, 0.0),
      excess_(unproven + 1, 0.0),
      tail_max_(unproven + 1, 0.0),
      looks_(unproven + 1, 0.0),
      upper_(unproven + 1, 0.0) {
    p_[0] = 1.0;
    unproven_loss_ = unproven == 0 ? 1.0 : 0.0;
    proven_loss_ = all == 0 ? 1.0 : 0.0;
}

void Occupancy::step(double h, double rate, double leaving, double legit) {
    poisson_cdf(legit, legit_cdf_);
    // The death rate per request that makes `leaving` leave: implicit steps use the mean after it.
    double death = 0;
    if (leaving > 0 && mean_ > kNothing) {
        const double left = std::max(0.0, mean_ - leaving);
        const double room = static_cast<double>(unproven_) - left;
        const double after = left + std::clamp(rate * h, 0.0, room);
        death = leaving / (h * std::max(after, 1e-6 * mean_));
    }
    solve(h, rate, death);
    // The queue forgets at the rate it turns over: so many independent looks are in this step.
    measure(h * death);
}

/// Probability that a SYN finds fewer than `limit` requests, n of them the flood's.
double Occupancy::let_in(std::uint64_t limit, std::size_t n) const {
    if (n >= limit) {
        return 0;
    }
    const std::size_t room = limit - 1 - n;
    return room < legit_cdf_.size() ? legit_cdf_[room] : 1.0;
}

void Occupancy::solve(double h, double rate, double death) {
    const std::size_t last = p_.size() - 1;
    const double hd = h * death;
    // (1 + b_n + d_n) p_n - b_{n-1} p_{n-1} - d_{n+1} p_{n+1} = old p_n
    double below = 0;  // b_{n-1}
    for (std::size_t n = 0; n <= last; ++n) {
        const double birth = h * rate * let_in(unproven_, n);
        double diagonal = 1.0 + birth + hd * static_cast<double>(n);
        if (n > 0) {
            diagonal -= below * upper_[n - 1];
            p_[n] += below * p_[n - 1];
        }
        upper_[n] = hd * static_cast<double>(n + 1) / diagonal;
        p_[n] /= diagonal;
        below = birth;
    }
    for (std::size_t n = last; n-- > 0;) {
        p_[n] += upper_[n] * p_[n + 1];
    }
}

void Occupancy::measure(double looks) {
    double tail = 0;
    double above = 0;
    unproven_loss_ = 0;
    proven_loss_ = 0;
    for (std::size_t n = p_.size(); n-- > 0;) {
        excess_[n] = above;
        tail += p_[n];
        above += tail;
        tail_max_[n] = std::max(tail_max_[n], tail);
        looks_[n] += looks * tail;
        unproven_loss_ += p_[n] * (1 - let_in(unproven_, n));
        proven_loss_ += p_[n] * (1 - let_in(all_, n));
    }
    mean_ = excess_[0];
}

double Occupancy::excess(double x) const {
    const double from = std::max(0.0, x);
    const double last = static_cast<double>(excess_.size() - 1);
    if (from >= last) {
        return 0;
    }
    const auto below = static_cast<std::size_t>(from);
    const double part = from - static_cast<double>(below);
    return excess_[below] * (1 - part) + excess_[below + 1] * part;
}

double Occupancy::peak() const {
    for (std::size_t n = p_.size(); n-- > 1;) {
        if (tail_max_[n] >= 0.5 || looks_[n] >= kLn2) {
            return static_cast<double>(n);
        }
    }
    return 0;
}

}  // namespace netsim::model
