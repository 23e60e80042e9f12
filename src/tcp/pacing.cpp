// Pacing.
#include "tcp/pacing.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

namespace {

constexpr std::uint32_t kUnpacedSegments = 10;  // an initial window goes as one burst

}  // namespace

void start_pacing(Connection& c) {
    c.paced = true;
}

void limit_pacing(Connection& c) {
    if (c.opt->max_pacing_rate == kUnlimitedRate) {
        return;
    }
    start_pacing(c);
    if (c.pacing_rate == 0 || c.pacing_rate > c.opt->max_pacing_rate) {
        c.pacing_rate = c.opt->max_pacing_rate;
    }
}

bool pacing_holds(Context& cx, Connection& c) {
    if (!c.paced || c.next_send_at <= cx.now) {
        return false;
    }
    // A high-resolution timer: no wheel makes it late. A TX completion that it waits for already
    // may be later than that.
    if (c.next_send_at < c.deadlines.get(Timer::kPacing)) {
        arm_exactly(cx, c, Timer::kPacing, c.next_send_at);
    }
    return true;
}

void pace_after(Connection& c, std::uint32_t bytes, std::uint32_t transmissions, Time now) {
    const Time before_send = c.next_send_at;
    c.next_send_at = std::max(c.next_send_at, now);
    if (!c.paced || bytes == 0 || transmissions < kUnpacedSegments || c.pacing_rate == 0 ||
        c.pacing_rate == kUnlimitedRate) {
        return;
    }
    const std::int64_t takes =
        static_cast<std::int64_t>(std::uint64_t{bytes} * 1'000'000'000U / c.pacing_rate);
    // A late timer is made good, up to half of the time.
    const std::int64_t credit = (c.next_send_at - before_send).count();
    c.next_send_at += Duration(takes - std::min(takes / 2, credit));
}

void pacing_timeout(Context& cx, Connection& c) {
    c.tsq_throttled = false;
    if (c.sending().lost_out > c.sending().retrans_out &&
        c.sending().cc.cwnd > c.packets_in_flight()) {
        retransmit_lost(cx, c);
    }
    push_pending(cx, c);
}

Duration pacing_delay(const Connection& c, Time now) {
    return c.paced ? std::max(c.next_send_at - now, Duration{0}) : Duration{0};
}

void Stack::set_qdisc(Qdisc qdisc) {
    state_->qdisc = qdisc;
}

}  // namespace netsim::tcp
