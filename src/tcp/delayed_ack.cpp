// Quick, delayed and compressed acknowledgements.
#include "tcp/delayed_ack.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/receive_window.hpp"

namespace netsim::tcp {

using std::chrono::milliseconds;

namespace {

constexpr Duration kDelackMax = milliseconds(200);  // TCP_DELACK_MAX
constexpr std::uint8_t kMaxQuickAcks = 16;          // TCP_MAX_QUICKACKS

/// Linux tcp_incr_quickack()
void increase_quickack(Connection& c, std::uint8_t most) {
    std::uint32_t acks = c.rcv_wnd / (2U * std::max<std::uint32_t>(c.ack.rcv_mss, 1));
    acks = std::min<std::uint32_t>(acks == 0 ? 2 : acks, most);
    c.ack.quick = std::max(c.ack.quick, static_cast<std::uint8_t>(acks));
}

/// More than one full segment is unacknowledged, and the window has room for the application to
/// read before it matters (else its read sends the ACK).
bool two_segments_owed(const Context& cx, Connection& c) {
    return c.rcv_nxt.raw() - c.rcv_wup.raw() > c.ack.rcv_mss &&
           (c.rcv_nxt.raw() - c.copied_seq.raw() < c.opt->rcvlowat ||
            window_available(cx, c) >= c.rcv_wnd);
}

/// Out-of-order data are reported at once, but a sender that has seen three duplicates needs no
/// storm of them: at most one per min(tcp_comp_sack_delay_ns, RTT / 20).
void report_gap(Context& cx, Connection& c) {
    Reassembly& r = *c.rare().reassembly;
    const Sysctl& sysctl = cx.s.sysctl;
    if (!c.options.sack_ok || r.compressed_acks >= sysctl.tcp_comp_sack_nr) {
        return send_ack(cx, c);
    }
    if (r.compressed_rcv_nxt != c.rcv_nxt) {
        r.compressed_rcv_nxt = c.rcv_nxt;
        r.duplicate_acks = 0;
    }
    constexpr std::uint8_t kFastRetransmitThreshold = 3;
    if (r.duplicate_acks < kFastRetransmitThreshold) {
        ++r.duplicate_acks;
        return send_ack(cx, c);
    }
    ++r.compressed_acks;
    if (c.deadlines.armed(Timer::kCompressedAck)) {
        return;
    }
    Duration rtt = std::chrono::microseconds(c.receiving().tuning.rtt8_us >> 3U);
    if (c.rtt.valid()) {
        rtt = std::min(rtt, c.rtt.srtt());
    }
    const Duration delay = std::min(Duration(sysctl.tcp_comp_sack_delay_ns), rtt / 20);
    // A high-resolution timer: no ticks, and it may fire up to its slack late, as the kernel's
    // does.
    arm_exactly(cx, c, Timer::kCompressedAck,
                cx.now + delay + Duration(sysctl.tcp_comp_sack_slack_ns));
}

}  // namespace

void enter_quickack(Connection& c, std::uint8_t most) {
    increase_quickack(c, most);
    c.ack.pingpong = 0;
    c.edit_receiving().ato = kAtoMin;
}

bool interactive(const StackState& s, const Connection& c) {
    return c.ack.pingpong >= s.sysctl.tcp_pingpong_thresh;
}

void enter_interactive(const StackState& s, Connection& c) {
    c.ack.pingpong = static_cast<std::uint8_t>(s.sysctl.tcp_pingpong_thresh);
}

void pace_acks(const Context& cx, Connection& c) {
    Receiving& rx = c.edit_receiving();
    const Time now = cx.s.wheel.tick(cx.now);
    if (rx.ato == Duration{0}) {  // the first data: no pace yet
        increase_quickack(c, kMaxQuickAcks);
        rx.ato = kAtoMin;
    } else {
        const Duration gap = now - last_data_at(cx.s, c);
        if (gap <= kAtoMin / 2) {
            rx.ato = cx.s.wheel.halved(rx.ato) + kAtoMin / 2;
        } else if (gap < rx.ato) {
            rx.ato = std::min({cx.s.wheel.halved(rx.ato) + gap, c.rtt.rto(), Duration(kDelackMax)});
        } else if (gap > c.rtt.rto()) {
            increase_quickack(c, kMaxQuickAcks);  // the sender restarts: it needs ACKs to grow
        }
    }
    rx.last_data_at = now;
}

Time last_data_at(const StackState& s, const Connection& c) {
    const Time at = c.receiving().last_data_at;
    if (at != kNever) {
        return at;
    }
    return c.was_open ? s.wheel.tick(c.opened_at) : Time{};
}

void note_data_sent(const Context& cx, Connection& c) {
    const Duration ato = c.receiving().ato;
    if (ato > Duration{0} && cx.s.wheel.tick(cx.now) - last_data_at(cx.s, c) < ato &&
        c.ack.pingpong < 255) {
        ++c.ack.pingpong;
    }
}

void note_ack_sent(Context& cx, Connection& c) {
    if (c.rare().reassembly && c.rare().reassembly->compressed_acks > 0) {
        cx.s.mib.add(Mib::kTcpExtTCPAckCompressed, c.rare().reassembly->compressed_acks);
        c.rare().reassembly->compressed_acks = 0;
        c.deadlines.clear(Timer::kCompressedAck);
    }
    if (c.ack.quick > 0 && c.ack.scheduled) {
        --c.ack.quick;
        if (c.ack.quick == 0) {
            c.edit_receiving().ato = kAtoMin;
        }
    }
    c.ack.scheduled = false;
    c.ack.now = false;
    c.ack.pushed = false;
    c.ack.pushed_twice = false;
    c.ack.no_memory = false;
    c.deadlines.clear(Timer::kDelack);
}

namespace {

/// Linux tcp_in_quickack_mode(); measuring the window may end it (two_segments_owed()).
bool in_quickack_mode(const StackState& s, const Connection& c) {
    return c.ack.always_quick || (c.ack.quick > 0 && !interactive(s, c));
}

}  // namespace

void check_ack(Context& cx, Connection& c) {
    if (!c.ack.scheduled || c.state == State::kClosed) {
        return;
    }
    if (two_segments_owed(cx, c) || in_quickack_mode(cx.s, c) || c.ack.now ||
        !cx.s.follows(LessonRule::kDelayedAck)) {
        if (!defer_ack(cx, c)) {
            send_ack(cx, c);
        }
        return;
    }
    if (c.rare().reassembly && !c.rare().reassembly->queue.empty()) {
        return report_gap(cx, c);
    }
    schedule_delayed_ack(cx, c);
}

namespace {

/// An ACK comes before the peer's least RTO, if that is as ours. Linux tcp_delack_max().
Duration delack_max(const Context& cx, const Connection& c) {
    if (cx.s.sysctl.rules.delayed_ack_most == Rules::DelayedAckMost::k200Milliseconds) {
        return kDelackMax;
    }
    const Duration tick = std::max<Duration>(cx.s.wheel.granularity(), milliseconds(1));
    const Duration rto_min = cx.s.wheel.in_ticks(c.rtt.floor(cx.s.sysctl));
    return std::min<Duration>(kDelackMax, std::max(rto_min, 2 * tick) - tick);
}

}  // namespace

void schedule_delayed_ack(Context& cx, Connection& c) {
    const Time now = cx.s.wheel.tick(cx.now);
    Duration ato = c.receiving().ato;
    if (ato > kAtoMin) {
        Duration most = milliseconds(500);
        if (interactive(cx.s, c) || c.ack.pushed) {
            most = kDelackMax;
        }
        if (c.rtt.valid()) {
            most = std::min(most, std::max<Duration>(cx.s.wheel.in_ticks(c.rtt.srtt()), kAtoMin));
        }
        ato = std::min(ato, most);
    }
    ato = std::min(ato, delack_max(cx, c));
    Time at = now + ato;
    if (c.receiving().timer_at != kNever && c.deadlines.armed(Timer::kDelack)) {
        if (c.receiving().timer_at <= now + cx.s.wheel.halved(cx.s.wheel.halved(ato))) {
            return send_ack(cx, c);  // it would go in a moment
        }
        at = std::min(at, c.receiving().timer_at);
    }
    c.ack.scheduled = true;
    c.edit_receiving().timer_at = at;
    arm(cx, c, Timer::kDelack, at);
}

void delayed_ack_timeout(Context& cx, Connection& c) {
    if (!c.ack.scheduled) {
        return;
    }
    if (interactive(cx.s, c)) {  // nobody answered in time
        c.ack.pingpong = 0;
        c.edit_receiving().ato = kAtoMin;
    } else {
        c.edit_receiving().ato =
            std::min({c.receiving().ato * 2, c.rtt.rto(), Duration(kDelackMax)});
    }
    cx.s.mib.add(Mib::kTcpExtDelayedACKs);
    send_ack(cx, c);
}

void compressed_ack_timeout(Context& cx, Connection& c) {
    send_compressed_ack(cx, c);
}

void send_compressed_ack(Context& cx, Connection& c) {
    if (!c.rare().reassembly || c.rare().reassembly->compressed_acks == 0) {
        return;
    }
    --c.rare().reassembly->compressed_acks;  // one of them is sent after all
    if (c.rare().reassembly->compressed_acks == 0) {
        c.deadlines.clear(Timer::kCompressedAck);
    }
    send_ack(cx, c);
}

void set_quickack(Context& cx, Connection& c, std::int64_t value) {
    if (value == 0) {
        return enter_interactive(cx.s, c);
    }
    c.ack.pingpong = 0;
    if ((c.state == State::kEstablished || c.state == State::kCloseWait) && c.ack.scheduled) {
        c.ack.pushed = true;
        after_read(cx, c, 1);
        if ((value & 1) == 0) {
            enter_interactive(cx.s, c);
        }
    }
}

void after_read(Context& cx, Connection& c, std::uint32_t copied) {
    if (!c.synchronized() && !c.awaits_handshake_ack()) {
        return;
    }
    bool now = false;
    if (c.ack.scheduled) {
        const bool small = c.ack.pushed_twice || (c.ack.pushed && !interactive(cx.s, c));
        now = c.rcv_nxt.raw() - c.rcv_wup.raw() > c.ack.rcv_mss ||
              (copied > 0 && small && c.rmem_alloc == 0);
    }
    if (copied > 0 && !now && !c.receive_shutdown) {
        const std::uint32_t window = c.receive_window();
        if (2ULL * window <= c.window_clamp) {
            const std::uint32_t wider = window_available(cx, c);
            now = wider > 0 && wider >= 2ULL * window;  // RFC 9293 §3.8.6.2.2
        }
    }
    if (now) {
        send_ack(cx, c);
    }
}

}  // namespace netsim::tcp
