// What is known of peers, looked at and forgotten: ip tcp_metrics show, delete, flush.
#include <map>

#include "tcp/stack.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

std::vector<PeerInfo> Stack::known_peers(Time now) const {
    std::map<std::uint32_t, PeerInfo> found;  // by address
    for (const auto& [address, known] : state_->metrics) {
        PeerInfo& info = found[address];
        if (known.srtt_us != 0) {
            info.rtt = std::chrono::microseconds(known.srtt_us);
            info.age = std::chrono::milliseconds(clock_ms(now) - known.stamp_ms);
        }
    }
    for (const auto& [key, known] : state_->fast_open.peers) {
        PeerInfo& info = found[static_cast<std::uint32_t>(key)];
        info.fastopen_mss = known.mss;
        info.fastopen_cookie.assign(known.cookie.bytes.begin(),
                                    known.cookie.bytes.begin() + known.cookie.length);
    }
    std::vector<PeerInfo> all;
    for (auto& [address, info] : found) {
        info.address = Ipv4{address};
        all.push_back(std::move(info));
    }
    return all;
}

void Stack::flush_metrics() {
    state_->metrics.clear();
    state_->fast_open.peers.clear();
}

bool Stack::forget_peer(Ipv4 peer) {
    bool known = state_->metrics.erase(peer.bits) != 0;
    auto& peers = state_->fast_open.peers;
    for (auto it = peers.begin(); it != peers.end();) {
        const bool same = static_cast<std::uint32_t>(it->first) == peer.bits;
        known = known || same;
        if (same) {
            peers.erase(it++);
        } else {
            ++it;
        }
    }
    return known;
}

}  // namespace netsim::tcp
