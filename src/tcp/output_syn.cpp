// SYNs of active opens, with what Fast Open adds, and the SYN-ACKs that full sockets send.
#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/ecn.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/output.hpp"

namespace netsim::tcp {

using wire::Packet;
namespace flag = wire::flag;
namespace option = wire::option;

namespace {

Packet& syn_packet(Context& cx, const Connection& c) {
    const StackState& s = cx.s;
    Packet& p = packet_for(cx, c.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = c.iss;
    h.flags = flag::kSyn | ecn_syn_flags(s.sysctl, c);
    h.options = option::kMss;
    h.mss = c.advmss;
    if (s.sysctl.tcp_sack != 0) {
        h.options |= option::kSackPermitted;
    }
    const Md5Key* key = key_of(c);
    reserve_signature(h, key);
    if (s.sysctl.tcp_timestamps != 0 && key == nullptr) {  // no room for both and SACK blocks
        h.options |= option::kTimestamps;
        h.tsval = timestamp(c, cx.now);
        h.tsecr = c.ts_recent;
    }
    if (s.sysctl.tcp_window_scaling != 0) {
        h.options |= option::kWindowScale;
        h.window_scale = c.options.rcv_wscale;
    }
    h.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(c.rcv_wnd, 65535));
    set_ip_options(p, *c.opt);
    return p;
}

}  // namespace

void send_first_syn(Context& cx, Connection& c, const FastOpenOption& option,
                    const wire::PayloadRef& data) {
    c.snd_nxt = c.iss + 1 + data.length;
    c.write_seq = c.snd_nxt;
    c.opened_at = cx.now;
    c.ack.rcv_mss = 88;  // tcp_initialize_rcv_mss() before there is a window: TCP_MIN_MSS
    if (c.has_sending() || data.length > 0) {
        Sending& tx = c.edit_sending();
        tx.high_seq = tx.rtt_seq = tx.pushed_seq = c.snd_nxt;
        tx.snd_sml = c.iss + 1;
        tx.last_sent_at = cx.now;
    }
    Packet& p = syn_packet(cx, c);
    put_fast_open(p.tcp, option);
    p.tcp.payload = data;
    sign(cx.s, p, key_of(c));
    ++c.segs_out;
    cx.s.mib.add(Mib::kTcpOutSegs);
    cx.s.mib.add(Mib::kTcpActiveOpens);
    arm_retransmit(cx, c, RetransmitTimer::kRto, c.rtt.rto());
}

void resend_syn(Context& cx, Connection& c) {
    Packet& p = syn_packet(cx, c);
    sign(cx.s, p, key_of(c));
    ++c.segs_out;  // RFC 4022: OutSegs excludes retransmissions
}

void send_syn_ack(Context& cx, Connection& c, const FastOpenOption& option) {
    Packet& p = packet_for(cx, c.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = c.iss;
    h.ack = c.rcv_nxt;
    h.flags = flag::kSyn | flag::kAck | (c.options.ecn_ok ? flag::kEce : std::uint16_t{0});
    h.options = option::kMss;
    h.mss = c.advmss;
    if (c.options.sack_ok) {
        h.options |= option::kSackPermitted;
    }
    if (c.options.tstamp_ok) {
        h.options |= option::kTimestamps;
        h.tsval = timestamp(c, cx.now);
        h.tsecr = c.ts_recent;
    }
    if (c.options.wscale_ok) {
        h.options |= option::kWindowScale;
        h.window_scale = c.options.rcv_wscale;
    }
    const Md5Key* key = key_of(c);
    reserve_signature(h, key);
    put_fast_open(h, option);
    const bool again = c.awaits_handshake_ack() && c.rare().fast_open->syn_ack_window != 0;
    const std::uint32_t window = again ? c.rare().fast_open->syn_ack_window : c.rcv_wnd;
    if (c.awaits_handshake_ack()) {
        c.rare().fast_open->syn_ack_window = window;
    }
    h.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(window, 65535));
    sign(cx.s, p, key);
    ++c.segs_out;
    if (c.passive) {  // in a simultaneous open it is our SYN sent again
        cx.s.mib.add(Mib::kTcpOutSegs);
    }
}

}  // namespace netsim::tcp
