// Tail loss probes.
#include "tcp/loss_probe.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/prr.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/undo.hpp"

namespace netsim::tcp {

namespace {

/// tcp_early_retrans: 3 probes; 4 once also repaired reordering and is the same now.
bool probes_allowed(const Context& cx, const Connection& c) {
    const Sending& tx = c.sending();
    const std::int64_t mode = cx.s.sysctl.tcp_early_retrans;
    return (mode == 3 || mode == 4) && cx.s.follows(LessonRule::kLossProbe) && c.options.sack_ok &&
           !tx.sent.empty() && !c.awaits_handshake_ack() &&
           (tx.ca_state == CaState::kOpen || tx.ca_state == CaState::kCwr);
}

/// RFC 8985 §7.2, with the least RTO added for the delayed ACK of a lone segment.
Duration probe_timeout(const Context& cx, const Connection& c) {
    if (!c.rtt.valid()) {
        return std::chrono::seconds(1);
    }
    const Duration more = c.packets_out() == 1 ? c.rtt.floor(cx.s.sysctl) : kTimerMin;
    return c.rtt.srtt() * 2 + more;
}

/// New data if the window takes it, else the last segment again. False: neither went.
bool send_probe(Context& cx, Connection& c) {
    c.edit_sending().tlp.retransmitted = false;
    if (can_send_more(c)) {
        return send_probe_segment(cx, c);
    }
    if (!retransmit_copy(cx, c, c.sending().sent.size() - 1)) {
        return false;
    }
    c.edit_sending().tlp.retransmitted = true;
    return true;
}

}  // namespace

bool schedule_loss_probe(Context& cx, Connection& c, bool advancing) {
    if (!probes_allowed(cx, c)) {
        return false;
    }
    Duration wait = probe_timeout(cx, c);
    const Duration rto = advancing ? c.rtt.rto() : rto_left(cx, c);
    if (rto > Duration{0}) {
        wait = std::min(wait, rto);
    }
    arm_retransmit(cx, c, RetransmitTimer::kLossProbe, wait);
    return true;
}

void send_loss_probe(Context& cx, Connection& c) {
    if (c.sending().sent.empty()) {
        return clear_retransmit(c);
    }
    // At most one probe until it is answered.
    if (!c.sending().tlp.pending && send_probe(cx, c)) {
        c.edit_sending().tlp.high_seq = c.snd_nxt;
        c.edit_sending().tlp.pending = true;
        cx.s.mib.add(Mib::kTcpExtTCPLossProbes);
        c.retransmit_timer = RetransmitTimer::kNone;  // the RTO counts from the probe
    }
    rearm_rto(cx, c);
}

void loss_probe_acked(Context& cx, Connection& c, const AckOutcome& outcome) {
    Sending& tx = c.edit_sending();
    const wire::SeqNum ack = outcome.header->ack;
    if (before(ack, tx.tlp.high_seq)) {
        return;
    }
    if (!tx.tlp.retransmitted || outcome.dsack_of_probe) {
        tx.tlp.pending = false;  // new data arrived, or both copies did
    } else if (after(ack, tx.tlp.high_seq)) {
        // Past it without a DSACK: the probe repaired a loss, which costs a reduction.
        begin_reduction(c);
        tx.ca_state = CaState::kCwr;
        end_reduction(c, cx.now);
        keep_open(c);
        cx.s.mib.add(Mib::kTcpExtTCPLossProbeRecovery);
    } else if (!outcome.advanced && !outcome.new_information() && !outcome.data_sacked) {
        tx.tlp.pending = false;  // a pure duplicate ACK: both copies arrived
    }
}

}  // namespace netsim::tcp
