// New data: the write queue, and what of it goes now. Linux tcp_sendmsg(), tcp_write_xmit().
#include <algorithm>

#include "base/check.hpp"
#include "tcp/actions.hpp"
#include "tcp/autocork.hpp"
#include "tcp/cwnd.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/loss_probe.hpp"
#include "tcp/output.hpp"
#include "tcp/pacing.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/prr.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/small_queue.hpp"
#include "tcp/stack.hpp"
#include "tcp/tso.hpp"
#include "tcp/write_queue.hpp"

namespace netsim::tcp {

namespace flag = wire::flag;

void on_data_sent(Context& cx, Connection& c) {
    if (c.packets_in_flight() == 0) {
        c.algorithm().on_restart(cx, c, cx.now - c.last_sent_at());
    }
    c.edit_sending().last_sent_at = cx.now;
    note_data_sent(cx, c);
}

namespace {

/// How much one call may send. Linux push_one.
enum class Amount : std::uint8_t {
    kAll,
    kOneBurst,
    kProbe,  // one burst, whatever cwnd says
};

/// The head of the write queue; a FIN behind no data is a head of its own.
struct Head {
    std::uint32_t length = 0;
    bool last = false;
    bool fin = false;
};

Head head_of(const Connection& c) {
    const Sending& tx = c.sending();
    Head head;
    head.length = tx.unsent.empty() ? 0 : tx.unsent.front().payload.length;
    head.last = tx.unsent.size() <= 1;
    head.fin = head.last && fin_waits(c);
    return head;
}

/// Its first segment fits the peer's window. Linux tcp_snd_wnd_test().
bool window_takes(const Connection& c, const Head& head, std::uint32_t mss) {
    const std::uint32_t first = head.length > mss ? mss : head.length + (head.fin ? 1U : 0U);
    return !after(c.snd_nxt + first, c.window_end());
}

/// Does TCP_NODELAY's explicit push let everything queued go? Linux tcp_nagle_test().
bool pushed_out(const Connection& c, Nagle nagle) {
    return nagle == Nagle::kPush || (nagle == Nagle::kSocket && c.nagle_push);
}

/// RFC 896 with Minshall's change: a partial segment waits while an earlier partial one is
/// unacknowledged. Linux tcp_nagle_check().
bool nagle_holds(const Connection& c, bool partial, Nagle nagle) {
    if (!partial || nagle == Nagle::kPush) {
        return false;
    }
    if (c.opt->cork || nagle == Nagle::kCork) {
        return true;
    }
    const bool small_in_flight =
        after(c.sending().snd_sml, c.snd_una) && !after(c.sending().snd_sml, c.snd_nxt);
    return !c.opt->nodelay && c.packets_out() > 0 && small_in_flight;
}

/// How much of the head goes in one burst. Linux tcp_mss_split_point().
std::uint32_t burst_length(const Connection& c, const Head& head, std::uint32_t mss,
                           std::uint32_t quota, Nagle nagle) {
    const auto window = static_cast<std::uint32_t>(c.window_end() - c.snd_nxt);
    const std::uint32_t most = mss * quota;
    const std::uint32_t needed = std::min(head.length, window);
    if ((most <= window && !head.last) || most <= needed) {
        return std::min(most, head.length);
    }
    const std::uint32_t partial = needed % mss;
    return nagle_holds(c, partial != 0, nagle) ? needed - partial : needed;
}

/// The head of the queue takes over from the next skb what the burst has room for. Linux
/// tcp_grow_skb().
void grow_head(Connection& c, std::uint32_t most) {
    Sending& tx = c.edit_sending();
    if (tx.unsent.size() < 2 || tx.unsent.front().payload.length >= most) {
        return;
    }
    UnsentChunk& head = tx.unsent.front();
    UnsentChunk& next = tx.unsent[1];
    const std::uint32_t moved = std::min(most - head.payload.length, next.payload.length);
    if (head.sealed || !head.payload.continued_by(next.payload)) {
        return;
    }
    head.payload.length += moved;
    if (moved == next.payload.length) {
        head.push = head.push || next.push;
        head.sealed = next.sealed;
        head.eor = next.eor;
        tx.unsent.erase(1);
    } else {
        next.payload = next.payload.slice(moved, next.payload.length - moved);
    }
}

/// The first `length` bytes of the write queue's head. The marks of its end go with its last byte.
UnsentChunk beginning(const Connection& c, std::uint32_t length) {
    if (length == 0) {
        return {};
    }
    const UnsentChunk& chunk = c.sending().unsent.front();
    const bool whole = length == chunk.payload.length;
    return {chunk.payload.slice(0, length), whole && chunk.push, false, whole && chunk.eor};
}

void drop_beginning(Connection& c, std::uint32_t length) {
    Sending& tx = c.edit_sending();
    if (length == 0) {
        return;
    }
    UnsentChunk& chunk = tx.unsent.front();
    if (length == chunk.payload.length) {
        tx.unsent.pop_front();
    } else {
        chunk.payload = chunk.payload.slice(length, chunk.payload.length - length);
    }
    tx.unsent_bytes -= length;
}

/// Sends the first `length` unsent bytes, the FIN with them if `fin`. How many segments that were;
/// 0: the interface's queue took nothing.
std::uint32_t send_burst(Context& cx, Connection& c, std::uint32_t length, bool fin,
                         std::uint32_t mss) {
    Sending& tx = c.edit_sending();
    on_data_sent(cx, c);
    const bool first = tx.sent.empty();
    const UnsentChunk taken = beginning(c, length);
    const wire::PayloadRef& payload = taken.payload;
    const std::uint32_t segments = std::max((length + mss - 1) / mss, 1U);
    std::uint16_t flags = fin ? flag::kFin : std::uint16_t{0};
    if (taken.push) {
        flags |= flag::kPsh;
    }
    if (!transmit(cx, c, c.snd_nxt, flags | burst_flags(segments), payload, mss)) {
        return 0;
    }
    drop_beginning(c, length);
    for (std::uint32_t at = 0, i = 0; i < segments; ++i) {
        SentSegment segment;
        const std::uint32_t part = std::min(mss, length - at);
        const bool last = i + 1 == segments;
        segment.seq = c.snd_nxt;
        segment.payload = payload.slice(at, part);
        segment.end = segment.seq + part + (last && fin ? 1U : 0U);
        segment.flags = last ? flags : std::uint16_t{0};
        segment.sent_at = cx.now;
        stamp_sent(c, segment, cx.now);
        segment.order = ++tx.transmissions;
        segment.joined = i > 0;
        segment.eor = taken.eor;
        tx.sent.push_back(segment);
        c.snd_nxt = segment.end;
        at += part;
    }
    c.fin_sent = c.fin_sent || fin;
    ++tx.sent_skbs;
    tx.sent_bytes += length;
    tx.bytes_sent += length;
    if (first || c.retransmit_timer == RetransmitTimer::kLossProbe) {
        rearm_rto(cx, c);
    }
    if (length < segments * mss) {
        tx.snd_sml = c.snd_nxt;
    }
    cx.s.mib.add(Mib::kTcpOutSegs, segments);
    cx.s.mib.add(Mib::kTcpExtTCPOrigDataSent, segments);
    check_space(cx, c);  // less is unsent: TCP_NOTSENT_LOWAT
    return segments;
}

/// One segment larger than the MSS, of whatever chunks its bytes stand in. RFC 4821 §7.3.
std::uint32_t send_mtu_probe(Context& cx, Connection& c, std::uint32_t length) {
    while (c.sending().unsent.front().payload.length < length) {
        grow_head(c, length);
    }
    const wire::SeqNum begin = c.snd_nxt;
    const std::uint32_t sent = send_burst(cx, c, length, false, length);
    probe_sent(c, {begin, c.snd_nxt});
    return sent;
}

/// What the next burst may be; 0: it waits. `limited`: for cwnd.
struct Next {
    std::uint32_t length = 0;
    bool fin = false;
    bool go = false;
};

Next next_burst(Context& cx, Connection& c, Nagle nagle, Amount amount, std::uint32_t mss,
                bool& limited) {
    if (nagle == Nagle::kSocket && !c.opt->cork && !cx.s.follows(LessonRule::kNagle)) {
        nagle = Nagle::kPush;
    }
    const std::uint32_t most = burst_segments(c, cx.s.sysctl, mss);
    std::uint32_t quota = cwnd_quota(c);
    if (quota == 0) {
        if (amount != Amount::kProbe) {
            return {};
        }
        quota = 1;
    }
    quota = std::min(quota, most);
    grow_head(c, quota * mss);
    const Head head = head_of(c);
    if (!window_takes(c, head, mss)) {
        return {};
    }
    if (head.length <= mss) {
        const bool urgent = c.rare().urgent && c.rare().urgent->sending;
        const bool held = head.last && !head.fin && !urgent && !pushed_out(c, nagle) &&
                          nagle_holds(c, head.length < mss, nagle);
        return {head.length, head.fin, !held};
    }
    if (amount == Amount::kAll) {
        const Burst burst{head.length, most, head.last, head.fin};
        const Defer defer = defer_burst(c, cx.s.sysctl, burst, cx.now);
        limited = limited || defer == Defer::kWaitForCwnd;
        if (defer != Defer::kSend) {
            return {};
        }
    }
    const std::uint32_t length = burst_length(c, head, mss, quota, nagle);
    return {length, head.fin && length == head.length, true};
}

/// Linux tcp_write_xmit(). True: something is unsent and nothing is in flight to bring it out
/// later.
bool write_xmit(Context& cx, Connection& c, Nagle nagle, Amount amount) {
    const std::uint32_t mss = current_mss(c);
    std::uint32_t sent = 0;
    bool limited = false;
    if (c.rare().mtu && amount == Amount::kAll) {
        const ProbeChoice probe = choose_probe(cx, c);
        if (probe.wait) {
            return false;
        }
        sent = probe.length > 0 ? send_mtu_probe(cx, c, probe.length) : 0;
    }
    while (anything_unsent(c) && !pacing_holds(cx, c)) {
        const Next next = next_burst(cx, c, nagle, amount, mss, limited);
        if (!next.go || small_queue_holds(cx, c, next.length, 0)) {
            break;
        }
        const std::uint32_t segments = send_burst(cx, c, next.length, next.fin, mss);
        sent += segments;
        if (segments == 0 || amount != Amount::kAll) {
            break;
        }
    }
    limited = limited || c.packets_in_flight() >= c.sending().cc.cwnd;
    if (sent > 0 || limited) {
        validate_cwnd(cx, c, limited);
    }
    if (sent == 0) {
        return c.sending().sent.empty() && anything_unsent(c);
    }
    if (in_cwnd_reduction(c)) {
        c.edit_sending().prr_out += sent;  // RFC 6937: new data counts as well
    }
    if (amount != Amount::kProbe) {
        schedule_loss_probe(cx, c, false);
    }
    return false;
}

bool may_send(const Connection& c) {
    return c.state != State::kClosed && c.state != State::kSynSent &&
           (c.state != State::kSynReceived || c.awaits_handshake_ack());
}

/// The end of the write queue is the end of something. Linux tcp_mark_push().
void mark_push(Connection& c) {
    c.edit_sending().unsent.back().push = true;
    c.edit_sending().pushed_seq = c.write_seq;
}

/// Half the largest window was written without a PSH. Linux forced_push().
bool push_is_due(const Connection& c) {
    return after(c.write_seq, c.sending().pushed_seq + (c.max_window >> 1U));
}

/// An skb is full and more follows: it need not wait.
void send_full(Context& cx, Connection& c) {
    if (!may_send(c)) {
        return;
    }
    if (push_is_due(c)) {
        mark_push(c);
        push_pending(cx, c, Nagle::kPush);
    } else if (c.sending().unsent.size() == 1) {
        write_xmit(cx, c, Nagle::kPush, Amount::kOneBurst);
    }
}

/// Copied: into skbs of at most the size goal; each that is full may go at once. How much was
/// taken: what the last skb has room for is always welcome, a new one needs free memory.
std::uint32_t append_copied(Context& cx, Connection& c, const wire::PayloadRef& payload) {
    const std::uint32_t goal = size_goal(c, current_mss(c));
    std::uint32_t at = 0;
    while (at < payload.length) {
        const wire::PayloadRef rest = payload.slice(at, payload.length - at);
        std::uint32_t part = std::min(goal, rest.length);
        if (!c.sending().unsent.empty() && c.sending().unsent.back().payload.length < goal &&
            !c.sending().unsent.back().sealed &&
            c.sending().unsent.back().payload.continued_by(rest)) {
            UnsentChunk& tail = c.edit_sending().unsent.back();
            part = std::min(part, goal - tail.payload.length);
            tail.payload.length += part;
            tail.push = tail.push && at > 0;  // a PSH forced within this write stays
        } else if (memory_free(c, cx.s.sysctl)) {
            restart_after_idle(cx, c);
            entail(c, rest.slice(0, part));
        } else {
            break;
        }
        at += part;
        c.edit_sending().unsent_bytes += part;
        c.write_seq += part;
        if (at < payload.length && c.sending().unsent.back().payload.length >= goal) {
            send_full(cx, c);
        }
    }
    return at;
}

/// Marks what the write ended with, and sends what may be sent. Linux tcp_push().
void push_written(Context& cx, Connection& c, bool more, bool urgent, Nagle nagle) {
    if (!c.sending().unsent.empty() && (!more || push_is_due(c))) {
        mark_push(c);
    }
    if (urgent) {
        mark_urgent(c);
    }
    if (autocork(cx, c)) {
        return update_chrono(c, cx.now);
    }
    push_pending(cx, c, more ? Nagle::kCork : nagle);
}

}  // namespace

std::uint32_t write_data(Context& cx, Connection& c, const wire::PayloadRef& payload,
                         const SendFlags& flags) {
    check_app_limited(c);
    refresh_path(cx, c);
    const bool zerocopy = flags.zerocopy && c.opt->zerocopy;
    if (zerocopy) {
        restart_after_idle(cx, c);
    }
    const std::uint32_t taken = zerocopy ? append_pieces(c, cx.s.sysctl, payload, flags.pieces)
                                         : append_copied(cx, c, payload);
    const bool cut_short = taken < payload.length;
    c.out_event_wanted = c.out_event_wanted || cut_short;  // SOCK_NOSPACE
    if (cut_short && taken > 0) {
        // The writer will wait, or give up: nothing more comes soon.
        push_written(cx, c, false, flags.urgent, Nagle::kPush);
    } else if (!cut_short && flags.end_of_record && !c.sending().unsent.empty()) {
        c.edit_sending().unsent.back().sealed = true;
        c.edit_sending().unsent.back().eor = true;
    }
    if (taken > 0) {
        mark_send(c, zerocopy);
        push_written(cx, c, flags.more, flags.urgent, Nagle::kSocket);
    }
    if (cut_short) {  // pushing may have made room, but the writer sleeps now:
                      // sk_stream_wait_memory()
        c.out_event_wanted = true;
        update_chrono(c, cx.now);
    }
    return taken;
}

void push_pending(Context& cx, Connection& c, Nagle nagle) {
    if (!may_send(c)) {
        return;
    }
    refresh_path(cx, c);
    if (!anything_unsent(c) && !c.rare().mtu && c.packets_in_flight() < c.sending().cc.cwnd) {
        return update_chrono(c, cx.now);  // most ACKs of those who have nothing to say
    }
    const bool stuck = write_xmit(cx, c, nagle, Amount::kAll);
    update_chrono(c, cx.now);
    // Linux tcp_check_probe_timer(): what waits for the window, or under TCP_CORK, is not
    // forgotten.
    if (stuck && c.retransmit_timer == RetransmitTimer::kNone) {
        arm_retransmit(cx, c, RetransmitTimer::kProbe0, probe_base(c));
    }
}

void queue_fin(Context& cx, Connection& c) {
    CHECK(!c.fin_queued);
    c.fin_queued = true;
    c.write_seq += 1;
    push_pending(cx, c, Nagle::kPush);
}

bool can_send_more(const Connection& c) {
    return anything_unsent(c) && window_takes(c, head_of(c), current_mss(c));
}

bool send_probe_segment(Context& cx, Connection& c) {
    const std::uint32_t before_count = c.packets_out();
    write_xmit(cx, c, Nagle::kPush, Amount::kProbe);
    return c.packets_out() > before_count;
}

void send_wakeup(Context& cx, Connection& c, Mib probe) {
    Sending& tx = c.edit_sending();
    const std::int32_t left = c.window_end() - c.snd_nxt;
    if (!anything_unsent(c) || left <= 0) {
        send_probe_of_peer(cx, c);
        cx.s.mib.add(probe);
        return;
    }
    // Something fits although not a whole segment, or was held back: it goes, with PSH. Minshall's
    // rule does not count it as small.
    const std::uint32_t mss = current_mss(c);
    const wire::SeqNum small = tx.snd_sml;
    const std::uint32_t head = tx.unsent.empty() ? 0 : tx.unsent.front().payload.length;
    const std::uint32_t length = std::min({head, mss, static_cast<std::uint32_t>(left)});
    const bool fin =
        fin_waits(c) && length == tx.unsent_bytes && left > static_cast<std::int32_t>(length);
    tx.pushed_seq = later(tx.pushed_seq, c.snd_nxt + head);
    if (head > 0) {
        UnsentChunk& chunk = tx.unsent.front();
        chunk.push = true;
        if (length < head) {
            const UnsentChunk fits{chunk.payload.slice(0, length), true, false, false};
            chunk.payload = chunk.payload.slice(length, head - length);
            tx.unsent.insert(0, fits);
        }
    }
    send_burst(cx, c, length, fin, mss);
    tx.snd_sml = small;
}

Duration probe_base(const Connection& c) {
    constexpr Duration kLeast = std::chrono::milliseconds(200);  // TCP_RTO_MIN
    return std::max<Duration>(c.rtt.rto(), kLeast);
}

std::uint32_t probing_for_ms(const Context& cx, const Connection& c) {
    return clock_ms(cx.s.wheel.tick(cx.now)) + 1 - c.sending().probing_since_ms;
}

Duration probe_wait(const Context& cx, const Connection& c, bool refused) {
    const Duration most = std::chrono::milliseconds(cx.s.sysctl.tcp_rto_max_ms);
    const Duration wait =
        refused ? kResourceProbeInterval
                : std::min(probe_base(c) * (std::int64_t{1} << std::min<unsigned>(c.backoff, 20)),
                           most);
    if (c.opt->user_timeout_ms == 0 || c.sending().probing_since_ms == 0) {
        return wait;
    }
    const std::uint32_t spent = probing_for_ms(cx, c);
    const std::uint32_t left =
        c.opt->user_timeout_ms > spent ? c.opt->user_timeout_ms - spent : 2U;  // TCP_TIMEOUT_MIN
    return std::min<Duration>(wait, std::chrono::milliseconds(left));
}

}  // namespace netsim::tcp
