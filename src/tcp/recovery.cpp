// The congestion state machine.
#include "tcp/recovery.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/frto.hpp"
#include "tcp/output.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/prr.hpp"
#include "tcp/rack.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/scoreboard.hpp"
#include "tcp/undo.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

/// The head was SACKed, and yet the ACK stops below it: the receiver took that back (RFC 2018 §8),
/// or ACKs overtook each other. It gets half a round trip to show which. Linux
/// tcp_check_sack_reneging().
bool wait_for_reneger(Context& cx, Connection& c, AckOutcome& outcome) {
    if (!outcome.reneging || !outcome.advanced) {
        return false;
    }
    const Duration wait = std::max<Duration>(c.rtt.srtt() / 2, std::chrono::milliseconds(10));
    arm_retransmit(cx, c, RetransmitTimer::kRto, wait);
    outcome.set_timer = false;
    return true;
}

/// RFC 6582: three duplicate ACKs, or a partial ACK in recovery, show the next hole. Linux
/// tcp_newreno_mark_lost().
void mark_next_hole(Context& cx, Connection& c, bool advanced) {
    const bool begins =
        c.sending().ca_state < CaState::kRecovery && c.sending().sacked_out >= c.reordering;
    const bool goes_on = c.sending().ca_state == CaState::kRecovery && advanced;
    if ((begins || goes_on) && !c.sending().sent.front().lost) {
        mark_lost(cx, c, c.edit_sending().sent.front());
    }
}

/// Linux tcp_identify_packet_loss()
void identify_losses(Context& cx, Connection& c, AckOutcome& outcome) {
    if (c.sending().sent.empty() || !cx.s.follows(LessonRule::kFastRetransmit)) {
        return;
    }
    if (!c.options.sack_ok) {
        return mark_next_hole(cx, c, outcome.advanced);
    }
    const std::uint32_t before_count = c.sending().retrans_out;
    if (rack_mark_losses(cx, c)) {
        outcome.set_timer = false;
    }
    outcome.lost_again = outcome.lost_again || before_count > c.sending().retrans_out;
}

/// high_seq is acknowledged: CWR and Recovery end. True: the ACK means nothing else.
bool leave_state(Context& cx, Connection& c, const AckOutcome& outcome) {
    Sending& tx = c.edit_sending();
    if (tx.ca_state == CaState::kOpen) {
        tx.first_retrans_at = kNever;
        return false;
    }
    if (before(c.snd_una, tx.high_seq)) {
        return false;
    }
    if (tx.ca_state == CaState::kCwr && c.snd_una != tx.high_seq) {
        end_reduction(c, cx.now);
        tx.ca_state = CaState::kOpen;
    } else if (tx.ca_state == CaState::kRecovery) {
        if (!c.options.sack_ok) {
            tx.sacked_out = 0;
        }
        if (try_undo_recovery(cx, c, outcome)) {
            return true;
        }
        end_reduction(c, cx.now);
    }
    return false;
}

/// In Recovery. False: nothing is to be sent again.
bool digest_in_recovery(Context& cx, Connection& c, SeqNum prior_snd_una, AckOutcome& outcome) {
    if (!outcome.advanced) {
        if (!c.options.sack_ok) {
            add_reno_duplicates(cx, c, outcome.duplicates);
        }
    } else if (try_undo_partial(cx, c, prior_snd_una, outcome)) {
        return false;
    }
    if (try_undo_dsack(cx, c)) {
        try_to_open(c, outcome.ece);
    }
    identify_losses(cx, c, outcome);
    if (c.sending().ca_state != CaState::kRecovery) {
        if (c.sending().lost_out == 0) {
            return false;
        }
        enter_recovery(cx, c, outcome.ece);  // undone, but a loss is evident
    }
    return true;
}

/// In Open, Disorder or CWR. False: nothing is to be sent again.
bool digest_outside_recovery(Context& cx, Connection& c, AckOutcome& outcome) {
    if (!c.options.sack_ok) {
        if (outcome.advanced) {
            c.edit_sending().sacked_out = 0;
        }
        add_reno_duplicates(cx, c, outcome.duplicates);
    }
    if (c.sending().ca_state <= CaState::kDisorder) {
        try_undo_dsack(cx, c);
    }
    identify_losses(cx, c, outcome);
    if (c.sending().lost_out == 0) {
        try_to_open(c, outcome.ece);
        return false;
    }
    if (probe_lost(cx, c)) {
        return false;
    }
    enter_recovery(cx, c, outcome.ece);
    return true;
}

/// What RACK no longer expects is lost; without SACK, everything. Linux tcp_timeout_mark_lost().
void mark_after_timeout(Context& cx, Connection& c) {
    Sending& tx = c.edit_sending();
    const bool reneged = !tx.sent.empty() && tx.sent.front().sacked;
    if (reneged) {
        cx.s.mib.add(Mib::kTcpExtTCPSACKReneging);
        tx.sack_reneged = true;
        tx.sacked_out = 0;
    } else if (!c.options.sack_ok) {
        tx.sacked_out = 0;
    }
    for (std::uint32_t i = 0; i < tx.sent.size(); ++i) {
        SentSegment& segment = tx.sent[i];
        if (reneged) {
            segment.sacked = false;
        } else if (i != 0 && rack_patience(c, segment, Duration{0}, cx.now) > Duration{0}) {
            continue;  // sent lately
        }
        mark_lost(cx, c, segment);
    }
    tx.retransmit_hint = c.snd_una;
}

}  // namespace

Resend digest_ack(Context& cx, Connection& c, SeqNum prior_snd_una, AckOutcome& outcome) {
    if (c.sending().sent.empty()) {
        c.edit_sending().sacked_out = 0;
    }
    if (outcome.ece) {
        c.edit_sending().undo.prior_ssthresh = 0;  // a router said it: that is not to be undone
    }
    if (wait_for_reneger(cx, c, outcome) || leave_state(cx, c, outcome)) {
        return Resend::kNothing;
    }
    if (c.sending().ca_state == CaState::kRecovery) {
        return digest_in_recovery(cx, c, prior_snd_una, outcome) ? Resend::kLost : Resend::kNothing;
    }
    Resend resend = Resend::kNothing;
    if (c.sending().ca_state == CaState::kLoss) {
        resend = digest_in_loss(cx, c, outcome);
        identify_losses(cx, c, outcome);
        if (c.sending().ca_state != CaState::kOpen && !outcome.lost_again) {
            return resend;
        }
    }
    return digest_outside_recovery(cx, c, outcome) ? Resend::kLost : resend;
}

void send_after_ack(Context& cx, Connection& c, Resend resend) {
    if (resend == Resend::kNothing) {
        return;
    }
    if (resend == Resend::kNew) {
        push_pending(cx, c, Nagle::kPush);
        if (after(c.snd_nxt, c.sending().high_seq)) {
            return;
        }
        c.edit_sending().frto = false;
    }
    retransmit_lost(cx, c);
}

void enter_recovery(Context& cx, Connection& c, bool ece) {
    Sending& tx = c.edit_sending();
    forget_first_retransmission(c);
    cx.s.mib.add(c.options.sack_ok ? Mib::kTcpExtTCPSackRecovery : Mib::kTcpExtTCPRenoRecovery);
    tx.undo.prior_ssthresh = 0;
    note_episode(c);
    if (!in_cwnd_reduction(c)) {
        tx.undo.prior_ssthresh = ece ? 0 : current_ssthresh(c);
        begin_reduction(c);
    }
    tx.ca_state = CaState::kRecovery;
}

void enter_loss(Context& cx, Connection& c) {
    Sending& tx = c.edit_sending();
    const bool new_recovery = tx.ca_state < CaState::kRecovery;
    mark_after_timeout(cx, c);
    // ssthresh falls once per window.
    if (tx.ca_state <= CaState::kDisorder || !after(tx.high_seq, c.snd_una) ||
        (tx.ca_state == CaState::kLoss && c.retransmits == 0)) {
        tx.undo.prior_ssthresh = current_ssthresh(c);
        tx.prior_cwnd = tx.cc.cwnd;
        tx.cc.ssthresh = c.algorithm().ssthresh(tx.cc);
        note_episode(c);
    }
    tx.cc.cwnd = c.packets_in_flight() + 1;
    tx.cc.cwnd_count = 0;
    tx.cc.full_at = cx.now;
    // A timeout although many had arrived: reordering was over-estimated.
    const auto usual = static_cast<std::uint16_t>(cx.s.sysctl.tcp_reordering);
    if (tx.ca_state <= CaState::kDisorder && tx.sacked_out >= usual) {
        c.reordering = std::min(c.reordering, usual);
    }
    tx.ca_state = CaState::kLoss;
    c.algorithm().on_timeout(cx, c);
    tx.high_seq = c.snd_nxt;
    c.ecn_queue_cwr = c.options.ecn_ok;
    tx.tlp = {};
    // RFC 5682 §3.1 step 1; §3.2: repeated timeouts of one segment as well. While the path MTU is
    // probed the timeout may be the probe's.
    const bool probing = c.rare().mtu && c.rare().mtu->probe_size != 0;
    tx.frto = cx.s.sysctl.tcp_frto != 0 && (new_recovery || c.retransmits > 0) && !probing;
}

void retransmit_without_congestion(Context& cx, Connection& c) {
    Sending& tx = c.edit_sending();
    if (tx.ca_state != CaState::kLoss) {
        tx.high_seq = c.snd_nxt;
        tx.cc.ssthresh = current_ssthresh(c);
        tx.undo.prior_ssthresh = 0;
        tx.undo.possible = false;
        tx.ca_state = CaState::kLoss;
        c.algorithm().on_timeout(cx, c);
    }
    retransmit_lost(cx, c);
}

}  // namespace netsim::tcp
