// BBR's model of the path: bandwidth, aggregation, policers.
#include <algorithm>

#include "tcp/bbr.hpp"
#include "tcp/connection.hpp"
#include "tcp/context.hpp"

namespace netsim::tcp {

void WindowedMax::add(std::uint32_t window, std::uint32_t at, std::uint32_t value) {
    const Sample sample{at, value};
    if (value >= best_[0].value || at - best_[2].at > window) {
        return reset(at, value);
    }
    if (value >= best_[1].value) {
        best_[1] = best_[2] = sample;
    } else if (value >= best_[2].value) {
        best_[2] = sample;
    }
    // The best grows old: its successors move up, or are refreshed from a later part of the window.
    const std::uint32_t age = at - best_[0].at;
    if (age > window) {
        best_ = {best_[1], best_[2], sample};
        if (at - best_[0].at > window) {
            best_ = {best_[1], best_[2], sample};
        }
    } else if (best_[1].at == best_[0].at && age > window / 4) {
        best_[1] = best_[2] = sample;
    } else if (best_[2].at == best_[1].at && age > window / 2) {
        best_[2] = sample;
    }
}

namespace bbr {

namespace {

constexpr std::uint32_t kBandwidthRounds = 10;  // the filter's window
constexpr std::uint32_t kFullRounds = 3;

constexpr std::uint8_t kPolicerRounds = 4;  // of an interval, at least
constexpr std::uint32_t kPolicerLoss = 50;  // of 256: a fifth is lost
constexpr std::uint32_t kPolicerLikeness = kUnit / 8;
constexpr std::uint64_t kPolicerDifference = 4000 / 8;  // bytes/s
constexpr std::uint8_t kPolicerInForce = 48;            // rounds

constexpr std::uint8_t kAggregationRounds = 5;
constexpr std::uint32_t kAggregationReset = 1U << 20U;

std::int64_t ms_of(Time t) {
    return to_ns(t) / 1'000'000;
}

void begin_interval(Connection& c) {
    PolicerWatch& p = c.edit_sending().cc.bbr->policer;
    p.since_ms = ms_of(c.sending().rate.delivered_at);
    p.since_delivered = c.delivered;
    p.since_lost = c.sending().lost_total;
    p.rounds = 0;
}

/// Like the interval before? Then the mean of both is the policer's rate.
void end_interval(Connection& c, std::uint32_t bandwidth) {
    BbrState& b = *c.sending().cc.bbr;
    PolicerWatch& p = b.policer;
    if (p.bandwidth != 0) {
        const std::uint32_t difference =
            bandwidth > p.bandwidth ? bandwidth - p.bandwidth : p.bandwidth - bandwidth;
        if (std::uint64_t{difference} * kUnit <= std::uint64_t{kPolicerLikeness} * p.bandwidth ||
            bytes_per_second(c.snd_mss, difference, kUnit) <= kPolicerDifference) {
            p.bandwidth = static_cast<std::uint32_t>((std::uint64_t{bandwidth} + p.bandwidth) / 2);
            p.in_force = true;
            p.rounds = 0;
            b.pacing_gain = kUnit;
            return;
        }
    }
    p.bandwidth = bandwidth;
    begin_interval(c);
}

/// The interval may end now: much was lost in it?
void close_interval(Connection& c) {
    const PolicerWatch& p = c.sending().cc.bbr->policer;
    const std::uint32_t lost = c.sending().lost_total - p.since_lost;
    const std::uint32_t delivered = c.delivered - p.since_delivered;
    if (delivered == 0 ||
        (std::uint64_t{lost} << kGainScale) < std::uint64_t{kPolicerLoss} * delivered) {
        return;
    }
    const std::int64_t ms = ms_of(c.sending().rate.delivered_at) - p.since_ms;
    if (ms < 1) {
        return;
    }
    if (ms >= 0xffffffffLL / 1000) {
        return forget_policer(c);
    }
    end_interval(c, static_cast<std::uint32_t>(delivered * kBwUnit /
                                               (static_cast<std::uint64_t>(ms) * 1000)));
}

}  // namespace

std::uint64_t bytes_per_second(std::uint32_t mss, std::uint64_t bandwidth, std::uint32_t gain) {
    constexpr std::uint64_t kPercent = 99;
    const std::uint64_t rate = (bandwidth * mss * gain) >> kGainScale;
    return (rate * (1'000'000 / 100 * kPercent)) >> kBwScale;
}

void forget_policer(Connection& c) {
    PolicerWatch& p = c.edit_sending().cc.bbr->policer;
    p.bandwidth = 0;
    p.in_force = false;
    p.sampling = false;
    begin_interval(c);
}

void watch_policer(const Context& cx, Connection& c, std::uint32_t losses, bool app_limited) {
    BbrState& b = *c.sending().cc.bbr;
    PolicerWatch& p = b.policer;
    if (p.in_force) {
        if (b.mode == BbrMode::kProbeBw && b.round_start && ++p.rounds >= kPolicerInForce) {
            forget_policer(c);  // perhaps it is gone
            enter_probe_bandwidth(cx, c);
        }
        return;
    }
    if (!p.sampling) {
        if (losses == 0) {  // until its tokens are used up a policer does not show
            return;
        }
        begin_interval(c);
        p.sampling = true;
    }
    if (app_limited) {
        return forget_policer(c);
    }
    if (b.round_start) {
        ++p.rounds;
    }
    if (p.rounds < kPolicerRounds) {
        return;
    }
    if (p.rounds > 4 * kPolicerRounds) {
        return forget_policer(c);
    }
    if (losses > 0) {  // an interval ends when the tokens are used up again
        close_interval(c);
    }
}

void update_bandwidth(const Context& cx, Connection& c, const RateSample& sample) {
    BbrState& b = *c.sending().cc.bbr;
    b.round_start = false;
    if (!sample.valid()) {
        return;
    }
    if (static_cast<std::int32_t>(sample.prior_delivered - b.next_round_delivered) >= 0) {
        b.next_round_delivered = c.delivered;
        ++b.rounds;
        b.round_start = true;
        b.packet_conservation = false;
    }
    watch_policer(cx, c, sample.losses, sample.app_limited);
    const auto bandwidth =
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(sample.delivered) * kBwUnit /
                                   static_cast<std::uint64_t>(sample.interval_us));
    // What the application held back says nothing of the path, unless it is more than was known.
    if (!sample.app_limited || bandwidth >= b.max_bandwidth.get()) {
        b.max_bandwidth.add(kBandwidthRounds, b.rounds, bandwidth);
    }
}

void update_aggregation(Connection& c, const RateSample& sample) {
    BbrState& b = *c.sending().cc.bbr;
    AckAggregation& a = b.aggregation;
    if (sample.acked_sacked == 0 || !sample.valid()) {
        return;
    }
    if (b.round_start && ++a.rounds >= kAggregationRounds) {
        a.rounds = 0;
        a.current ^= 1U;
        a.most[a.current] = 0;
    }
    const auto epoch_us =
        static_cast<std::uint64_t>(us_between(a.epoch_at, c.sending().rate.delivered_at));
    std::uint64_t expected = b.bandwidth() * epoch_us / kBwUnit;
    if (a.epoch_acked <= expected || a.epoch_acked + sample.acked_sacked >= kAggregationReset) {
        a.epoch_acked = 0;
        a.epoch_at = c.sending().rate.delivered_at;
        expected = 0;
    }
    a.epoch_acked = std::min(kAggregationReset - 1, a.epoch_acked + sample.acked_sacked);
    const std::uint64_t extra =
        std::min<std::uint64_t>(a.epoch_acked - expected, c.sending().cc.cwnd);
    a.most[a.current] = static_cast<std::uint16_t>(
        std::max<std::uint64_t>(a.most[a.current], std::min<std::uint64_t>(extra, 0xffffU)));
}

void check_full_pipe(BbrState& b, const RateSample& sample) {
    if (b.full_reached || !b.round_start || sample.app_limited) {
        return;
    }
    const std::uint64_t quarter_more = std::uint64_t{b.full_bandwidth} * 5 / 4;
    if (b.max_bandwidth.get() >= quarter_more) {
        b.full_bandwidth = b.max_bandwidth.get();
        b.full_rounds = 0;
        return;
    }
    ++b.full_rounds;
    b.full_reached = b.full_rounds >= kFullRounds;
}

}  // namespace bbr

}  // namespace netsim::tcp
