// Legitimate clients that repeat their SYN until it is answered: how many SYNs they send at each
// moment, and how many attempts succeed and when.
#pragma once

#include <cstddef>
#include <vector>

#include "model/syn_queue.hpp"

namespace netsim::model {

class RetryingClients {
 public:
    RetryingClients(const SynQueueParams& params, std::size_t steps, double h);

    /// SYNs sent in step `now`, by clients that have no answer yet.
    double syns(std::size_t now) const;
    /// A share `loss` of the SYNs of step `now` was dropped.
    void answer(std::size_t now, double loss);

    double attempts() const { return attempts_; }

    double first_answered() const { return first_answered_; }

    /// SYNs sent again, each attempt's first one aside.
    double resent() const { return resent_; }

    double connected() const;
    /// Quantile of the connect latency in seconds, of those connected.
    double latency(double quantile) const;

 private:
    std::vector<std::size_t> delay_steps_;
    std::vector<double> delay_;
    std::vector<double> waiting_;    // by step of connect(): without an answer yet
    std::vector<double> connected_;  // by number of SYNs it took, minus one
    double rtt_;
    double last_useful_;  // SYNs later than this are answered after the horizon
    double h_;
    double attempts_ = 0;
    double first_answered_ = 0;
    double resent_ = 0;
};

}  // namespace netsim::model
