// Cohorts of half-open requests.
#include "model/half_open.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/reqsk_prune.hpp"
#include "model/syn_queue.hpp"

namespace netsim::model {
namespace {

/// Midpoints of nine equally probable slices of the normal distribution.
constexpr std::array<double, 9> kNormalNinths{-1.593, -0.967, -0.589, -0.282, 0.0,
                                              0.282,  0.589,  0.967,  1.593};

}  // namespace

HalfOpenCohorts::HalfOpenCohorts(std::size_t steps, std::size_t steps_per_second,
                                 std::uint64_t backlog, int synack_retries)
    : cohort_(steps + 1, 0.0),
      backlog_(backlog),
      retries_(synack_retries),
      smoothing_(1.0 / static_cast<double>(steps_per_second)) {
    double age = 0;
    for (int k = 0; k <= synack_retries; ++k) {
        age += phase_seconds(k);
        age_steps_.push_back(
            static_cast<std::size_t>(std::lround(age * static_cast<double>(steps_per_second))));
    }
}

HalfOpenCohorts::Fired HalfOpenCohorts::fire(std::size_t now, const Occupancy* queue, double others,
                                             double loss) {
    others_ = others;
    loss_ += (loss - loss_) * smoothing_;
    Fired fired;
    for (std::size_t k = 0; k < age_steps_.size() && age_steps_[k] <= now; ++k) {
        double& alive = cohort_[now - age_steps_[k]];
        if (alive <= 0) {
            continue;
        }
        if (k == 0) {
            young_ = std::max(0.0, young_ - alive);
        }
        const double gone = expiring(static_cast<int>(k), alive, queue, fired.expired);
        alive -= gone;
        mass_ -= gone;
        fired.expired += gone;
        fired.resent += alive;
    }
    return fired;
}

double HalfOpenCohorts::expiring(int timeouts, double alive, const Occupancy* queue,
                                 double gone) const {
    if (timeouts >= retries_) {
        return alive;
    }
    // The rule compares two random numbers, length and young: averaged over both. Young is Poisson
    // while SYNs are let in as they come; with most dropped, free places are what counts.
    const double young_mean = young_ + others_;
    const double deviation = queue == nullptr ? 0.0 : std::sqrt(young_mean * (1 - loss_));
    double sum = 0;
    for (const double z : kNormalNinths) {
        const double young = std::max(0.0, young_mean + z * deviation);
        const double floor = expiry_floor(timeouts, young, backlog_, retries_) - others_;
        sum += queue == nullptr ? std::clamp(mass_ - floor, 0.0, alive)
                                : queue->excess(floor + gone) - queue->excess(floor + gone + alive);
    }
    return sum / static_cast<double>(kNormalNinths.size());
}

void HalfOpenCohorts::admit(std::size_t now, double mass) {
    cohort_[now] += mass;
    mass_ += mass;
    young_ += mass;
}

}  // namespace netsim::model
