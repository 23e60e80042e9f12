// The receiving half of a connection.
#include "tcp/input.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/ecn.hpp"
#include "tcp/output.hpp"
#include "tcp/pacing.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/tso.hpp"

namespace netsim::tcp {

using wire::PayloadRef;
using wire::SeqRange;

namespace {

/// Linux tcp_event_data_recv(): what the arrival of data teaches.
void on_data_received(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    c.ack.scheduled = true;
    measure_segment(c, h);
    measure_receive_rtt(cx, c);
    pace_acks(cx, c);
    ecn_data_arrived(c, packet.ecn);
    constexpr std::uint32_t kWorthGrowing = 128;
    if (h.payload.length >= kWorthGrowing) {
        grow_receive_window(cx, c, h.payload.length, packet_memory(h).truesize);
    }
}

/// RFC 9293 §3.10.7.4, eighth step. Linux tcp_fin().
void take_fin(Context& cx, Connection& c) {
    c.rcv_nxt += cx.s.follows(LessonRule::kFinCounts) ? 1 : 0;
    c.ack.scheduled = true;
    c.receive_shutdown = true;
    c.fin_received = true;
    switch (c.state) {
        case State::kSynReceived:
        case State::kEstablished:
            enter(cx, c, State::kCloseWait, Cause::kRcvFin);
            enter_interactive(cx.s, c);
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
    purge_reassembly(c);  // nothing can follow; nor is a duplicate worth a report now
    notify(cx, c, poll::kIn | poll::kRdHup | (c.send_shutdown ? poll::kHup : 0U));
}

/// What cannot be taken is answered soon, with a DSACK where it was known.
void answer_out_of_window(Context& cx, Connection& c, Drop reason) {
    enter_quickack(c, 16);
    c.ack.scheduled = true;
    drop(cx, reason);
}

/// No memory for an in-order segment: the peer is told a window of 0 at once. Linux
/// tcp_data_queue(), ICSK_ACK_NOMEM. True: the segment is dropped; the first of an empty queue is
/// always taken.
bool refused_for_memory(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (make_receive_room(cx, c, h.seq)) {
        return false;
    }
    c.ack.no_memory = true;
    c.ack.now = true;
    c.ack.scheduled = true;
    notify(cx, c, poll::kIn);
    if (c.receiving().received.empty() || h.payload.length == 0) {
        return false;
    }
    cx.s.mib.add(Mib::kTcpExtTCPRcvQDrop);
    drop(cx, Drop::kNoReceiveMemory);
    return true;
}

void take_in_order(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (refused_for_memory(cx, c, h)) {
        return;
    }
    const std::uint32_t known = c.rcv_nxt.raw() - h.seq.raw();
    if (known < h.payload.length) {
        accept_payload(cx, c, h.payload.slice(known, h.payload.length - known), packet_memory(h));
    } else if (h.fin()) {
        queue_received_fin(cx, c, packet_memory(h));
    }
    if (h.payload.length > 0) {
        on_data_received(cx, c, packet);
    }
    bool fin = h.fin();
    if (c.rare().reassembly && !c.rare().reassembly->queue.empty() && !fin) {
        fin = drain_reassembly(cx, c);
        if (c.rare().reassembly->queue.empty()) {
            c.ack.now = true;  // RFC 5681 §4.2: a filled gap is reported at once
        }
    }
    predict_headers(c);
    if (fin) {
        return take_fin(cx, c);
    }
    if (c.receiving().received_bytes >= c.opt->rcvlowat) {
        notify(cx, c, poll::kIn);
    }
}

}  // namespace

void predict_headers(Connection& c) {
    const bool in_order = !c.rare().reassembly || c.rare().reassembly->queue.empty();
    c.predicted = in_order && c.rcv_wnd > 0;
}

void accept_payload(Context& cx, Connection& c, const PayloadRef& payload,
                    const PacketMemory& memory) {
    if (payload.length == 0) {
        return;
    }
    const bool continues = c.receiving().rx_started && c.receiving().rx_last.continued_by(payload);
    const bool begins = payload.offset == 0 && (!c.receiving().rx_started ||
                                                c.receiving().rx_last.stream != payload.stream);
    if (payload.stream != 0 && !continues && !begins) {
        ++cx.s.integrity_violations;
    }
    Receiving& rx = c.edit_receiving();
    rx.rx_started = true;
    rx.rx_last = payload;
    rx.bytes_received += payload.length;
    rx.received_bytes += payload.length;
    rx.segment_at = cx.now;
    c.rcv_nxt += payload.length;
    queue_received(cx, c, payload, memory);
}

void finish_open(Context& cx, Connection& c) {
    const StackState& s = cx.s;
    open_path(cx, c);
    c.was_open = true;
    c.opened_at = cx.now;
    const std::uint32_t initcwnd = route_metrics(s, c).initcwnd;
    if (initcwnd != 0 &&
        c.sending().cc.cwnd == kInitialCwnd) {  // else the handshake's losses lowered it
        c.edit_sending().cc.cwnd = initcwnd;
    }
    c.sndbuf = c.opt->sndbuf;
    if (c.sndbuf == 0) {
        c.sndbuf = static_cast<std::uint32_t>(s.sysctl.tcp_wmem[1]);
        expand_send_buffer(c, s.sysctl);
    }
    init_receive_buffer(cx, c);
    c.last_ack_at = cx.s.wheel.tick(cx.now);
    if (c.has_receiving()) {
        c.edit_receiving().last_data_at = s.wheel.tick(cx.now);
    }
    c.reordering = static_cast<std::uint16_t>(s.sysctl.tcp_reordering);
    if (c.has_sending()) {
        begin_round_trips(c);
    }
    limit_pacing(c);
    c.algorithm().init(cx, c);
    if (!c.algorithm().sets_cwnd()) {
        update_pacing_rate(c, s.sysctl);
    }
    if (c.opt->keepalive) {
        arm_keepalive(cx, c);
    }
}

void take_text(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (h.seg_len() == 0) {
        return;
    }
    ecn_take_cwr(c, h);
    if (c.rare().reassembly) {
        c.rare().reassembly->dsack = {};
    }
    if (h.seq != c.rcv_nxt && !after(h.end_seq(), c.rcv_nxt)) {
        cx.s.mib.add(Mib::kTcpExtDelayedACKLost);
        set_dsack(cx, c, {h.seq, h.end_seq()});
        return answer_out_of_window(cx, c, Drop::kOldData);
    }
    if (h.seq != c.rcv_nxt && !before(h.seq, c.rcv_nxt + c.receive_window())) {
        return answer_out_of_window(cx, c, Drop::kOverWindow);
    }
    if (after(h.seq, c.rcv_nxt)) {
        ecn_data_arrived(c, packet.ecn);
        return queue_out_of_order(cx, c, h);
    }
    if (h.seq != c.rcv_nxt) {  // partly known: report what came twice (RFC 2883 §4)
        set_dsack(cx, c, {h.seq, c.rcv_nxt});
    }
    const bool bare_fin = h.seq == c.rcv_nxt && h.payload.length == 0;
    if (c.receive_window() == 0 && !bare_fin) {
        cx.s.mib.add(Mib::kTcpExtTCPZeroWindowDrop);
        return answer_out_of_window(cx, c, Drop::kZeroWindow);
    }
    take_in_order(cx, c, packet);
}

void take_syn_payload(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (h.payload.length == 0 && !h.fin()) {
        return;
    }
    if (h.payload.length > 0) {
        accept_payload(cx, c, h.payload, packet_memory(h));
    } else {
        queue_received_fin(cx, c, packet_memory(h));
    }
    c.rare().fast_open->data_acked = true;
    if (h.fin()) {
        return take_fin(cx, c);
    }
    notify(cx, c, poll::kIn);
}

void arm_keepalive(Context& cx, Connection& c) {
    const std::int64_t idle =
        c.opt->keepidle != 0 ? c.opt->keepidle : cx.s.sysctl.tcp_keepalive_time;
    arm(cx, c, Timer::kKeepalive, cx.now + std::chrono::seconds(idle));
}

}  // namespace netsim::tcp
