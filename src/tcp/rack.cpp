// RACK loss detection. tcp_recovery's bit 0 (use RACK) has no effect since Linux 6.17, which knows
// nothing else.
#include "tcp/rack.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/prr.hpp"
#include "tcp/recovery.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/scoreboard.hpp"

namespace netsim::tcp {

namespace {

constexpr std::int64_t kStaticWindow = 2;  // tcp_recovery bits
constexpr std::int64_t kNoDupThreshold = 4;

/// Was `a` sent after `b`? By count, not by time: much can be sent at one instant here. Linux
/// tcp_skb_sent_after() takes the sequence number where times are equal.
bool sent_after(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) > 0;
}

Duration reordering_window(const Context& cx, const Connection& c) {
    const Sending& tx = c.sending();
    if (tx.reord_seen == 0) {
        if (tx.ca_state >= CaState::kRecovery) {
            return Duration{0};
        }
        const bool threshold = (cx.s.sysctl.tcp_recovery & kNoDupThreshold) == 0;
        if (threshold && tx.sacked_out >= c.reordering) {
            return Duration{0};
        }
    }
    const Duration quarter = c.rtt.has_min() ? c.rtt.min() / 4 : c.rtt.srtt();
    return std::min(quarter * tx.rack.window_steps, c.rtt.srtt());
}

/// Marks what is lost; how long the rest may still take, 0: nothing is waited for.
Duration detect_losses(Context& cx, Connection& c) {
    Duration wait{0};
    const Duration window = reordering_window(cx, c);
    for (std::uint32_t i = 0; i < c.sending().sent.size(); ++i) {
        SentSegment& segment = c.edit_sending().sent[i];
        if (segment.sacked || (segment.lost && !segment.retransmitted)) {
            continue;
        }
        if (!sent_after(c.sending().rack.order, segment.order)) {
            continue;
        }
        const Duration left = rack_patience(c, segment, window, cx.now);
        if (left <= Duration{0}) {
            mark_lost(cx, c, segment);
        } else {
            wait = std::max(wait, left);
        }
    }
    return wait;
}

}  // namespace

void rack_advance(Connection& c, const SentSegment& segment, Time now) {
    Sending& tx = c.edit_sending();
    const Duration rtt = now - segment.sent_at;
    // Of a segment sent twice it is not known which copy arrived: less than any RTT means the
    // first.
    if (segment.ever_retransmitted && c.rtt.has_min() && rtt < c.rtt.min()) {
        return;
    }
    tx.rack.advanced = true;
    tx.rack.rtt = rtt;
    if (sent_after(segment.order, tx.rack.order)) {
        tx.rack.order = segment.order;
    }
}

void rack_adapt_window(Context& cx, Connection& c, const AckOutcome& outcome) {
    if ((cx.s.sysctl.tcp_recovery & kStaticWindow) != 0 || outcome.rate.prior_delivered == 0) {
        return;
    }
    Rack& rack = c.edit_sending().rack;
    // Once a round trip: what is reported now was sent after the window last grew.
    if (static_cast<std::int32_t>(outcome.rate.prior_delivered - rack.round_delivered) < 0) {
        rack.dsack_seen = false;
    }
    if (rack.dsack_seen) {
        rack.dsack_seen = false;
        rack.window_steps = static_cast<std::uint8_t>(std::min(rack.window_steps + 1, 255));
        rack.round_delivered = c.delivered;
        rack.window_persist = kPersistRecoveries;
    } else if (rack.window_persist == 0) {
        rack.window_steps = 1;
    }
}

Duration rack_patience(const Connection& c, const SentSegment& segment, Duration window, Time now) {
    return c.sending().rack.rtt + window - (now - segment.sent_at);
}

bool rack_mark_losses(Context& cx, Connection& c) {
    if (!c.sending().rack.advanced) {
        return false;
    }
    c.edit_sending().rack.advanced = false;
    const Duration wait = detect_losses(cx, c);
    if (wait == Duration{0}) {
        return false;
    }
    arm_retransmit(cx, c, RetransmitTimer::kReorder, std::min(wait + kTimerMin, c.rtt.rto()));
    return true;
}

void rack_timeout(Context& cx, Connection& c) {
    const std::uint32_t lost_before = c.sending().lost_total;
    const std::uint32_t flight_before = c.packets_in_flight();
    detect_losses(cx, c);
    if (c.packets_in_flight() != flight_before) {
        if (c.sending().ca_state != CaState::kRecovery) {
            enter_recovery(cx, c);
            proportional_rate(c, 1, c.sending().lost_total - lost_before, false);
        }
        retransmit_lost(cx, c);
    }
    if (c.retransmit_timer != RetransmitTimer::kRto) {
        rearm_rto(cx, c);
    }
}

}  // namespace netsim::tcp
