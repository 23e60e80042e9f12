// The rules in which kernels differ and that no sysctl sets. Each is read at the one place that
// decides; a profile (profile.hpp) names its choice. Defaults: Linux 6.18.
#pragma once

#include <cstdint>

namespace netsim::tcp {

struct Rules {
    /// When is a listener's SYN queue full?
    enum class SynQueueFull : std::uint8_t {
        kAboveBacklog,  // it holds B + 1 (inet_csk_reqsk_queue_is_full())
        kRoundedUp,     // at the power of two >= max(8, min(B, tcp_max_syn_backlog)) + 1 (to 4.3)
    };
    SynQueueFull syn_queue_full = SynQueueFull::kAboveBacklog;

    /// Does a full accept queue refuse a SYN?
    enum class FullAcceptQueue : std::uint8_t {
        kRefusesSyn,
        kRefusesSynIfYoung,  // only if more than one request is young (to 4.9)
    };
    FullAcceptQueue full_accept_queue = FullAcceptQueue::kRefusesSyn;

    /// Which RST ends a half-open request?
    enum class RequestReset : std::uint8_t {
        kExactSequence,  // at rcv_nxt; others are challenged (RFC 5961 §3)
        kInWindow,
    };
    RequestReset request_reset = RequestReset::kExactSequence;

    /// The timestamp that a half-open request's peer echoes.
    enum class RequestEcho : std::uint8_t {
        kOfSynAck,  // of a SYN-ACK that was sent, or it is challenged (from 6.15)
        kAny,
    };
    RequestEcho request_echo = RequestEcho::kOfSynAck;

    /// How long a delayed ACK waits at most.
    enum class DelayedAckMost : std::uint8_t {
        kBelowLeastRto,  // 200 ms, and a tick less than the least RTO (from 6.11)
        k200Milliseconds,
    };
    DelayedAckMost delayed_ack_most = DelayedAckMost::kBelowLeastRto;

    /// An ACK of data never sent, in ESTABLISHED.
    enum class FutureAck : std::uint8_t {
        kChallenged,  // RFC 9293 §3.10.7.4
        kIgnored,     // to 6.12 at least
    };
    FutureAck future_ack = FutureAck::kChallenged;

    /// What tells a new connection's SYN from an old one in TIME-WAIT?
    enum class TimeWaitSyn : std::uint8_t {
        kSequenceOrTimestamp,  // RFC 6191
        kSequence,             // RFC 1122 §4.2.2.13: a larger one
    };
    TimeWaitSyn time_wait_syn = TimeWaitSyn::kSequenceOrTimestamp;

    /// How old must a TIME-WAIT record be for tcp_tw_reuse?
    enum class TimeWaitAge : std::uint8_t {
        kReuseDelay,  // tcp_tw_reuse_delay, in milliseconds (from 6.14)
        kNextSecond,  // its last timestamp came in an earlier second
    };
    TimeWaitAge time_wait_age = TimeWaitAge::kReuseDelay;

    /// Is there tcp_tw_recycle (to 4.11)?
    enum class TimeWaitRecycle : std::uint8_t { kAbsent, kBySysctl };
    TimeWaitRecycle time_wait_recycle = TimeWaitRecycle::kAbsent;

    /// What tcp_timestamps 1 adds to the clock.
    enum class TimestampOffset : std::uint8_t {
        kPerConnection,  // a hash of the four-tuple
        kPerHost,        // when the host was started: one clock for all its peers (to 4.9)
    };
    TimestampOffset timestamp_offset = TimestampOffset::kPerConnection;

    /// accept() of a connection that was reset while it waited.
    enum class ResetInQueue : std::uint8_t {
        kAccepted,      // returned; reading it fails
        kEconnaborted,  // POSIX's and BSD's answer
    };
    ResetInQueue reset_in_queue = ResetInQueue::kAccepted;
};

}  // namespace netsim::tcp
