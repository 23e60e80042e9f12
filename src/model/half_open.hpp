// The mean field of half-open requests by age: cohorts of equal birth pass through phases of 1, 2,
// 4, ... s and are pruned by the kernel's rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/occupancy.hpp"

namespace netsim::model {

class HalfOpenCohorts {
 public:
    /// Steps of 1/steps_per_second.
    HalfOpenCohorts(std::size_t steps, std::size_t steps_per_second, std::uint64_t backlog,
                    int synack_retries);

    struct Fired {
        double expired = 0;
        double resent = 0;  // SYN-ACKs sent again
    };

    /// The timers of step `now`, with the number of requests distributed as `queue` (null: exactly
    /// mass()). `others`: requests in the SYN queue besides these, all young. `loss`: share of the
    /// flood's SYNs dropped.
    Fired fire(std::size_t now, const Occupancy* queue, double others, double loss);
    /// Requests admitted in step `now`.
    void admit(std::size_t now, double mass);

    double mass() const { return mass_; }

 private:
    double expiring(int timeouts, double alive, const Occupancy* queue, double gone) const;

    std::vector<double> cohort_;          // by step of birth: still alive
    std::vector<std::size_t> age_steps_;  // when each phase ends
    std::uint64_t backlog_;
    int retries_;
    double mass_ = 0;
    double young_ = 0;
    double others_ = 0;
    double loss_ = 0;  // smoothed over the last second
    double smoothing_;
};

}  // namespace netsim::model
