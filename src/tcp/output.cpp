// Segments of connections: building, sending, sending again.
#include "tcp/output.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/recovery.hpp"

namespace netsim::tcp {

using wire::Packet;
using wire::SeqNum;
namespace flag = wire::flag;
namespace option = wire::option;

namespace {

/// SACK blocks that fit beside `payload` bytes: 40 bytes of options, and the path's MTU.
std::uint8_t sack_room(const Connection& c, std::uint32_t payload) {
    constexpr std::uint32_t kFixed =
        wire::kIpHeaderLength + wire::kTcpHeaderLength + 4;  // nop nop kind len
    const std::uint32_t used = kFixed + (c.options.tstamp_ok ? 12U : 0U) + payload;
    const std::uint32_t by_mtu = used < c.path_mtu ? (c.path_mtu - used) / 8 : 0;
    return static_cast<std::uint8_t>(std::min(by_mtu, c.options.tstamp_ok ? 3U : 4U));
}

/// What a new segment may carry now: SACK blocks that wait take their room. Linux
/// tcp_current_mss().
std::uint32_t current_mss(const Connection& c) {
    if (!c.options.sack_ok || !c.reassembly) {
        return c.snd_mss;
    }
    const std::uint32_t waiting =
        c.reassembly->sack_count + (c.reassembly->dsack.empty() ? 0U : 1U);
    const std::uint32_t blocks = std::min(waiting, c.options.tstamp_ok ? 3U : 4U);
    return blocks == 0 ? c.snd_mss : c.snd_mss - (4U + 8U * blocks);
}

void add_sack_blocks(Connection& c, wire::TcpHeader& h) {
    if (!c.options.sack_ok || !c.reassembly) {
        return;
    }
    Reassembly& r = *c.reassembly;
    const std::uint8_t room = sack_room(c, h.payload.length);
    if (room == 0) {
        return;  // a full segment sent again: its blocks go with the next ACK
    }
    if (!r.dsack.empty()) {
        h.sack[h.sack_count++] = r.dsack;
        r.dsack = {};
    }
    for (std::uint8_t i = 0; i < r.sack_count && h.sack_count < room; ++i) {
        h.sack[h.sack_count++] = r.sacks[i];
    }
    if (h.sack_count > 0) {
        h.options |= option::kSack;
    }
}

/// Linux tcp_event_ack_sent(): a segment with ACK pays what was owed.
void on_ack_sent(Connection& c) {
    if (c.ack.quick > 0) {
        --c.ack.quick;
        if (c.ack.quick == 0) {
            c.ack.ato = std::chrono::milliseconds(40);
        }
    }
    c.ack.scheduled = false;
    c.ack.now = false;
    c.ack.pushed = false;
    c.ack.pushed_twice = false;
    c.deadlines.clear(Timer::kDelack);
}

/// A segment of a synchronized connection, ACK included.
void transmit(Context& cx, Connection& c, SeqNum seq, std::uint16_t flags,
              const wire::PayloadRef& payload) {
    Packet p = packet_for(cx.s, c.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = seq;
    h.ack = c.rcv_nxt;
    h.flags = static_cast<std::uint16_t>(flags | flag::kAck);
    h.payload = payload;
    h.window = select_window(cx, c);
    set_ip_options(p, c.opt);
    if (c.urgent) {
        set_urgent(c, h);
    }
    if (c.options.tstamp_ok) {
        h.options |= option::kTimestamps;
        h.tsval = timestamp(c, cx.now);
        h.tsecr = c.ts_recent;
    }
    add_sack_blocks(c, h);
    on_ack_sent(c);
    ++c.segs_out;
    cx.out.packets.push_back(p);
    if (c.errors && payload.length > 0) {
        stamp_transmit(cx, c, seq, payload.length);
    }
}

/// Linux tcp_event_data_sent(): a reply within ato of the request makes the connection interactive.
void on_data_sent(Context& cx, Connection& c) {
    if (c.packets_out() == 0 && cx.s.sysctl.tcp_slow_start_after_idle != 0 &&
        to_ns(c.last_sent_at) > 0 && cx.now - c.last_sent_at > c.rtt.rto()) {
        restart_after_idle(c, cx.now - c.last_sent_at);
    }
    c.last_sent_at = cx.now;
    if (cx.now - c.ack.last_data_at < c.ack.ato && c.ack.pingpong < 255) {
        ++c.ack.pingpong;
    }
}

/// Linux tcp_nagle_test(): may a segment of `length` bytes go although more may come?
bool nagle_allows(const Connection& c, std::uint32_t length, bool carries_fin, Nagle nagle) {
    const bool urgent = c.urgent && c.urgent->sending;
    if (length >= current_mss(c) || carries_fin || urgent) {
        return true;
    }
    if (c.opt.cork || nagle == Nagle::kCork) {
        return false;
    }
    // Minshall: hold a partial segment only while an earlier partial one is unacknowledged.
    const bool small_in_flight = after(c.snd_sml, c.snd_una) && !after(c.snd_sml, c.snd_nxt);
    return c.opt.nodelay || c.packets_out() == 0 || !small_in_flight;
}

/// How many bytes the next segment takes: one MSS, within one stream, within the window.
std::uint32_t next_length(const Connection& c, std::uint32_t window) {
    const std::uint32_t chunk = c.unsent.front().payload.length;
    return std::min({chunk, current_mss(c), window});
}

/// Sends the first `length` unsent bytes as one segment, FIN included if they are the last.
void send_next(Context& cx, Connection& c, std::uint32_t length, bool with_fin) {
    on_data_sent(cx, c);
    SentSegment segment;
    segment.seq = c.snd_nxt;
    segment.sent_at = cx.now;
    if (length > 0) {
        UnsentChunk& chunk = c.unsent.front();
        segment.payload = chunk.payload.slice(0, length);
        if (length == chunk.payload.length) {
            if (chunk.push) {
                segment.flags |= flag::kPsh;
            }
            c.unsent.pop_front();
        } else {
            chunk.payload = chunk.payload.slice(length, chunk.payload.length - length);
        }
        c.unsent_bytes -= length;
        c.sent_bytes += length;
        c.bytes_sent += length;
    }
    if (with_fin) {
        segment.flags |= flag::kFin;
        c.fin_sent = true;
    }
    segment.end = segment.seq + length + (with_fin ? 1U : 0U);
    if (length > 0 && length < current_mss(c)) {
        c.snd_sml = segment.end;
    }
    if (c.ca_state == CaState::kRecovery) {
        ++c.prr_out;  // RFC 6937: new data counts as well
    }
    const bool first = c.packets_out() == 0;
    c.sent.push_back(segment);
    c.snd_nxt = segment.end;
    // Before the handshake's last ACK the timer is the SYN-ACK's (tcp_rearm_rto()).
    if (!c.awaits_handshake_ack() && (first || c.retransmit_timer == RetransmitTimer::kProbe0)) {
        arm_retransmit(cx, c, RetransmitTimer::kRto, rto_now(c, cx));
    }
    cx.s.mib.add(Mib::kTcpOutSegs);
    cx.s.mib.add(Mib::kTcpExtTCPOrigDataSent);  // a bare FIN counts too (tcp_event_new_data_sent())
    transmit(cx, c, segment.seq, segment.flags, segment.payload);
}

/// Linux tcp_write_xmit(). True: something is unsent and nothing is in flight to bring it out
/// later.
bool write_xmit(Context& cx, Connection& c, Nagle nagle) {
    while (!c.unsent.empty() || (c.fin_queued && !c.fin_sent)) {
        const bool fin_only = c.unsent.empty();
        if (c.packets_in_flight() >= c.cc.cwnd) {
            c.cc.cwnd_limited = true;
            break;
        }
        const std::int32_t left = c.window_end() - c.snd_nxt;
        const std::uint32_t window = left < 0 ? 0 : static_cast<std::uint32_t>(left);
        if (fin_only) {
            // Linux lets a bare FIN go whatever the window says only if it is its own segment and
            // fits.
            if (window == 0) {
                break;
            }
            send_next(cx, c, 0, true);
            break;
        }
        const std::uint32_t whole = next_length(c, 0xffffffffU);
        if (whole > window) {
            break;  // sender's silly-window avoidance: the persist timer sends what fits
        }
        const bool last = c.unsent_bytes == whole;
        const bool with_fin = last && c.fin_queued;
        if (with_fin && whole == window) {
            break;  // the FIN needs a place in the window as well
        }
        if (nagle != Nagle::kPush && last && !nagle_allows(c, whole, with_fin, nagle)) {
            break;
        }
        send_next(cx, c, whole, with_fin);
    }
    c.cc.cwnd_used = std::max(c.cc.cwnd_used, c.packets_in_flight());
    return c.packets_out() == 0 && (!c.unsent.empty() || (c.fin_queued && !c.fin_sent));
}

}  // namespace

void set_ip_options(Packet& p, const SocketOptions& opt) {
    constexpr std::uint8_t kDont = 0;  // IP_PMTUDISC_DONT: routers may fragment
    p.dscp = static_cast<std::uint8_t>(opt.tos >> 2U);
    p.ttl = opt.ttl != 0 ? opt.ttl : p.ttl;
    p.dont_fragment = opt.mtu_discover != kDont;
}

Packet packet_for(const StackState& s, const FourTuple& tuple) {
    Packet p{};
    p.source = tuple.local;
    p.destination = tuple.remote;
    p.ttl = static_cast<std::uint8_t>(s.sysctl.ip_default_ttl);
    p.tcp.source_port = tuple.local_port;
    p.tcp.destination_port = tuple.remote_port;
    return p;
}

void send_ack(Context& cx, Connection& c) {
    if (c.state == State::kClosed) {
        return;
    }
    cx.s.mib.add(Mib::kTcpOutSegs);
    transmit(cx, c, c.snd_nxt, 0, {});
}

void send_duplicate_ack(Context& cx, Connection& c, wire::SeqRange duplicate) {
    if (!duplicate.empty() && c.options.sack_ok && cx.s.sysctl.tcp_dsack != 0) {
        if (!c.reassembly) {
            c.reassembly = std::make_unique<Reassembly>();
        }
        c.reassembly->dsack = duplicate;
        cx.s.mib.add(Mib::kTcpExtTCPDSACKOldSent);
    }
    send_ack(cx, c);
}

void schedule_delayed_ack(Context& cx, Connection& c) {
    using std::chrono::milliseconds;
    constexpr Duration kAtoMin = milliseconds(40);
    constexpr Duration kDelackMax = milliseconds(200);
    Duration ato = c.ack.ato;
    if (ato > kAtoMin) {
        Duration most = milliseconds(500);
        const bool interactive = c.ack.pingpong >= cx.s.sysctl.tcp_pingpong_thresh;
        if (interactive || c.ack.pushed) {
            most = kDelackMax;
        }
        if (c.rtt.valid()) {
            most = std::min(most, std::max(c.rtt.srtt(), kAtoMin));
        }
        ato = std::min(ato, most);
    }
    ato = std::min(ato, kDelackMax);
    Time at = cx.now + ato;
    if (c.deadlines.armed(Timer::kDelack)) {
        const Time pending = c.deadlines.get(Timer::kDelack);
        if (pending <= cx.now + ato / 4) {
            send_ack(cx, c);
            return;
        }
        at = std::min(at, pending);
    }
    c.ack.scheduled = true;
    arm(cx, c, Timer::kDelack, at);
}

void send_challenge_ack(Context& cx, Connection& c) {
    StackState& s = cx.s;
    if (!may_answer_invalid(s, cx.now, c.last_challenge_ms, Mib::kTcpExtTCPACKSkippedChallenge)) {
        return;
    }
    const std::int64_t second = to_ns(cx.now) / 1'000'000'000;
    if (s.challenge_second != second) {
        s.challenge_second = second;
        s.challenge_count = 0;
    }
    if (s.challenge_count >= static_cast<std::uint64_t>(s.sysctl.tcp_challenge_ack_limit)) {
        return;
    }
    ++s.challenge_count;
    s.mib.add(Mib::kTcpExtTCPChallengeACK);
    send_ack(cx, c);
}

void push_pending(Context& cx, Connection& c, Nagle nagle) {
    if (c.state == State::kClosed || c.state == State::kSynSent ||
        (c.state == State::kSynReceived && !c.awaits_handshake_ack())) {
        return;
    }
    const bool stuck = write_xmit(cx, c, nagle);
    update_chrono(c, cx.now);
    // Linux tcp_check_probe_timer(): what waits only for the window is kept alive by probes.
    if (stuck && c.retransmit_timer == RetransmitTimer::kNone) {
        arm_retransmit(cx, c, RetransmitTimer::kProbe0,
                       std::max<Duration>(c.rtt.rto(), std::chrono::milliseconds(200)));
    }
}

void queue_fin(Context& cx, Connection& c) {
    CHECK(!c.fin_queued);
    c.fin_queued = true;
    c.write_seq += 1;
    push_pending(cx, c);
}

void retransmit(Context& cx, Connection& c, SentSegment& segment) {
    segment.sent_at = cx.now;
    if (!segment.retransmitted) {
        segment.retransmitted = true;
        ++c.retrans_out;
    }
    segment.ever_retransmitted = true;
    if (c.first_retrans_at == kNever) {
        c.first_retrans_at = cx.now;
    }
    ++c.retrans_total;
    cx.s.mib.add(Mib::kTcpRetransSegs);
    transmit(cx, c, segment.seq, segment.flags, segment.payload);
}

bool send_wakeup(Context& cx, Connection& c) {
    const std::int32_t left = c.window_end() - c.snd_nxt;
    if (!c.unsent.empty() && left > 0) {
        // Something fits although not a whole segment: it goes, with PSH (tcp_write_wakeup).
        const std::uint32_t length = next_length(c, static_cast<std::uint32_t>(left));
        const bool with_fin =
            c.fin_queued && length == c.unsent_bytes && left > static_cast<std::int32_t>(length);
        UnsentChunk& chunk = c.unsent.front();
        chunk.push = true;
        if (length < chunk.payload.length) {
            const UnsentChunk fits{chunk.payload.slice(0, length), true};
            chunk.payload = chunk.payload.slice(length, chunk.payload.length - length);
            c.unsent.insert(0, fits);
        }
        send_next(cx, c, length, with_fin);
        return true;
    }
    // RFC 9293 §3.8.6.1, Linux's form: an ACK of what the peer has already, without a byte.
    transmit(cx, c, c.snd_una - 1, 0, {});
    cx.s.mib.add(Mib::kTcpOutSegs);
    return true;
}

void send_active_reset(Context& cx, Connection& c) {
    Packet p = packet_for(cx.s, c.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = c.snd_nxt;
    h.ack = c.rcv_nxt;
    h.flags = flag::kRst | flag::kAck;
    if (c.options.tstamp_ok) {
        h.options |= option::kTimestamps;
        h.tsval = timestamp(c, cx.now);
        h.tsecr = c.ts_recent;
    }
    h.window = select_window(cx, c);
    cx.s.mib.add(Mib::kTcpOutRsts);
    cx.s.mib.add(Mib::kTcpOutSegs);
    ++c.segs_out;
    cx.out.packets.push_back(p);
}

std::uint32_t window_available(const Connection& c) {
    // Half of the buffer is window, the other half the kernel's overhead (tcp_win_from_space).
    const std::uint32_t full = std::min(c.rcvbuf / 2, c.window_clamp);
    const std::uint32_t held = c.received_bytes + (c.reassembly ? c.reassembly->bytes : 0);
    const std::uint32_t buffer = c.rcvbuf / 2;
    std::uint32_t free = held < buffer ? buffer - held : 0;
    const std::uint32_t mss = std::min<std::uint32_t>(c.ack.rcv_mss, full);
    if (free < full / 2 && (free < full / 16 || free < mss)) {
        return 0;  // RFC 9293 §3.8.6.2.2
    }
    free = std::min(free, c.rcv_ssthresh);
    if (c.options.rcv_wscale != 0) {
        const std::uint32_t unit = 1U << c.options.rcv_wscale;
        return (free + unit - 1) / unit * unit;
    }
    std::uint32_t window = c.rcv_wnd;
    if (mss > 0 && (window + mss <= free || window > free)) {
        window = free / mss * mss;
    } else if (mss == full && free > window + full / 2) {
        window = free;
    }
    return window;
}

std::uint16_t select_window(Context& cx, Connection& c) {
    const std::uint32_t current = c.receive_window();
    std::uint32_t window = window_available(c);
    if (window < current) {  // never shrink (RFC 9293 §3.8.6)
        if (window == 0) {
            cx.s.mib.add(Mib::kTcpExtTCPWantZeroWindowAdv);
        }
        const std::uint32_t unit = 1U << c.options.rcv_wscale;
        window = (current + unit - 1) / unit * unit;
    }
    const std::uint32_t before_window = c.rcv_wnd;
    c.rcv_wnd = window;
    c.rcv_wup = c.rcv_nxt;
    const std::uint32_t most = c.options.rcv_wscale != 0 ? 65535U << c.options.rcv_wscale : 65535U;
    const auto field = static_cast<std::uint16_t>(std::min(window, most) >> c.options.rcv_wscale);
    if (field == 0 && before_window != 0) {
        cx.s.mib.add(Mib::kTcpExtTCPToZeroWindowAdv);
    } else if (field != 0 && before_window == 0) {
        cx.s.mib.add(Mib::kTcpExtTCPFromZeroWindowAdv);
    }
    return field;
}

std::uint32_t timestamp(const Connection& c, Time now) {
    return clock_ms(now) + c.ts_offset;
}

}  // namespace netsim::tcp
