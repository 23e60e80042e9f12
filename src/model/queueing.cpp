// Erlang B and Pollaczek-Khinchine.
#include "model/queueing.hpp"

#include <limits>

namespace netsim::model {

double erlang_b(std::uint64_t servers, double offered) {
    if (offered <= 0) {
        return servers == 0 ? 1.0 : 0.0;
    }
    // 1/B(n) = 1 + n/a * 1/B(n-1): no factorials, no overflow until B itself underflows.
    double inverse = 1.0;
    for (std::uint64_t n = 1; n <= servers; ++n) {
        inverse = 1.0 + inverse * (static_cast<double>(n) / offered);
        if (inverse > 1e300) {
            return 0.0;
        }
    }
    return 1.0 / inverse;
}

double mg1_wait(double arrival_rate, double service_rate, double scv) {
    const double rho = arrival_rate / service_rate;
    if (rho >= 1.0) {
        return std::numeric_limits<double>::infinity();
    }
    return rho / (1.0 - rho) * (1.0 + scv) / 2.0 / service_rate;
}

}  // namespace netsim::model
