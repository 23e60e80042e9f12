// CUBIC (RFC 9438) with HyStart, in the integer arithmetic of Linux's tcp_cubic.c: C = 0.4,
// beta = 717/1024, fast convergence, Reno-friendly region, both HyStart detectors.
#include <algorithm>
#include <cstdint>

#include "tcp/congestion.hpp"
#include "tcp/connection.hpp"
#include "tcp/context.hpp"

namespace netsim::tcp {

namespace {

constexpr std::uint32_t kBeta = 717;  // of 1024
constexpr std::uint32_t kBetaScale = 1024;
constexpr std::uint64_t kCubeScale = 41 * 10;  // bic_scale * 10: C = 410/1024
constexpr unsigned kTimeBits = 10;             // time in 1/1024 s
constexpr std::uint64_t kCubeFactor = (std::uint64_t{1} << (10U + 3U * kTimeBits)) / kCubeScale;
constexpr std::uint32_t kRenoScale = 8 * (kBetaScale + kBeta) / 3 / (kBetaScale - kBeta);

constexpr std::uint32_t kHystartLowWindow = 16;
constexpr std::uint8_t kHystartSamples = 8;
constexpr std::uint32_t kHystartAckDeltaUs = 2000;
constexpr std::uint32_t kHystartDelayMinUs = 4000;
constexpr std::uint32_t kHystartDelayMaxUs = 16000;

/// Integer cube root, rounded down.
std::uint32_t cube_root(std::uint64_t a) {
    std::uint64_t root = 0;
    for (int bit = 21; bit >= 0; --bit) {
        const std::uint64_t candidate = root | (std::uint64_t{1} << bit);
        if (candidate * candidate * candidate <= a) {
            root = candidate;
        }
    }
    return static_cast<std::uint32_t>(root);
}

std::uint32_t ms_of(Time now) {
    return static_cast<std::uint32_t>(to_ns(now) / 1'000'000) + 1U;  // 0 means "no epoch"
}

std::uint32_t us_of(Time now) {
    return static_cast<std::uint32_t>(to_ns(now) / 1'000);
}

/// Made when something has been sent and acknowledged: an idle connection costs nothing of it.
CubicState& state_of(Congestion& c) {
    if (!c.cubic) {
        c.cubic = std::make_unique<CubicState>();
    }
    return *c.cubic;
}

/// RFC 9438 §4.1-4.2: a new epoch begins, K is drawn from how far cwnd is below the last maximum.
void begin_epoch(Congestion& c, std::uint32_t now_ms, std::uint32_t acked) {
    CubicState& s = state_of(c);
    s.epoch_start_ms = now_ms;
    s.ack_count = acked;
    s.reno_cwnd = c.cwnd;
    if (s.last_max_cwnd <= c.cwnd) {
        s.k = 0;
        s.origin = c.cwnd;
    } else {
        s.k = cube_root(kCubeFactor * (s.last_max_cwnd - c.cwnd));
        s.origin = s.last_max_cwnd;
    }
}

/// The cubic curve one RTT ahead: how many ACKs per segment of growth reach it.
std::uint32_t acks_per_segment(const Congestion& c, std::uint32_t now_ms) {
    const CubicState& s = *c.cubic;
    std::uint64_t t = std::uint64_t{now_ms - s.epoch_start_ms} + s.delay_min_us / 1000;
    t = (t << kTimeBits) / 1000;
    const std::uint64_t offset = t < s.k ? s.k - t : t - s.k;
    const auto delta = static_cast<std::uint32_t>((kCubeScale * offset * offset * offset) >>
                                                  (10U + 3U * kTimeBits));
    const std::uint32_t target = t < s.k ? s.origin - delta : s.origin + delta;
    std::uint32_t per = target > c.cwnd ? c.cwnd / (target - c.cwnd) : 100 * c.cwnd;
    if (s.last_max_cwnd == 0 && per > 20) {
        per = 20;  // no loss yet: grow by 5 % an RTT at least
    }
    return per;
}

/// RFC 9438 §4.3: never slower than Reno with this beta would be.
std::uint32_t reno_friendly(Congestion& c, std::uint32_t per) {
    CubicState& s = state_of(c);
    const std::uint32_t step = (c.cwnd * kRenoScale) >> 3U;
    while (step > 0 && s.ack_count > step) {
        s.ack_count -= step;
        ++s.reno_cwnd;
    }
    if (s.reno_cwnd > c.cwnd) {
        per = std::min(per, c.cwnd / (s.reno_cwnd - c.cwnd));
    }
    return per;
}

void update(Congestion& c, std::uint32_t now_ms, std::uint32_t acked) {
    CubicState& s = state_of(c);
    s.ack_count += acked;
    if (s.last_cwnd == c.cwnd && now_ms - s.last_time_ms <= 1000 / 32) {
        return;
    }
    if (s.epoch_start_ms == 0 || now_ms != s.last_time_ms) {
        s.last_cwnd = c.cwnd;
        s.last_time_ms = now_ms;
        if (s.epoch_start_ms == 0) {
            begin_epoch(c, now_ms, acked);
        }
        s.per_ack = acks_per_segment(c, now_ms);
    }
    s.per_ack = std::max(reno_friendly(c, s.per_ack), 2U);
}

void begin_round(CubicState& s, Time now, wire::SeqNum snd_nxt) {
    s.round_start_us = s.last_ack_us = us_of(now);
    s.round_end = snd_nxt;
    s.round_min_us = 0xffffffffU;
    s.samples = 0;
}

/// What a receiver that merges segments may add: four bursts, 1 ms at most. Linux
/// hystart_ack_delay().
std::uint32_t ack_delay_us(const AckSample& sample) {
    constexpr std::uint64_t kFourBursts = std::uint64_t{65536 - 321} * 4 * 1'000'000;
    if (sample.pacing_rate == 0) {
        return 0;
    }
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(1000, kFourBursts / sample.pacing_rate));
}

void leave_slow_start(Congestion& c, SlowStartExit why) {
    c.cubic->found = true;
    c.ssthresh = c.cwnd;
    c.left_slow_start = why;
}

/// HyStart (Ha, Rhee 2008): leave slow start when a train of ACKs is as long as the path, or when
/// the RTT has risen within a round. Linux hystart_update().
void hystart(Congestion& c, const AckSample& sample) {
    CubicState& s = state_of(c);
    const std::uint32_t now = us_of(sample.now);
    const auto rtt = static_cast<std::uint32_t>(sample.rtt.count() / 1000);
    if (s.round_start_us == 0 || after(sample.snd_una, s.round_end)) {
        begin_round(s, sample.now, sample.snd_nxt);
    }
    if (c.cwnd < kHystartLowWindow) {
        return;
    }
    if (now - s.last_ack_us <= kHystartAckDeltaUs) {
        s.last_ack_us = now;
        // Pacing stretches a train up to half a round trip.
        const unsigned halve = sample.paced ? 0 : 1;
        if (now - s.round_start_us > (s.delay_min_us + ack_delay_us(sample)) >> halve) {
            leave_slow_start(c, SlowStartExit::kAckTrain);
        }
    }
    s.round_min_us = std::min(s.round_min_us, rtt);
    if (s.samples < kHystartSamples) {
        ++s.samples;
    } else {
        const std::uint32_t rise =
            std::clamp(s.delay_min_us >> 3U, kHystartDelayMinUs, kHystartDelayMaxUs);
        if (s.round_min_us > s.delay_min_us + rise) {
            leave_slow_start(c, SlowStartExit::kDelay);
        }
    }
}

class Cubic final : public CongestionControl {
 public:
    std::string_view name() const override { return "cubic"; }

    // RFC 9438 §4.6, §4.7 (fast convergence)
    std::uint32_t ssthresh(Congestion& c) const override {
        CubicState& s = state_of(c);
        s.epoch_start_ms = 0;
        s.last_max_cwnd =
            c.cwnd < s.last_max_cwnd ? c.cwnd * (kBetaScale + kBeta) / (2 * kBetaScale) : c.cwnd;
        return std::max(c.cwnd * kBeta / kBetaScale, 2U);
    }

    void on_ack(Congestion& c, const AckSample& sample) const override {
        if (!sample.limited) {
            return;
        }
        std::uint32_t acked = sample.acked;
        if (c.in_slow_start()) {
            acked = slow_start(c, acked);
            if (acked == 0) {
                return;
            }
        }
        update(c, ms_of(sample.now), acked);
        grow_additively(c, c.cubic->per_ack, acked);
    }

    // Linux bictcp_state(TCP_CA_Loss): everything is forgotten, the last maximum too.
    void on_timeout(const Context& cx, Connection& c) const override {
        c.edit_sending().cc.cubic = std::make_unique<CubicState>();
        begin_round(*c.sending().cc.cubic, cx.now, c.snd_nxt);
    }

    // An idle time is no time on the curve. Linux cubictcp_cwnd_event().
    void on_restart(const Context& cx, Connection& c, Duration idle) const override {
        if (!c.sending().cc.cubic) {
            return;
        }
        CubicState& s = *c.sending().cc.cubic;
        if (s.epoch_start_ms != 0 && idle > Duration{0}) {
            const auto ms = static_cast<std::uint32_t>(idle.count() / 1'000'000);
            s.epoch_start_ms += std::min(ms, ms_of(cx.now) - s.epoch_start_ms);
        }
    }

    // Linux cubictcp_acked()
    void on_rtt(Congestion& c, const AckSample& sample) const override {
        if (!c.cubic && sample.last) {
            return;
        }
        CubicState& s = state_of(c);
        const auto us =
            static_cast<std::uint32_t>(std::max<std::int64_t>(sample.rtt.count() / 1000, 1));
        // Discard the samples right after a loss epoch began: they see the queue, not the path.
        if (s.epoch_start_ms != 0 && ms_of(sample.now) - s.epoch_start_ms < 1000) {
            return;
        }
        if (s.delay_min_us == 0 || us < s.delay_min_us) {
            s.delay_min_us = us;
        }
        if (!s.found && c.in_slow_start()) {
            hystart(c, sample);
        }
    }
};

const Cubic kCubic;

}  // namespace

const CongestionControl& cubic() {
    return kCubic;
}

}  // namespace netsim::tcp
