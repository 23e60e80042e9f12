// The receiving half of a connection.
#include "tcp/input.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/recovery.hpp"
#include "tcp/send_buffer.hpp"

namespace netsim::tcp {

using std::chrono::milliseconds;
using wire::PayloadRef;
using wire::SeqNum;
using wire::SeqRange;

namespace {

constexpr Duration kAtoMin = milliseconds(40);
constexpr std::uint32_t kOutOfOrderMax =
    4096;  // segments: bounds the work a hostile peer can cause

/// Linux tcp_incr_quickack().
void increase_quickack(Connection& c, std::uint8_t most) {
    std::uint32_t acks = c.rcv_wnd / (2U * std::max<std::uint32_t>(c.ack.rcv_mss, 1));
    acks = std::clamp<std::uint32_t>(acks, 2, most);
    c.ack.quick = std::max(c.ack.quick, static_cast<std::uint8_t>(acks));
}

/// Linux tcp_measure_rcv_mss(): how large the peer's segments are, and whether small ones push.
void measure_rcv_mss(Connection& c, std::uint32_t length) {
    if (length >= c.ack.rcv_mss) {
        c.ack.rcv_mss = static_cast<std::uint16_t>(std::min<std::uint32_t>(length, c.advmss));
        if (length > c.ack.rcv_mss) {
            c.ack.pushed = true;
        }
        c.ack.last_seg_size = c.ack.rcv_mss;
        return;
    }
    const bool again = length == c.ack.last_seg_size;
    c.ack.last_seg_size = static_cast<std::uint16_t>(length);
    if (again && length >= 48) {
        c.ack.rcv_mss = static_cast<std::uint16_t>(length);
        return;
    }
    c.ack.pushed_twice = c.ack.pushed_twice || c.ack.pushed;
    c.ack.pushed = true;
}

/// The receiver's own idea of the RTT, for buffer tuning: from echoed timestamps.
void measure_rcv_rtt(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (!c.options.tstamp_ok || !h.has_option(wire::option::kTimestamps) || h.tsecr == 0) {
        return;
    }
    const std::uint32_t ms = timestamp(c, cx.now) - h.tsecr;
    if (ms > 60'000) {
        return;
    }
    const std::uint32_t us = std::max(ms, 1U) * 1000U;
    c.rcv_rtt_us = c.rcv_rtt_us == 0 ? us : std::min(c.rcv_rtt_us, us);
}

/// Linux tcp_event_data_recv(): what the arrival times say about when to acknowledge.
void on_data_received(Context& cx, Connection& c, const wire::TcpHeader& h) {
    c.ack.scheduled = true;
    measure_rcv_mss(c, h.gso_size != 0 ? h.gso_size : h.payload.length);
    measure_rcv_rtt(cx, c, h);
    if (c.ack.ato == Duration{0}) {
        increase_quickack(c, 16);
        c.ack.ato = kAtoMin;
    } else {
        const Duration gap = cx.now - c.ack.last_data_at;
        if (gap <= kAtoMin / 2) {
            c.ack.ato = c.ack.ato / 2 + kAtoMin / 2;
        } else if (gap < c.ack.ato) {
            c.ack.ato = std::min(c.ack.ato / 2 + gap, c.rtt.rto());
        } else if (gap > c.rtt.rto()) {
            increase_quickack(c, 16);  // the sender restarts: it needs ACKs to grow
        }
    }
    c.ack.last_data_at = cx.now;
    // Linux tcp_grow_window()
    if (h.payload.length >= 128 && c.rcv_ssthresh < c.window_clamp &&
        c.rcv_ssthresh < c.rcvbuf / 2) {
        c.rcv_ssthresh = std::min(c.rcv_ssthresh + 2U * c.advmss, c.window_clamp);
    }
}

/// Takes in-order bytes for the application, and checks that they are the bytes the peer sent
/// there.
void accept_payload(Context& cx, Connection& c, const PayloadRef& payload) {
    if (payload.length == 0) {
        return;
    }
    const bool continues = c.rx_started && c.rx_last.continued_by(payload);
    const bool begins =
        payload.offset == 0 && (!c.rx_started || c.rx_last.stream != payload.stream);
    if (payload.stream != 0 && !continues && !begins) {
        ++cx.s.integrity_violations;
    }
    c.rx_started = true;
    c.rx_last = payload;
    c.rcv_nxt += payload.length;
    c.bytes_received += payload.length;
    c.received_bytes += payload.length;
    if (!c.received.empty() && c.received.back().continued_by(payload)) {
        c.received.back().length += payload.length;
        cx.s.mib.add(Mib::kTcpExtTCPRcvCoalesce);
    } else {
        c.received.push_back(payload);
    }
}

/// RFC 2018 §4: the block that this segment made or grew comes first.
void note_sack(Reassembly& r, SeqRange range) {
    std::uint8_t kept = 0;
    std::array<SeqRange, 4> blocks{};
    for (std::uint8_t i = 0; i < r.sack_count; ++i) {
        const SeqRange old = r.sacks[i];
        if (!after(old.begin, range.end) && !before(old.end, range.begin)) {
            range.begin = earlier(range.begin, old.begin);
            range.end = later(range.end, old.end);
        } else if (kept < 3) {
            blocks[kept++] = old;
        }
    }
    r.sacks[0] = range;
    std::copy_n(blocks.begin(), kept, r.sacks.begin() + 1);
    r.sack_count = static_cast<std::uint8_t>(kept + 1);
}

/// Blocks at or below rcv_nxt have been acknowledged.
void trim_sacks(Connection& c) {
    Reassembly& r = *c.reassembly;
    std::uint8_t kept = 0;
    for (std::uint8_t i = 0; i < r.sack_count; ++i) {
        if (after(r.sacks[i].end, c.rcv_nxt)) {
            r.sacks[kept++] = r.sacks[i];
        }
    }
    r.sack_count = kept;
}

/// RFC 9293 §3.10.7.4, eighth step. Linux tcp_fin().
void take_fin(Context& cx, Connection& c) {
    c.rcv_nxt += 1;
    c.ack.scheduled = true;
    c.receive_shutdown = true;
    c.fin_received = true;
    if (c.reassembly) {
        c.reassembly->queue.clear();
        c.reassembly->bytes = 0;
        c.reassembly->sack_count = 0;
    }
    switch (c.state) {
        case State::kSynReceived:
        case State::kEstablished:
            enter(cx, c, State::kCloseWait, Cause::kRcvFin);
            c.ack.pingpong = static_cast<std::uint8_t>(cx.s.sysctl.tcp_pingpong_thresh);
            break;
        case State::kFinWait1:
            send_ack(cx, c);
            enter(cx, c, State::kClosing, Cause::kRcvFin);
            break;
        case State::kFinWait2:
            send_ack(cx, c);
            notify(cx, c, poll::kIn | poll::kRdHup | poll::kHup);
            become_time_wait(cx, c, false, kTimeWaitLength, Cause::kRcvFin);
            return;
        default:
            break;
    }
    notify(cx, c, poll::kIn | poll::kRdHup | (c.send_shutdown ? poll::kHup : 0U));
}

/// Linux tcp_ofo_queue(): moves what has become in order. True: a FIN was among it.
bool drain_reassembly(Context& cx, Connection& c) {
    Reassembly& r = *c.reassembly;
    bool fin = false;
    while (!r.queue.empty() && !after(r.queue.front().seq, c.rcv_nxt)) {
        const OutOfOrder next = r.queue.front();
        r.queue.pop_front();
        r.bytes -= next.payload.length;
        if (!after(next.end, c.rcv_nxt)) {
            continue;
        }
        const std::uint32_t known = c.rcv_nxt.raw() - next.seq.raw();
        if (known < next.payload.length) {
            accept_payload(cx, c, next.payload.slice(known, next.payload.length - known));
        }
        fin = fin || next.fin;
    }
    trim_sacks(c);
    return fin;
}

/// Linux tcp_data_queue_ofo(): keeps only what is not there yet.
void queue_out_of_order(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (!c.reassembly) {
        c.reassembly = std::make_unique<Reassembly>();
    }
    Reassembly& r = *c.reassembly;
    c.predicted = false;
    c.ack.now = true;  // RFC 5681 §4.2: a gap is reported at once
    c.ack.scheduled = true;
    const std::uint32_t room = c.rcvbuf > c.received_bytes ? c.rcvbuf - c.received_bytes : 0;
    if (r.queue.size() >= kOutOfOrderMax || r.bytes + h.payload.length > room) {
        cx.s.mib.add(Mib::kTcpExtTCPOFODrop);
        return drop(cx, Drop::kOfoDrop);
    }
    std::uint32_t at = r.queue.size();
    while (at > 0 && after(r.queue[at - 1].seq, h.seq)) {
        --at;
    }
    OutOfOrder piece{h.seq, h.end_seq(), h.payload, h.fin()};
    if (at > 0 && !before(r.queue[at - 1].end, piece.end)) {
        cx.s.mib.add(Mib::kTcpExtTCPOFOMerge);
        if (cx.s.sysctl.tcp_dsack != 0 && c.options.sack_ok) {
            r.dsack = {piece.seq, piece.end};
            cx.s.mib.add(Mib::kTcpExtTCPDSACKOfoSent);
        }
        return drop(cx, Drop::kOfoMerge);
    }
    cx.s.mib.add(Mib::kTcpExtTCPOFOQueue);
    r.queue.insert(at, piece);
    r.bytes += piece.payload.length;
    note_sack(r, {piece.seq, piece.end});
}

/// RFC 9293 §3.10.7.4, first step's answer to what is out of the window: an ACK soon, a DSACK in
/// it.
void answer_old_data(Context& cx, Connection& c, SeqRange duplicate, Drop reason) {
    enter_quickack(c, 16);
    c.ack.scheduled = true;
    if (!duplicate.empty() && c.options.sack_ok && cx.s.sysctl.tcp_dsack != 0) {
        if (!c.reassembly) {
            c.reassembly = std::make_unique<Reassembly>();
        }
        c.reassembly->dsack = duplicate;
        cx.s.mib.add(Mib::kTcpExtTCPDSACKOldSent);
    }
    drop(cx, reason);
}

void take_in_order(Context& cx, Connection& c, const wire::TcpHeader& h) {
    const std::uint32_t known = c.rcv_nxt.raw() - h.seq.raw();
    if (known < h.payload.length) {
        accept_payload(cx, c, h.payload.slice(known, h.payload.length - known));
    }
    if (h.payload.length > 0) {
        on_data_received(cx, c, h);
    }
    bool fin = h.fin();
    if (c.reassembly && !c.reassembly->queue.empty() && !fin) {
        fin = drain_reassembly(cx, c);
        if (c.reassembly->queue.empty()) {
            c.ack.now = true;  // RFC 5681 §4.2: a filled gap is reported at once
        }
    }
    predict_headers(c);
    if (fin) {
        return take_fin(cx, c);
    }
    if (c.received_bytes >= c.opt.rcvlowat) {
        notify(cx, c, poll::kIn);
    }
}

}  // namespace

void predict_headers(Connection& c) {
    const bool in_order = !c.reassembly || c.reassembly->queue.empty();
    c.predicted = in_order && c.rcv_wnd > 0;
}

void enter_quickack(Connection& c, std::uint8_t most) {
    increase_quickack(c, most);
    c.ack.pingpong = 0;
    c.ack.ato = kAtoMin;
}

void finish_open(Context& cx, Connection& c) {
    const StackState& s = cx.s;
    const std::uint32_t option_bytes = c.options.tstamp_ok ? 12U : 0U;
    const auto least = static_cast<std::uint32_t>(s.sysctl.tcp_min_snd_mss);
    const std::uint32_t peer_mss = std::max<std::uint32_t>(c.options.mss, least);
    std::uint32_t mss = std::min(peer_mss, c.path_mtu - 40U);
    if (c.opt.maxseg != 0) {
        mss = std::min<std::uint32_t>(mss, c.opt.maxseg);
    }
    c.snd_mss = static_cast<std::uint16_t>(mss - option_bytes);
    c.rcvbuf = c.opt.rcvbuf != 0 ? c.opt.rcvbuf : static_cast<std::uint32_t>(s.sysctl.tcp_rmem[1]);
    c.sndbuf = c.opt.sndbuf != 0 ? c.opt.sndbuf
                                 : std::max(static_cast<std::uint32_t>(s.sysctl.tcp_wmem[1]),
                                            wanted_send_buffer(c));
    // Linux tcp_init_buffer_space()
    const std::uint32_t full = c.rcvbuf / 2;
    if (c.window_clamp >= full) {
        c.window_clamp = full;
    }
    if (c.window_clamp > 2U * c.advmss && c.window_clamp + c.advmss > full) {
        c.window_clamp = std::max(2U * c.advmss, full - c.advmss);
    }
    c.rcv_ssthresh = std::min(c.rcv_wnd, c.window_clamp);
    c.rcvq_space = std::min(c.rcv_wnd, 10U * c.advmss);
    c.rcvq_seq = c.copied_seq;
    c.rcvq_since = cx.now;
    // Linux tcp_initialize_rcv_mss()
    const std::uint32_t hint = std::min(
        {std::uint32_t{c.advmss}, std::uint32_t{c.snd_mss}, c.rcv_wnd / 2, std::uint32_t{536}});
    c.ack.rcv_mss = static_cast<std::uint16_t>(std::max(hint, 88U));
    c.last_ack_at = cx.now;
    c.ack.last_data_at = cx.now;
    c.was_open = true;
    if (c.opt.keepalive) {
        arm_keepalive(cx, c);
    }
}

void take_text(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (h.seg_len() == 0) {
        return;
    }
    if (h.seq == c.rcv_nxt || (before(h.seq, c.rcv_nxt) && after(h.end_seq(), c.rcv_nxt))) {
        const bool text = h.payload.length > 0;
        if (c.receive_window() == 0 && text) {
            cx.s.mib.add(Mib::kTcpExtTCPZeroWindowDrop);
            return answer_old_data(cx, c, {}, Drop::kZeroWindow);
        }
        if (before(h.seq, c.rcv_nxt)) {  // partly known: report what came twice (RFC 2883 §4)
            if (c.options.sack_ok && cx.s.sysctl.tcp_dsack != 0) {
                if (!c.reassembly) {
                    c.reassembly = std::make_unique<Reassembly>();
                }
                c.reassembly->dsack = {h.seq, c.rcv_nxt};
            }
        }
        return take_in_order(cx, c, h);
    }
    if (!after(h.end_seq(), c.rcv_nxt)) {
        cx.s.mib.add(Mib::kTcpExtDelayedACKLost);
        return answer_old_data(cx, c, {h.seq, h.end_seq()}, Drop::kOldData);
    }
    if (!before(h.seq, c.rcv_nxt + c.receive_window())) {
        return answer_old_data(cx, c, {}, Drop::kOverWindow);
    }
    queue_out_of_order(cx, c, h);
}

void take_syn_payload(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (h.payload.length == 0 && !h.fin()) {
        return;
    }
    accept_payload(cx, c, h.payload);
    c.fast_open->data_acked = true;
    if (h.fin()) {
        return take_fin(cx, c);
    }
    notify(cx, c, poll::kIn);
}

void check_ack(Context& cx, Connection& c) {
    if (!c.ack.scheduled || c.state == State::kClosed) {
        return;
    }
    const bool interactive = c.ack.pingpong >= cx.s.sysctl.tcp_pingpong_thresh;
    const bool quick = c.ack.quick > 0 && !interactive;
    const std::uint32_t unacked = c.rcv_nxt.raw() - c.rcv_wup.raw();
    const std::uint32_t unread = c.rcv_nxt.raw() - c.copied_seq.raw();
    const bool more_than_one =
        unacked > c.ack.rcv_mss && (unread < c.opt.rcvlowat || window_available(c) >= c.rcv_wnd);
    const bool hole = c.reassembly && !c.reassembly->queue.empty();
    if (more_than_one || quick || c.ack.now || hole) {
        return send_ack(cx, c);
    }
    schedule_delayed_ack(cx, c);
}

namespace {

/// Linux tcp_rcv_space_adjust(): once per RTT, twice what the application read in it.
void tune_buffer(Context& cx, Connection& c) {
    const Duration round = std::chrono::microseconds(
        c.rcv_rtt_us != 0 ? c.rcv_rtt_us : static_cast<std::uint32_t>(c.rtt.srtt().count() / 1000));
    if (round == Duration{0} || cx.now - c.rcvq_since < round) {
        return;
    }
    const std::uint32_t copied = c.copied_seq.raw() - c.rcvq_seq.raw();
    if (copied > c.rcvq_space) {
        if (cx.s.sysctl.tcp_moderate_rcvbuf != 0 && c.opt.rcvbuf == 0) {
            std::uint64_t window = 2ULL * copied + 16ULL * c.advmss;
            const std::uint64_t grown = window * (copied - c.rcvq_space) / c.rcvq_space;
            window += 2 * grown;
            const auto most = static_cast<std::uint64_t>(cx.s.sysctl.tcp_rmem[2]);
            const auto buffer = static_cast<std::uint32_t>(std::min(2 * window, most));
            if (buffer > c.rcvbuf) {
                c.rcvbuf = buffer;
                c.window_clamp = buffer / 2;
            }
        }
        c.rcvq_space = copied;
    }
    c.rcvq_seq = c.copied_seq;
    c.rcvq_since = cx.now;
}

}  // namespace

void after_read(Context& cx, Connection& c, std::uint32_t copied) {
    if (copied > 0) {
        tune_buffer(cx, c);
    }
    if (!c.synchronized() && !c.awaits_handshake_ack()) {
        return;
    }
    const bool interactive = c.ack.pingpong >= cx.s.sysctl.tcp_pingpong_thresh;
    bool now = false;
    if (c.ack.scheduled) {
        const bool pushed = c.ack.pushed_twice || (c.ack.pushed && !interactive);
        now = c.rcv_nxt.raw() - c.rcv_wup.raw() > c.ack.rcv_mss ||
              (copied > 0 && pushed && c.received_bytes == 0);
    }
    if (copied > 0 && !now && !c.receive_shutdown) {
        const std::uint32_t window = c.receive_window();
        if (2 * window <= c.window_clamp) {
            const std::uint32_t wider = window_available(c);
            now = wider > 0 && wider >= 2 * window;
        }
    }
    if (now) {
        send_ack(cx, c);
    }
}

void arm_keepalive(Context& cx, Connection& c) {
    const std::int64_t idle = c.opt.keepidle != 0 ? c.opt.keepidle : cx.s.sysctl.tcp_keepalive_time;
    arm(cx, c, Timer::kKeepalive, cx.now + std::chrono::seconds(idle));
}

}  // namespace netsim::tcp
