// A segment for a connection in SYN-SENT. RFC 9293 §3.10.7.3; Linux
// tcp_rcv_synsent_state_process().
#include <algorithm>

#include "tcp/acknowledge.hpp"
#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/ecn.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/input.hpp"
#include "tcp/output.hpp"
#include "tcp/recovery.hpp"
#include "tcp/segment_arrives.hpp"

namespace netsim::tcp {

namespace {

/// First: the ACK must be for our SYN. An unacceptable one earns a RST, and the SYN is repeated
/// soon: what answered is an old incarnation that the RST removes (facts, "the Cloudflare case").
bool ack_acceptable(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (!h.ack_flag()) {
        return true;
    }
    if (!after(h.ack, c.snd_una) || after(h.ack, c.snd_nxt)) {
        drop(cx, Drop::kSynSentBadAck);
        send_reset_for(cx, packet);
        if (c.retransmits == 0 && !h.rst() && !c.connect_deferred()) {
            constexpr Duration kTwoJiffies = std::chrono::milliseconds(8);
            arm_retransmit(cx, c, RetransmitTimer::kRto, kTwoJiffies);
        }
        return false;
    }
    // What is echoed must have been sent between the first SYN and now.
    const std::uint32_t since_first = h.tsecr - timestamp(c, c.opened_at);
    const std::uint32_t lifetime = timestamp(c, cx.now) - timestamp(c, c.opened_at);
    if (h.has_option(wire::option::kTimestamps) && h.tsecr != 0 &&
        cx.s.sysctl.tcp_timestamps != 0 && since_first > lifetime) {
        cx.s.mib.add(Mib::kTcpExtPAWSActive);
        drop(cx, Drop::kPaws);
        send_reset_for(cx, packet);
        return false;
    }
    return true;
}

/// The options of the peer's SYN meet ours; our own window scale was drawn when connect() was
/// called.
void take_syn(Context& cx, Connection& c, const wire::TcpHeader& h) {
    const bool asked = c.options.ecn_ok;
    c.options = negotiate(cx.s, h, c.options.rcv_wscale);
    // A SYN that crosses ours must ask as ours did (tcp_ecn_rcv_syn()).
    c.options.ecn_ok =
        asked && (h.ack_flag() ? ecn_agreed(h) : h.has(wire::flag::kEce | wire::flag::kCwr));
    if (!c.options.wscale_ok) {
        c.window_clamp = std::min(c.window_clamp, 65535U);
    }
    c.irs = h.seq;
    c.rcv_nxt = c.rcv_wup = c.copied_seq = h.seq + 1;
    if (c.options.tstamp_ok) {
        c.ts_recent = h.tsval;
        c.ts_recent_stamp_s = clock_s(cx.now);
    }
    c.snd_wnd = h.window;  // never scaled in a SYN (RFC 7323 §2.2)
    c.max_window = h.window;
    c.snd_wl1 = h.seq;
}

/// A SYN and no ACK of ours: both ends open at once. RFC 9293 §3.5, figure 8.
void simultaneous_open(Context& cx, Connection& c, const wire::Packet& packet) {
    take_syn(cx, c, packet.tcp);
    enter(cx, c, State::kSynReceived, Cause::kRcvSyn);
    c.edit_sending().last_sent_at = cx.now;  // the RTT counts from the last copy of our SYN
    send_syn_ack(cx, c, {});
    arm_retransmit(cx, c, RetransmitTimer::kRto, c.rtt.rto());
}

/// RFC 5681 §3.1: after more than one lost SYN the window begins at one segment, unless the echoed
/// timestamp is the first SYN's. What the loss told of ssthresh is forgotten. Linux
/// tcp_init_transfer(), tcp_init_metrics(), tcp_try_undo_spurious_syn().
void end_syn_loss(Connection& c, const wire::TcpHeader& h) {
    if (c.sending().ca_state != CaState::kLoss) {
        return;
    }
    const bool spurious = c.options.tstamp_ok && h.tsecr == timestamp(c, c.opened_at);
    c.edit_sending().cc.cwnd = c.syn_retransmits > 1 && !spurious ? 1 : kInitialCwnd;
    c.edit_sending().cc.ssthresh = kInfiniteSsthresh;
    c.edit_sending().ca_state = CaState::kOpen;
    c.edit_sending().undo = {};
    c.edit_sending().frto = false;
}

/// RACK's first RTT.
void note_handshake_rtt(Connection& c, Duration rtt) {
    c.handshake_rtt_ns = static_cast<std::uint32_t>(std::min<std::int64_t>(rtt.count(), ~0U));
    if (c.has_sending()) {
        c.edit_sending().rack.rtt = rtt;
    }
}

}  // namespace

void in_syn_sent(Context& cx, Connection& c, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (!ack_acceptable(cx, c, packet)) {
        return;
    }
    if (h.rst()) {
        if (!h.ack_flag()) {
            return drop(cx, Drop::kSynSentRst);
        }
        return abort_with(cx, c, Errno::kECONNREFUSED, Cause::kRcvRst);
    }
    if (!h.syn()) {
        return drop(cx, Drop::kSynSentNoSyn);
    }
    if (!h.ack_flag()) {
        if (c.connect_deferred() ||  // no SYN of ours has left that could cross it
            !cx.s.follows(LessonRule::kSimultaneousOpen)) {
            return drop(cx, Drop::kSynSentNoSyn);
        }
        return simultaneous_open(cx, c, packet);
    }
    take_syn(cx, c, h);
    c.snd_una = h.ack;
    clear_retransmit(c);
    cx.s.mib.add(Mib::kTcpExtTCPDelivered);  // the SYN
    c.delivered = 1;
    if (!c.sending().sent.empty()) {  // the data in it, or a part
        acknowledge_syn_data(cx, c, h);
    } else if (c.rare().fast_open && c.rare().fast_open->empty_data) {
        cx.s.mib.add(Mib::kTcpExtTCPDelivered);
        ++c.delivered;
    }
    if (c.rtt.valid()) {
        // SYN and data left at the same time: one sample
    } else if (c.syn_retransmits == 0) {
        const Duration rtt =
            std::max<Duration>(cx.now - c.last_sent_at(), std::chrono::microseconds(1));
        take_rtt(cx, c, rtt, rtt);
        note_handshake_rtt(c, rtt);
    } else if (c.options.tstamp_ok && h.tsecr != 0) {
        const Duration rtt =
            std::chrono::milliseconds(std::max(timestamp(c, cx.now) - h.tsecr, 1U));
        take_rtt(cx, c, rtt, rtt);
    } else {
        c.rtt.set_rto(std::chrono::seconds(3));
    }
    c.retransmits = 0;
    c.backoff = 0;
    if (c.has_sending()) {
        c.edit_sending().first_retrans_at = kNever;
    }
    end_syn_loss(c, h);
    enter(cx, c, State::kEstablished, Cause::kRcvSynAck);
    finish_open(cx, c);
    c.predicted = c.options.snd_wscale == 0;
    const bool data_sent_again = take_fast_open_syn_ack(cx, c, packet);
    notify(cx, c, poll::kOut);
    if (data_sent_again) {
        return push_pending(cx, c);  // it carried the ACK
    }
    if (c.ack.pingpong >= cx.s.sysctl.tcp_pingpong_thresh || c.opt->defer_accept != 0 ||
        c.write_pending || !c.sending().unsent.empty()) {
        c.write_pending = false;
        // Something will be sent soon: the ACK rides on it, or follows within 200 ms.
        c.ack.scheduled = true;
        enter_quickack(c, 16);
        arm(cx, c, Timer::kDelack, cx.now + std::chrono::milliseconds(200));
        push_pending(cx, c);
        return;
    }
    send_ack(cx, c);
}

}  // namespace netsim::tcp
