// tcp_tw_recycle.
#include "tcp/tw_recycle.hpp"

namespace netsim::tcp {

namespace {

constexpr std::uint32_t kPawsMsl = 60;  // seconds an address's timestamp is believed

bool recycles(const StackState& s) {
    return s.sysctl.rules.time_wait_recycle == Rules::TimeWaitRecycle::kBySysctl &&
           s.sysctl.tcp_tw_recycle != 0;
}

const PeerMetrics* known_timestamp(const StackState& s, Ipv4 peer) {
    const auto it = s.metrics.find(peer.bits);
    return it == s.metrics.end() || it->second.ts_stamp_s == 0 ? nullptr : &it->second;
}

}  // namespace

bool remember_peer_timestamp(StackState& s, Ipv4 peer, PeerTimestamp seen, Time now) {
    if (!recycles(s) || seen.stamp_s == 0) {
        return false;
    }
    const auto it = s.metrics.find(peer.bits);
    if (it == s.metrics.end() && s.metrics.size() >= kMetricsMax) {
        return false;
    }
    PeerMetrics& known = s.metrics[peer.bits];
    const bool newer = static_cast<std::int32_t>(known.ts - seen.ts) <= 0;
    const bool expired = clock_s(now) - known.ts_stamp_s > kPawsMsl;
    if (newer || (expired && known.ts_stamp_s <= seen.stamp_s)) {
        known.ts = seen.ts;
        known.ts_stamp_s = seen.stamp_s;
    }
    return true;
}

bool timestamp_is_stale(const StackState& s, const wire::Packet& syn, Time now) {
    constexpr std::int32_t kPawsWindow = 1;
    if (!recycles(s) || s.sysctl.tcp_timestamps == 0 ||
        !syn.tcp.has_option(wire::option::kTimestamps)) {
        return false;
    }
    const PeerMetrics* known = known_timestamp(s, syn.source);
    return known != nullptr &&
           clock_s(now) -
               known->ts_stamp_s<kPawsMsl&& static_cast<std::int32_t>(known->ts - syn.tcp.tsval)>
                   kPawsWindow;
}

void fetch_peer_timestamp(const StackState& s, Connection& c, Time now) {
    if (!recycles(s)) {
        return;
    }
    const PeerMetrics* known = known_timestamp(s, c.tuple.remote);
    if (known != nullptr && clock_s(now) - known->ts_stamp_s <= kPawsMsl) {
        c.ts_recent = known->ts;
        c.ts_recent_stamp_s = known->ts_stamp_s;
    }
}

}  // namespace netsim::tcp
