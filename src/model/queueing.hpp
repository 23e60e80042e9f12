// Textbook queues in closed form: what a simulation is compared with.
#pragma once

#include <cstdint>

namespace netsim::model {

/// Erlang's loss formula: the share of arrivals that find all `servers` busy when `offered` =
/// arrival rate times mean holding time. By insensitivity it holds for any distribution of holding
/// times, so also for M/D/c/c. offered >= 0; 0 servers lose everything.
double erlang_b(std::uint64_t servers, double offered);

/// Mean waiting time (in the unit of 1/rate), service excluded; infinity when utilisation >= 1.
/// `scv`: squared coefficient of variation of the service time (Pollaczek-Khinchine).
double mg1_wait(double arrival_rate, double service_rate, double scv);

/// Exponential service.
inline double mm1_wait(double arrival_rate, double service_rate) {
    return mg1_wait(arrival_rate, service_rate, 1.0);
}

/// Fixed service: a link with packets of one size.
inline double md1_wait(double arrival_rate, double service_rate) {
    return mg1_wait(arrival_rate, service_rate, 0.0);
}

}  // namespace netsim::model
