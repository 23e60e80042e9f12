// Path MTU: the MSS, ICMP, probes.
#include "tcp/path_mtu.hpp"

#include <algorithm>

#include "tcp/fastopen_active.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/output.hpp"
#include "tcp/recovery.hpp"
#include "tcp/scoreboard.hpp"
#include "tcp/undo.hpp"

namespace netsim::tcp {

namespace {

constexpr std::uint32_t kTimestampsLength = 12;  // with the padding
constexpr std::uint32_t kHeaders = wire::kIpHeaderLength + wire::kTcpHeaderLength;

/// Options that every segment carries. An active open does not count the signature here, but when
/// the segment is made: current_mss().
std::uint32_t option_bytes(const Connection& c) {
    const std::uint32_t signature = signature_length(c) - unexpected_signature_length(c);
    return (c.options.tstamp_ok ? kTimestampsLength : 0) + signature;
}

/// Linux tcp_mtu_to_mss()
std::uint32_t mtu_to_mss(const StackState& s, const Connection& c, std::uint32_t mtu) {
    const auto least = static_cast<std::uint32_t>(s.sysctl.tcp_min_snd_mss);
    const std::uint32_t mss = std::min<std::uint32_t>(mtu - kHeaders, c.options.mss);
    return std::max(mss, least) - option_bytes(c);
}

/// Linux tcp_mss_to_mtu()
std::uint32_t mss_to_mtu(const Connection& c, std::uint32_t mss) {
    return mss + option_bytes(c) + kHeaders;
}

MtuSearch& search_of(Connection& c) {
    if (!c.rare().mtu) {
        c.edit_rare().mtu = std::make_unique<MtuSearch>();
    }
    return *c.rare().mtu;
}

/// Linux tcp_mtup_init()
void begin_search(const Context& cx, Connection& c) {
    MtuSearch& m = search_of(c);
    m.enabled = true;
    m.search_high = c.options.mss + kHeaders;
    m.search_low = mss_to_mtu(c, static_cast<std::uint32_t>(cx.s.sysctl.tcp_base_mss));
    m.probe_size = 0;
    m.begun_at = cx.now;
}

/// The search has come to its end. After tcp_probe_interval it looks upwards once more: routes
/// change. Linux tcp_mtu_check_reprobe().
void maybe_search_again(const Context& cx, Connection& c) {
    MtuSearch& m = *c.rare().mtu;
    if (cx.now - m.begun_at < std::chrono::seconds(cx.s.sysctl.tcp_probe_interval)) {
        return;
    }
    m.probe_size = 0;
    m.search_high = c.options.mss + kHeaders;
    m.search_low = mss_to_mtu(c, current_mss(c));
    m.begun_at = cx.now;
}

/// Can the first `length` unsent bytes become one segment? Linux
/// tcp_can_coalesce_send_queue_head().
bool may_join_head(const Connection& c, std::uint32_t length) {
    const Sending& tx = c.sending();
    for (std::uint32_t i = 0; i < tx.unsent.size(); ++i) {
        const UnsentChunk& chunk = tx.unsent[i];
        if (length <= chunk.payload.length) {
            return true;
        }
        if (chunk.sealed || i + 1 == tx.unsent.size() ||
            !chunk.payload.continued_by(tx.unsent[i + 1].payload)) {
            return false;
        }
        length -= chunk.payload.length;
    }
    return false;
}

/// What was sent too large is cut and sent again, without a change of cwnd: no more data goes into
/// the network, only in other units. Linux tcp_simple_retransmit().
void resend_too_large(Context& cx, Connection& c) {
    const std::uint32_t mss = current_mss(c);
    for (std::uint32_t i = 0; i < c.sending().sent.size(); ++i) {
        if (c.sending().sent[i].payload.length > mss) {
            mark_lost(cx, c, c.edit_sending().sent[i]);
        }
    }
    if (c.sending().lost_out == 0) {
        return;
    }
    if (!c.options.sack_ok) {
        limit_reno_sacked(c);
    }
    retransmit_without_congestion(cx, c);
}

}  // namespace

void note_path(Connection& c, const PathInfo& path) {
    c.path_mtu = path.mtu;
    c.has_route_metrics = path.route != nullptr;
    c.rtt.set_floor(c.has_route_metrics ? path.route->rto_min_us : 0);
    c.ack.always_quick = c.has_route_metrics && path.route->quickack;
    if (c.rare().mtu || path.mtu_until != kNever) {
        search_of(c).mtu_until = path.mtu_until;
    }
}

RouteMetrics route_metrics(const StackState& s, const Connection& c) {
    const RouteMetrics* route = c.has_route_metrics ? s.paths.path(c.tuple.remote).route : nullptr;
    return route != nullptr ? *route : RouteMetrics{};
}

void open_path(Context& cx, Connection& c) {
    const Sysctl& sysctl = cx.s.sysctl;
    // From here on it is what both may send: Linux rx_opt.mss_clamp.
    if (c.opt->maxseg != 0) {
        c.options.mss = std::min(c.options.mss, c.opt->maxseg);
    }
    sync_mss(cx.s, c, c.path_mtu);
    if (sysctl.tcp_mtu_probing <= 1) {
        return;
    }
    begin_search(cx, c);
    if (c.passive) {
        return;  // its MSS was set before (tcp_v4_syn_recv_sock()); it falls when next computed
    }
    // tcp_connect_init() began the search, when the SYN's options were not yet agreed on.
    const std::uint32_t asked = sysctl.tcp_timestamps != 0 ? kTimestampsLength : 0;
    const std::uint32_t low = kHeaders + asked + static_cast<std::uint32_t>(sysctl.tcp_base_mss);
    c.snd_mss =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(c.snd_mss, mtu_to_mss(cx.s, c, low)));
}

std::uint32_t bound_to_half_window(const Connection& c, std::uint32_t size) {
    constexpr std::uint32_t kLeastPacket = 68;  // RFC 791
    const std::uint32_t most = c.max_window > 536 ? c.max_window >> 1U : c.max_window;
    if (most == 0 || size <= most) {
        return size;
    }
    return std::max(most, kLeastPacket - wire::kTcpHeaderLength - option_bytes(c));
}

void sync_mss(const StackState& s, Connection& c, std::uint32_t mtu) {
    std::uint32_t mss = bound_to_half_window(c, mtu_to_mss(s, c, mtu));
    c.path_mtu = mtu;
    if (c.rare().mtu && c.rare().mtu->enabled) {
        c.rare().mtu->search_high = std::min(c.rare().mtu->search_high, mtu);
        mss = std::min(mss, mtu_to_mss(s, c, c.rare().mtu->search_low));
    }
    c.snd_mss = static_cast<std::uint16_t>(mss);
}

void fit_to_path(Context& cx, Connection& c, std::uint32_t mtu) {
    constexpr std::uint32_t kMinPathMtu = 552;  // Linux ip_rt_min_pmtu
    mtu = std::max(mtu, kMinPathMtu);
    if (mtu >= c.path_mtu) {
        return;
    }
    c.path_mtu = mtu;
    search_of(c).mtu_until = cx.s.paths.path(c.tuple.remote).mtu_until;
    if (c.state == State::kSynSent) {
        return resend_syn_to_path(cx, c);
    }
    if (!c.synchronized()) {
        return;
    }
    sync_mss(cx.s, c, mtu);
    resend_too_large(cx, c);
}

void recheck_path(const Context& cx, Connection& c) {
    const PathInfo path = cx.s.paths.path(c.tuple.remote);
    if (path.error != Errno::kOk) {
        return;
    }
    const bool changed = path.mtu != c.path_mtu;
    note_path(c, path);
    if (changed) {
        sync_mss(cx.s, c, path.mtu);
    }
}

void detect_black_hole(Context& cx, Connection& c) {
    const Sysctl& sysctl = cx.s.sysctl;
    if (sysctl.tcp_mtu_probing == 0) {
        return;
    }
    if (!c.rare().mtu || !c.rare().mtu->enabled) {
        begin_search(cx, c);
    } else {
        std::int64_t mss = mtu_to_mss(cx.s, c, c.rare().mtu->search_low) / 2;
        mss = std::min(mss, sysctl.tcp_base_mss);
        mss = std::max({mss, sysctl.tcp_mtu_probe_floor, sysctl.tcp_min_snd_mss});
        c.rare().mtu->search_low = mss_to_mtu(c, static_cast<std::uint32_t>(mss));
    }
    sync_mss(cx.s, c, c.path_mtu);
}

ProbeChoice choose_probe(const Context& cx, Connection& c) {
    constexpr std::uint32_t kLeastCwnd = 11;
    const MtuSearch& m = *c.rare().mtu;
    // With SACK blocks to send headers vary, and sizes with them.
    const bool sacks = c.rare().reassembly &&
                       (c.rare().reassembly->sack_count > 0 || !c.rare().reassembly->dsack.empty());
    if (!m.enabled || m.probe_size != 0 || c.sending().ca_state != CaState::kOpen ||
        c.sending().cc.cwnd < kLeastCwnd || sacks) {
        return {};
    }
    const std::uint32_t length = mtu_to_mss(cx.s, c, (m.search_high + m.search_low) / 2);
    const std::int64_t interval = std::int64_t{m.search_high} - m.search_low;
    if (length > mtu_to_mss(cx.s, c, m.search_high) || interval < cx.s.sysctl.tcp_probe_threshold) {
        maybe_search_again(cx, c);
        return {};
    }
    // Enough must follow to show by duplicate ACKs that the probe is lost (RFC 4821 §7.4).
    const std::uint32_t needed = length + (c.reordering + 1U) * c.snd_mss;
    if (static_cast<std::uint32_t>(c.write_seq - c.snd_nxt) < needed || c.snd_wnd < needed) {
        return {};
    }
    if (after(c.snd_nxt + needed, c.window_end())) {
        return {0, true};
    }
    if (c.packets_in_flight() + 2 > c.sending().cc.cwnd) {
        return {0, c.packets_in_flight() > 0};
    }
    return {may_join_head(c, length) ? length : 0, false};
}

void probe_sent(Connection& c, wire::SeqRange range) {
    --c.edit_sending().cc.cwnd;
    c.rare().mtu->probe = range;
    c.rare().mtu->probe_size = mss_to_mtu(c, range.end.raw() - range.begin.raw());
}

void probe_maybe_arrived(Context& cx, Connection& c) {
    Sending& tx = c.edit_sending();
    MtuSearch& m = *c.rare().mtu;
    if (m.probe_size == 0 || after(m.probe.end, c.snd_una)) {
        return;
    }
    // cwnd counts segments: as many bytes are fewer of the larger ones.
    tx.undo.prior_ssthresh = current_ssthresh(c);
    const std::uint64_t octets = std::uint64_t{tx.cc.cwnd} * mss_to_mtu(c, c.snd_mss);
    tx.cc.cwnd = std::max(static_cast<std::uint32_t>(octets / m.probe_size), 1U);
    tx.cc.cwnd_count = 0;
    tx.cc.full_at = cx.now;
    tx.cc.ssthresh = current_ssthresh(c);
    m.search_low = m.probe_size;
    m.probe_size = 0;
    sync_mss(cx.s, c, c.path_mtu);
    cx.s.mib.add(Mib::kTcpExtTCPMTUPSuccess);
}

bool probe_lost(Context& cx, Connection& c) {
    if (!c.rare().mtu || c.rare().mtu->probe_size == 0 || c.sending().ca_state >= CaState::kCwr ||
        c.snd_una != c.rare().mtu->probe.begin) {
        return false;
    }
    c.rare().mtu->search_high = c.rare().mtu->probe_size - 1;
    c.rare().mtu->probe_size = 0;
    cx.s.mib.add(Mib::kTcpExtTCPMTUPFail);
    ++c.edit_sending().cc.cwnd;
    resend_too_large(cx, c);
    return true;
}

}  // namespace netsim::tcp
