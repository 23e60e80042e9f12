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
    const bool begins = c.ca_state < CaState::kRecovery && c.sacked_out >= c.reordering;
    const bool goes_on = c.ca_state == CaState::kRecovery && advanced;
    if ((begins || goes_on) && !c.sent.front().lost) {
        mark_lost(cx, c, c.sent.front());
    }
}

/// Linux tcp_identify_packet_loss()
void identify_losses(Context& cx, Connection& c, AckOutcome& outcome) {
    if (c.sent.empty()) {
        return;
    }
    if (!c.options.sack_ok) {
        return mark_next_hole(cx, c, outcome.advanced);
    }
    const std::uint32_t before_count = c.retrans_out;
    if (rack_mark_losses(cx, c)) {
        outcome.set_timer = false;
    }
    outcome.lost_again = outcome.lost_again || before_count > c.retrans_out;
}

/// high_seq is acknowledged: CWR and Recovery end. True: the ACK means nothing else.
bool leave_state(Context& cx, Connection& c, const AckOutcome& outcome) {
    if (c.ca_state == CaState::kOpen) {
        c.first_retrans_at = kNever;
        return false;
    }
    if (before(c.snd_una, c.high_seq)) {
        return false;
    }
    if (c.ca_state == CaState::kCwr && c.snd_una != c.high_seq) {
        end_reduction(c, cx.now);
        c.ca_state = CaState::kOpen;
    } else if (c.ca_state == CaState::kRecovery) {
        if (!c.options.sack_ok) {
            c.sacked_out = 0;
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
    if (c.ca_state != CaState::kRecovery) {
        if (c.lost_out == 0) {
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
            c.sacked_out = 0;
        }
        add_reno_duplicates(cx, c, outcome.duplicates);
    }
    if (c.ca_state <= CaState::kDisorder) {
        try_undo_dsack(cx, c);
    }
    identify_losses(cx, c, outcome);
    if (c.lost_out == 0) {
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
    const bool reneged = !c.sent.empty() && c.sent.front().sacked;
    if (reneged) {
        cx.s.mib.add(Mib::kTcpExtTCPSACKReneging);
        c.sack_reneged = true;
        c.sacked_out = 0;
    } else if (!c.options.sack_ok) {
        c.sacked_out = 0;
    }
    for (std::uint32_t i = 0; i < c.sent.size(); ++i) {
        SentSegment& segment = c.sent[i];
        if (reneged) {
            segment.sacked = false;
        } else if (i != 0 && rack_patience(c, segment, Duration{0}, cx.now) > Duration{0}) {
            continue;  // sent lately
        }
        mark_lost(cx, c, segment);
    }
    c.retransmit_hint = c.snd_una;
}

}  // namespace

Resend digest_ack(Context& cx, Connection& c, SeqNum prior_snd_una, AckOutcome& outcome) {
    if (c.sent.empty()) {
        c.sacked_out = 0;
    }
    if (outcome.ece) {
        c.undo.prior_ssthresh = 0;  // a router said it: that is not to be undone
    }
    if (wait_for_reneger(cx, c, outcome) || leave_state(cx, c, outcome)) {
        return Resend::kNothing;
    }
    if (c.ca_state == CaState::kRecovery) {
        return digest_in_recovery(cx, c, prior_snd_una, outcome) ? Resend::kLost : Resend::kNothing;
    }
    Resend resend = Resend::kNothing;
    if (c.ca_state == CaState::kLoss) {
        resend = digest_in_loss(cx, c, outcome);
        identify_losses(cx, c, outcome);
        if (c.ca_state != CaState::kOpen && !outcome.lost_again) {
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
        if (after(c.snd_nxt, c.high_seq)) {
            return;
        }
        c.frto = false;
    }
    retransmit_lost(cx, c);
}

void enter_recovery(Context& cx, Connection& c, bool ece) {
    forget_first_retransmission(c);
    cx.s.mib.add(c.options.sack_ok ? Mib::kTcpExtTCPSackRecovery : Mib::kTcpExtTCPRenoRecovery);
    c.undo.prior_ssthresh = 0;
    note_episode(c);
    if (!in_cwnd_reduction(c)) {
        c.undo.prior_ssthresh = ece ? 0 : current_ssthresh(c);
        begin_reduction(c);
    }
    c.ca_state = CaState::kRecovery;
}

void enter_loss(Context& cx, Connection& c) {
    const bool new_recovery = c.ca_state < CaState::kRecovery;
    mark_after_timeout(cx, c);
    // ssthresh falls once per window.
    if (c.ca_state <= CaState::kDisorder || !after(c.high_seq, c.snd_una) ||
        (c.ca_state == CaState::kLoss && c.retransmits == 0)) {
        c.undo.prior_ssthresh = current_ssthresh(c);
        c.prior_cwnd = c.cc.cwnd;
        c.cc.ssthresh = c.cc.algorithm->ssthresh(c.cc);
        note_episode(c);
    }
    c.cc.cwnd = c.packets_in_flight() + 1;
    c.cc.cwnd_count = 0;
    c.cc.full_at = cx.now;
    // A timeout although many had arrived: reordering was over-estimated.
    const auto usual = static_cast<std::uint16_t>(cx.s.sysctl.tcp_reordering);
    if (c.ca_state <= CaState::kDisorder && c.sacked_out >= usual) {
        c.reordering = std::min(c.reordering, usual);
    }
    c.ca_state = CaState::kLoss;
    c.cc.algorithm->on_timeout(cx, c);
    c.high_seq = c.snd_nxt;
    c.ecn_queue_cwr = c.options.ecn_ok;
    c.tlp = {};
    // RFC 5682 §3.1 step 1; §3.2: repeated timeouts of one segment as well. While the path MTU is
    // probed the timeout may be the probe's.
    const bool probing = c.mtu && c.mtu->probe_size != 0;
    c.frto = cx.s.sysctl.tcp_frto != 0 && (new_recovery || c.retransmits > 0) && !probing;
}

void retransmit_without_congestion(Context& cx, Connection& c) {
    if (c.ca_state != CaState::kLoss) {
        c.high_seq = c.snd_nxt;
        c.cc.ssthresh = current_ssthresh(c);
        c.undo.prior_ssthresh = 0;
        c.undo.possible = false;
        c.ca_state = CaState::kLoss;
        c.cc.algorithm->on_timeout(cx, c);
    }
    retransmit_lost(cx, c);
}

}  // namespace netsim::tcp
