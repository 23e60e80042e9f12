// Segments of connections: headers, SYNs, ACKs, resets, windows.
#include "tcp/output.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/ecn.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/pacing.hpp"
#include "tcp/prr.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/receive_window.hpp"

namespace netsim::tcp {

using wire::Packet;
using wire::SeqNum;
namespace flag = wire::flag;
namespace option = wire::option;

namespace {

/// Options that every segment carries.
std::uint32_t other_options(const Connection& c) {
    return (c.options.tstamp_ok ? 12U : 0U) + signature_length(c);
}

/// What of the 40 octets the others leave. Linux tcp_established_options().
std::uint32_t most_sack_blocks(const Connection& c) {
    return (40U - 4U - other_options(c)) / 8U;
}

/// SACK blocks that fit beside `payload` bytes: 40 bytes of options, and the path's MTU.
std::uint8_t sack_room(const Connection& c, std::uint32_t payload) {
    constexpr std::uint32_t kFixed =
        wire::kIpHeaderLength + wire::kTcpHeaderLength + 4;  // nop nop kind len
    const std::uint32_t used = kFixed + other_options(c) + payload;
    const std::uint32_t by_mtu = used < c.path_mtu ? (c.path_mtu - used) / 8 : 0;
    return static_cast<std::uint8_t>(std::min(by_mtu, most_sack_blocks(c)));
}

void add_sack_blocks(Connection& c, wire::TcpHeader& h, std::uint32_t payload) {
    if (!c.options.sack_ok || !c.rare().reassembly) {
        return;
    }
    Reassembly& r = *c.rare().reassembly;
    const std::uint8_t room = sack_room(c, payload);
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

/// SND.NXT, unless the peer took back so much of its window that it would refuse a segment there:
/// then the right edge of what it admits, or two such ends never hear each other. Linux
/// tcp_acceptable_seq().
SeqNum acceptable_seq(const Connection& c) {
    const std::int32_t beyond = c.snd_nxt - c.window_end();
    const std::int32_t precision = c.options.wscale_ok ? 1 << c.options.rcv_wscale : 1;
    return beyond < precision ? c.snd_nxt : c.window_end();
}

}  // namespace

std::uint32_t current_mss(const Connection& c) {
    const std::uint32_t mss = c.snd_mss - unexpected_signature_length(c);
    if (!c.options.sack_ok || !c.rare().reassembly) {
        return mss;
    }
    const std::uint32_t waiting =
        c.rare().reassembly->sack_count + (c.rare().reassembly->dsack.empty() ? 0U : 1U);
    const std::uint32_t blocks = std::min(waiting, most_sack_blocks(c));
    return blocks == 0 ? mss : mss - (4U + 8U * blocks);
}

bool transmit(Context& cx, Connection& c, SeqNum seq, std::uint16_t flags,
              const wire::PayloadRef& payload, std::uint32_t mss) {
    const std::size_t others = cx.out.packets.size();
    packet_for(cx, c.tuple);
    wire::TcpHeader& first = cx.out.packets.back().tcp;
    first.ack = c.rcv_nxt;
    first.window = select_window(cx, c);
    set_ip_options(cx.out.packets.back(), *c.opt);
    if (c.options.tstamp_ok) {
        first.options |= option::kTimestamps;
        first.tsval = timestamp(c, cx.now);
        first.tsecr = c.ts_recent;
    }
    const Md5Key* key = key_of(c);
    add_sack_blocks(c, first, std::min(payload.length, mss));
    note_ack_sent(cx, c);
    if (c.has_receiving()) {
        c.edit_receiving().segment_at = cx.now;
    }
    const bool new_data = payload.length > 0 && !before(seq, c.snd_nxt);
    const std::uint32_t more = new_data ? (payload.length + mss - 1) / mss : 0;
    const bool refused = cx.s.qdisc == Qdisc::kRefuses;
    if (cx.s.qdisc == Qdisc::kFq) {
        start_pacing(c);
    }
    pace_after(c, refused ? 0 : payload.length, c.sending().transmissions + more, cx.now);
    for (std::uint32_t at = 0;;) {
        Packet& p = cx.out.packets.back();
        wire::TcpHeader& h = p.tcp;
        const std::uint32_t length = std::min(mss, payload.length - at);
        const bool last = at + length == payload.length;
        const std::uint16_t of_last = flag::kPsh | flag::kFin;
        h.seq = seq + at;
        h.flags = static_cast<std::uint16_t>((last ? flags : flags & ~of_last) | flag::kAck);
        h.payload = payload.slice(at, length);
        h.urgent = 0;
        if (c.rare().urgent) {
            set_urgent(c, h);
        }
        ecn_mark(c, p, new_data);
        sign(cx.s, p, key);
        ++c.segs_out;
        at += length;
        if (at >= payload.length) {
            break;
        }
        cx.out.packets.push_back(p);
    }
    if (refused) {  // congestion as any other
        cx.out.packets.erase(cx.out.packets.begin() + static_cast<std::ptrdiff_t>(others),
                             cx.out.packets.end());
        enter_cwr(c);
        return false;
    }
    if (c.rare().errors && payload.length > 0) {
        stamp_transmit(cx, c, seq, payload.length);
    }
    return true;
}

bool send_copy(Context& cx, Connection& c, const SentSegment& segment, std::uint16_t more_flags) {
    return transmit(cx, c, segment.seq, segment.flags | more_flags, segment.payload,
                    std::max(segment.payload.length, 1U));
}

void send_probe_of_peer(Context& cx, Connection& c) {
    transmit(cx, c, c.snd_una - 1, 0, {}, 1);
    cx.s.mib.add(Mib::kTcpOutSegs);
}

void set_ip_options(Packet& p, const SocketOptions& opt) {
    constexpr std::uint8_t kDont = 0;  // IP_PMTUDISC_DONT: routers may fragment
    p.dscp = static_cast<std::uint8_t>(opt.tos >> 2U);
    p.ttl = opt.ttl != 0 ? opt.ttl : p.ttl;
    p.dont_fragment = opt.mtu_discover != kDont;
}

Packet& packet_for(Context& cx, const FourTuple& tuple) {
    Packet& p = cx.out.packets.emplace_back(Packet{});
    p.source = tuple.local;
    p.destination = tuple.remote;
    p.ttl = static_cast<std::uint8_t>(cx.s.sysctl.ip_default_ttl);
    p.tcp.source_port = tuple.local_port;
    p.tcp.destination_port = tuple.remote_port;
    return p;
}

void send_ack(Context& cx, Connection& c) {
    if (c.state == State::kClosed) {
        return;
    }
    cx.s.mib.add(Mib::kTcpOutSegs);
    transmit(cx, c, acceptable_seq(c), 0, {}, 1);
}

void send_duplicate_ack(Context& cx, Connection& c, wire::SeqRange duplicate) {
    if (!duplicate.empty()) {  // our ACK was lost, or it is late
        cx.s.mib.add(Mib::kTcpExtDelayedACKLost);
        enter_quickack(c, 16);
        set_dsack(cx, c, duplicate);
    }
    send_ack(cx, c);
}

void send_challenge_ack(Context& cx, Connection& c) {
    StackState& s = cx.s;
    if (!may_answer_invalid(s, cx.now, c.edit_rare().last_challenge_ms,
                            Mib::kTcpExtTCPACKSkippedChallenge)) {
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

void send_active_reset(Context& cx, Connection& c) {
    Packet& p = packet_for(cx, c.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = acceptable_seq(c);
    h.ack = c.rcv_nxt;
    h.flags = flag::kRst | flag::kAck;
    if (c.options.tstamp_ok) {
        h.options |= option::kTimestamps;
        h.tsval = timestamp(c, cx.now);
        h.tsecr = c.ts_recent;
    }
    h.window = select_window(cx, c);
    ecn_mark(c, p, false);
    sign(cx.s, p, key_of(c));
    cx.s.mib.add(Mib::kTcpOutRsts);
    cx.s.mib.add(Mib::kTcpOutSegs);
    ++c.segs_out;
}

std::uint32_t timestamp(const Connection& c, Time now) {
    return clock_ms(now) + c.ts_offset;
}

}  // namespace netsim::tcp
