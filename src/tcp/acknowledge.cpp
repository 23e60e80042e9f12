// Acknowledgements.
#include "tcp/acknowledge.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/cwnd.hpp"
#include "tcp/ecn.hpp"
#include "tcp/input.hpp"
#include "tcp/loss_probe.hpp"
#include "tcp/output.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/prr.hpp"
#include "tcp/rack.hpp"
#include "tcp/recovery.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/scoreboard.hpp"
#include "tcp/tso.hpp"
#include "tcp/write_queue.hpp"

namespace netsim::tcp {

using wire::SeqNum;
namespace flag = wire::flag;

namespace {

void update_window(const Context& cx, Connection& c, const wire::TcpHeader& h,
                   AckOutcome& outcome) {
    const std::uint32_t window = std::uint32_t{h.window}
                                 << (c.options.wscale_ok && !h.syn() ? c.options.snd_wscale : 0);
    // Linux tcp_may_update_window(): newer ACK, newer segment, or the same one with a wider window.
    outcome.window_updated = after(h.ack, c.snd_una) || after(h.seq, c.snd_wl1) ||
                             (h.seq == c.snd_wl1 && (window > c.snd_wnd || window == 0));
    if (!outcome.window_updated) {
        return;
    }
    if (window != c.snd_wnd) {
        predict_headers(c);
    }
    const bool changed = window != c.snd_wnd;
    c.snd_wl1 = h.seq;
    c.snd_wnd = window;
    if (window > c.max_window) {
        c.max_window = window;
        sync_mss(cx.s, c, c.path_mtu);
    }
    if (changed && !c.sending().unsent.empty()) {
        restart_after_idle(cx, c);  // what waited for the window begins anew
    }
}

/// A zero window's probe was answered. Linux tcp_ack_probe().
void probe_answered(Context& cx, Connection& c) {
    if (c.packets_out() > 0 || !anything_unsent(c)) {
        return;
    }
    if (can_send_more(c)) {
        c.backoff = 0;
        c.edit_sending().probing_since_ms = 0;
        if (c.retransmit_timer == RetransmitTimer::kProbe0) {
            clear_retransmit(c);
        }
        return;
    }
    arm_retransmit(cx, c, RetransmitTimer::kProbe0, probe_wait(cx, c));
}

/// What a walk over acknowledged segments found.
struct Cleaned {
    Time first_sent = kNever;  // of those neither SACKed nor retransmitted
    Time last_sent = kNever;
    SeqNum reordered;  // the lowest of them
};

/// The echoed timestamp is older than the copy last sent: an earlier one arrived.
bool spurious(const Connection& c, const wire::TcpHeader& h, const SentSegment& segment) {
    return segment.ever_retransmitted && c.options.tstamp_ok &&
           h.has_option(wire::option::kTimestamps) && h.tsecr != 0 &&
           static_cast<std::int32_t>(h.tsecr - timestamp(c, segment.sent_at)) < 0;
}

/// One segment leaves the queue.
void take_off(Context& cx, Connection& c, SentSegment& segment, AckOutcome& outcome,
              Cleaned& cleaned) {
    Sending& tx = c.edit_sending();
    if (segment.ever_retransmitted) {
        tx.retrans_out -= segment.retransmitted ? 1U : 0U;
        outcome.retransmission_acked = true;
    } else if (!segment.sacked) {
        if (cleaned.first_sent == kNever) {
            cleaned.first_sent = segment.sent_at;
            cleaned.reordered = segment.seq;
        }
        cleaned.last_sent = segment.sent_at;
        outcome.original_arrived = outcome.original_arrived || !after(segment.end, tx.high_seq);
    }
    if (segment.sacked) {
        --tx.sacked_out;
    } else {
        note_delivered(c, segment, outcome.rate);
        if (c.options.sack_ok) {
            ++c.delivered;
            if (!spurious(c, *outcome.header, segment)) {
                rack_advance(c, segment, cx.now);
            }
        }
    }
    tx.lost_out -= segment.lost ? 1U : 0U;
    tx.sent_bytes -= segment.payload.length;
    tx.bytes_acked += segment.payload.length;
    ++outcome.acked;
    outcome.data_acked = true;
}

/// What of the head is acknowledged already goes; the rest stays.
void trim_head(Connection& c) {
    Sending& tx = c.edit_sending();
    SentSegment& head = tx.sent.front();
    if (!after(c.snd_una, head.seq)) {
        return;
    }
    const std::uint32_t gone = c.snd_una.raw() - head.seq.raw();
    head.payload = head.payload.slice(gone, head.payload.length - gone);
    head.seq = c.snd_una;
    tx.sent_bytes -= gone;
    tx.bytes_acked += gone;
}

/// RFC 6298 §3 (Karn): never from a retransmitted segment, unless the echoed timestamp tells which
/// copy arrived (RFC 7323 §4). True: a sample was taken. Linux tcp_ack_update_rtt().
bool sample_rtt(const Context& cx, Connection& c, const Cleaned& cleaned, AckOutcome& outcome) {
    const wire::TcpHeader& h = *outcome.header;
    Duration sample{-1};
    Duration least = outcome.first_sacked_sent != kNever ? outcome.rtt : Duration{-1};
    if (cleaned.first_sent != kNever && !outcome.retransmission_acked) {
        sample = cx.now - cleaned.first_sent;
        if (outcome.first_sacked_sent == kNever) {
            least = cx.now - cleaned.last_sent;
        }
    } else if (outcome.first_sacked_sent != kNever) {
        sample = cx.now - outcome.first_sacked_sent;
    } else if (outcome.data_acked && c.options.tstamp_ok &&
               h.has_option(wire::option::kTimestamps) && h.tsecr != 0) {
        const std::uint32_t ms = timestamp(c, cx.now) - h.tsecr;
        if (ms < 0x7fffffffU / 1000) {
            sample = least = std::chrono::milliseconds(std::max(ms, 1U));
        }
    }
    if (sample < Duration{0}) {
        return false;
    }
    outcome.rtt = std::max<Duration>(least, std::chrono::microseconds(1));
    // The least RTT is a property of the path: an ACK that may have waited does not count.
    const bool waited = outcome.maybe_delayed && c.rtt.has_min() && outcome.rtt > c.rtt.min();
    take_rtt(cx, c, sample, waited ? Duration{0} : outcome.rtt);
    c.backoff = 0;
    return true;
}

void count_slow_start_exit(Context& cx, Congestion& cc) {
    if (cc.left_slow_start == SlowStartExit::kAckTrain) {
        cx.s.mib.add(Mib::kTcpExtTCPHystartTrainDetect);
        cx.s.mib.add(Mib::kTcpExtTCPHystartTrainCwnd, cc.cwnd);
    } else if (cc.left_slow_start == SlowStartExit::kDelay) {
        cx.s.mib.add(Mib::kTcpExtTCPHystartDelayDetect);
        cx.s.mib.add(Mib::kTcpExtTCPHystartDelayCwnd, cc.cwnd);
    }
    cc.left_slow_start = SlowStartExit::kNone;
}

/// Takes off the queue what is acknowledged and draws an RTT sample. Linux tcp_clean_rtx_queue().
void clean_sent_queue(Context& cx, Connection& c, SeqNum prior_snd_una, SeqNum prior_highest,
                      AckOutcome& outcome) {
    Sending& tx = c.edit_sending();
    const std::uint32_t prior_sacked = tx.sacked_out;
    Cleaned cleaned;
    while (!tx.sent.empty() && !after(tx.sent.front().end, c.snd_una)) {
        take_off(cx, c, tx.sent.front(), outcome, cleaned);
        pop_sent(tx);
    }
    if (!tx.sent.empty()) {
        trim_head(c);
        outcome.reneging = tx.sent.front().sacked;
    }
    const std::uint32_t advance = c.snd_una.raw() - prior_snd_una.raw();
    outcome.maybe_delayed = cleaned.first_sent != kNever && !outcome.retransmission_acked &&
                            outcome.acked == 1 && prior_sacked == 0 && advance < c.snd_mss &&
                            outcome.rate.prior_delivered + 1 == c.delivered &&
                            !outcome.data_sacked && !outcome.dsack;
    const bool sampled = sample_rtt(cx, c, cleaned, outcome);
    if (outcome.data_acked) {
        outcome.set_timer = true;
        if (c.rare().mtu) {
            probe_maybe_arrived(cx, c);
        }
        if (!c.options.sack_ok) {
            remove_reno_duplicates(cx, c, outcome.acked);
            // Without SACK nobody can tell which copy made the ACK advance.
            outcome.original_arrived = outcome.original_arrived && !outcome.retransmission_acked;
        } else if (cleaned.first_sent != kNever && before(cleaned.reordered, prior_highest)) {
            note_reordering(cx, c, cleaned.reordered, false);
        }
    } else if (!tx.sent.empty() && sampled && outcome.first_sacked_sent != kNever &&
               outcome.first_sacked_sent < tx.sent.front().sent_at) {
        // What arrived was sent before the head was last sent: only then may the RTO move, or it
        // would never come.
        outcome.set_timer = true;
    }
    if (outcome.rtt > Duration{0}) {
        c.algorithm().on_rtt(tx.cc, {.now = cx.now,
                                     .acked = outcome.acked,
                                     .limited = false,
                                     .rtt = outcome.rtt,
                                     .snd_una = c.snd_una,
                                     .snd_nxt = c.snd_nxt,
                                     .pacing_rate = c.pacing_rate,
                                     .paced = c.paced,
                                     .last = c.fin_sent && c.snd_una == c.write_seq});
        count_slow_start_exit(cx, tx.cc);
    }
}

/// RFC 5681's duplicate ACK, or anything else that the state machine must see.
bool dubious(const Connection& c, const AckOutcome& outcome) {
    return !outcome.new_information() || outcome.data_sacked || outcome.dsack || outcome.ece ||
           c.sending().ca_state != CaState::kOpen;
}

/// cwnd down by PRR, or up by the algorithm. Linux tcp_cong_control().
void control_congestion(Context& cx, Connection& c, const AckOutcome& outcome) {
    if (c.algorithm().sets_cwnd()) {
        return c.algorithm().control(cx, c, outcome.rate);
    }
    if (in_cwnd_reduction(c)) {
        proportional_rate(c, outcome.delivered, outcome.lost, outcome.advanced);
    } else {
        // Where much is reordered, what is SACKed counts as well.
        const bool reordered = c.reordering > cx.s.sysctl.tcp_reordering;
        if (reordered ? outcome.forward_progress() : outcome.data_acked) {
            Congestion& cc = c.edit_sending().cc;
            c.algorithm().on_ack(cc, {.now = cx.now,
                                      .acked = outcome.delivered,
                                      .limited = cc.limited(),
                                      .rtt = outcome.rtt,
                                      .snd_una = c.snd_una,
                                      .snd_nxt = c.snd_nxt,
                                      .pacing_rate = c.pacing_rate});
            cc.full_at = cx.now;
        }
    }
    update_pacing_rate(c, cx.s.sysctl);
}

void count_delivered(Context& cx, Connection& c, std::uint32_t prior, AckOutcome& outcome) {
    outcome.delivered = c.delivered - prior;
    cx.s.mib.add(Mib::kTcpExtTCPDelivered, outcome.delivered);
    if (outcome.ece) {
        c.edit_sending().rate.delivered_ce += outcome.delivered;
        cx.s.mib.add(Mib::kTcpExtTCPDeliveredCE, outcome.delivered);
    }
}

/// An ACK below snd_una: its SACK blocks may still be news. False: it is too old to be ours
/// (RFC 5961 §5.2).
bool take_old_ack(Context& cx, Connection& c, AckOutcome& outcome) {
    const wire::TcpHeader& h = *outcome.header;
    if (before(h.ack, c.snd_una - c.max_window)) {
        send_challenge_ack(cx, c);
        drop(cx, Drop::kTooOldAck);
        return false;
    }
    if (!h.has_option(wire::option::kSack)) {
        return true;
    }
    const std::uint32_t prior_delivered = c.delivered;
    take_sacks(cx, c, c.snd_una, outcome);
    const Resend resend = digest_ack(cx, c, c.snd_una, outcome);
    count_delivered(cx, c, prior_delivered, outcome);
    send_after_ack(cx, c, resend);
    return true;
}

/// Nothing was in flight: the ACK may open a window, or report the last duplicate.
void take_idle_ack(Context& cx, Connection& c, std::uint32_t prior_delivered, AckOutcome& outcome) {
    if (outcome.dsack) {
        digest_ack(cx, c, c.snd_una, outcome);
        count_delivered(cx, c, prior_delivered, outcome);
    }
    probe_answered(cx, c);
    if (c.sending().tlp.pending) {
        loss_probe_acked(cx, c, outcome);
    }
}

}  // namespace

void update_timestamp(const Context& cx, Connection& c, const wire::TcpHeader& h) {
    // RFC 7323 §4.3: SEG.SEQ <= Last.ACK.sent
    if (c.options.tstamp_ok && h.has_option(wire::option::kTimestamps) &&
        !after(h.seq, c.rcv_wup) && static_cast<std::int32_t>(h.tsval - c.ts_recent) >= 0) {
        c.ts_recent = h.tsval;
        c.ts_recent_stamp_s = clock_s(cx.now);
    }
}

void take_rtt(const Context& cx, Connection& c, Duration rtt, Duration least) {
    const bool new_round = !c.rtt.valid() || after(c.snd_una, c.sending().rtt_seq);
    if (least > Duration{0}) {
        c.rtt.note_least(least, cx.now, cx.s.sysctl);
    }
    c.rtt.sample(rtt, new_round, cx.s.sysctl);
    if (new_round && c.has_sending()) {
        c.edit_sending().rtt_seq = c.snd_nxt;
    }
    c.rtt.recompute_rto(cx.s.sysctl);
}

void acknowledge_syn_data(Context& cx, Connection& c, const wire::TcpHeader& h) {
    AckOutcome outcome;
    outcome.header = &h;
    outcome.retransmission_acked = c.syn_retransmits > 0;  // SYN and data are one (Karn)
    const std::uint32_t prior_delivered = c.delivered;
    clean_sent_queue(cx, c, c.iss + 1, c.iss + 1, outcome);
    if (c.rare().errors) {
        complete_acked(cx, c);
    }
    count_delivered(cx, c, prior_delivered, outcome);
}

bool acknowledge(Context& cx, Connection& c, const wire::TcpHeader& h, bool predicted) {
    AckOutcome outcome;
    outcome.header = &h;
    outcome.predicted = predicted;
    if (before(h.ack, c.snd_una)) {
        return take_old_ack(cx, c, outcome);
    }
    if (after(h.ack, c.snd_nxt)) {
        const bool ignored = cx.s.sysctl.rules.future_ack == Rules::FutureAck::kIgnored;
        if (!ignored || c.state != State::kEstablished) {
            send_challenge_ack(cx, c);
        }
        drop(cx, Drop::kAckUnsentData);
        return false;
    }
    const SeqNum prior_snd_una = c.snd_una;
    const SeqNum prior_highest = highest_sacked(c);
    const std::uint32_t prior_delivered = c.delivered;
    const std::uint32_t prior_lost = c.sending().lost_total;
    const bool had_flight = c.packets_out() > 0;
    outcome.rate.prior_in_flight = c.packets_in_flight();
    outcome.ece = ecn_echoed(c, h);
    const bool reneged = c.sending().sack_reneged;
    outcome.advanced = after(h.ack, c.snd_una);
    outcome.carries_data = h.seg_len() > 0;
    if (outcome.advanced) {
        c.retransmits = 0;
    }
    update_timestamp(cx, c, h);
    update_window(cx, c, h, outcome);
    if (predicted && outcome.advanced) {
        cx.s.mib.add(Mib::kTcpExtTCPHPAcks);
    } else if (!outcome.carries_data) {
        cx.s.mib.add(Mib::kTcpExtTCPPureAcks);
    }
    c.snd_una = later(c.snd_una, h.ack);
    take_sacks(cx, c, prior_snd_una, outcome);
    c.soft_error = Errno::kOk;  // the path works
    c.last_ack_at = cx.s.wheel.tick(cx.now);
    c.keepalive_probes = 0;
    c.probes = 0;
    if (!had_flight) {
        take_idle_ack(cx, c, prior_delivered, outcome);
        return true;
    }
    clean_sent_queue(cx, c, prior_snd_una, prior_highest, outcome);
    if (outcome.advanced && c.rare().urgent) {
        urgent_acked(c);
    }
    if (outcome.advanced && c.rare().errors) {
        complete_acked(cx, c);
    }
    rack_adapt_window(cx, c, outcome);
    if (c.sending().tlp.pending) {
        loss_probe_acked(cx, c, outcome);
    }
    Resend resend = Resend::kNothing;
    if (dubious(c, outcome)) {
        const bool duplicate = !outcome.advanced && !outcome.new_information() && !outcome.dsack;
        outcome.duplicates = duplicate ? 1 : 0;
        resend = digest_ack(cx, c, prior_snd_una, outcome);
    }
    if (outcome.set_timer && !schedule_loss_probe(cx, c, true)) {
        rearm_rto(cx, c);
    }
    count_delivered(cx, c, prior_delivered, outcome);
    outcome.lost = c.sending().lost_total - prior_lost;
    RateSample& rate = outcome.rate;
    rate.acked_sacked = outcome.delivered;
    rate.losses = outcome.lost;
    rate.ack_delayed = outcome.maybe_delayed;
    rate.rtt_us = outcome.rtt > Duration{0} ? outcome.rtt.count() / 1000 : -1;
    complete_sample(c, rate, reneged, cx.now);
    control_congestion(cx, c, outcome);
    send_after_ack(cx, c, resend);
    return true;
}

}  // namespace netsim::tcp
