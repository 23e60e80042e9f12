// Retransmission.
#include "tcp/retransmit.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/pacing.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/prr.hpp"
#include "tcp/scoreboard.hpp"
#include "tcp/small_queue.hpp"
#include "tcp/tso.hpp"

namespace netsim::tcp {

namespace {

/// Short segments that follow ride along, up to `room` bytes (RFC 9293 §3.8.6.2.1 once more; Linux
/// tcp_retrans_try_collapse()). A record stays alone (MSG_EOR).
void collapse(Connection& c, std::uint32_t i, std::uint32_t room) {
    Sending& tx = c.edit_sending();
    SentSegment& head = tx.sent[i];
    while (!head.sacked && !head.eor && i + 1 < tx.sent.size()) {
        const SentSegment next = tx.sent[i + 1];
        const bool adjoins = next.payload.length == 0 || head.payload.continued_by(next.payload);
        if (next.sacked || !adjoins || head.payload.length + next.payload.length > room ||
            after(next.end, c.window_end())) {
            return;
        }
        head.payload.length += next.payload.length;
        head.end = next.end;
        head.flags |= next.flags;
        head.eor = next.eor;
        head.ever_retransmitted = head.ever_retransmitted || next.ever_retransmitted;
        tx.lost_out -= next.lost ? 1U : 0U;
        tx.retrans_out -= next.retransmitted ? 1U : 0U;
        tx.sent_skbs -= next.joined ? 0U : 1U;
        tx.sent.erase(i + 1);
        if (!c.options.sack_ok && tx.sacked_out > 0) {
            --tx.sacked_out;
        }
    }
}

/// Makes segments i to i + count - 1 an skb of their own: what no longer fits is cut off, what is
/// short takes in the next ones. How many it became; 0: the window shrank below them. Linux
/// __tcp_retransmit_skb().
std::uint32_t fit(Context& cx, Connection& c, std::uint32_t i, std::uint32_t count) {
    forget_probe(c);
    refresh_path(cx, c);
    const std::uint32_t mss = current_mss(c);
    const std::int32_t left = c.window_end() - c.sending().sent[i].seq;
    if (left <= 0 && c.sending().sent[i].seq != c.snd_una) {
        return 0;
    }
    // A closed window is probed by one segment of what it had admitted before.
    const std::uint32_t room = left <= 0 ? mss : static_cast<std::uint32_t>(left);
    const std::uint32_t first = std::min(mss, room);
    if (c.sending().sent[i].payload.length > first) {
        cut_sent(c, i, first);
        count = 1;
    } else if (count == 1 && c.sending().sent[i].payload.length < first &&
               cx.s.sysctl.tcp_retrans_collapse != 0) {
        collapse(c, i, first);
    }
    std::uint32_t fitting = 1;
    while (fitting < count && c.sending().sent[i + fitting].payload.length <= mss &&
           c.sending().sent[i + fitting].end - c.sending().sent[i].seq <=
               static_cast<std::int32_t>(room)) {
        ++fitting;
    }
    set_joined(c, i, false);
    if (i + fitting < c.sending().sent.size()) {
        set_joined(c, i + fitting, false);
    }
    return fitting;
}

/// False: the interface's queue took nothing, which counts as a retransmission all the same.
bool send_again(Context& cx, Connection& c, SentSegment& segment, std::uint16_t more_flags) {
    Sending& tx = c.edit_sending();
    const std::uint32_t order = segment.order;
    segment.sent_at = cx.now;
    segment.order = ++tx.transmissions;
    segment.ever_retransmitted = true;
    ++tx.retrans_total;
    tx.bytes_retrans += segment.payload.length;
    cx.s.mib.add(Mib::kTcpRetransSegs);
    const SendStamp stamp = segment.stamp;
    stamp_sent(c, segment, cx.now);
    if (!send_copy(cx, c, segment, more_flags)) {
        segment.stamp = stamp;
        segment.order = order;
        --tx.transmissions;
        return false;
    }
    return true;
}

/// How many of the lost segments from i on share an skb, of at most `most`.
std::uint32_t skb_at(const Connection& c, std::uint32_t i, std::uint32_t most) {
    std::uint32_t count = 1;
    while (count < most && i + count < c.sending().sent.size()) {
        const SentSegment& next = c.sending().sent[i + count];
        if (!next.joined || !next.lost || next.retransmitted || next.sacked) {
            break;
        }
        ++count;
    }
    return count;
}

/// Sends up to `most` segments of an skb as one burst. How many that were.
std::uint32_t retransmit_skb(Context& cx, Connection& c, std::uint32_t i, std::uint32_t most) {
    Sending& tx = c.edit_sending();
    const std::uint32_t count = fit(cx, c, i, skb_at(c, i, most));
    bool left = count > 0;
    if (left && tx.sent[i].payload.length > 0) {
        on_data_sent(cx, c);
    }
    for (std::uint32_t k = 0; k < count; ++k) {
        SentSegment& segment = tx.sent[i + k];
        left = send_again(cx, c, segment, k + 1 == count ? burst_flags(count) : std::uint16_t{0});
        if (left && !segment.retransmitted) {
            segment.retransmitted = true;
            ++tx.retrans_out;
        }
    }
    if (tx.first_retrans_at == kNever) {
        tx.first_retrans_at = cx.now;
    }
    tx.undo.retransmits = std::max(tx.undo.retransmits, 0) + static_cast<int>(std::max(count, 1U));
    return left ? count : 0;
}

}  // namespace

bool retransmit_copy(Context& cx, Connection& c, std::uint32_t i) {
    if (fit(cx, c, i, 1) == 0) {
        return false;
    }
    if (c.sending().sent[i].payload.length > 0) {
        on_data_sent(cx, c);
    }
    return send_again(cx, c, c.edit_sending().sent[i], 0);
}

bool retransmit(Context& cx, Connection& c, std::uint32_t i) {
    return retransmit_skb(cx, c, i, 1) > 0;
}

void retransmit_syn(Context& cx, Connection& c) {
    if (!cx.s.follows(LessonRule::kSynRetransmission)) {
        return;
    }
    if (c.retransmits > 0) {  // the one before was lost as well
        cx.s.mib.add(Mib::kTcpExtTCPLostRetransmit);
    }
    if (c.sending().first_retrans_at == kNever) {
        c.edit_sending().first_retrans_at = cx.now;
    }
    ++c.syn_retransmits;
    ++c.edit_sending().retrans_total;
    cx.s.mib.add(Mib::kTcpExtTCPSynRetrans);
    cx.s.mib.add(Mib::kTcpRetransSegs);
    c.state == State::kSynSent ? resend_syn(cx, c) : send_syn_ack(cx, c, {});
}

namespace {

/// The bytes of the skb that this segment begins.
std::uint32_t skb_length(const Connection& c, std::uint32_t i) {
    const Sending& tx = c.sending();
    std::uint32_t length = tx.sent[i].payload.length;
    while (++i < tx.sent.size() && tx.sent[i].joined) {
        length += tx.sent[i].payload.length;
    }
    return length;
}

}  // namespace

void retransmit_lost(Context& cx, Connection& c) {
    bool hole = false;  // something neither lost nor sent again lies below
    bool rearm = false;
    const std::uint32_t most = burst_segments(c, cx.s.sysctl, current_mss(c));
    std::uint32_t i = before(c.sending().retransmit_hint, c.snd_una)
                          ? 0
                          : index_at(c, c.sending().retransmit_hint);
    for (; i < c.sending().sent.size(); ++i) {
        if (!hole) {
            c.edit_sending().retransmit_hint = c.sending().sent[i].seq;
        }
        if (pacing_holds(cx, c) || c.packets_in_flight() >= c.sending().cc.cwnd ||
            c.sending().retrans_out >= c.sending().lost_out) {
            break;
        }
        const SentSegment& segment = c.sending().sent[i];
        if (!segment.lost) {
            hole = hole || (!segment.retransmitted && !segment.sacked);
            continue;
        }
        if (segment.retransmitted) {
            continue;
        }
        if (small_queue_holds(cx, c, skb_length(c, i), 1)) {
            break;
        }
        const std::uint32_t by_cwnd = c.sending().cc.cwnd - c.packets_in_flight();
        const std::uint32_t count = retransmit_skb(cx, c, i, std::min(by_cwnd, most));
        if (count == 0) {
            break;
        }
        cx.s.mib.add(c.sending().ca_state == CaState::kLoss ? Mib::kTcpExtTCPSlowStartRetrans
                                                            : Mib::kTcpExtTCPFastRetrans,
                     count);
        if (in_cwnd_reduction(c)) {
            c.edit_sending().prr_out += count;
        }
        rearm = rearm || (i == 0 && c.retransmit_timer != RetransmitTimer::kReorder);
        i += count - 1;
    }
    if (rearm) {
        arm_retransmit(cx, c, RetransmitTimer::kRto, c.rtt.rto());
    }
}

Duration rto_left(const Context& cx, const Connection& c) {
    return c.sending().sent.front().sent_at + c.rtt.rto() - cx.now;
}

void rearm_rto(Context& cx, Connection& c) {
    if (c.awaits_handshake_ack()) {  // the timer is the SYN-ACK's
        return;
    }
    if (c.sending().sent.empty()) {
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
    // tcp_connect() sets retrans_stamp: of a handshake all time counts.
    const bool opening = c.state == State::kSynSent || c.state == State::kSynReceived;
    const Time since = opening ? c.opened_at : c.sending().first_retrans_at;
    if (c.opt->user_timeout_ms == 0 || since == kNever) {
        return rto;
    }
    const Duration left = std::chrono::milliseconds(c.opt->user_timeout_ms) - (cx.now - since);
    return left <= Duration{0} ? Duration(std::chrono::milliseconds(1)) : std::min(rto, left);
}

}  // namespace netsim::tcp
