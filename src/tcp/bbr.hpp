// What BBR keeps of a connection: a model of the path (bottleneck bandwidth, round trip without a
// queue) and where it is in probing them. draft-cardwell-iccrg-bbr-congestion-control-00; Linux
// struct bbr. A side record: only connections that use BBR have one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "netsim/time.hpp"
#include "tcp/congestion.hpp"
#include "tcp/rate_sample.hpp"

namespace netsim::tcp {

struct Context;

/// The maximum over a window of rounds, in constant space: the best sample of the window, of what
/// came after it, and of what came after that (Kathleen Nichols; Linux lib/win_minmax.c).
class WindowedMax {
 public:
    std::uint32_t get() const { return best_[0].value; }

    void reset(std::uint32_t at, std::uint32_t value) { best_.fill({at, value}); }

    void add(std::uint32_t window, std::uint32_t at, std::uint32_t value);

 private:
    struct Sample {
        std::uint32_t at = 0;
        std::uint32_t value = 0;
    };

    std::array<Sample, 3> best_{};
};

enum class BbrMode : std::uint8_t {
    kStartup,   // doubles the rate each round until the bandwidth stops growing
    kDrain,     // gives back the queue that made
    kProbeBw,   // cruises, and asks for more once in a cycle
    kProbeRtt,  // lets the queue run empty to see the path itself
};

/// Is a token bucket in the way? Two intervals of like throughput and much loss say so; then its
/// rate is used for a while. Linux lt_*.
struct PolicerWatch {
    std::uint32_t bandwidth = 0;
    std::uint32_t since_delivered = 0;
    std::uint32_t since_lost = 0;
    std::int64_t since_ms = 0;
    std::uint8_t rounds = 0;
    bool sampling = false;
    bool in_force = false;  // `bandwidth` stands for the path's
};

/// How much more than the bandwidth explains arrives at once, where ACKs are aggregated.
struct AckAggregation {
    Time epoch_at{};
    std::uint32_t epoch_acked = 0;
    std::array<std::uint16_t, 2> most{};  // of the two last windows of rounds
    std::uint8_t rounds = 0;
    std::uint8_t current = 0;
};

/// Bandwidths are segments per microsecond times 2^24, gains are in 1/256.
struct BbrState {
    static constexpr std::uint32_t kNoRtt = ~0U;

    BbrMode mode = BbrMode::kStartup;
    CaState prior_state = CaState::kOpen;
    std::uint8_t cycle_index = 0;
    std::uint8_t full_rounds = 0;      // rounds in which the bandwidth did not grow
    bool packet_conservation = false;  // the first round of recovery sends what arrives
    bool round_start = false;          // this ACK begins a round
    bool idle_restart = false;
    bool probe_rtt_round_done = false;
    bool full_reached = false;  // STARTUP has filled the pipe
    bool seen_rtt = false;
    std::uint32_t pacing_gain = 0;
    std::uint32_t cwnd_gain = 0;
    std::uint32_t min_rtt_us = kNoRtt;
    Time min_rtt_at{};
    Time probe_rtt_done_at = kNever;
    WindowedMax max_bandwidth;
    std::uint32_t rounds = 0;
    std::uint32_t next_round_delivered = 0;
    Time cycle_at{};
    std::uint32_t prior_cwnd = 0;  // to return to after recovery and PROBE_RTT
    std::uint32_t full_bandwidth = 0;
    PolicerWatch policer;
    AckAggregation aggregation;

    std::uint32_t bandwidth() const {
        return policer.in_force ? policer.bandwidth : max_bandwidth.get();
    }
};

namespace bbr {

inline constexpr unsigned kBwScale = 24;
inline constexpr std::uint64_t kBwUnit = std::uint64_t{1} << kBwScale;
inline constexpr unsigned kGainScale = 8;
inline constexpr std::uint32_t kUnit = 1U << kGainScale;
inline constexpr std::uint32_t kHighGain = kUnit * 2885 / 1000 + 1;  // 2/ln 2: doubles each round

/// Bytes per second of a bandwidth times a gain, one percent below it: queues shall not grow.
std::uint64_t bytes_per_second(std::uint32_t mss, std::uint64_t bandwidth, std::uint32_t gain);

// --- the model (bbr_model.cpp)
/// Rounds, and the bandwidth that the sample shows.
void update_bandwidth(const Context& cx, Connection& c, const RateSample& sample);
void update_aggregation(Connection& c, const RateSample& sample);
/// Has STARTUP filled the pipe? Three rounds without a quarter more bandwidth say so.
void check_full_pipe(BbrState& b, const RateSample& sample);
/// Looks for a policer. Linux bbr_lt_bw_sampling().
void watch_policer(const Context& cx, Connection& c, std::uint32_t losses, bool app_limited);
void forget_policer(Connection& c);

// --- the modes (cc_bbr.cpp)
void enter_probe_bandwidth(const Context& cx, Connection& c);

}  // namespace bbr

}  // namespace netsim::tcp
