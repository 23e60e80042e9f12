// Credit is kept as time: a message costs the interval in which one token comes back.
#include "net/icmp_limit.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "wire/packet.hpp"

namespace netsim::net {
namespace {

constexpr Duration kNodeInterval = std::chrono::milliseconds(1);    // icmp_msgs_per_sec = 1000
constexpr int kNodeBurst = 50;                                      // icmp_msgs_burst
constexpr Duration kDestinationInterval = std::chrono::seconds(1);  // icmp_ratelimit = 1000 ms
constexpr int kDestinationBurst = 6;  // XRLIM_BURST_FACTOR, inet_peer_xrlim_allow()

// A bucket is full again after six seconds and then says nothing; the node's own limit lets fewer
// than this many be touched in that time, so a sweep always makes room.
constexpr std::size_t kDestinationsMax = 8192;

}  // namespace

bool IcmpLimit::allow(Time now, Ipv4 destination, std::uint8_t type, std::uint8_t code) {
    if (type == wire::icmp::kDestinationUnreachable && code == wire::icmp::kFragmentationNeeded) {
        return true;
    }
    return allow_any(now) && allow_one(now, destination);
}

bool IcmpLimit::allow_any(Time now) {
    const Duration full = kNodeInterval * kNodeBurst;
    credit_ = started_ ? std::min(full, credit_ + (now - filled_)) : full;
    started_ = true;
    filled_ = now;
    if (credit_ < kNodeInterval) {
        return false;
    }
    credit_ -= kNodeInterval;
    return true;
}

bool IcmpLimit::allow_one(Time now, Ipv4 destination) {
    const Duration full = kDestinationInterval * kDestinationBurst;
    auto found = buckets_.find(destination.bits);
    if (found == buckets_.end()) {
        if (buckets_.size() >= kDestinationsMax) {
            absl::erase_if(buckets_, [&](const auto& entry) {
                return entry.second.credit + (now - entry.second.filled) >= full;
            });
            CHECK(buckets_.size() < kDestinationsMax);
        }
        found = buckets_.emplace(destination.bits, Bucket{full, now}).first;
    }
    Bucket& bucket = found->second;
    bucket.credit = std::min(full, bucket.credit + (now - bucket.filled));
    bucket.filled = now;
    if (bucket.credit < kDestinationInterval) {
        return false;
    }
    bucket.credit -= kDestinationInterval;
    return true;
}

}  // namespace netsim::net
