// RFC 9293 §3.10.7: the dispatch. Half-open requests and TIME-WAIT records are found before
// listeners.
#include "tcp/segment_arrives.hpp"

#include "tcp/actions.hpp"
#include "tcp/listeners.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/output.hpp"

namespace netsim::tcp {

void segment_arrives(Context& cx, const wire::Packet& packet) {
    cx.s.mib.add(Mib::kTcpInSegs);
    const FourTuple tuple = tuple_of(packet);
    if (const auto record = find_record(cx.s, tuple)) {
        switch (record->kind()) {
            case RecordKind::kConnection: {
                Connection& c = cx.s.connections.at(record->index());
                if (refuse_signature(cx, packet, key_of(c))) {
                    return;
                }
                ++c.segs_in;
                if (c.owned) {
                    return add_backlog(cx, c, packet);
                }
                return c.state == State::kSynSent ? in_syn_sent(cx, c, packet)
                                                  : in_synchronized(cx, c, packet);
            }
            case RecordKind::kRequest:
                if (refuse_signature(cx, packet, key_of(cx.s, cx.s.requests.at(record->index())))) {
                    return;
                }
                return in_syn_received(cx, record->index(), packet);
            case RecordKind::kTimeWait:
                return in_time_wait(cx, record->index(), packet);
        }
    }
    no_connection(cx, packet);
}

void no_connection(Context& cx, const wire::Packet& packet) {
    if (Listener* listener = find_listener(cx.s, tuple_of(packet))) {
        if (refuse_signature(cx, packet, listener->md5.find(packet.source))) {
            return;
        }
        return in_listen(cx, *listener, packet);
    }
    in_closed(cx, packet);
}

void in_closed(Context& cx, const wire::Packet& packet) {
    drop(cx, Drop::kNoSocket);
    if (cx.s.follows(LessonRule::kRstToClosedPort)) {
        send_reset_for(cx, packet);
    }
}

Negotiated negotiate(const StackState& s, const wire::TcpHeader& syn, std::uint8_t our_scale) {
    Negotiated n;
    if (syn.has_option(wire::option::kMss) && syn.mss != 0) {
        n.mss = syn.mss;
    }
    n.tstamp_ok = syn.has_option(wire::option::kTimestamps) && s.sysctl.tcp_timestamps != 0;
    n.sack_ok = syn.has_option(wire::option::kSackPermitted) && s.sysctl.tcp_sack != 0;
    n.wscale_ok = syn.has_option(wire::option::kWindowScale) && s.sysctl.tcp_window_scaling != 0;
    if (n.wscale_ok) {
        // RFC 7323 §2.3: shifts over 14 count as 14.
        n.snd_wscale = static_cast<std::uint8_t>(std::min<unsigned>(syn.window_scale, 14) & 15U);
        n.rcv_wscale = static_cast<std::uint8_t>(our_scale & 15U);
    }
    return n;
}

bool paws_rejects(std::uint32_t ts_recent, std::uint32_t stamp_s, std::uint32_t tsval, Time now,
                  bool rst) {
    constexpr std::uint32_t kPaws24Days = 60U * 60U * 24U * 24U;
    constexpr std::uint32_t kPawsMsl = 60U;
    if (static_cast<std::int32_t>(tsval - ts_recent) >= 0 || ts_recent == 0) {
        return false;
    }
    const std::uint32_t age_s = clock_s(now) - stamp_s;
    if (age_s >= kPaws24Days) {
        return false;  // §5.5: the clock may have wrapped meanwhile
    }
    // A RST is believed after an MSL even with an old timestamp: the peer may have rebooted.
    return !(rst && age_s >= kPawsMsl);
}

}  // namespace netsim::tcp
