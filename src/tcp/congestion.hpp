// Congestion control behind one small interface: what Linux's tcp_congestion_ops asks of an
// algorithm. Windows are in segments, as Linux counts them.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/check.hpp"
#include "netsim/time.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

/// Linux's tcp_ca_state.
enum class CaState : std::uint8_t { kOpen, kDisorder, kCwr, kRecovery, kLoss };

std::string_view to_string(CaState state);

inline constexpr std::uint32_t kInfiniteSsthresh = 0x7fffffffU;
inline constexpr std::uint32_t kInitialCwnd = 10;  // RFC 6928

struct BbrState;
struct Congestion;
struct Connection;
struct Context;
struct RateSample;
struct PathInfo;
class SharedOptions;
struct Sysctl;

/// What an ACK tells an algorithm.
struct AckSample {
    Time now;
    std::uint32_t acked = 0;  // segments newly delivered
    bool limited = true;      // cwnd was what held the sender back
    Duration rtt{0};          // 0: no sample
    wire::SeqNum snd_una;
    wire::SeqNum snd_nxt;
    std::uint64_t pacing_rate = 0;  // bytes/s; 0: not known
    bool paced = false;
    bool last = false;  // all has been sent and acknowledged, the FIN too: nothing will follow
};

/// Why slow start was left before a loss: HyStart's two detectors.
enum class SlowStartExit : std::uint8_t { kNone, kAckTrain, kDelay };

/// An algorithm. Stateless: what it keeps stands in Congestion. One that sets cwnd itself (BBR) is
/// asked on each ACK, by control(); the others grow it, by on_ack(), and losses reduce it by PRR.
class CongestionControl {
 public:
    virtual ~CongestionControl() = default;
    virtual std::string_view name() const = 0;

    virtual bool sets_cwnd() const { return false; }

    /// The connection is established, or the application has just chosen this algorithm.
    virtual void init(const Context& cx, Connection& c) const;
    /// Each ACK that may have delivered something. Linux cong_control().
    virtual void control(const Context& cx, Connection& c, const RateSample& sample) const;

    /// The slow start threshold after a loss, in segments.
    virtual std::uint32_t ssthresh(Congestion& c) const = 0;
    /// An ACK outside recovery that advanced snd_una.
    virtual void on_ack(Congestion& c, const AckSample& sample) const = 0;

    /// Any ACK that gave an RTT sample, in recovery too. Linux pkts_acked().
    virtual void on_rtt(Congestion& c, const AckSample& sample) const {
        static_cast<void>(c);
        static_cast<void>(sample);
    }

    /// Sending begins again with nothing in flight, `idle` after the last data was sent. Linux
    /// CA_EVENT_TX_START.
    virtual void on_restart(const Context& cx, Connection& c, Duration idle) const;

    /// The loss was none: the window to go back to. Linux undo_cwnd().
    virtual std::uint32_t undo_cwnd(Connection& c, std::uint32_t prior_cwnd) const;

    /// The state becomes Loss. Linux set_state(TCP_CA_Loss).
    virtual void on_timeout(const Context& cx, Connection& c) const;

    /// The least segments of a burst; `usual`: tcp_min_tso_segs.
    virtual std::uint32_t least_burst(const Connection& c, std::uint32_t usual) const {
        static_cast<void>(c);
        return usual;
    }

    /// How many windows the send buffer holds. Linux sndbuf_expand().
    virtual std::uint32_t windows_buffered() const { return 2; }

 protected:
    CongestionControl() = default;
    CongestionControl(const CongestionControl&) = default;
    CongestionControl& operator=(const CongestionControl&) = default;
    CongestionControl(CongestionControl&&) = default;
    CongestionControl& operator=(CongestionControl&&) = default;
};

/// The names, in the order Linux registers the modules; a place in it stands for the algorithm.
std::span<const std::string_view> congestion_controls();
std::optional<std::uint8_t> find_congestion_control(std::string_view name);
inline constexpr std::uint8_t kNoCongestionControl = 0xff;

/// The algorithms in the same order.
extern const std::array<const CongestionControl*, 3> kCongestionControls;

inline const CongestionControl& congestion_control(std::uint8_t index) {
    DCHECK(index < kCongestionControls.size());
    return *kCongestionControls[index];
}

/// A new socket, and a child whose listener's application chose none, take the host's. Linux
/// tcp_assign_congestion_control().
void assign_congestion_control(const Sysctl& sysctl, SharedOptions& opt);
/// The route's comes before both. Linux tcp_ca_dst_init(), tcp_ca_openreq_child().
void take_route_congestion(const PathInfo& path, SharedOptions& opt);

/// What CUBIC keeps (Linux struct bictcp). Times in milliseconds of the simulation's clock.
struct CubicState {
    std::uint32_t last_max_cwnd = 0;
    std::uint32_t last_cwnd = 0;
    std::uint32_t last_time_ms = 0;
    std::uint32_t origin = 0;
    std::uint32_t k = 0;  // in 1/1024 s
    std::uint32_t epoch_start_ms = 0;
    std::uint32_t ack_count = 0;
    std::uint32_t reno_cwnd = 0;  // what Reno's window would be (tcp_cwnd)
    std::uint32_t per_ack = 0;    // ACKs that grow cwnd by one
    std::uint32_t delay_min_us = 0;
    // HyStart
    std::uint32_t round_start_us = 0;
    std::uint32_t last_ack_us = 0;
    std::uint32_t round_min_us = 0;
    wire::SeqNum round_end;
    std::uint8_t samples = 0;
    bool found = false;  // slow start has been left
};

struct DeleteBbr {
    void operator()(BbrState* state) const;
};

struct Congestion {
    std::uint32_t cwnd = kInitialCwnd;
    std::uint32_t ssthresh = kInfiniteSsthresh;
    std::uint32_t cwnd_count = 0;       // segments acknowledged since cwnd last grew
    std::uint32_t cwnd_used = 0;        // most segments in flight while cwnd was not full
    std::uint32_t max_packets_out = 0;  // most in flight in this round
    wire::SeqNum usage_seq;             // the round ends when this is acknowledged
    Time full_at{};                     // snd_cwnd_stamp: when cwnd was last full or changed
    bool cwnd_limited = false;          // cwnd was full in this round
    SlowStartExit left_slow_start = SlowStartExit::kNone;  // just now; the caller counts it
    std::unique_ptr<CubicState> cubic;         // only with CUBIC, once an ACK has told of the path
    std::unique_ptr<BbrState, DeleteBbr> bbr;  // only with BBR

    bool in_slow_start() const { return cwnd < ssthresh; }

    /// Linux tcp_is_cwnd_limited(): may cwnd grow? In slow start up to twice what was used.
    bool limited() const { return cwnd_limited || (in_slow_start() && cwnd < 2 * max_packets_out); }
};

/// Grows cwnd by `acked` up to ssthresh; what is left over goes to congestion avoidance.
std::uint32_t slow_start(Congestion& c, std::uint32_t acked);
/// One segment more for each `per` acknowledged. Linux tcp_cong_avoid_ai().
void grow_additively(Congestion& c, std::uint32_t per, std::uint32_t acked);

const CongestionControl& reno();
const CongestionControl& cubic();
const CongestionControl& bbr_v1();

}  // namespace netsim::tcp
