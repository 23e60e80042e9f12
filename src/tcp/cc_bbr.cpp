// BBR, version 1: sends at the rate the path was seen to carry, with about one bandwidth-delay
// product in flight, and probes both numbers in turn instead of filling the queue until it drops.
// draft-cardwell-iccrg-bbr-congestion-control-00; Linux tcp_bbr.c.
#include <algorithm>
#include <array>

#include "tcp/bbr.hpp"
#include "tcp/connection.hpp"
#include "tcp/context.hpp"
#include "tcp/pacing.hpp"
#include "tcp/siphash.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

namespace bbr {

namespace {

constexpr std::uint32_t kDrainGain = kUnit * 1000 / 2885;
constexpr std::uint32_t kCwndGain = 2 * kUnit;  // room for delayed and aggregated ACKs
constexpr auto kCycle =
    std::to_array<std::uint32_t>({kUnit * 5 / 4, kUnit * 3 / 4, kUnit, kUnit, kUnit, kUnit, kUnit,
                                  kUnit});  // ask for more, give the queue back, cruise
constexpr std::uint8_t kCycleStarts = 7;    // any phase but the one that drains

constexpr std::uint32_t kLeastCwnd = 4;  // so that an ACK for every other segment keeps it going
constexpr Duration kMinRttWindow = std::chrono::seconds(10);
constexpr Duration kProbeRttTime = std::chrono::milliseconds(200);
constexpr std::uint64_t kAggregationMaxUs = 100'000;
constexpr std::uint64_t kSlow = 1'200'000 / 8;  // bytes/s: below, single segments
constexpr std::uint64_t kBurstMax = 65536 - 1 - 320;
constexpr unsigned kPacingShift = 10;

bool no_rtt(const BbrState& b) {
    return b.min_rtt_us == BbrState::kNoRtt;
}

std::uint32_t least_burst(const Connection& c) {
    return c.pacing_rate < kSlow ? 1 : 2;
}

/// Segments of a burst: about a millisecond at the pacing rate.
std::uint32_t burst_goal(const Connection& c) {
    const std::uint64_t bytes = std::min(c.pacing_rate >> kPacingShift, kBurstMax);
    const auto segments = static_cast<std::uint32_t>(bytes / c.snd_mss);
    return std::min(std::max(segments, least_burst(c)), 0x7fU);
}

std::uint64_t rate_of(const Connection& c, std::uint64_t bandwidth, std::uint32_t gain) {
    return std::min(bytes_per_second(c.snd_mss, bandwidth, gain), c.opt->max_pacing_rate);
}

/// The initial window in one round trip, times the gain of STARTUP.
void pace_from_rtt(Connection& c) {
    constexpr std::uint32_t kNominalUs = 1000;
    BbrState& b = *c.sending().cc.bbr;
    std::uint32_t rtt_us = kNominalUs;
    if (c.rtt.valid()) {
        rtt_us = std::max(c.rtt.srtt8_us() >> 3U, 1U);
        b.seen_rtt = true;
    }
    c.pacing_rate = rate_of(c, c.sending().cc.cwnd * kBwUnit / rtt_us, kHighGain);
}

void set_pacing_rate(Connection& c, std::uint32_t bandwidth, std::uint32_t gain) {
    const BbrState& b = *c.sending().cc.bbr;
    const std::uint64_t rate = rate_of(c, bandwidth, gain);
    if (!b.seen_rtt && c.rtt.valid()) {
        pace_from_rtt(c);
    }
    if (b.full_reached || rate > c.pacing_rate) {  // STARTUP never slows down
        c.pacing_rate = rate;
    }
}

/// The last cwnd that was good; recovery and PROBE_RTT only borrow.
void save_cwnd(Congestion& cc) {
    BbrState& b = *cc.bbr;
    const bool good = b.prior_state < CaState::kRecovery && b.mode != BbrMode::kProbeRtt;
    b.prior_cwnd = good ? cc.cwnd : std::max(b.prior_cwnd, cc.cwnd);
}

/// Bandwidth times the least RTT times a gain, in segments, rounded up.
std::uint32_t bandwidth_delay(const BbrState& b, std::uint32_t bandwidth, std::uint32_t gain) {
    if (no_rtt(b)) {
        return kInitialCwnd;
    }
    const std::uint64_t product = std::uint64_t{bandwidth} * b.min_rtt_us;
    return static_cast<std::uint32_t>((((product * gain) >> kGainScale) + kBwUnit - 1) / kBwUnit);
}

/// Room for the bursts that sender and receiver hold: three; even, for delayed ACKs; and enough
/// that probing shows on short paths.
std::uint32_t quantised(const Connection& c, std::uint32_t cwnd) {
    const BbrState& b = *c.sending().cc.bbr;
    cwnd += 3 * burst_goal(c);
    cwnd = (cwnd + 1) & ~1U;
    return b.mode == BbrMode::kProbeBw && b.cycle_index == 0 ? cwnd + 2 : cwnd;
}

std::uint32_t inflight_for(const Connection& c, std::uint32_t bandwidth, std::uint32_t gain) {
    return quantised(c, bandwidth_delay(*c.sending().cc.bbr, bandwidth, gain));
}

/// What will be in the network when the pacer lets the next burst go.
std::uint32_t in_network_at_departure(const Connection& c, Time now, std::uint32_t in_flight) {
    const BbrState& b = *c.sending().cc.bbr;
    const auto wait_us = static_cast<std::uint64_t>(
        std::max((c.next_send_at - now).count(), std::int64_t{0}) / 1000);
    const auto delivered = static_cast<std::uint32_t>((b.bandwidth() * wait_us) >> kBwScale);
    if (b.pacing_gain > kUnit) {
        in_flight += burst_goal(c);
    }
    return delivered >= in_flight ? 0 : in_flight - delivered;
}

std::uint32_t aggregation_room(const BbrState& b) {
    if (!b.full_reached) {
        return 0;
    }
    const std::uint64_t most = b.bandwidth() * kAggregationMaxUs / kBwUnit;
    const std::uint32_t extra = std::max(b.aggregation.most[0], b.aggregation.most[1]);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(extra, most));
}

/// Recovery: first as much as arrives, later slow start; at its end the window from before. True:
/// nothing more is to be decided.
bool recover_or_restore(Connection& c, const RateSample& sample, std::uint32_t& cwnd) {
    BbrState& b = *c.sending().cc.bbr;
    const std::uint32_t arrived = c.packets_in_flight() + sample.acked_sacked;
    if (sample.losses > 0) {
        cwnd = cwnd > sample.losses ? cwnd - sample.losses : 1;
    }
    if (c.sending().ca_state == CaState::kRecovery && b.prior_state != CaState::kRecovery) {
        b.packet_conservation = true;
        b.next_round_delivered = c.delivered;
        cwnd = arrived;
    } else if (b.prior_state >= CaState::kRecovery && c.sending().ca_state < CaState::kRecovery) {
        cwnd = std::max(cwnd, b.prior_cwnd);
        b.packet_conservation = false;
    }
    b.prior_state = c.sending().ca_state;
    if (b.packet_conservation) {
        cwnd = std::max(cwnd, arrived);
    }
    return b.packet_conservation;
}

void set_cwnd(Connection& c, const RateSample& sample) {
    const BbrState& b = *c.sending().cc.bbr;
    std::uint32_t cwnd = c.sending().cc.cwnd;
    if (sample.acked_sacked > 0 && !recover_or_restore(c, sample, cwnd)) {
        const std::uint32_t target =
            quantised(c, bandwidth_delay(b, b.bandwidth(), b.cwnd_gain) + aggregation_room(b));
        if (b.full_reached) {
            cwnd = std::min(cwnd + sample.acked_sacked, target);
        } else if (cwnd < target || c.delivered < kInitialCwnd) {
            cwnd += sample.acked_sacked;
        }
        cwnd = std::max(cwnd, kLeastCwnd);
    }
    c.edit_sending().cc.cwnd = b.mode == BbrMode::kProbeRtt ? std::min(cwnd, kLeastCwnd) : cwnd;
}

void next_phase(Connection& c) {
    BbrState& b = *c.sending().cc.bbr;
    b.cycle_index = static_cast<std::uint8_t>((b.cycle_index + 1U) % kCycle.size());
    b.cycle_at = c.sending().rate.delivered_at;
}

/// A phase lasts one least RTT; the one that asks for more until it has got it or lost something,
/// the one that drains no longer than there is a queue.
bool phase_is_over(const Connection& c, const RateSample& sample, Time now) {
    const BbrState& b = *c.sending().cc.bbr;
    const bool full_length =
        us_between(b.cycle_at, c.sending().rate.delivered_at) > std::int64_t{b.min_rtt_us};
    if (b.pacing_gain == kUnit) {
        return full_length;
    }
    const std::uint32_t in_flight = in_network_at_departure(c, now, sample.prior_in_flight);
    const std::uint32_t bandwidth = b.max_bandwidth.get();
    if (b.pacing_gain > kUnit) {
        return full_length &&
               (sample.losses > 0 || in_flight >= inflight_for(c, bandwidth, b.pacing_gain));
    }
    return full_length || in_flight <= inflight_for(c, bandwidth, kUnit);
}

void check_drain(const Context& cx, Connection& c) {
    BbrState& b = *c.sending().cc.bbr;
    const std::uint32_t target = inflight_for(c, b.max_bandwidth.get(), kUnit);
    if (b.mode == BbrMode::kStartup && b.full_reached) {
        b.mode = BbrMode::kDrain;
        c.edit_sending().cc.ssthresh = target;
    }
    if (b.mode == BbrMode::kDrain &&
        in_network_at_departure(c, cx.now, c.packets_in_flight()) <= target) {
        enter_probe_bandwidth(cx, c);
    }
}

void leave_probe_rtt_if_due(const Context& cx, Connection& c) {
    BbrState& b = *c.sending().cc.bbr;
    if (b.probe_rtt_done_at == kNever || cx.now <= b.probe_rtt_done_at) {
        return;
    }
    b.min_rtt_at = cx.now;
    c.edit_sending().cc.cwnd = std::max(c.sending().cc.cwnd, b.prior_cwnd);
    if (b.full_reached) {
        enter_probe_bandwidth(cx, c);
    } else {
        b.mode = BbrMode::kStartup;
    }
}

/// In PROBE_RTT: four segments for 200 ms and a round at least.
void probe_rtt(const Context& cx, Connection& c) {
    BbrState& b = *c.sending().cc.bbr;
    c.edit_sending().rate.app_limited =
        std::max(c.delivered + c.packets_in_flight(), 1U);  // low on purpose
    if (b.probe_rtt_done_at == kNever) {
        if (c.packets_in_flight() <= kLeastCwnd) {
            b.probe_rtt_done_at = cx.now + kProbeRttTime;
            b.probe_rtt_round_done = false;
            b.next_round_delivered = c.delivered;
        }
        return;
    }
    b.probe_rtt_round_done = b.probe_rtt_round_done || b.round_start;
    if (b.probe_rtt_round_done) {
        leave_probe_rtt_if_due(cx, c);
    }
}

void update_min_rtt(const Context& cx, Connection& c, const RateSample& sample) {
    BbrState& b = *c.sending().cc.bbr;
    const bool expired = cx.now > b.min_rtt_at + kMinRttWindow;
    if (sample.rtt_us >= 0 &&
        (sample.rtt_us < std::int64_t{b.min_rtt_us} || (expired && !sample.ack_delayed))) {
        b.min_rtt_us = static_cast<std::uint32_t>(sample.rtt_us);
        b.min_rtt_at = cx.now;
    }
    if (expired && !b.idle_restart && b.mode != BbrMode::kProbeRtt) {
        b.mode = BbrMode::kProbeRtt;
        save_cwnd(c.edit_sending().cc);
        b.probe_rtt_done_at = kNever;
    }
    if (b.mode == BbrMode::kProbeRtt) {
        probe_rtt(cx, c);
    }
    if (sample.delivered > 0) {
        b.idle_restart = false;
    }
}

void update_gains(BbrState& b) {
    switch (b.mode) {
        case BbrMode::kStartup:
            b.pacing_gain = b.cwnd_gain = kHighGain;
            break;
        case BbrMode::kDrain:
            b.pacing_gain = kDrainGain;
            b.cwnd_gain = kHighGain;
            break;
        case BbrMode::kProbeBw:
            b.pacing_gain = b.policer.in_force ? kUnit : kCycle[b.cycle_index];
            b.cwnd_gain = kCwndGain;
            break;
        case BbrMode::kProbeRtt:
            b.pacing_gain = b.cwnd_gain = kUnit;
            break;
    }
}

class Bbr final : public CongestionControl {
 public:
    std::string_view name() const override { return "bbr"; }

    bool sets_cwnd() const override { return true; }

    void init(const Context& cx, Connection& c) const override {
        c.edit_sending().cc.bbr.reset(new BbrState);
        BbrState& b = *c.sending().cc.bbr;
        c.edit_sending().cc.ssthresh = kInfiniteSsthresh;
        b.next_round_delivered = c.delivered;
        if (c.rtt.has_min()) {
            b.min_rtt_us = static_cast<std::uint32_t>(c.rtt.min().count() / 1000);
        }
        b.min_rtt_at = cx.now;
        pace_from_rtt(c);
        forget_policer(c);
        b.aggregation.epoch_at = cx.now;
        start_pacing(c);
    }

    void control(const Context& cx, Connection& c, const RateSample& sample) const override {
        BbrState& b = *c.sending().cc.bbr;
        update_bandwidth(cx, c, sample);
        update_aggregation(c, sample);
        if (b.mode == BbrMode::kProbeBw && phase_is_over(c, sample, cx.now)) {
            next_phase(c);
        }
        check_full_pipe(b, sample);
        check_drain(cx, c);
        update_min_rtt(cx, c, sample);
        update_gains(b);
        set_pacing_rate(c, b.bandwidth(), b.pacing_gain);
        set_cwnd(c, sample);
    }

    /// Losses do not change the threshold: cwnd comes from the model.
    std::uint32_t ssthresh(Congestion& cc) const override {
        save_cwnd(cc);
        return cc.ssthresh;
    }

    void on_ack(Congestion& /*cc*/, const AckSample& /*sample*/) const override {}

    void on_restart(const Context& cx, Connection& c, Duration /*idle*/) const override {
        BbrState& b = *c.sending().cc.bbr;
        if (c.sending().rate.app_limited == 0) {
            return;
        }
        b.idle_restart = true;
        b.aggregation.epoch_at = cx.now;
        b.aggregation.epoch_acked = 0;
        if (b.mode == BbrMode::kProbeBw) {
            set_pacing_rate(c, b.bandwidth(), kUnit);
        } else if (b.mode == BbrMode::kProbeRtt) {
            leave_probe_rtt_if_due(cx, c);
        }
    }

    std::uint32_t undo_cwnd(Connection& c, std::uint32_t /*prior_cwnd*/) const override {
        c.edit_sending().cc.bbr->full_bandwidth =
            0;  // the slow-down was spurious: look for the full pipe again
        c.edit_sending().cc.bbr->full_rounds = 0;
        forget_policer(c);
        return c.sending().cc.cwnd;
    }

    void on_timeout(const Context& cx, Connection& c) const override {
        BbrState& b = *c.sending().cc.bbr;
        b.prior_state = CaState::kLoss;
        b.full_bandwidth = 0;
        b.round_start = true;  // a timeout ends the round
        watch_policer(cx, c, 1, false);
    }

    std::uint32_t least_burst(const Connection& c, std::uint32_t /*usual*/) const override {
        return bbr::least_burst(c);
    }

    /// It may slow-start even in recovery. Linux bbr_sndbuf_expand().
    std::uint32_t windows_buffered() const override { return 3; }
};

const Bbr kBbr;

}  // namespace

/// The phase begins anywhere but where the queue drains, so that flows do not probe in step. The
/// draw is a function of the connection and the moment: no other draw changes with it.
void enter_probe_bandwidth(const Context& cx, Connection& c) {
    BbrState& b = *c.sending().cc.bbr;
    const FourTuple& t = c.tuple;
    const std::uint64_t draw =
        siphash_4u32(cx.s.secrets.port, t.local.bits, t.remote.bits,
                     (std::uint32_t{t.local_port} << 16U) | t.remote_port, c.delivered);
    b.mode = BbrMode::kProbeBw;
    b.cycle_index = static_cast<std::uint8_t>(kCycle.size() - 1 - draw % kCycleStarts);
    next_phase(c);
}

}  // namespace bbr

const CongestionControl& bbr_v1() {
    return bbr::kBbr;
}

}  // namespace netsim::tcp
