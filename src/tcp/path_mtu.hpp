// The MSS that follows from the path's MTU, and how that becomes known: from ICMP (RFC 1191), and
// by probes where no ICMP arrives (RFC 4821). Linux tcp_sync_mss(), tcp_mtup_init(),
// tcp_mtu_probe().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Takes over what IP knows of the path to the peer.
void note_path(Connection& c, const PathInfo& path);
/// What the route says of this connection.
RouteMetrics route_metrics(const StackState& s, const Connection& c);
/// The connection opens, and the peer's MSS is known: the first MSS, and with tcp_mtu_probing = 2
/// the search begins.
void open_path(Context& cx, Connection& c);
/// The MSS anew, for a path of this MTU, the largest window the peer has offered and what the
/// search has found. Linux tcp_sync_mss().
void sync_mss(const StackState& s, Connection& c, std::uint32_t mtu);
/// At most half the largest window the peer has offered, or segments would wait for each other.
/// Linux tcp_bound_to_half_wnd().
std::uint32_t bound_to_half_window(const Connection& c, std::uint32_t size);

/// A router said the path takes no more than `mtu` octets: segments shrink, and what was too large
/// is cut and sent again at once (RFC 1191 §6; Linux tcp_v4_mtu_reduced()). Never below 552 octets.
void fit_to_path(Context& cx, Connection& c, std::uint32_t mtu);
/// Asks IP once more: the route may have changed, or what a router said be forgotten. Linux
/// __sk_dst_reset().
void recheck_path(const Context& cx, Connection& c);

/// Before a segment is made: has what a router said grown too old?
inline void refresh_path(const Context& cx, Connection& c) {
    if (c.rare().mtu && cx.now >= c.rare().mtu->mtu_until) {
        recheck_path(cx, c);
    }
}

/// Time-outs follow each other for longer than tcp_retries1: perhaps large packets vanish without
/// ICMP, in a black hole (RFC 2923 §2.1). The MSS falls to tcp_base_mss, then by half each time.
/// Linux tcp_mtu_probing().
void detect_black_hole(Context& cx, Connection& c);

/// Whether the next segment is to be a probe (RFC 4821 §7.3).
struct ProbeChoice {
    std::uint32_t length = 0;  // its payload; 0: no probe
    bool wait = false;         // nothing goes now: one is due as soon as there is room
};

/// Linux tcp_mtu_probe()
ProbeChoice choose_probe(const Context& cx, Connection& c);
/// It has gone, and counts twice: it stands for two segments.
void probe_sent(Connection& c, wire::SeqRange range);

/// Of a retransmission nobody can tell which copy arrived, so the probe proves nothing any more.
inline void forget_probe(Connection& c) {
    if (c.rare().mtu) {
        c.rare().mtu->probe_size = 0;
    }
}

/// snd_una has moved: if the probe lies below, the path takes its size (RFC 4821 §7.6.1). Linux
/// tcp_mtup_probe_success().
void probe_maybe_arrived(Context& cx, Connection& c);
/// A loss is known. True: it was the probe's alone, which says nothing of congestion (RFC 4821
/// §7.6.2); it is sent again in smaller segments. Linux tcp_mtup_probe_failed().
bool probe_lost(Context& cx, Connection& c);

}  // namespace netsim::tcp
