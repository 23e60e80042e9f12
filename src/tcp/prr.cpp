// Proportional rate reduction.
#include "tcp/prr.hpp"

#include <algorithm>

namespace netsim::tcp {

void begin_reduction(Connection& c) {
    Sending& tx = c.edit_sending();
    tx.high_seq = c.snd_nxt;
    tx.tlp = {};
    tx.cc.cwnd_count = 0;
    tx.prior_cwnd = tx.cc.cwnd;
    tx.prr_delivered = 0;
    tx.prr_out = 0;
    tx.cc.ssthresh = c.algorithm().ssthresh(tx.cc);
    c.ecn_queue_cwr = c.options.ecn_ok;
}

void enter_cwr(Connection& c) {
    Sending& tx = c.edit_sending();
    tx.undo.prior_ssthresh = 0;
    if (tx.ca_state < CaState::kCwr) {
        tx.undo.possible = false;
        begin_reduction(c);
        tx.ca_state = CaState::kCwr;
    }
}

void proportional_rate(Connection& c, std::uint32_t delivered, std::uint32_t lost, bool advanced) {
    if (delivered == 0 || c.sending().prior_cwnd == 0) {
        return;
    }
    c.edit_sending().prr_delivered += delivered;
    const std::uint32_t flight = c.packets_in_flight();
    const std::int64_t missing = std::int64_t{c.sending().cc.ssthresh} - flight;
    std::int64_t budget = 0;
    if (missing < 0) {  // RFC 6937 §3: as much of what arrives as ssthresh is of the old cwnd
        const std::uint64_t dividend =
            std::uint64_t{c.sending().cc.ssthresh} * c.sending().prr_delivered +
            c.sending().prior_cwnd - 1;
        budget = static_cast<std::int64_t>(dividend / c.sending().prior_cwnd) - c.sending().prr_out;
    } else {  // below ssthresh: what arrived, and one more while nothing new is lost
        budget = std::max<std::int64_t>(
            std::int64_t{c.sending().prr_delivered} - c.sending().prr_out, delivered);
        if (advanced && lost == 0) {
            ++budget;
        }
        budget = std::min(budget, missing);
    }
    // One retransmission when recovery begins, whatever the sum.
    budget = std::max<std::int64_t>(budget, c.sending().prr_out == 0 ? 1 : 0);
    c.edit_sending().cc.cwnd = static_cast<std::uint32_t>(flight + budget);
}

void end_reduction(Connection& c, Time now) {
    if (c.algorithm().sets_cwnd()) {
        return;
    }
    if (c.sending().cc.ssthresh < kInfiniteSsthresh &&
        (c.sending().ca_state == CaState::kCwr || c.sending().undo.possible)) {
        c.edit_sending().cc.cwnd = std::max(c.sending().cc.ssthresh, 1U);
        c.edit_sending().cc.full_at = now;
    }
}

}  // namespace netsim::tcp
