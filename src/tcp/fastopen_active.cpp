// SYNs that carry data.
#include "tcp/fastopen_active.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/input.hpp"
#include "tcp/output.hpp"
#include "tcp/recovery.hpp"
#include "tcp/retransmit.hpp"
#include "tcp/scoreboard.hpp"

namespace netsim::tcp {

namespace {

std::uint64_t peer_key(const Connection& c) {
    return (std::uint64_t{c.tuple.local.bits} << 32U) | c.tuple.remote.bits;
}

const FastOpenPeer* find_peer(const StackState& s, const Connection& c) {
    const auto it = s.fast_open.peers.find(peer_key(c));
    return it == s.fast_open.peers.end() ? nullptr : &it->second;
}

bool client_needs_no_cookie(const StackState& s, const Connection& c) {
    return (s.sysctl.tcp_fastopen & fastopen_bit::kClientNoCookie) != 0 ||
           c.opt->fastopen_no_cookie;
}

/// Pauses so far; a change of the sysctl begins the count anew (proc_tfo_blackhole_detect_timeout).
std::uint32_t pauses(const StackState& s) {
    return s.fast_open.pause_setting == s.sysctl.tcp_fastopen_blackhole_timeout_sec
               ? s.fast_open.pauses
               : 0;
}

bool paused(const StackState& s, Time now) {
    const std::uint32_t count = pauses(s);
    if (s.sysctl.tcp_fastopen_blackhole_timeout_sec == 0 || count == 0) {
        return false;
    }
    const std::int64_t times = std::int64_t{1} << std::min(count - 1, 6U);
    return now < s.fast_open.paused_at +
                     std::chrono::seconds(times * s.sysctl.tcp_fastopen_blackhole_timeout_sec);
}

/// Linux tcp_fastopen_active_disable()
void pause(Context& cx) {
    FastOpenHost& host = cx.s.fast_open;
    const std::int64_t setting = cx.s.sysctl.tcp_fastopen_blackhole_timeout_sec;
    if (setting == 0) {
        return;
    }
    host.pauses = pauses(cx.s) + 1;
    host.pause_setting = setting;
    host.paused_at = cx.now;
    cx.s.mib.add(Mib::kTcpExtTCPFastOpenBlackhole);
}

bool holds_text(const Reassembly& reassembly) {
    for (std::uint32_t i = 0; i < reassembly.queue.size(); ++i) {
        if (reassembly.queue[i].payload.length > 0) {
            return true;
        }
    }
    return false;
}

bool data_came(const Connection& c) {
    return c.receiving().bytes_received > 0 ||
           (c.rare().reassembly && holds_text(*c.rare().reassembly));
}

/// Linux tcp_fastopen_cache_set()
void remember(StackState& s, const Connection& c, const wire::TcpHeader& h,
              const FastOpenOption& given, std::uint8_t try_experimental) {
    const auto it = s.fast_open.peers.find(peer_key(c));
    if (it == s.fast_open.peers.end() && s.fast_open.peers.size() >= kMetricsMax) {
        return;
    }
    FastOpenPeer& peer = s.fast_open.peers[peer_key(c)];
    if (h.has_option(wire::option::kMss)) {
        peer.mss = h.mss;
    }
    if (given.present && given.cookie.length > 0) {
        peer.cookie = given.cookie;
        peer.experimental = given.experimental;
    } else if (try_experimental > peer.try_experimental && peer.cookie.length == 0 &&
               !peer.experimental) {
        peer.try_experimental = try_experimental;
    }
}

/// The peer's MSS may be smaller than what the SYN carried.
void cut_to_mss(Connection& c) {
    for (std::uint32_t i = 0; i < c.sending().sent.size(); ++i) {
        SentSegment& head = c.edit_sending().sent[i];
        if (head.payload.length <= c.snd_mss) {
            continue;
        }
        SentSegment rest = head;
        rest.seq = head.seq + c.snd_mss;
        rest.payload = head.payload.slice(c.snd_mss, head.payload.length - c.snd_mss);
        head.end = rest.seq;
        head.payload = head.payload.slice(0, c.snd_mss);
        head.flags = 0;  // PSH belongs to the end
        insert_sent(c, i + 1, rest);
    }
}

/// Not congestion, but lost all the same: tcp_non_congestion_loss_retransmit().
void resend_syn_data(Context& cx, Connection& c) {
    cut_to_mss(c);
    for (std::uint32_t i = 0; i < c.sending().sent.size(); ++i) {
        mark_lost(cx, c, c.edit_sending().sent[i]);
    }
    retransmit_without_congestion(cx, c);
}

}  // namespace

FastOpenOffer fast_open_offer(const StackState& s, const Connection& c, Time now) {
    FastOpenOffer offer;
    const FastOpenPeer* peer = find_peer(s, c);
    if (paused(s, now)) {
        return offer;
    }
    offer.after_pause = pauses(s) > 0;
    if (client_needs_no_cookie(s, c)) {
        offer.data = true;
        return offer;
    }
    offer.option.present = true;
    if (peer != nullptr && peer->cookie.length > 0) {
        offer.data = true;
        offer.option.cookie = peer->cookie;
        offer.option.experimental = peer->experimental;
    } else if (peer != nullptr) {
        offer.option.experimental = peer->try_experimental == 1;
    }
    return offer;
}

std::uint32_t syn_room(const StackState& s, const Connection& c) {
    const FastOpenPeer* peer = find_peer(s, c);
    const bool cookie = peer != nullptr && peer->cookie.length > 0;
    if (!cookie && !client_needs_no_cookie(s, c)) {
        return 0;
    }
    std::uint32_t mss = peer != nullptr && peer->mss != 0 ? peer->mss : c.advmss;
    if (c.opt->maxseg != 0) {
        mss = std::min<std::uint32_t>(mss, c.opt->maxseg);
    }
    mss = std::min(mss, c.path_mtu - wire::kIpHeaderLength - wire::kTcpHeaderLength);
    mss = std::max(mss, static_cast<std::uint32_t>(s.sysctl.tcp_min_snd_mss));
    return mss > kOptionSpace ? mss - kOptionSpace : 0;
}

std::uint32_t send_deferred_syn(Context& cx, Connection& c, const wire::PayloadRef& payload,
                                bool unreadable) {
    Sending& tx = c.edit_sending();
    FastOpenOffer offer = fast_open_offer(cx.s, c, cx.now);
    const bool asks_anew = unreadable && offer.data;
    if (asks_anew) {  // the fallback of tcp_send_syn_data()
        offer.data = false;
        offer.option.cookie = {};
    }
    FastOpenState& f = *c.rare().fast_open;
    f.deferred = false;
    f.after_pause = offer.after_pause;
    f.syn_option = offer.option.present;
    f.syn_option_exp = offer.option.experimental;
    std::uint32_t length = 0;
    if (offer.data) {
        length = std::min(syn_room(cx.s, c), payload.length);
        f.empty_data = length == 0;
        cx.s.mib.add(Mib::kTcpExtTCPOrigDataSent);
    } else if (offer.option.present && !asks_anew) {
        f.fail = FastOpenFail::kCookieUnavailable;
    }
    f.syn_data = length > 0;
    if (length > 0) {
        SentSegment segment;
        segment.seq = c.iss + 1;
        segment.end = segment.seq + length;
        segment.payload = payload.slice(0, length);
        segment.sent_at = cx.now;
        segment.flags = wire::flag::kPsh;
        stamp_sent(c, segment, cx.now);
        segment.order = ++tx.transmissions;
        tx.sent.push_back(segment);
        tx.sent_bytes = length;
        tx.sent_skbs = 1;
        tx.bytes_sent = length;
        tx.tx_offset += length;
    }
    send_first_syn(cx, c, offer.option, payload.slice(0, length));
    return length;
}

bool take_fast_open_syn_ack(Context& cx, Connection& c, const wire::Packet& packet) {
    if (!c.rare().fast_open || (!c.rare().fast_open->syn_option && !c.rare().fast_open->syn_data)) {
        return false;
    }
    const wire::TcpHeader& h = packet.tcp;
    FastOpenState& f = *c.rare().fast_open;
    FastOpenOption given;
    given.experimental = h.has_option(wire::option::kFastOpenExp);
    given.present = given.experimental || h.has_option(wire::option::kFastOpen);
    std::uint8_t try_experimental = 0;
    if (given.present) {
        given.cookie = h.cookie;
    }
    if (!f.syn_option) {
        given = {};  // an unsolicited cookie
    } else if (c.sending().retrans_total == 0 && !given.present && !f.syn_data) {
        // We asked and got none: the server may know the experimental form only; if that was it,
        // it knows neither.
        try_experimental = f.syn_option_exp ? 2 : 1;
    }
    remember(cx.s, c, h, given, try_experimental);
    if (f.syn_data && !c.sending().sent.empty()) {
        f.fail = c.sending().retrans_total > 0 ? FastOpenFail::kSynRetransmitted
                                               : FastOpenFail::kDataNotAcked;
        cx.s.mib.add(Mib::kTcpExtTCPFastOpenActiveFail);
        resend_syn_data(cx, c);
        return true;
    }
    f.data_acked = f.syn_data;
    if (f.data_acked) {
        cx.s.mib.add(Mib::kTcpExtTCPFastOpenActive);
        if (c.delivered > 1) {
            --c.delivered;  // SYN and data were one packet
        }
    }
    take_syn_payload(cx, c, packet);
    return false;
}

void resend_syn_to_path(Context& cx, Connection& c) {
    c.advmss = static_cast<std::uint16_t>(std::min<std::uint32_t>(
        c.advmss, c.path_mtu - wire::kIpHeaderLength - wire::kTcpHeaderLength));
    if (c.rare().fast_open && c.rare().fast_open->syn_data) {
        retransmit_syn(cx, c);
        arm_retransmit(cx, c, RetransmitTimer::kRto, rto_now(c, cx));
    }
}

void detect_blackhole_by_timeout(Context& cx, const Connection& c, bool expired) {
    if (!c.rare().fast_open) {
        return;
    }
    const FastOpenState& f = *c.rare().fast_open;
    const bool third = c.retransmits == 2 || (c.retransmits < 2 && expired);
    if ((f.syn_option || f.syn_data || f.data_acked) && third) {
        pause(cx);
        cx.s.mib.add(Mib::kTcpExtTCPFastOpenActiveFail);
    }
}

void detect_blackhole_by_end(Context& cx, const Connection& c) {
    if (c.rare().fast_open && c.rare().fast_open->syn_option && !data_came(c)) {
        pause(cx);
    }
}

void judge_blackhole(Context& cx, const Connection& c) {
    if (!c.rare().fast_open || !c.rare().fast_open->syn_option) {
        return;
    }
    if (data_came(c)) {
        const bool loopback = c.tuple.remote.is_loopback() || cx.s.paths.is_local(c.tuple.remote);
        if (c.rare().fast_open->after_pause && !loopback) {
            cx.s.fast_open.pauses = 0;
        }
    } else if (c.rare().reassembly && c.rare().reassembly->queue.size() == 1 &&
               c.rare().reassembly->queue.front().fin) {
        pause(cx);
    }
}

}  // namespace netsim::tcp
