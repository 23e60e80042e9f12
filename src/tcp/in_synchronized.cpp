// A segment for a full socket past SYN-SENT. RFC 9293 §3.10.7.4: the eight steps in order, a
// function each; Linux tcp_validate_incoming(), tcp_ack(), tcp_rcv_state_process().
#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/input.hpp"
#include "tcp/output.hpp"
#include "tcp/recovery.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/send_buffer.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

enum class Step : std::uint8_t { kGoOn, kStop };

/// Would Linux's fast path (tcp_rcv_established()) take this ACK? It changes nothing but which
/// counter rises. Data segments are left out: there it also depends on the kernel's memory
/// accounting.
bool header_predicted(const Connection& c, const wire::TcpHeader& h) {
    const std::uint8_t options = c.options.tstamp_ok ? wire::option::kTimestamps : std::uint8_t{0};
    const std::uint32_t window = std::uint32_t{h.window}
                                 << (c.options.wscale_ok ? c.options.snd_wscale : 0);
    return c.predicted && c.state == State::kEstablished && h.flags == wire::flag::kAck &&
           h.payload.length == 0 && h.options == options && h.seq == c.rcv_nxt &&
           !after(h.ack, c.snd_nxt) && window == c.snd_wnd;
}

bool paws_fails(const Context& cx, const Connection& c, const wire::TcpHeader& h) {
    return c.options.tstamp_ok && h.has_option(wire::option::kTimestamps) &&
           paws_rejects(c.ts_recent, c.ts_recent_stamp_s, h.tsval, cx.now, h.rst());
}

void challenge_syn(Context& cx, Connection& c) {
    if (c.state == State::kEstablished) {
        cx.s.mib.add(Mib::kTcpInErrs);
    }
    cx.s.mib.add(Mib::kTcpExtTCPSYNChallenge);
    drop(cx, Drop::kInvalidSyn);
    send_challenge_ack(cx, c);
}

/// First: sequence number, and PAWS before it (RFC 7323 §5.3).
Step check_sequence(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (paws_fails(cx, c, h)) {
        if (h.syn()) {
            challenge_syn(cx, c);
            return Step::kStop;
        }
        if (!h.rst()) {
            cx.s.mib.add(Mib::kTcpExtPAWSEstab);
            if (may_answer_invalid(cx.s, cx.now, c.last_oow_ms, Mib::kTcpExtTCPACKSkippedPAWS)) {
                send_duplicate_ack(cx, c, {});
            }
            drop(cx, Drop::kPaws);
            return Step::kStop;
        }
    }
    const SeqNum right = c.rcv_nxt + c.receive_window();
    bool acceptable = !before(h.end_seq(), c.rcv_wup) && !after(h.seq, right);
    if (acceptable && h.payload.length > 0 && after(h.end_seq(), right) && c.received_bytes > 0) {
        cx.s.mib.add(Mib::kTcpExtBeyondWindow);
        acceptable = false;
    }
    if (acceptable) {
        return Step::kGoOn;
    }
    if (h.rst()) {
        // A FIN was taken and the RST still counts from before it.
        const bool after_fin = c.state == State::kCloseWait || c.state == State::kLastAck ||
                               c.state == State::kClosing;
        if (after_fin && h.seq == c.rcv_nxt - 1) {
            return Step::kGoOn;
        }
    } else if (h.syn()) {
        challenge_syn(cx, c);
        return Step::kStop;
    } else if (h.payload.length > 0 ||
               may_answer_invalid(cx.s, cx.now, c.last_oow_ms, Mib::kTcpExtTCPACKSkippedSeq)) {
        // Old data means our ACK was lost: that answer is not rate-limited
        // (tcp_oow_rate_limited()).
        const bool old = before(h.seq, c.rcv_nxt);
        send_duplicate_ack(
            cx, c, old ? wire::SeqRange{h.seq, earlier(h.end_seq(), c.rcv_nxt)} : wire::SeqRange{});
    }
    drop(cx, Drop::kInvalidSequence);
    return Step::kStop;
}

/// Second: RST (RFC 5961 §3).
Step check_rst(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (!h.rst()) {
        return Step::kGoOn;
    }
    const bool after_fin =
        c.state == State::kCloseWait || c.state == State::kLastAck || c.state == State::kClosing;
    bool exact = h.seq == c.rcv_nxt || (after_fin && h.seq == c.rcv_nxt - 1);
    if (c.options.sack_ok && c.reassembly && c.reassembly->sack_count > 0) {
        SeqNum highest = c.reassembly->sacks[0].end;  // the right edge of what has arrived
        for (std::uint8_t i = 1; i < c.reassembly->sack_count; ++i) {
            highest = later(highest, c.reassembly->sacks[i].end);
        }
        exact = exact || h.seq == highest;
    }
    drop(cx, Drop::kReset);
    if (!exact) {
        if (c.state == State::kEstablished) {
            detect_blackhole_by_end(cx, c);
        }
        send_challenge_ack(cx, c);
        return Step::kStop;
    }
    Errno error = Errno::kECONNRESET;
    if (c.state == State::kCloseWait) {
        error = Errno::kEPIPE;
    } else if (c.state == State::kSynReceived) {
        error = Errno::kECONNREFUSED;
    }
    abort_with(cx, c, error, Cause::kRcvRst);
    return Step::kStop;
}

/// Fourth (third, security, is not simulated): SYN (RFC 5961 §4), except the other half of a
/// simultaneous open's SYN-ACK.
Step check_syn(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (!h.syn()) {
        return Step::kGoOn;
    }
    const bool crossing =
        c.state == State::kSynReceived && h.ack_flag() && h.seq == c.irs && h.ack == c.snd_nxt;
    if (crossing) {
        return Step::kGoOn;
    }
    challenge_syn(cx, c);
    return Step::kStop;
}

void update_window(Connection& c, const wire::TcpHeader& h, AckOutcome& outcome) {
    const std::uint32_t window = std::uint32_t{h.window}
                                 << (c.options.wscale_ok && !h.syn() ? c.options.snd_wscale : 0);
    // Linux tcp_may_update_window(): newer ACK, newer segment, or the same one with a wider window.
    const bool newer = after(h.ack, c.snd_una) || after(h.seq, c.snd_wl1) ||
                       (h.seq == c.snd_wl1 && (window > c.snd_wnd || window == 0));
    if (newer) {
        outcome.window_updated = window != c.snd_wnd;
        if (outcome.window_updated) {
            predict_headers(c);
        }
        c.snd_wl1 = h.seq;
        c.snd_wnd = window;
        c.max_window = std::max(c.max_window, window);
    }
}

void update_timestamp(const Context& cx, Connection& c, const wire::TcpHeader& h) {
    // RFC 7323 §4.3: SEG.SEQ <= Last.ACK.sent
    if (c.options.tstamp_ok && h.has_option(wire::option::kTimestamps) &&
        !after(h.seq, c.rcv_wup) && static_cast<std::int32_t>(h.tsval - c.ts_recent) >= 0) {
        c.ts_recent = h.tsval;
        c.ts_recent_stamp_s = clock_s(cx.now);
    }
}

/// A zero window's probe was answered. Linux tcp_ack_probe().
void probe_answered(Context& cx, Connection& c) {
    c.probes = 0;
    if (c.packets_out() > 0 || c.unsent.empty()) {
        return;
    }
    const std::uint32_t head = std::min<std::uint32_t>(c.unsent.front().payload.length, c.snd_mss);
    if (!after(c.snd_nxt + head, c.window_end())) {
        c.backoff = 0;
        if (c.retransmit_timer == RetransmitTimer::kProbe0) {
            clear_retransmit(c);
        }
        return;
    }
    const Duration base = std::max<Duration>(c.rtt.rto(), std::chrono::milliseconds(200));
    const Duration most = std::chrono::milliseconds(cx.s.sysctl.tcp_rto_max_ms);
    arm_retransmit(cx, c, RetransmitTimer::kProbe0,
                   std::min(base * (std::int64_t{1} << std::min<unsigned>(c.backoff, 20)), most));
}

/// Room again in the send buffer. Linux sk_stream_write_space().
void tell_writable(Context& cx, Connection& c) {
    if (c.out_event_wanted && writable(c, cx.s.sysctl)) {
        c.out_event_wanted = false;
        notify(cx, c, poll::kOut);
    }
}

/// Linux tcp_new_space(): the send buffer follows cwnd.
void grow_send_buffer(Context& cx, Connection& c) {
    if (c.opt.sndbuf != 0) {
        return;
    }
    const auto most = static_cast<std::uint32_t>(cx.s.sysctl.tcp_wmem[2]);
    c.sndbuf = std::max(c.sndbuf, std::min(wanted_send_buffer(c), most));
}

/// Fifth, first half: the ACK field as such. Linux tcp_ack(). Stop: the segment ends here.
Step take_ack(Context& cx, Connection& c, const wire::TcpHeader& h, AckOutcome& outcome) {
    if (before(h.ack, c.snd_una)) {
        if (before(h.ack, c.snd_una - c.max_window)) {  // RFC 5961 §5.2
            send_challenge_ack(cx, c);
            drop(cx, Drop::kTooOldAck);
            return Step::kStop;
        }
        take_sacks(cx, c, h, outcome);
        if (outcome.delivered > 0) {
            recover(cx, c, outcome);
        }
        return Step::kGoOn;  // an old ACK; its text may be new
    }
    if (after(h.ack, c.snd_nxt)) {
        send_challenge_ack(cx, c);
        drop(cx, Drop::kAckUnsentData);
        return Step::kStop;
    }
    outcome.advanced = after(h.ack, c.snd_una);
    const bool had_flight = c.packets_out() > 0;
    const std::uint32_t old_window = c.snd_wnd;
    update_timestamp(cx, c, h);
    update_window(c, h, outcome);
    c.last_ack_at = cx.now;
    c.keepalive_probes = 0;
    c.probes = 0;
    outcome.duplicate =
        !outcome.advanced && had_flight && h.seg_len() == 0 && c.snd_wnd == old_window;
    if (outcome.predicted && outcome.advanced) {
        cx.s.mib.add(Mib::kTcpExtTCPHPAcks);
    } else if (h.seg_len() == 0) {
        cx.s.mib.add(Mib::kTcpExtTCPPureAcks);
    }
    if (!had_flight && !outcome.advanced) {
        probe_answered(cx, c);
        return Step::kGoOn;
    }
    c.snd_una = later(c.snd_una, h.ack);
    take_sacks(cx, c, h, outcome);
    clean_sent_queue(cx, c, h, outcome);
    if (outcome.advanced && c.urgent) {
        urgent_acked(c);
    }
    if (outcome.advanced && c.errors) {
        complete_acked(cx, c);
    }
    if (outcome.advanced) {
        c.retransmits = 0;
        if (c.packets_out() == 0) {
            clear_retransmit(c);
            c.first_retrans_at = kNever;
        } else {
            arm_retransmit(cx, c, RetransmitTimer::kRto, rto_now(c, cx));
        }
    }
    recover(cx, c, outcome);
    grow_send_buffer(cx, c);
    tell_writable(cx, c);
    return Step::kGoOn;
}

/// The last ACK of a Fast Open child: what it has sent early is from now on watched by the RTO.
/// Linux tcp_rcv_synrecv_state_fastopen().
void handshake_acked(Context& cx, Connection& c) {
    c.retransmits = 0;
    if (c.lost_out == 0) {
        c.first_retrans_at = kNever;
    }
    if (!c.rtt.valid() && c.syn_retransmits == 0) {
        c.rtt.sample(
            std::max<Duration>(cx.now - c.fast_open->syn_ack_at, std::chrono::microseconds(1)),
            true, cx.s.sysctl);
        c.rtt.recompute_rto(cx.s.sysctl);
    } else if (!c.rtt.valid()) {
        c.rtt.set_rto(std::chrono::seconds(3));
    }
    release_fast_open(cx, c, false);
    if (c.sent.empty()) {
        clear_retransmit(c);
    } else {
        arm_retransmit(cx, c, RetransmitTimer::kRto, rto_now(c, cx));
    }
}

/// Our FIN is acknowledged in FIN-WAIT-1: FIN-WAIT-2, for an orphan as a mini-socket.
Step fin_acked_in_fin_wait_1(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    enter(cx, c, State::kFinWait2, Cause::kRcvAckOfFin);
    if (!c.orphan) {
        notify(cx, c, poll::kOut);
        return Step::kGoOn;
    }
    const bool text_after_close =
        h.payload.length > 0 && after(h.seq + h.payload.length, c.rcv_nxt);
    if (text_after_close && h.fin()) {
        detect_blackhole_by_end(cx, c);
    }
    if (c.opt.linger2 < 0 || text_after_close) {
        // The RST answers the segment (tcp_v4_send_reset()); it is not the socket's own.
        cx.s.mib.add(Mib::kTcpExtTCPAbortOnData);
        drop(cx, Drop::kAfterClose);
        send_reset_for(cx, packet);
        done(cx, c, Cause::kAbort);
        return Step::kStop;
    }
    const Duration life = fin_time(cx.s, c);
    if (h.fin()) {  // it becomes TIME-WAIT in a moment
        return Step::kGoOn;
    }
    if (life > kTimeWaitLength) {
        arm(cx, c, Timer::kKeepalive, cx.now + (life - kTimeWaitLength));
        return Step::kGoOn;
    }
    become_time_wait(cx, c, true, life, Cause::kRcvAckOfFin);
    return Step::kStop;
}

/// Fifth, second half: what the ACK means in each state.
Step check_ack_field(Context& cx, Connection& c, const wire::Packet& packet, bool predicted) {
    const wire::TcpHeader& h = packet.tcp;
    if (!h.ack_flag()) {
        drop(cx, Drop::kNoAck);
        return Step::kStop;
    }
    if (c.state == State::kSynReceived) {
        // Beyond the SYN it may acknowledge data: of our SYN, or sent early by a Fast Open child.
        if (!between(h.ack, c.iss + 1, c.snd_nxt)) {
            drop(cx, Drop::kOldAck);
            send_reset_for(cx, packet);
            return Step::kStop;
        }
        establish(cx, c, packet, Cause::kRcvAckOfSyn);
        return Step::kStop;  // establish() gave the rest of the segment its turn
    }
    AckOutcome outcome;
    outcome.predicted = predicted;
    if (take_ack(cx, c, h, outcome) == Step::kStop || c.state == State::kClosed) {
        return Step::kStop;
    }
    if (c.awaits_handshake_ack()) {  // closed before the last ACK: it comes in FIN-WAIT-1
        handshake_acked(cx, c);
    }
    const bool fin_acked = c.fin_sent && c.snd_una == c.write_seq;
    if (!fin_acked) {
        return Step::kGoOn;
    }
    switch (c.state) {
        case State::kFinWait1:
            return fin_acked_in_fin_wait_1(cx, c, packet);
        case State::kClosing:
            become_time_wait(cx, c, false, kTimeWaitLength, Cause::kRcvAckOfFin);
            return Step::kStop;
        case State::kLastAck:
            save_metrics(cx.s, c);
            done(cx, c, Cause::kRcvAckOfFin);
            return Step::kStop;
        default:
            return Step::kGoOn;
    }
}

/// Seventh: text. After close() nobody can read it: RST (RFC 1122 §4.2.2.13).
Step check_text(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    switch (c.state) {
        case State::kCloseWait:
        case State::kClosing:
        case State::kLastAck:
            // The peer has finished: only repetitions of what is known may follow.
            if (!before(h.seq, c.rcv_nxt)) {
                return Step::kGoOn;
            }
            break;
        case State::kFinWait1:
        case State::kFinWait2:
            if (c.receive_shutdown && h.payload.length > 0 &&
                after(h.seq + h.payload.length, c.rcv_nxt)) {
                cx.s.mib.add(Mib::kTcpExtTCPAbortOnData);
                drop(cx, Drop::kAfterClose);
                send_reset_for(cx, packet);
                abort_with(cx, c, Errno::kECONNRESET, Cause::kAbort);
                return Step::kStop;
            }
            break;
        default:
            break;
    }
    if (h.any(wire::flag::kUrg) || c.urgent) {  // sixth: URG
        take_urgent(cx, c, h);
    }
    take_text(cx, c, packet);
    return Step::kGoOn;
}

/// Steps seven and eight, and what follows from all of them: data out, an ACK.
void take_rest(Context& cx, Connection& c, const wire::Packet& packet) {
    const std::uint32_t index = c.index;
    const Id<Connection> alive = cx.s.connections.id_at(index);
    if (check_text(cx, c, packet) == Step::kStop || !cx.s.connections.contains(alive) ||
        c.state == State::kClosed) {
        return;
    }
    push_pending(cx, c);
    check_ack(cx, c);
}

}  // namespace

void in_synchronized(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (c.awaits_handshake_ack() && guard_fast_open_child(cx, c, packet)) {
        return;
    }
    if (!h.ack_flag() && !h.rst() && !h.syn()) {
        return drop(cx, Drop::kNoAck);
    }
    const bool predicted = header_predicted(c, h);
    if (check_sequence(cx, c, h) == Step::kStop) {
        return;
    }
    if (check_rst(cx, c, h) == Step::kStop) {
        return;
    }
    if (check_syn(cx, c, h) == Step::kStop) {
        return;
    }
    if (check_ack_field(cx, c, packet, predicted) == Step::kStop) {
        return;
    }
    take_rest(cx, c, packet);
}

void establish(Context& cx, Connection& c, const wire::Packet& packet, Cause cause) {
    const wire::TcpHeader& h = packet.tcp;
    const bool fast_open = c.awaits_handshake_ack();
    clear_retransmit(c);
    c.snd_una = h.ack;
    if (!c.sent.empty()) {
        AckOutcome outcome;
        clean_sent_queue(cx, c, h, outcome);
        cx.s.mib.add(Mib::kTcpExtTCPDelivered, outcome.delivered);
    }
    c.snd_nxt = later(c.snd_nxt, h.ack);
    c.snd_wnd = std::uint32_t{h.window}
                << (c.options.wscale_ok && !h.syn() ? c.options.snd_wscale : 0);
    c.max_window = std::max(c.max_window, c.snd_wnd);
    c.snd_wl1 = h.seq;
    c.retransmits = 0;
    c.backoff = 0;
    if (!c.passive && !c.rtt.valid() && c.syn_retransmits == 0) {
        c.rtt.sample(std::max<Duration>(cx.now - c.last_sent_at, std::chrono::microseconds(1)),
                     true, cx.s.sysctl);
        c.rtt.recompute_rto(cx.s.sysctl);
    }
    update_timestamp(cx, c, h);
    if (fast_open) {
        handshake_acked(cx, c);
    } else if (!c.sent.empty()) {
        arm_retransmit(cx, c, RetransmitTimer::kRto, rto_now(c, cx));
    }
    enter(cx, c, State::kEstablished, cause);
    if (h.seg_len() == 0) {
        cx.s.mib.add(Mib::kTcpExtTCPPureAcks);
    }
    if (!fast_open) {
        finish_open(cx, c);
    }
    c.predicted = true;
    notify(cx, c, poll::kOut);
    if (c.send_shutdown) {  // closed while opening (RFC 9293 §3.10.4: queued until now)
        enter(cx, c, State::kFinWait1, Cause::kClose);
        queue_fin(cx, c);
    }
    take_rest(cx, c, packet);
}

}  // namespace netsim::tcp
