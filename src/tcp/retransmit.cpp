// Retransmission.
#include "tcp/retransmit.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/pacing.hpp"
#include "tcp/prr.hpp"
#include "tcp/scoreboard.hpp"

namespace netsim::tcp {

namespace {

/// Short segments that follow ride along, up to `room` bytes (RFC 9293 §3.8.6.2.1 once more; Linux
/// tcp_retrans_try_collapse()).
void collapse(Connection& c, std::uint32_t i, std::uint32_t room) {
    SentSegment& head = c.sent[i];
    while (!head.sacked && i + 1 < c.sent.size()) {
        const SentSegment next = c.sent[i + 1];
        const bool adjoins = next.payload.length == 0 || head.payload.continued_by(next.payload);
        if (next.sacked || !adjoins || head.payload.length + next.payload.length > room ||
            after(next.end, c.window_end())) {
            return;
        }
        head.payload.length += next.payload.length;
        head.end = next.end;
        head.flags |= next.flags;
        head.ever_retransmitted = head.ever_retransmitted || next.ever_retransmitted;
        c.lost_out -= next.lost ? 1U : 0U;
        c.retrans_out -= next.retransmitted ? 1U : 0U;
        c.sent.erase(i + 1);
        if (!c.options.sack_ok && c.sacked_out > 0) {
            --c.sacked_out;
        }
    }
}

}  // namespace

bool retransmit_copy(Context& cx, Connection& c, std::uint32_t i) {
    const std::uint32_t mss = current_mss(c);
    const std::int32_t left = c.window_end() - c.sent[i].seq;
    if (left <= 0 && c.sent[i].seq != c.snd_una) {
        return false;
    }
    // A closed window is probed by one segment of what it had admitted before.
    const std::uint32_t room = left <= 0 ? mss : std::min(mss, static_cast<std::uint32_t>(left));
    if (c.sent[i].payload.length > room) {
        cut_sent(c, i, room);
    } else if (c.sent[i].payload.length < room && cx.s.sysctl.tcp_retrans_collapse != 0) {
        collapse(c, i, room);
    }
    SentSegment& segment = c.sent[i];
    segment.joined = false;
    if (i + 1 < c.sent.size()) {
        c.sent[i + 1].joined = false;
    }
    segment.sent_at = cx.now;
    stamp_sent(c, segment, cx.now);
    segment.order = ++c.transmissions;
    segment.ever_retransmitted = true;
    ++c.retrans_total;
    c.bytes_retrans += segment.payload.length;
    cx.s.mib.add(Mib::kTcpRetransSegs);
    send_copy(cx, c, segment);
    return true;
}

bool retransmit(Context& cx, Connection& c, std::uint32_t i) {
    const bool sent = retransmit_copy(cx, c, i);
    if (sent && !c.sent[i].retransmitted) {
        c.sent[i].retransmitted = true;
        ++c.retrans_out;
    }
    if (c.first_retrans_at == kNever) {
        c.first_retrans_at = cx.now;
    }
    c.undo.retransmits = std::max(c.undo.retransmits, 0) + 1;
    return sent;
}

void retransmit_lost(Context& cx, Connection& c) {
    bool hole = false;  // something neither lost nor sent again lies below
    bool rearm = false;
    std::uint32_t i = before(c.retransmit_hint, c.snd_una) ? 0 : index_at(c, c.retransmit_hint);
    for (; i < c.sent.size(); ++i) {
        if (!hole) {
            c.retransmit_hint = c.sent[i].seq;
        }
        if (pacing_holds(cx, c) || c.packets_in_flight() >= c.cc.cwnd ||
            c.retrans_out >= c.lost_out) {
            break;
        }
        const SentSegment& segment = c.sent[i];
        if (!segment.lost) {
            hole = hole || (!segment.retransmitted && !segment.sacked);
            continue;
        }
        if (segment.retransmitted) {
            continue;
        }
        if (!retransmit(cx, c, i)) {
            break;
        }
        cx.s.mib.add(c.ca_state == CaState::kLoss ? Mib::kTcpExtTCPSlowStartRetrans
                                                  : Mib::kTcpExtTCPFastRetrans);
        if (in_cwnd_reduction(c)) {
            ++c.prr_out;
        }
        rearm = rearm || (i == 0 && c.retransmit_timer != RetransmitTimer::kReorder);
    }
    if (rearm) {
        arm_retransmit(cx, c, RetransmitTimer::kRto, c.rtt.rto());
    }
}

Duration rto_left(const Context& cx, const Connection& c) {
    return c.sent.front().sent_at + c.rtt.rto() - cx.now;
}

void rearm_rto(Context& cx, Connection& c) {
    if (c.awaits_handshake_ack()) {  // the timer is the SYN-ACK's
        return;
    }
    if (c.sent.empty()) {
        return clear_retransmit(c);
    }
    Duration wait = c.rtt.rto();
    if (c.retransmit_timer == RetransmitTimer::kReorder ||
        c.retransmit_timer == RetransmitTimer::kLossProbe) {
        wait = std::max<Duration>(rto_left(cx, c), std::chrono::microseconds(1));
    }
    arm_retransmit(cx, c, RetransmitTimer::kRto, wait);
}

Duration rto_now(const Connection& c, const Context& cx) {
    const Duration rto = c.rtt.rto();
    if (c.opt->user_timeout_ms == 0 || c.first_retrans_at == kNever) {
        return rto;
    }
    const Duration left =
        std::chrono::milliseconds(c.opt->user_timeout_ms) - (cx.now - c.first_retrans_at);
    return left <= Duration{0} ? Duration(std::chrono::milliseconds(1)) : std::min(rto, left);
}

}  // namespace netsim::tcp
