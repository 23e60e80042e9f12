// A segment for a full socket past SYN-SENT. RFC 9293 §3.10.7.4: the eight steps in order, a
// function each; Linux tcp_validate_incoming(), tcp_ack(), tcp_rcv_state_process().
#include <algorithm>

#include "tcp/acknowledge.hpp"
#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/input.hpp"
#include "tcp/output.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/undo.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

enum class Step : std::uint8_t { kGoOn, kStop };

/// Would Linux's fast path (tcp_rcv_established()) take this segment? It changes nothing but which
/// counter rises. Data must fit into memory that is at hand.
bool header_predicted(const Connection& c, const wire::TcpHeader& h) {
    const std::uint8_t options = c.options.tstamp_ok ? wire::option::kTimestamps : std::uint8_t{0};
    const std::uint32_t window = std::uint32_t{h.window}
                                 << (c.options.wscale_ok ? c.options.snd_wscale : 0);
    const std::uint16_t flags = h.flags & static_cast<std::uint16_t>(~wire::flag::kPsh);
    return c.predicted && c.state == State::kEstablished && flags == wire::flag::kAck &&
           h.options == options && h.seq == c.rcv_nxt && !after(h.ack, c.snd_nxt) &&
           window == c.snd_wnd &&
           (h.payload.length == 0 || packet_memory(h).truesize <= memory_at_hand(c));
}

enum class Paws : std::uint8_t { kPass, kOldAck, kReject };

/// RFC 7323 §5.3. A duplicate ACK that was only a little late still counts, an older ACK does not
/// deserve an answer: Linux tcp_disordered_ack_check().
Paws check_paws(const Context& cx, const Connection& c, const wire::TcpHeader& h) {
    if (!c.options.tstamp_ok || !h.has_option(wire::option::kTimestamps) ||
        !paws_rejects(c.ts_recent, c.ts_recent_stamp_s, h.tsval, cx.now, h.rst())) {
        return Paws::kPass;
    }
    const bool bare_ack = h.ack_flag() && h.seg_len() == 0;
    if (!bare_ack) {
        return Paws::kReject;
    }
    if (h.seq != c.rcv_nxt) {
        return before(h.seq, c.rcv_nxt) ? Paws::kOldAck : Paws::kReject;
    }
    const std::uint32_t window = std::uint32_t{h.window}
                                 << (c.options.wscale_ok ? c.options.snd_wscale : 0);
    const bool duplicate = h.ack == c.snd_una && !after(h.seq, c.snd_wl1) && window <= c.snd_wnd;
    // RTO in milliseconds, 20 % more: Linux tcp_tsval_replay().
    const auto replay = static_cast<std::int32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(c.rtt.rto()).count() * 12 / 10);
    const auto late = static_cast<std::int32_t>(c.ts_recent - h.tsval);
    return duplicate && late <= replay ? Paws::kPass : Paws::kReject;
}

void challenge_syn(Context& cx, Connection& c) {
    if (c.state == State::kEstablished) {
        cx.s.mib.add(Mib::kTcpInErrs);
    }
    cx.s.mib.add(Mib::kTcpExtTCPSYNChallenge);
    drop(cx, Drop::kInvalidSyn);
    send_challenge_ack(cx, c);
}

/// Linux tcp_oow_rate_limited(), tcp_send_dupack(): data mean that our ACK was lost, and that
/// answer is not rate-limited; bare ACKs could answer each other for ever.
void answer_invalid(Context& cx, Connection& c, const wire::TcpHeader& h, Mib skipped) {
    const bool text = h.seg_len() > 0 && !h.syn();
    if (!text && !may_answer_invalid(cx.s, cx.now, c.edit_rare().last_oow_ms, skipped)) {
        return;
    }
    const bool old = h.seg_len() > 0 && before(h.seq, c.rcv_nxt);
    send_duplicate_ack(
        cx, c, old ? wire::SeqRange{h.seq, earlier(h.end_seq(), c.rcv_nxt)} : wire::SeqRange{});
}

enum class Placement : std::uint8_t {
    kAcceptable,
    kOld,
    kBeyondWindow,
    kEndBeyondWindow,  // it begins within
};

/// RFC 9293 §3.10.7.4's test of the window, in Linux's form (tcp_sequence()): a FIN may stick out
/// by one, and the first segment of an empty receive queue by any length.
Placement placement(const Connection& c, const wire::TcpHeader& h) {
    if (before(h.end_seq(), c.rcv_wup)) {
        return Placement::kOld;
    }
    const SeqNum right = c.rcv_nxt + c.receive_window();
    const SeqNum text_end = h.end_seq() - (h.fin() ? 1U : 0U);
    if (!after(text_end, right)) {
        return Placement::kAcceptable;
    }
    if (after(h.seq, right)) {
        return Placement::kBeyondWindow;
    }
    return c.receiving().received_bytes > 0 ? Placement::kEndBeyondWindow : Placement::kAcceptable;
}

/// First: sequence number, and PAWS before it (RFC 7323 §5.3).
Step check_sequence(Context& cx, Connection& c, const wire::TcpHeader& h) {
    const Paws paws = check_paws(cx, c, h);
    if (paws != Paws::kPass && h.syn()) {
        challenge_syn(cx, c);
        return Step::kStop;
    }
    if (paws != Paws::kPass && !h.rst()) {
        if (paws == Paws::kOldAck) {
            cx.s.mib.add(Mib::kTcpExtPAWSOldAck);
        } else {
            cx.s.mib.add(Mib::kTcpExtPAWSEstab);
            answer_invalid(cx, c, h, Mib::kTcpExtTCPACKSkippedPAWS);
        }
        drop(cx, Drop::kPaws);
        return Step::kStop;
    }
    const Placement place = placement(c, h);
    if (place == Placement::kAcceptable) {
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
    } else {
        if (place != Placement::kOld) {
            cx.s.mib.add(Mib::kTcpExtBeyondWindow);
        }
        answer_invalid(cx, c, h, Mib::kTcpExtTCPACKSkippedSeq);
    }
    drop(cx, place == Placement::kOld               ? Drop::kOldSequence
             : place == Placement::kEndBeyondWindow ? Drop::kInvalidEndSequence
                                                    : Drop::kInvalidSequence);
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
    if (c.options.sack_ok && c.rare().reassembly && c.rare().reassembly->sack_count > 0) {
        SeqNum highest = c.rare().reassembly->sacks[0].end;  // the right edge of what has arrived
        for (std::uint8_t i = 1; i < c.rare().reassembly->sack_count; ++i) {
            highest = later(highest, c.rare().reassembly->sacks[i].end);
        }
        exact = exact || h.seq == highest;
    }
    drop(cx, Drop::kReset);
    if (!exact && cx.s.follows(LessonRule::kChallengeAck)) {
        if (c.state == State::kEstablished) {
            detect_blackhole_by_end(cx, c);
        }
        send_challenge_ack(cx, c);
        return Step::kStop;
    }
    // In SYN-RECEIVED too, where RFC 9293 says "connection refused".
    const bool closed = c.state == State::kCloseWait;
    abort_with(cx, c, closed ? Errno::kEPIPE : Errno::kECONNRESET, Cause::kRcvRst);
    return Step::kStop;
}

/// Fourth (third, security, is not simulated): SYN (RFC 5961 §4), except the other half of a
/// simultaneous open's SYN-ACK.
Step check_syn(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (!h.syn()) {
        return Step::kGoOn;
    }
    const bool crossing =
        c.state == State::kSynReceived && h.ack_flag() && h.seq == c.irs && h.ack == c.snd_nxt;
    if (crossing) {
        return Step::kGoOn;
    }
    if (!cx.s.follows(LessonRule::kChallengeAck)) {  // RFC 793, page 71: "send a reset"
        drop(cx, Drop::kInvalidSyn);
        send_reset_for(cx, packet);
        abort_with(cx, c, Errno::kECONNRESET, Cause::kRcvRst);
        return Step::kStop;
    }
    challenge_syn(cx, c);
    return Step::kStop;
}

/// The last ACK of a Fast Open child: what it has sent early is from now on watched by the RTO.
/// Linux tcp_rcv_synrecv_state_fastopen().
void handshake_acked(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (c.sending().ca_state == CaState::kLoss &&
        c.sending().sent.empty()) {  // the SYN-ACK may have gone in vain
        AckOutcome outcome;
        outcome.header = &h;
        try_undo_recovery(cx, c, outcome);
    }
    c.retransmits = 0;
    forget_first_retransmission(c);
    if (!c.rtt.valid() && c.syn_retransmits == 0) {
        const Duration rtt = std::max<Duration>(cx.now - c.rare().fast_open->syn_ack_at,
                                                std::chrono::microseconds(1));
        take_rtt(cx, c, rtt, rtt);
    } else if (!c.rtt.valid()) {
        c.rtt.set_rto(std::chrono::seconds(3));
    }
    release_fast_open(cx, c, false);
    rearm_rto(cx, c);
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
    if (c.opt->linger2 < 0 || text_after_close) {
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

void establish_fast_open(Context& cx, Connection& c, const wire::Packet& packet);

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
        if (c.awaits_handshake_ack()) {
            establish_fast_open(cx, c, packet);
        } else {
            establish(cx, c, packet, Cause::kRcvAckOfSyn);
        }
        return Step::kStop;  // they gave the rest of the segment its turn
    }
    if (!acknowledge(cx, c, h, predicted) || c.state == State::kClosed) {
        return Step::kStop;
    }
    if (c.awaits_handshake_ack()) {  // closed before the last ACK: it comes in FIN-WAIT-1
        handshake_acked(cx, c, h);
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
            save_metrics(cx.s, c, cx.now);
            done(cx, c, Cause::kRcvAckOfFin);
            return Step::kStop;
        default:
            return Step::kGoOn;
    }
}

/// In FIN-WAIT: may the peer still send data, or is there nobody to read them?
bool text_unwanted(const StackState& s, const Connection& c) {
    if (c.receive_shutdown) {
        return s.follows(LessonRule::kRstAfterClose);
    }
    return !s.follows(LessonRule::kHalfClose);
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
            if (!cx.s.follows(LessonRule::kSimultaneousClose) && c.state == State::kFinWait1 &&
                h.fin()) {
                drop(cx, Drop::kInvalidSequence);
                return Step::kStop;
            }
            if (text_unwanted(cx.s, c) && h.payload.length > 0 &&
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
    if (h.any(wire::flag::kUrg) || c.rare().urgent) {  // sixth: URG
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
    check_space(cx, c);
    check_ack(cx, c);
}

/// ESTABLISHED: the application learns of it, and the rest of the segment has its turn.
void opened(Context& cx, Connection& c, const wire::Packet& packet, Cause cause) {
    enter(cx, c, State::kEstablished, cause);
    c.predicted = true;
    notify(cx, c, poll::kOut);
    if (c.send_shutdown) {  // closed while opening (RFC 9293 §3.10.4: queued until now)
        enter(cx, c, State::kFinWait1, Cause::kClose);
        queue_fin(cx, c);
    }
    take_rest(cx, c, packet);
}

/// The last ACK of the handshake may acknowledge data as well: the transfer has begun long ago.
void establish_fast_open(Context& cx, Connection& c, const wire::Packet& packet) {
    if (!acknowledge(cx, c, packet.tcp, false)) {
        return;
    }
    ++c.delivered;  // the SYN
    handshake_acked(cx, c, packet.tcp);
    opened(cx, c, packet, Cause::kRcvAckOfSyn);
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
    const bool established = c.state == State::kEstablished;
    if (c.has_receiving()) {
        c.edit_receiving().segment_at = cx.now;
    }
    if (check_sequence(cx, c, h) == Step::kStop) {
        return;
    }
    if (check_rst(cx, c, h) == Step::kStop) {
        return;
    }
    if (check_syn(cx, c, packet) == Step::kStop) {
        return;
    }
    if (check_ack_field(cx, c, packet, predicted) == Step::kStop) {
        return;
    }
    if (established) {
        measure_receive_rtt_by_timestamp(cx, c, h);
    }
    if (predicted && h.payload.length > 0) {
        cx.s.mib.add(Mib::kTcpExtTCPHPHits);
    }
    take_rest(cx, c, packet);
}

void establish(Context& cx, Connection& c, const wire::Packet& packet, Cause cause) {
    const wire::TcpHeader& h = packet.tcp;
    clear_retransmit(c);
    c.snd_una = h.ack;
    c.delivered = 1;  // the SYN
    if (!c.sending().sent.empty()) {
        acknowledge_syn_data(cx, c, h);
    }
    c.snd_nxt = later(c.snd_nxt, h.ack);
    c.snd_wnd = std::uint32_t{h.window}
                << (c.options.wscale_ok && !h.syn() ? c.options.snd_wscale : 0);
    c.max_window = std::max(c.max_window, c.snd_wnd);
    c.snd_wl1 = h.seq;
    c.retransmits = 0;
    c.backoff = 0;
    if (c.has_sending()) {
        c.edit_sending().first_retrans_at = kNever;
    }
    if (!c.passive && !c.rtt.valid() && c.syn_retransmits == 0) {
        const Duration rtt =
            std::max<Duration>(cx.now - c.last_sent_at(), std::chrono::microseconds(1));
        take_rtt(cx, c, rtt, rtt);
    }
    update_timestamp(cx, c, h);
    if (!c.sending().sent.empty()) {
        rearm_rto(cx, c);
    }
    if (!c.passive) {  // a simultaneous open: our SYN, as in in_syn_sent()
        cx.s.mib.add(Mib::kTcpExtTCPDelivered);
    }
    if (h.seg_len() == 0) {
        cx.s.mib.add(Mib::kTcpExtTCPPureAcks);
    }
    finish_open(cx, c);
    opened(cx, c, packet, cause);
}

}  // namespace netsim::tcp
