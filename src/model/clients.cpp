// Retrying clients.
#include "model/clients.hpp"

#include <cmath>
#include <numeric>

namespace netsim::model {

RetryingClients::RetryingClients(const SynQueueParams& params, std::size_t steps, double h)
    : waiting_(steps + 1, 0.0),
      rtt_(params.legit_rtt),
      last_useful_(params.horizon - params.legit_rtt),
      h_(h) {
    for (const double delay : params.syn_schedule) {
        if (params.connect_timeout > 0 && delay + rtt_ > params.connect_timeout) {
            break;
        }
        delay_.push_back(delay);
        delay_steps_.push_back(static_cast<std::size_t>(std::lround(delay / h)));
    }
    connected_.assign(delay_.size(), 0.0);
    for (std::size_t i = 0; i < steps; ++i) {
        const double t = static_cast<double>(i) * h;
        if (t >= params.legit_start && t < params.legit_stop) {
            waiting_[i] = params.legit_rate * h;
        }
    }
    attempts_ = std::accumulate(waiting_.begin(), waiting_.end(), 0.0);
}

double RetryingClients::syns(std::size_t now) const {
    double sum = 0;
    for (const std::size_t delay : delay_steps_) {
        if (delay <= now) {
            sum += waiting_[now - delay];
        }
    }
    return sum;
}

void RetryingClients::answer(std::size_t now, double loss) {
    const bool in_time = static_cast<double>(now) * h_ <= last_useful_;
    for (std::size_t k = 0; k < delay_steps_.size() && delay_steps_[k] <= now; ++k) {
        double& waiting = waiting_[now - delay_steps_[k]];
        if (k > 0) {
            resent_ += waiting;
        }
        const double answered = waiting * (1 - loss);
        waiting -= answered;
        if (k == 0) {
            first_answered_ += answered;
        }
        if (in_time) {
            connected_[k] += answered;
        }
    }
}

double RetryingClients::connected() const {
    return std::accumulate(connected_.begin(), connected_.end(), 0.0);
}

double RetryingClients::latency(double quantile) const {
    const double wanted = connected() * quantile;
    double sum = 0;
    for (std::size_t k = 0; k < connected_.size(); ++k) {
        sum += connected_[k];
        if (sum >= wanted && connected_[k] > 0) {
            return delay_[k] + rtt_;
        }
    }
    return 0;
}

}  // namespace netsim::model
