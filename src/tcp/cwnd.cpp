// Congestion window validation.
#include "tcp/cwnd.hpp"

#include <algorithm>

#include "tcp/undo.hpp"

namespace netsim::tcp {

namespace {

/// Not full for a whole RTO: half-way down to what was used. Linux tcp_cwnd_application_limited().
void shrink_unused(Connection& c) {
    Sending& tx = c.edit_sending();
    if (tx.ca_state != CaState::kOpen || c.orphan || c.out_event_wanted) {
        return;
    }
    const std::uint32_t used = std::max(tx.cc.cwnd_used, kInitialCwnd);
    if (used < tx.cc.cwnd) {
        tx.cc.ssthresh = current_ssthresh(c);
        tx.cc.cwnd = (tx.cc.cwnd + used) >> 1U;
    }
    tx.cc.cwnd_used = 0;
}

}  // namespace

void validate_cwnd(const Context& cx, Connection& c, bool limited) {
    Congestion& cc = c.edit_sending().cc;
    // The strongest sign in a round counts: full once, or the most that was in flight.
    if (!before(c.snd_una, cc.usage_seq) || limited ||
        (!cc.cwnd_limited && c.packets_out() > cc.max_packets_out)) {
        cc.cwnd_limited = limited;
        cc.max_packets_out = c.packets_out();
        cc.usage_seq = c.snd_nxt;
    }
    if (cc.limited()) {
        cc.cwnd_used = 0;
        cc.full_at = cx.now;
        return;
    }
    cc.cwnd_used = std::max(cc.cwnd_used, c.packets_out());
    if (cx.s.sysctl.tcp_slow_start_after_idle != 0 && !c.algorithm().sets_cwnd() &&
        cx.now - cc.full_at >= c.rtt.rto()) {
        shrink_unused(c);
        cc.full_at = cx.now;
    }
}

void restart_after_idle(const Context& cx, Connection& c) {
    const Duration idle = cx.now - c.last_sent_at();
    const Duration rto = std::max<Duration>(c.rtt.rto(), std::chrono::milliseconds(1));
    if (cx.s.sysctl.tcp_slow_start_after_idle == 0 || c.packets_out() > 0 || idle <= rto ||
        c.algorithm().sets_cwnd()) {
        return;
    }
    const std::uint32_t least = std::min(kInitialCwnd, c.sending().cc.cwnd);
    c.edit_sending().cc.ssthresh = current_ssthresh(c);
    Duration left = idle - rto;
    while (left > Duration{0} && c.sending().cc.cwnd > least) {
        c.edit_sending().cc.cwnd >>= 1U;
        left -= rto;
    }
    c.edit_sending().cc.cwnd = std::max(c.sending().cc.cwnd, least);
    c.edit_sending().cc.full_at = cx.now;
    c.edit_sending().cc.cwnd_used = 0;
}

}  // namespace netsim::tcp
