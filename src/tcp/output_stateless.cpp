// Segments without a connection: RSTs, SYN-ACKs of requests and cookies, ACKs of mini-sockets; and
// the numbers a connection starts with.
#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "tcp/actions.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/output.hpp"
#include "tcp/stack.hpp"
#include "tcp/syn_cookie.hpp"

namespace netsim::tcp {

using wire::Packet;
using wire::SeqNum;
namespace flag = wire::flag;
namespace option = wire::option;

namespace {

/// What stands in the outbox is whole: signed with the key, if there is one.
void emit(Context& cx, Packet& p, const Md5Key* key) {
    sign(cx.s, p, key);
    cx.s.mib.add(Mib::kTcpOutSegs);
}

std::uint16_t advertised_mss(const StackState& s, const RequestSock& req, std::uint16_t mss) {
    const std::uint16_t user = s.listeners.at(req.listener).opt->maxseg;
    return user != 0 ? std::min(user, mss) : mss;
}

Packet& syn_ack_packet(Context& cx, const RequestSock& req, const SynAckBasis& basis) {
    const StackState& s = cx.s;
    Packet& p = packet_for(cx, req.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = req.snt_isn;
    h.ack = req.rcv_isn + (s.follows(LessonRule::kSynCounts) ? 1 : 0);
    h.flags = flag::kSyn | flag::kAck | (req.options.ecn_ok ? flag::kEce : std::uint16_t{0});
    h.options = option::kMss;
    h.mss = advertised_mss(s, req, basis.path_mss);
    if (req.options.sack_ok) {
        h.options |= option::kSackPermitted;
    }
    if (req.options.wscale_ok) {
        h.options |= option::kWindowScale;
        h.window_scale = req.options.rcv_wscale;
    }
    reserve_signature(h, key_of(s, req));
    std::uint32_t data_mss = h.mss;
    if (req.options.tstamp_ok) {
        h.options |= option::kTimestamps;
        h.tsval = clock_ms(cx.now) + basis.ts_offset;
        h.tsecr = req.ts_recent;
        data_mss -= 12;
    }
    const InitialWindow w =
        initial_window(s, *s.listeners.at(req.listener).opt, data_mss, req.options.wscale_ok);
    h.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(w.window, 65535));
    return p;
}

}  // namespace

std::uint16_t path_mss(const PathInfo& path) {
    if (path.route != nullptr && path.route->advmss != 0) {
        return path.route->advmss;
    }
    const std::uint32_t headers = wire::kIpHeaderLength + wire::kTcpHeaderLength;
    return static_cast<std::uint16_t>(std::clamp<std::uint32_t>(path.mtu, headers + 48, 65535) -
                                      headers);
}

InitialWindow initial_window(const StackState& s, const SocketOptions& opt, std::uint32_t mss,
                             bool scaling) {
    const auto rcvbuf =
        opt.rcvbuf != 0 ? opt.rcvbuf : static_cast<std::uint32_t>(s.sysctl.tcp_rmem[1]);
    const std::uint32_t full = rcvbuf / 2;  // before data have shown what a packet costs
    const std::uint32_t most = opt.rcvbuf != 0 ? full : 65535U << 14U;
    const std::uint32_t limit =
        opt.window_clamp != 0 ? std::min(opt.window_clamp, most) : most;  // tp->window_clamp
    const std::uint32_t space = std::min(full, limit);
    InitialWindow w;
    if (scaling) {
        const std::int64_t largest = std::min<std::int64_t>(
            std::max<std::int64_t>({space, s.sysctl.tcp_rmem[2], s.sysctl.rmem_max}), limit);
        const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(largest)));
        w.scale = static_cast<std::uint8_t>(std::clamp(bits - 1 - 15, 0, 14));
    }
    w.clamp = std::min(limit, 65535U << w.scale);
    w.window = mss > 0 && space > mss ? space / mss * mss : space;
    w.window = std::min(w.window, 65535U);  // a SYN's window is never scaled
    return w;
}

namespace {

std::uint32_t timestamp_offset(const StackState& s, std::uint64_t tuple_hash) {
    const auto clock_ahead = static_cast<std::uint32_t>(
        std::chrono::floor<std::chrono::milliseconds>(s.clock_offset).count());
    if (s.sysctl.tcp_timestamps != 1) {
        return clock_ahead;
    }
    const bool one_clock = s.sysctl.rules.timestamp_offset == Rules::TimestampOffset::kPerHost;
    return static_cast<std::uint32_t>((one_clock ? s.secrets.isn.k0 : tuple_hash) >> 32U) +
           clock_ahead;
}

}  // namespace

IsnAndOffset secure_isn(const StackState& s, const FourTuple& t, Time now) {
    const std::uint64_t hash =
        siphash_4u32(s.secrets.isn, t.local.bits, t.remote.bits,
                     (std::uint32_t{t.local_port} << 16U) | t.remote_port, 0);
    // The clock ticks every 64 ns: RFC 6528's M, Linux seq_scale().
    const auto clock = static_cast<std::uint32_t>(to_ns(now) >> 6);
    return {SeqNum(static_cast<std::uint32_t>(hash) + clock), timestamp_offset(s, hash)};
}

void Stack::set_next_isn(std::uint32_t isn) {
    state_->next_isn = isn;
}

SeqNum take_isn(StackState& s, SeqNum usual) {
    const auto asked = std::exchange(s.next_isn, std::nullopt);
    return asked ? SeqNum(*asked) : usual;
}

void send_reset_for(Context& cx, const Packet& packet) {
    const wire::TcpHeader& in = packet.tcp;
    if (in.rst() || packet.destination.is_multicast() || packet.destination.is_broadcast()) {
        return;
    }
    const ResetKey signing = key_of_reset(cx.s, packet);
    if (signing.silent) {
        return;
    }
    Packet& p = packet_for(cx, tuple_of(packet));
    wire::TcpHeader& h = p.tcp;
    if (in.ack_flag()) {
        h.seq = in.ack;
        h.flags = flag::kRst;
    } else {
        h.ack = in.end_seq();
        h.flags = flag::kRst | flag::kAck;
    }
    cx.s.mib.add(Mib::kTcpOutRsts);
    emit(cx, p, signing.key);
}

SynAckBasis syn_ack_basis(const Context& cx, const RequestSock& req) {
    return {path_mss(cx.s.paths.path(req.tuple.remote)),
            req.options.tstamp_ok ? secure_isn(cx.s, req.tuple, cx.now).ts_offset : 0};
}

void send_request_syn_ack(Context& cx, RequestSock& req, const SynAckBasis& basis,
                          const FastOpenOption& option) {
    Packet& p = syn_ack_packet(cx, req, basis);
    if (req.options.tstamp_ok && req.first_tsval == 0) {
        if (p.tcp.tsval == 0) {  // 0 would say that there was none (tcp_synack_options())
            p.tcp.tsval = ~0U;
        }
        req.first_tsval = p.tcp.tsval;
    }
    put_fast_open(p.tcp, option);
    emit(cx, p, key_of(cx.s, req));
    req.sent_at_us = clock_us(cx.now);
}

void put_fast_open(wire::TcpHeader& h, const FastOpenOption& option) {
    if (!option.present) {
        return;
    }
    const std::uint8_t before = h.options;
    h.cookie = option.cookie;
    h.options |= option.experimental ? option::kFastOpenExp : option::kFastOpen;
    if (h.options_length() > kOptionSpace) {
        h.options = before;
    }
}

void send_cookie_syn_ack(Context& cx, const RequestSock& req, std::uint16_t path_mss) {
    SynAckBasis basis{path_mss, 0};
    if (req.options.tstamp_ok) {
        basis.ts_offset = secure_isn(cx.s, req.tuple, cx.now).ts_offset;
    }
    Packet& p = syn_ack_packet(cx, req, basis);
    if (req.options.tstamp_ok) {
        p.tcp.tsval = cookie_timestamp(req.options, clock_ms(cx.now)) + basis.ts_offset;
    }
    emit(cx, p, key_of(cx.s, req));
}

void send_request_ack(Context& cx, const RequestSock& req) {
    Packet& p = packet_for(cx, req.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = req.snt_isn + 1;
    h.ack = req.rcv_isn + 1;
    h.flags = flag::kAck;
    const SynAckBasis basis = syn_ack_basis(cx, req);
    std::uint32_t data_mss = advertised_mss(cx.s, req, basis.path_mss);
    if (req.options.tstamp_ok) {
        h.options = option::kTimestamps;
        h.tsval = clock_ms(cx.now) + basis.ts_offset;
        h.tsecr = req.ts_recent;
        data_mss -= 12;
    }
    const InitialWindow w =
        initial_window(cx.s, *cx.s.listeners.at(req.listener).opt, data_mss, req.options.wscale_ok);
    h.window = static_cast<std::uint16_t>(w.window >> req.options.rcv_wscale);
    emit(cx, p, key_of(cx.s, req));
}

void send_time_wait_ack(Context& cx, const TimeWait& tw) {
    Packet& p = packet_for(cx, tw.tuple);
    wire::TcpHeader& h = p.tcp;
    h.seq = tw.snd_nxt;
    h.ack = tw.rcv_nxt;
    h.flags = flag::kAck;
    h.window = static_cast<std::uint16_t>(tw.rcv_wnd >> tw.rcv_wscale);
    if (tw.ts_recent_stamp_s != 0) {
        h.options = option::kTimestamps;
        h.tsval = clock_ms(cx.now) + tw.ts_offset;
        h.tsecr = tw.ts_recent;
    }
    emit(cx, p, key_of(cx.s, tw));
}

}  // namespace netsim::tcp
