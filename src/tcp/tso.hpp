// How Linux cuts what it sends into bursts ("TSO" packets, cut into segments further down): the
// last segment of a burst carries PSH, cwnd is looked at once per burst, and a burst may wait to
// become larger. Linux tcp_tso_autosize(), tcp_tso_should_defer(), tcp_mss_split_point().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

inline constexpr unsigned kPacingShift = 10;  // sk_pacing_shift: about 1 ms

/// 200 % of cwnd per RTT in slow start, 120 % later. Linux tcp_update_pacing_rate().
void update_pacing_rate(Connection& c, const Sysctl& sysctl);
/// The most segments in a burst now: one millisecond's worth, more for close peers.
std::uint32_t burst_segments(const Connection& c, const Sysctl& sysctl, std::uint32_t mss);
/// How long an skb of the write queue may become. Linux tcp_xmit_size_goal().
std::uint32_t size_goal(const Connection& c, std::uint32_t mss);
/// Segments that cwnd lets go at once: never more than half of it. Linux tcp_cwnd_test().
std::uint32_t cwnd_quota(const Connection& c);

/// PSH if there is more than one: the receiver hands the burst up at once. It belongs to this
/// transmission, not to the data. Linux __tcp_transmit_skb().
std::uint16_t burst_flags(std::uint32_t segments);

/// What the defer test needs to know of the burst: the head of the write queue.
struct Burst {
    std::uint32_t length = 0;    // of the skb
    std::uint32_t segments = 0;  // most in a burst
    bool last = false;           // nothing is queued behind it
    bool fin = false;
};

enum class Defer : std::uint8_t { kSend, kWait, kWaitForCwnd };

/// Is it better to wait for the next ACK and send more at once?
Defer defer_burst(const Connection& c, const Sysctl& sysctl, const Burst& burst, Time now);

}  // namespace netsim::tcp
