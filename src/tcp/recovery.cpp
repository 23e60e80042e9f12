// Loss recovery: scoreboard, fast retransmit, PRR, RTO.
#include "tcp/recovery.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/output.hpp"

namespace netsim::tcp {

using wire::SeqNum;
namespace flag = wire::flag;

namespace {

/// RFC 2018, RFC 2883: a block must lie in what is unacknowledged.
bool sack_block_valid(const Connection& c, wire::SeqRange block) {
    return before(block.begin, block.end) && !after(block.end, c.snd_nxt) &&
           !before(block.begin, c.snd_una);
}

bool has_dsack(const Connection& c, const wire::TcpHeader& h) {
    const wire::SeqRange first = h.sack[0];
    if (before(first.begin, h.ack)) {
        return !before(first.begin, c.snd_una - c.max_window);
    }
    return h.sack_count > 1 && !after(first.end, h.sack[1].end) &&
           !before(first.begin, h.sack[1].begin);
}

void mark_lost(Context& cx, Connection& c, SentSegment& segment) {
    if (segment.sacked) {
        return;
    }
    if (segment.retransmitted) {  // the retransmission was lost too
        segment.retransmitted = false;
        --c.retrans_out;
        cx.s.mib.add(Mib::kTcpExtTCPLostRetransmit);
    }
    if (!segment.lost) {
        segment.lost = true;
        ++c.lost_out;
    }
}

/// Without SACK, what duplicate ACKs stand for and what is lost cannot be more than was sent.
/// Linux tcp_limit_reno_sacked().
void limit_reno_sacked(Connection& c) {
    const std::uint32_t holes = std::min(std::max(c.lost_out, 1U), c.packets_out());
    c.sacked_out = std::min(c.sacked_out, c.packets_out() - holes);
}

/// RFC 6675 §4 IsLost by segments: `dupthresh` later ones have arrived.
void mark_losses(Context& cx, Connection& c) {
    const auto dupthresh = static_cast<std::uint32_t>(cx.s.sysctl.tcp_reordering);
    if (!c.options.sack_ok) {
        if (!c.sent.empty() && !c.sent.front().retransmitted) {
            mark_lost(cx, c, c.sent.front());
        }
        return;
    }
    std::uint32_t above = c.sacked_out;
    for (std::uint32_t i = 0; i < c.sent.size() && above >= dupthresh; ++i) {
        SentSegment& segment = c.sent[i];
        if (segment.sacked) {
            --above;
        } else if (!segment.retransmitted) {
            mark_lost(cx, c, segment);
        }
    }
    if (c.ca_state == CaState::kRecovery && c.lost_out == 0 && !c.sent.empty() &&
        !c.sent.front().sacked && !c.sent.front().retransmitted) {
        mark_lost(cx, c, c.sent.front());
    }
}

void enter_recovery(Context& cx, Connection& c) {
    cx.s.mib.add(c.options.sack_ok ? Mib::kTcpExtTCPSackRecovery : Mib::kTcpExtTCPRenoRecovery);
    c.high_seq = c.snd_nxt;
    c.prior_cwnd = c.cc.cwnd;
    c.prr_delivered = 0;
    c.prr_out = 0;
    c.cc.ssthresh = c.cc.algorithm->ssthresh(c.cc);
    c.cc.cwnd_count = 0;
    c.ca_state = CaState::kRecovery;
}

/// RFC 6937, with Linux's bound: slow start by at most what was delivered while below ssthresh.
void proportional_rate(Connection& c, const AckOutcome& outcome) {
    if (outcome.delivered == 0 || c.prior_cwnd == 0) {
        return;
    }
    c.prr_delivered += outcome.delivered;
    const std::uint32_t flight = c.packets_in_flight();
    std::int64_t budget = 0;
    if (flight > c.cc.ssthresh) {
        const std::uint64_t dividend =
            std::uint64_t{c.cc.ssthresh} * c.prr_delivered + c.prior_cwnd - 1;
        budget = static_cast<std::int64_t>(dividend / c.prior_cwnd) - c.prr_out;
    } else {
        const std::int64_t grown = std::max<std::int64_t>(
            static_cast<std::int64_t>(c.prr_delivered) - c.prr_out, outcome.acked);
        budget = std::min<std::int64_t>(std::int64_t{c.cc.ssthresh} - flight,
                                        grown + (outcome.advanced ? 1 : 0));
    }
    // Force a retransmission when recovery begins (RFC 6937 §3.1).
    budget = std::max<std::int64_t>(budget, c.prr_out == 0 ? 1 : 0);
    c.cc.cwnd = static_cast<std::uint32_t>(flight + std::max<std::int64_t>(budget, 0));
}

void leave_recovery(Connection& c) {
    if (c.ca_state == CaState::kRecovery) {
        c.cc.cwnd = std::max(c.cc.ssthresh, 1U);
    }
    c.ca_state = CaState::kOpen;
    c.prior_cwnd = 0;
    c.first_retrans_at = kNever;
    if (!c.options.sack_ok) {
        c.sacked_out = 0;
    }
}

/// Without SACK, duplicate ACKs stand for arrivals (Linux tcp_add_reno_sack()).
void count_duplicate(Connection& c, const AckOutcome& outcome) {
    if (c.options.sack_ok) {
        return;
    }
    if (outcome.advanced) {
        c.sacked_out = 0;
    } else if (outcome.duplicate && c.packets_out() > 0) {
        ++c.sacked_out;
        limit_reno_sacked(c);
    }
}

void move_state(Context& cx, Connection& c, const AckOutcome& outcome) {
    switch (c.ca_state) {
        case CaState::kLoss:
            if (!before(c.snd_una, c.high_seq)) {
                leave_recovery(c);
            }
            break;
        case CaState::kRecovery:
            if (!before(c.snd_una, c.high_seq)) {
                leave_recovery(c);
            } else if (outcome.advanced || c.options.sack_ok) {
                mark_losses(cx, c);  // RFC 6582: a partial ACK shows the next hole
            }
            break;
        case CaState::kOpen:
        case CaState::kDisorder:
        case CaState::kCwr:
            c.ca_state = c.sacked_out > 0 ? CaState::kDisorder : CaState::kOpen;
            if (c.sacked_out >= static_cast<std::uint32_t>(cx.s.sysctl.tcp_reordering)) {
                enter_recovery(cx, c);
                mark_losses(cx, c);
            }
            break;
    }
}

}  // namespace

void take_sacks(Context& cx, Connection& c, const wire::TcpHeader& h, AckOutcome& outcome) {
    if (!c.options.sack_ok || !h.has_option(wire::option::kSack) || h.sack_count == 0) {
        return;
    }
    std::uint8_t first = 0;
    if (has_dsack(c, h)) {
        cx.s.mib.add(Mib::kTcpExtTCPDSACKRecv);
        first = 1;
    }
    for (std::uint8_t i = first; i < h.sack_count; ++i) {
        const wire::SeqRange block = h.sack[i];
        if (!sack_block_valid(c, block)) {
            continue;
        }
        for (std::uint32_t k = 0; k < c.sent.size(); ++k) {
            SentSegment& segment = c.sent[k];
            if (!before(segment.seq, block.end)) {
                break;
            }
            if (segment.sacked || before(segment.seq, block.begin) ||
                after(segment.end, block.end)) {
                continue;
            }
            segment.sacked = true;
            ++c.sacked_out;
            ++outcome.delivered;
            if (segment.lost) {
                segment.lost = false;
                --c.lost_out;
            }
            if (segment.retransmitted) {
                segment.retransmitted = false;
                --c.retrans_out;
            }
        }
    }
}

void clean_sent_queue(Context& cx, Connection& c, const wire::TcpHeader& h, AckOutcome& outcome) {
    Time first_sent = kNever;
    bool ambiguous = false;
    while (!c.sent.empty()) {
        SentSegment& segment = c.sent.front();
        if (after(segment.end, c.snd_una)) {
            if (after(c.snd_una, segment.seq)) {  // part of it: keep the rest
                const std::uint32_t gone = c.snd_una.raw() - segment.seq.raw();
                segment.payload = segment.payload.slice(gone, segment.payload.length - gone);
                segment.seq = c.snd_una;
                c.sent_bytes -= gone;
            }
            break;
        }
        if (segment.sacked) {
            --c.sacked_out;
        } else {
            ++outcome.delivered;
        }
        if (segment.lost) {
            --c.lost_out;
        }
        if (segment.retransmitted) {
            --c.retrans_out;
        }
        ambiguous = ambiguous || segment.ever_retransmitted;
        if (!segment.ever_retransmitted && !segment.sacked && first_sent == kNever) {
            first_sent = segment.sent_at;
        }
        outcome.fin_acked = outcome.fin_acked || (segment.flags & flag::kFin) != 0;
        c.sent_bytes -= segment.payload.length;
        c.bytes_acked += segment.payload.length;
        ++outcome.acked;
        c.sent.pop_front();
    }
    if (outcome.acked == 0) {
        return;
    }
    // RFC 6298 §3 (Karn): never from a retransmitted segment, unless the echoed timestamp tells
    // which copy arrived (RFC 7323 §4).
    Duration rtt{0};
    if (first_sent != kNever && !ambiguous) {
        rtt = cx.now - first_sent;
    } else if (c.options.tstamp_ok && h.has_option(wire::option::kTimestamps) && h.tsecr != 0) {
        const std::uint32_t ms = timestamp(c, cx.now) - h.tsecr;
        rtt = std::chrono::milliseconds(std::min(ms, 0x7fffffffU));
    }
    outcome.rtt = rtt;
    if (rtt > Duration{0}) {
        const bool new_round = !before(c.snd_una, c.rtt_seq);
        c.rtt.sample(rtt, new_round, cx.s.sysctl);
        if (new_round) {
            c.rtt_seq = c.snd_nxt;
        }
        c.rtt.recompute_rto(cx.s.sysctl);
        c.backoff = 0;
    }
}

void recover(Context& cx, Connection& c, const AckOutcome& outcome) {
    cx.s.mib.add(Mib::kTcpExtTCPDelivered, outcome.delivered);
    count_duplicate(c, outcome);
    const bool was_recovering = c.ca_state >= CaState::kRecovery;
    move_state(cx, c, outcome);
    if (c.ca_state == CaState::kRecovery) {
        proportional_rate(c, outcome);
    } else if (outcome.acked > 0 && (!was_recovering || c.ca_state == CaState::kLoss)) {
        const bool limited = c.cc.cwnd_limited || c.ca_state == CaState::kLoss;
        c.cc.algorithm->on_ack(c.cc, {.now = cx.now,
                                      .acked = outcome.acked,
                                      .limited = limited,
                                      .rtt = outcome.rtt,
                                      .snd_una = c.snd_una,
                                      .snd_nxt = c.snd_nxt});
        if (limited) {
            c.cc.cwnd_limited = false;
        }
    }
    retransmit_lost(cx, c);
}

void retransmit_lost(Context& cx, Connection& c) {
    for (std::uint32_t i = 0; i < c.sent.size() && c.lost_out > c.retrans_out; ++i) {
        if (c.packets_in_flight() >= c.cc.cwnd) {
            return;
        }
        SentSegment& segment = c.sent[i];
        if (!segment.lost || segment.retransmitted) {
            continue;
        }
        cx.s.mib.add(c.ca_state == CaState::kLoss ? Mib::kTcpExtTCPSlowStartRetrans
                                                  : Mib::kTcpExtTCPFastRetrans);
        retransmit(cx, c, segment);
        if (c.ca_state == CaState::kRecovery) {
            ++c.prr_out;
        }
        if (i == 0) {
            arm_retransmit(cx, c, RetransmitTimer::kRto, rto_now(c, cx));
        }
    }
}

void enter_loss(Context& cx, Connection& c) {
    const bool new_episode =
        c.ca_state < CaState::kRecovery || (c.ca_state == CaState::kLoss && c.retransmits == 0);
    if (new_episode) {
        c.prior_cwnd = c.cc.cwnd;
        c.cc.ssthresh = c.cc.algorithm->ssthresh(c.cc);
        c.cc.algorithm->on_timeout(c.cc);
    }
    // A receiver that reports nothing new at the head and SACKs it has reneged (RFC 2018 §8).
    const bool reneged = !c.sent.empty() && c.sent.front().sacked;
    if (reneged) {
        cx.s.mib.add(Mib::kTcpExtTCPSACKReneging);
    }
    c.sacked_out = 0;
    c.lost_out = 0;
    c.retrans_out = 0;
    for (std::uint32_t i = 0; i < c.sent.size(); ++i) {
        SentSegment& segment = c.sent[i];
        segment.sacked = segment.sacked && !reneged && c.options.sack_ok;
        if (segment.retransmitted && !segment.sacked) {
            cx.s.mib.add(Mib::kTcpExtTCPLostRetransmit);
        }
        segment.retransmitted = false;
        segment.lost = !segment.sacked;
        segment.sacked ? ++c.sacked_out : ++c.lost_out;
    }
    c.cc.cwnd = c.packets_in_flight() + 1;
    c.cc.cwnd_count = 0;
    c.ca_state = CaState::kLoss;
    c.high_seq = c.snd_nxt;
}

void restart_after_idle(Connection& c, Duration idle) {
    const Duration rto = std::max<Duration>(c.rtt.rto(), std::chrono::milliseconds(1));
    const std::uint32_t restart = std::min(kInitialCwnd, c.cc.cwnd);
    c.cc.ssthresh = std::max(c.cc.ssthresh, c.cc.cwnd / 4 * 3);
    Duration left = idle - rto;
    while (left > Duration{0} && c.cc.cwnd > restart) {
        c.cc.cwnd >>= 1U;
        left -= rto;
    }
    c.cc.cwnd = std::max(c.cc.cwnd, restart);
}

void fit_to_path(Context& cx, Connection& c, std::uint32_t mtu) {
    constexpr std::uint32_t kMinPathMtu = 552;
    mtu = std::max(mtu, kMinPathMtu);
    if (mtu >= c.path_mtu) {
        return;
    }
    c.path_mtu = mtu;
    if (c.state == State::kSynSent) {
        return resend_syn_to_path(cx, c);
    }
    const std::uint32_t option_bytes = c.options.tstamp_ok ? 12U : 0U;
    const auto mss = static_cast<std::uint16_t>(mtu - 40U - option_bytes);
    if (!c.synchronized() || mss >= c.snd_mss) {
        return;
    }
    c.snd_mss = mss;
    for (std::uint32_t i = 0; i < c.sent.size(); ++i) {
        SentSegment& head = c.sent[i];
        if (head.payload.length <= mss || head.sacked) {
            continue;
        }
        mark_lost(cx, c, head);
        SentSegment rest = head;
        rest.seq = head.seq + mss;
        rest.payload = head.payload.slice(mss, head.payload.length - mss);
        head.end = rest.seq;
        head.payload = head.payload.slice(0, mss);
        head.flags = 0;  // PSH and FIN belong to the end
        c.lost_out += 1;
        c.sent.insert(i + 1, rest);
    }
    if (!c.options.sack_ok) {
        limit_reno_sacked(c);
    }
    retransmit_lost(cx, c);
}

Duration rto_now(const Connection& c, const Context& cx) {
    const Duration rto = c.rtt.rto();
    if (c.opt.user_timeout_ms == 0 || c.first_retrans_at == kNever) {
        return rto;
    }
    const Duration left =
        std::chrono::milliseconds(c.opt.user_timeout_ms) - (cx.now - c.first_retrans_at);
    return left <= Duration{0} ? Duration(std::chrono::milliseconds(1)) : std::min(rto, left);
}

}  // namespace netsim::tcp
