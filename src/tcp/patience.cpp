// The bounds of retransmission, and the moments they lead to.
#include "tcp/patience.hpp"

#include <algorithm>

namespace netsim::tcp {

namespace {

constexpr int kExpiriesMost = 512;  // of one timer: more than any sysctl allows

bool opening_state(const Connection& c) {
    return c.state == State::kSynSent || c.state == State::kSynReceived;
}

/// Is it over when the timer expires at `at`, with that RTO, for the first time since `since`?
bool data_over(const StackState& s, const Connection& c, Duration rto, Time since, Time at) {
    const std::int64_t retries =
        c.orphan ? orphan_retries(s, c, rto < rto_max(s)) : std::int64_t{s.sysctl.tcp_retries2};
    return at - since >= data_patience(s, c, retries);
}

}  // namespace

Duration rto_max(const StackState& s) {
    return std::chrono::milliseconds(s.sysctl.tcp_rto_max_ms);
}

Duration model_timeout(const StackState& s, std::int64_t boundary, Duration base) {
    std::int64_t doublings = 0;
    while ((base * (std::int64_t{2} << doublings)) <= rto_max(s)) {
        ++doublings;
    }
    if (boundary <= doublings) {
        return base * ((std::int64_t{2} << boundary) - 1);
    }
    return base * ((std::int64_t{2} << doublings) - 1) + (boundary - doublings) * rto_max(s);
}

bool handshake_over(const StackState& s, const Connection& c, std::int64_t retransmits, Time at) {
    // The exponential part of the schedule also bounds the time since connect() (retrans_stamp).
    const std::int64_t doublings = c.opt->syncnt != 0 ? c.opt->syncnt : s.sysctl.tcp_syn_retries;
    std::int64_t most = doublings;
    if (c.state == State::kSynSent) {
        most += s.sysctl.tcp_syn_linear_timeouts;
    }
    const Duration bound = c.opt->user_timeout_ms != 0
                               ? Duration(std::chrono::milliseconds(c.opt->user_timeout_ms))
                               : model_timeout(s, doublings, std::chrono::seconds(1));
    return retransmits >= most || (retransmits > 0 && at - c.opened_at >= bound);
}

std::int64_t orphan_retries(const StackState& s, const Connection& c, bool alive) {
    const std::int64_t configured = s.sysctl.tcp_orphan_retries;
    if (c.soft_error != Errno::kOk && !alive) {
        return 0;
    }
    return configured == 0 && alive ? 8 : configured;
}

Duration data_patience(const StackState& s, const Connection& c, std::int64_t retries) {
    return c.opt->user_timeout_ms != 0
               ? Duration(std::chrono::milliseconds(c.opt->user_timeout_ms))
               : model_timeout(s, retries, std::chrono::microseconds(s.sysctl.tcp_rto_min_us));
}

std::int64_t retries_under_pressure(const StackState& s, const Listener& listener) {
    std::int64_t retries =
        listener.opt->syncnt != 0 ? listener.opt->syncnt : s.sysctl.tcp_synack_retries;
    if (listener.syn_queue_len * 2 <= std::max(8U, listener.backlog) ||
        !s.follows(LessonRule::kRequestPruning)) {
        return retries;
    }
    std::uint64_t young = std::uint64_t{listener.syn_queue_young} * 2;
    while (retries > 2) {
        if (listener.syn_queue_len < young) {
            break;
        }
        --retries;
        young *= 2;
    }
    return retries;
}

Time gives_up_at(const StackState& s, const Connection& c) {
    const bool opening = opening_state(c);
    const bool probes = !opening && c.snd_wnd == 0 && !c.orphan;
    if (c.retransmit_timer != RetransmitTimer::kRto || !c.deadlines.armed(Timer::kRetransmit) ||
        c.awaits_handshake_ack() || probes) {
        return kNever;
    }
    Time at = c.deadlines.get(Timer::kRetransmit);
    Time since = opening ? c.opened_at : c.sending().first_retrans_at;
    Duration rto = c.rtt.rto();
    std::int64_t expiries = c.retransmits;
    for (int i = 0; i < kExpiriesMost; ++i) {
        const bool over = opening
                              ? handshake_over(s, c, expiries, at)
                              : expiries > 0 && since != kNever && data_over(s, c, rto, since, at);
        if (over) {
            return at;
        }
        since = since == kNever ? at : since;
        ++expiries;
        if (c.state != State::kSynSent || expiries > s.sysctl.tcp_syn_linear_timeouts) {
            rto = std::min(rto * 2, rto_max(s));
        }
        Duration wait = rto;
        if (c.opt->user_timeout_ms != 0) {  // rto_now()
            const Duration left = std::chrono::milliseconds(c.opt->user_timeout_ms) - (at - since);
            wait =
                left <= Duration{0} ? Duration(std::chrono::milliseconds(1)) : std::min(rto, left);
        }
        at += wait;
    }
    return kNever;
}

Duration syn_ack_wait(const StackState& s, std::int64_t expiries) {
    const auto level = std::min<std::int64_t>(expiries, kSynAckLevels - 1);
    return std::min<Duration>(std::chrono::seconds(1LL << level), rto_max(s));
}

Time gives_up_at(const StackState& s, const RequestSock& req) {
    const Listener& listener = s.listeners.at(req.listener);
    const std::int64_t retries = retries_under_pressure(s, listener);
    const std::uint8_t deferred = listener.opt->defer_accept;
    Time at = req.link.deadline;
    std::int64_t expiries = req.num_timeout;
    while (expiries < retries || (req.acked && expiries < deferred)) {
        ++expiries;
        at += syn_ack_wait(s, expiries);
    }
    return at;
}

}  // namespace netsim::tcp
