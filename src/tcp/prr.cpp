// Proportional rate reduction.
#include "tcp/prr.hpp"

#include <algorithm>

namespace netsim::tcp {

void begin_reduction(Connection& c) {
    c.high_seq = c.snd_nxt;
    c.tlp = {};
    c.cc.cwnd_count = 0;
    c.prior_cwnd = c.cc.cwnd;
    c.prr_delivered = 0;
    c.prr_out = 0;
    c.cc.ssthresh = c.cc.algorithm->ssthresh(c.cc);
    c.ecn_queue_cwr = c.options.ecn_ok;
}

void enter_cwr(Connection& c) {
    c.undo.prior_ssthresh = 0;
    if (c.ca_state < CaState::kCwr) {
        c.undo.possible = false;
        begin_reduction(c);
        c.ca_state = CaState::kCwr;
    }
}

void proportional_rate(Connection& c, std::uint32_t delivered, std::uint32_t lost, bool advanced) {
    if (delivered == 0 || c.prior_cwnd == 0) {
        return;
    }
    c.prr_delivered += delivered;
    const std::uint32_t flight = c.packets_in_flight();
    const std::int64_t missing = std::int64_t{c.cc.ssthresh} - flight;
    std::int64_t budget = 0;
    if (missing < 0) {  // RFC 6937 §3: as much of what arrives as ssthresh is of the old cwnd
        const std::uint64_t dividend =
            std::uint64_t{c.cc.ssthresh} * c.prr_delivered + c.prior_cwnd - 1;
        budget = static_cast<std::int64_t>(dividend / c.prior_cwnd) - c.prr_out;
    } else {  // below ssthresh: what arrived, and one more while nothing new is lost
        budget = std::max<std::int64_t>(std::int64_t{c.prr_delivered} - c.prr_out, delivered);
        if (advanced && lost == 0) {
            ++budget;
        }
        budget = std::min(budget, missing);
    }
    // One retransmission when recovery begins, whatever the sum.
    budget = std::max<std::int64_t>(budget, c.prr_out == 0 ? 1 : 0);
    c.cc.cwnd = static_cast<std::uint32_t>(flight + budget);
}

void end_reduction(Connection& c, Time now) {
    if (c.cc.algorithm->sets_cwnd()) {
        return;
    }
    if (c.cc.ssthresh < kInfiniteSsthresh && (c.ca_state == CaState::kCwr || c.undo.possible)) {
        c.cc.cwnd = std::max(c.cc.ssthresh, 1U);
        c.cc.full_at = now;
    }
}

}  // namespace netsim::tcp
