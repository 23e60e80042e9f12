// Deadlines of connections, half-open requests and mini-sockets.
#include "tcp/timeouts.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/input.hpp"
#include "tcp/listeners.hpp"
#include "tcp/loss_probe.hpp"
#include "tcp/orphans.hpp"
#include "tcp/output.hpp"
#include "tcp/pacing.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/patience.hpp"
#include "tcp/rack.hpp"
#include "tcp/recovery.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/write_queue.hpp"

namespace netsim::tcp {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Linux retransmits_timed_out()
bool timed_out(const Context& cx, const Connection& c, Duration bound) {
    const Time since = c.sending().first_retrans_at;
    return c.retransmits > 0 && since != kNever && cx.now - since >= bound;
}

/// Gives up when it is `over`; a Fast Open that times out may tell of a blackhole.
bool end_if(Context& cx, Connection& c, bool over) {
    detect_blackhole_by_timeout(cx, c, over);
    if (over) {
        give_up(cx, c);
    }
    return over;
}

/// Linux tcp_write_timeout(): true if the connection has been given up.
bool exhausted(Context& cx, Connection& c) {
    const Sysctl& sysctl = cx.s.sysctl;
    if (c.state == State::kSynSent || c.state == State::kSynReceived) {
        return end_if(cx, c, handshake_over(cx.s, c, c.retransmits, cx.now));
    }
    const auto time_of = [&](std::int64_t retries) {
        return model_timeout(cx.s, retries, std::chrono::microseconds(sysctl.tcp_rto_min_us));
    };
    if (timed_out(cx, c, time_of(sysctl.tcp_retries1))) {
        detect_black_hole(cx, c);
        recheck_path(cx, c);  // RFC 1122 §4.2.3.5 (a): IP is asked to doubt the route
    }
    std::int64_t retries = sysctl.tcp_retries2;
    if (c.orphan) {
        const bool alive = c.rtt.rto() < rto_max(cx.s);
        retries = orphan_retries(cx.s, c, alive);
        if (out_of_resources(cx, c, alive || !timed_out(cx, c, time_of(retries)))) {
            return true;
        }
    }
    return end_if(cx, c, timed_out(cx, c, data_patience(cx.s, c, retries)));
}

void back_off(Context& cx, Connection& c) {
    // tcp_syn_linear_timeouts: that many SYNs keep the first RTO.
    const bool linear =
        c.state == State::kSynSent && c.retransmits <= cx.s.sysctl.tcp_syn_linear_timeouts;
    if (linear || !cx.s.follows(LessonRule::kRtoBackoff)) {
        return;
    }
    c.backoff = static_cast<std::uint8_t>(std::min(c.backoff + 1, 255));
    c.rtt.back_off(cx.s.sysctl);
}

/// tcp_thin_linear_timeouts: with so little in flight no fast recovery can help, and a slow one
/// hurts (RFC 6298 §5.5 is departed from on purpose). Linux tcp_stream_is_thin().
bool thin_stream(const StackState& s, const Connection& c) {
    constexpr std::uint8_t kLinearRetries = 6;  // TCP_THIN_LINEAR_RETRIES
    return s.sysctl.tcp_thin_linear_timeouts != 0 && c.state == State::kEstablished &&
           c.packets_out() < 4 && c.sending().cc.ssthresh < kInfiniteSsthresh &&
           c.retransmits <= kLinearRetries;
}

/// What a timeout interrupted, for the counters.
void count_failure(Context& cx, const Connection& c) {
    const Sending& tx = c.sending();
    if (c.retransmits > 0) {
        return;
    }
    const bool sack = c.options.sack_ok;
    if (tx.ca_state == CaState::kRecovery) {
        cx.s.mib.add(sack ? Mib::kTcpExtTCPSackRecoveryFail : Mib::kTcpExtTCPRenoRecoveryFail);
    } else if (tx.ca_state == CaState::kLoss) {
        cx.s.mib.add(Mib::kTcpExtTCPLossFailures);
    } else if (tx.ca_state == CaState::kDisorder || tx.sacked_out > 0) {
        cx.s.mib.add(sack ? Mib::kTcpExtTCPSackFailures : Mib::kTcpExtTCPRenoFailures);
    }
}

/// The peer took its window back while data is in flight: what is sent again serves as a probe, and
/// only silence ends the connection. Linux tcp_rtx_probe0_timed_out().
bool silent_zero_window(const Context& cx, const Connection& c) {
    const Duration most = rto_max(cx.s) * 2;
    const Time first = c.sending().first_retrans_at;
    const Time since = first == kNever ? c.sending().sent.front().sent_at : first;
    return cx.now - c.last_ack_at > most && cx.now - since > most;
}

/// Linux tcp_retransmit_timer()
void retransmission_timeout(Context& cx, Connection& c) {
    if (c.awaits_handshake_ack()) {  // nothing else is repeated before its last ACK
        return fast_open_syn_ack_timeout(cx, c);
    }
    const bool opening = c.state == State::kSynSent || c.state == State::kSynReceived;
    if (!opening && c.sending().sent.empty()) {
        return;
    }
    const bool window_closed = !opening && c.snd_wnd == 0 && !c.orphan;
    if (window_closed) {
        if (silent_zero_window(cx, c)) {
            return give_up(cx, c);
        }
        enter_loss(cx, c);
        retransmit(cx, c, 0);
        recheck_path(cx, c);
    } else {
        cx.s.mib.add(Mib::kTcpExtTCPTimeouts);
        if (exhausted(cx, c)) {
            return;
        }
        cx.s.mib.add(Mib::kTcpExtTcpTimeoutRehash);
        if (opening) {
            retransmit_syn(cx, c);
        } else {
            count_failure(cx, c);
        }
        enter_loss(cx, c);  // a SYN counts as well: ssthresh falls
        if (c.retransmits < 255) {
            ++c.retransmits;
        }
        if (!opening && !retransmit(cx, c, 0) && cx.s.qdisc == Qdisc::kRefuses) {
            return arm_retransmit(cx, c, RetransmitTimer::kRto, kResourceProbeInterval);
        }
    }
    if (thin_stream(cx.s, c)) {
        c.backoff = 0;
        c.rtt.recompute_rto(cx.s.sysctl);
    } else {
        back_off(cx, c);
    }
    arm_retransmit(cx, c, RetransmitTimer::kRto, rto_now(c, cx));
}

/// Linux tcp_probe_timer(): the peer's window is closed and something waits.
void probe_timeout(Context& cx, Connection& c) {
    Sending& tx = c.edit_sending();
    if (!tx.sent.empty() || !anything_unsent(c)) {
        c.probes = 0;
        tx.probing_since_ms = 0;
        return;
    }
    // RFC 9293 §3.8.6.1: as long as the peer answers, it may keep its window closed;
    // TCP_USER_TIMEOUT counts from the first probe even so.
    const bool first = tx.probing_since_ms == 0;
    if (first) {
        tx.probing_since_ms = clock_ms(cx.s.wheel.tick(cx.now)) + 1;
    }
    const bool user =
        !first && c.opt->user_timeout_ms != 0 && probing_for_ms(cx, c) >= c.opt->user_timeout_ms;
    std::int64_t most = cx.s.sysctl.tcp_retries2;
    if (c.orphan) {
        const bool alive =
            c.rtt.rto() * (std::int64_t{1} << std::min<unsigned>(c.backoff, 20)) < rto_max(cx.s);
        most = orphan_retries(cx.s, c, alive);
        if (!alive && c.backoff >= most) {
            return give_up(cx, c);
        }
        if (out_of_resources(cx, c, true)) {
            return;
        }
    }
    if (c.probes >= most || user) {
        return give_up(cx, c);
    }
    if (!cx.s.follows(LessonRule::kPersistProbe)) {
        return;
    }
    send_wakeup(cx, c, Mib::kTcpExtTCPWinProbe);
    if (!tx.sent.empty()) {  // not a probe: the window, TCP_CORK or MSG_MORE held it back
        c.probes = 0;
        c.backoff = 0;
        tx.probing_since_ms = 0;
        return;
    }
    ++c.probes;
    const bool refused = cx.s.qdisc == Qdisc::kRefuses;
    if (!refused && c.backoff < cx.s.sysctl.tcp_retries2) {
        ++c.backoff;
    }
    arm_retransmit(cx, c, RetransmitTimer::kProbe0, probe_wait(cx, c, refused));
}

/// An orphan in FIN-WAIT-2 whose tcp_fin_timeout is longer than TIME-WAIT has waited for what it
/// is longer by, and waits as long once more as a record: the last minute is what Linux forgets.
void orphan_fin_wait_2(Context& cx, Connection& c) {
    const Duration more = fin_time(cx.s, c) - kTimeWaitLength;
    if (more > Duration{0}) {
        return become_time_wait(cx, c, true, more, Cause::kRcvAckOfFin);
    }
    send_active_reset(cx, c);  // tcp_fin_timeout was lowered meanwhile
    done(cx, c, Cause::kAbort);
}

/// Linux tcp_keepalive_timer()
void keepalive_timeout(Context& cx, Connection& c) {
    if (c.state == State::kFinWait2 && c.orphan) {
        return orphan_fin_wait_2(cx, c);
    }
    if (!c.opt->keepalive || c.state == State::kSynSent || c.state == State::kClosed) {
        return;
    }
    const Sysctl& sysctl = cx.s.sysctl;
    const Duration idle_most =
        seconds(c.opt->keepidle != 0 ? c.opt->keepidle : sysctl.tcp_keepalive_time);
    if (!c.sending().sent.empty() || !c.sending().unsent.empty()) {
        return arm(cx, c, Timer::kKeepalive, cx.now + idle_most);
    }
    const Time now = cx.s.wheel.tick(cx.now);  // all times here are in jiffies
    const Duration idle = now - std::max(c.last_ack_at, last_data_at(cx.s, c));
    if (idle < idle_most) {
        return arm(cx, c, Timer::kKeepalive, now + (idle_most - idle));
    }
    const std::int64_t most = c.opt->keepcnt != 0 ? c.opt->keepcnt : sysctl.tcp_keepalive_probes;
    const Duration user = milliseconds(c.opt->user_timeout_ms);
    const bool over =
        user != Duration{0} ? idle >= user && c.keepalive_probes > 0 : c.keepalive_probes >= most;
    if (over) {
        send_active_reset(cx, c);
        return give_up(cx, c);
    }
    send_wakeup(cx, c, Mib::kTcpExtTCPKeepAlive);
    ++c.keepalive_probes;
    arm(cx, c, Timer::kKeepalive,
        cx.now + seconds(c.opt->keepintvl != 0 ? c.opt->keepintvl : sysctl.tcp_keepalive_intvl));
}

/// Linux tcp_write_timer_handler()
void write_timer_due(Context& cx, Connection& c) {
    const RetransmitTimer kind = c.retransmit_timer;
    if (kind == RetransmitTimer::kReorder) {
        return rack_timeout(cx, c);
    }
    if (kind == RetransmitTimer::kLossProbe) {
        return send_loss_probe(cx, c);
    }
    c.retransmit_timer = RetransmitTimer::kNone;
    if (kind == RetransmitTimer::kRto) {
        retransmission_timeout(cx, c);
    } else if (kind == RetransmitTimer::kProbe0) {
        probe_timeout(cx, c);
    }
}

/// One due timer of the connection, in the order of their deadlines.
void connection_timeout(Context& cx, Connection& c) {
    Timer due = Timer::kRetransmit;
    for (const Timer t :
         {Timer::kDelack, Timer::kKeepalive, Timer::kCompressedAck, Timer::kPacing}) {
        if (c.deadlines.get(t) < c.deadlines.get(due)) {
            due = t;
        }
    }
    if (c.deadlines.get(due) > cx.now) {
        return;
    }
    c.deadlines.clear(due);
    c.owned ? defer_timer(cx, c, due) : timer_due(cx, c, due);
}

struct SynAckFate {
    bool expire = false;
    bool resend = true;
};

/// Linux syn_ack_recalc(): TCP_DEFER_ACCEPT keeps an acknowledged request quiet until its last
/// period.
SynAckFate synack_fate(const RequestSock& req, std::int64_t retries, std::uint8_t defer_accept) {
    if (defer_accept == 0) {
        return {req.num_timeout >= retries, true};
    }
    return {req.num_timeout >= retries && (!req.acked || req.num_timeout >= defer_accept),
            !req.acked || req.num_timeout >= defer_accept - 1};
}

void end_request(Context& cx, std::uint32_t index) {
    const FourTuple tuple = cx.s.requests.at(index).tuple;
    remove_request(cx.s, index);
    note_change(cx, tuple, State::kSynReceived, State::kClosed, Cause::kTimeout);
}

void request_timeout(Context& cx, std::uint32_t index) {
    StackState& s = cx.s;
    RequestSock& req = s.requests.at(index);
    const bool migrates = s.listeners.at(req.listener).closed;
    if (migrates) {
        Listener* to = serving_listener(s, req);
        if (to == nullptr) {
            return end_request(cx, index);
        }
        move_request(s, index, *to);
    }
    Listener& listener = s.listeners.at(req.listener);
    const SynAckFate fate =
        synack_fate(req, retries_under_pressure(s, listener), listener.opt->defer_accept);
    s.mib.add(Mib::kTcpExtTCPTimeouts);
    if (migrates) {
        s.mib.add(fate.expire ? Mib::kTcpExtTCPMigrateReqFailure
                              : Mib::kTcpExtTCPMigrateReqSuccess);
    }
    if (fate.expire) {
        return end_request(cx, index);
    }
    if (fate.resend && s.follows(LessonRule::kSynAckRetransmission)) {
        ++req.num_retrans;
        s.mib.add(Mib::kTcpExtTCPSynRetrans);
        s.mib.add(Mib::kTcpRetransSegs);
        send_request_syn_ack(cx, req, syn_ack_basis(cx, req), {});
    }
    const std::size_t level = std::min<std::size_t>(req.num_timeout, kSynAckLevels - 1);
    s.synack_timers[level].remove(s.requests, index);
    if (req.num_timeout == 0) {
        --listener.syn_queue_young;
    }
    if (req.num_timeout < 255) {
        ++req.num_timeout;
    }
    arm_syn_ack(cx, index, syn_ack_wait(s, req.num_timeout));
}

/// The SYN-ACK stage whose first deadline is the earliest.
std::size_t earliest_stage(const StackState& s) {
    std::size_t best = 0;
    for (std::size_t level = 1; level < kSynAckLevels; ++level) {
        if (s.synack_timers[level].earliest() < s.synack_timers[best].earliest()) {
            best = level;
        }
    }
    return best;
}

}  // namespace

void timer_due(Context& cx, Connection& c, Timer timer) {
    switch (timer) {
        case Timer::kRetransmit:
            return write_timer_due(cx, c);
        case Timer::kDelack:
            return delayed_ack_timeout(cx, c);
        case Timer::kKeepalive:
            return keepalive_timeout(cx, c);
        case Timer::kCompressedAck:
            return compressed_ack_timeout(cx, c);
        case Timer::kPacing:
            return pacing_timeout(cx, c);
        case Timer::kCount:
            break;
    }
}

void give_up(Context& cx, Connection& c) {
    cx.s.mib.add(Mib::kTcpExtTCPAbortOnTimeout);
    const Errno error = c.soft_error != Errno::kOk ? c.soft_error : Errno::kETIMEDOUT;
    c.error = error;
    c.reset = true;
    done(cx, c, Cause::kTimeout);
}

void revert_backoff(Context& cx, Connection& c, wire::SeqNum seq) {
    if (seq != c.snd_una || c.retransmits == 0 || c.backoff == 0 || c.sending().sent.empty()) {
        return;
    }
    --c.backoff;
    if (c.rtt.valid()) {
        c.rtt.recompute_rto(cx.s.sysctl);
    } else {
        c.rtt.set_rto(seconds(1));
    }
    for (std::uint8_t i = 0; i < c.backoff; ++i) {
        c.rtt.back_off(cx.s.sysctl);
    }
    const Duration left = rto_left(cx, c);
    if (left > Duration{0}) {
        return arm_retransmit(cx, c, RetransmitTimer::kRto, left);
    }
    clear_retransmit(c);
    retransmission_timeout(cx, c);
}

Time next_deadline(StackState& s, Time than) {
    Time at = std::min(s.timers.next(s.connections, than), s.time_wait_timers.earliest());
    if (s.requests.size() > 0) {
        for (const auto& stage : s.synack_timers) {
            at = std::min(at, stage.earliest());
        }
    }
    return at;
}

/// In the order of their deadlines; at the same moment requests, connections, mini-sockets.
void timers_expire(Context& cx) {
    StackState& s = cx.s;
    for (;;) {
        const std::size_t stage = earliest_stage(s);
        const Time request = s.synack_timers[stage].earliest();
        const Time time_wait = s.time_wait_timers.earliest();
        const Time before_request = request == kNever ? kNever : request - Duration{1};
        const Time first = std::min({cx.now, time_wait, before_request});
        if (Connection* c = s.timers.pop_due(s.connections, first)) {
            const Id<Connection> id = s.connections.id_at(c->index);
            connection_timeout(cx, *c);
            if (s.connections.contains(id)) {
                s.timers.update(s.connections, *c);
            }
        } else if (request <= std::min(cx.now, time_wait)) {
            request_timeout(cx, s.synack_timers[stage].front());
        } else if (time_wait <= cx.now) {
            time_wait_timeout(cx, s.time_wait_timers.front());
        } else {
            return;
        }
    }
}

}  // namespace netsim::tcp
