// Undo of congestion responses.
#include "tcp/undo.hpp"

#include <algorithm>

#include "tcp/output.hpp"
#include "tcp/prr.hpp"
#include "tcp/rack.hpp"
#include "tcp/scoreboard.hpp"

namespace netsim::tcp {

namespace {

/// The ACK answers something sent before the first retransmission, or nothing was sent again yet.
/// Linux tcp_packet_delayed().
bool only_delayed(const Connection& c, const AckOutcome& outcome) {
    const Sending& tx = c.sending();
    if (tx.first_retrans_at != kNever) {
        const wire::TcpHeader& h = *outcome.header;
        return c.options.tstamp_ok && h.has_option(wire::option::kTimestamps) && h.tsecr != 0 &&
               static_cast<std::int32_t>(h.tsecr - timestamp(c, tx.first_retrans_at)) < 0;
    }
    return c.options.sack_ok || before(c.snd_una, tx.high_seq);
}

bool may_undo(const Connection& c, const AckOutcome& outcome) {
    return c.sending().undo.possible &&
           (c.sending().undo.retransmits == 0 || only_delayed(c, outcome));
}

void undo_reduction(Connection& c, bool unmark_losses, Time now) {
    Sending& tx = c.edit_sending();
    if (unmark_losses) {
        for (std::uint32_t i = 0; i < tx.sent.size(); ++i) {
            tx.sent[i].lost = false;
        }
        tx.lost_out = 0;
        tx.retransmit_hint = c.snd_una;
    }
    if (tx.undo.prior_ssthresh != 0) {
        tx.cc.cwnd = c.algorithm().undo_cwnd(c, tx.prior_cwnd);
        if (tx.undo.prior_ssthresh > tx.cc.ssthresh) {
            tx.cc.ssthresh = tx.undo.prior_ssthresh;
            c.ecn_queue_cwr = false;  // the peer need not hear of it
        }
    }
    tx.cc.full_at = now;
    tx.undo.possible = false;
    tx.rack.advanced = true;  // look again at what counted as lost
}

/// RFC 6582 §4: without SACK, duplicate ACKs for what was sent twice must not begin a new episode.
bool hold_state(Connection& c) {
    if (c.snd_una != c.sending().high_seq || c.options.sack_ok) {
        return false;
    }
    forget_first_retransmission(c);
    return true;
}

}  // namespace

void note_episode(Connection& c) {
    Sending& tx = c.edit_sending();
    tx.undo.marker = c.snd_una;
    tx.undo.possible = true;
    tx.undo.retransmits = static_cast<std::int32_t>(tx.retrans_out);
    if (tx.tlp.pending && tx.tlp.retransmitted) {
        ++tx.undo.retransmits;
    }
    if (tx.undo.retransmits == 0) {
        tx.undo.retransmits = -1;
    }
}

std::uint32_t current_ssthresh(const Connection& c) {
    const Sending& tx = c.sending();
    return in_cwnd_reduction(c) ? tx.cc.ssthresh
                                : std::max(tx.cc.ssthresh, (tx.cc.cwnd >> 1U) + (tx.cc.cwnd >> 2U));
}

bool any_retransmitted(const Connection& c) {
    const Sending& tx = c.sending();
    return tx.retrans_out > 0 || (!tx.sent.empty() && tx.sent.front().ever_retransmitted);
}

void forget_first_retransmission(Connection& c) {
    if (!any_retransmitted(c)) {
        c.edit_sending().first_retrans_at = kNever;
    }
}

bool try_undo_recovery(Context& cx, Connection& c, const AckOutcome& outcome) {
    Sending& tx = c.edit_sending();
    if (may_undo(c, outcome)) {
        undo_reduction(c, false, cx.now);
        cx.s.mib.add(tx.ca_state == CaState::kLoss ? Mib::kTcpExtTCPLossUndo
                                                   : Mib::kTcpExtTCPFullUndo);
    } else if (tx.rack.window_persist > 0) {
        --tx.rack.window_persist;
    }
    if (hold_state(c)) {
        return true;
    }
    tx.ca_state = CaState::kOpen;
    tx.sack_reneged = false;
    return false;
}

bool try_undo_partial(Context& cx, Connection& c, wire::SeqNum prior_snd_una,
                      const AckOutcome& outcome) {
    if (!c.sending().undo.possible || !only_delayed(c, outcome)) {
        return false;
    }
    // The hole was filled by the original: it had been overtaken.
    note_reordering(cx, c, prior_snd_una, true);
    if (c.sending().retrans_out > 0) {
        return true;
    }
    forget_first_retransmission(c);
    undo_reduction(c, true, cx.now);
    cx.s.mib.add(Mib::kTcpExtTCPPartialUndo);
    keep_open(c);
    return false;
}

bool try_undo_dsack(Context& cx, Connection& c) {
    if (!c.sending().undo.possible || c.sending().undo.retransmits != 0) {
        return false;
    }
    c.edit_sending().rack.window_persist = static_cast<std::uint8_t>(
        std::min<unsigned>(kPersistRecoveries, c.sending().rack.window_persist + 1U));
    undo_reduction(c, false, cx.now);
    cx.s.mib.add(Mib::kTcpExtTCPDSACKUndo);
    return true;
}

bool try_undo_loss(Context& cx, Connection& c, bool by_frto, const AckOutcome& outcome) {
    if (!by_frto && !may_undo(c, outcome)) {
        return false;
    }
    undo_reduction(c, true, cx.now);
    cx.s.mib.add(Mib::kTcpExtTCPLossUndo);
    if (by_frto) {
        cx.s.mib.add(Mib::kTcpExtTCPSpuriousRTOs);
    }
    c.retransmits = 0;
    if (!hold_state(c) && (by_frto || c.options.sack_ok)) {
        c.edit_sending().ca_state = CaState::kOpen;
        c.edit_sending().sack_reneged = false;
    }
    return true;
}

void keep_open(Connection& c) {
    const bool disorder = c.sending().sacked_out + c.sending().lost_out > 0 || any_retransmitted(c);
    const CaState state = disorder ? CaState::kDisorder : CaState::kOpen;
    if (c.sending().ca_state != state) {
        c.edit_sending().ca_state = state;
        c.edit_sending().high_seq = c.snd_nxt;
    }
}

void try_to_open(Connection& c, bool ece) {
    forget_first_retransmission(c);
    if (ece) {
        enter_cwr(c);
    }
    if (c.sending().ca_state != CaState::kCwr) {
        keep_open(c);
    }
}

}  // namespace netsim::tcp
