// How many ICMP errors a node may send: Linux's two token buckets, net.ipv4.icmp_msgs_per_sec with
// icmp_msgs_burst for the whole node, net.ipv4.icmp_ratelimit per destination.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>

#include "netsim/address.hpp"
#include "netsim/time.hpp"

namespace netsim::net {

class IcmpLimit {
 public:
    /// May an error of this type and code go to `destination` now? Takes a token if so. Path MTU
    /// discovery is not limited (Linux icmpv4_mask_allow()).
    bool allow(Time now, Ipv4 destination, std::uint8_t type, std::uint8_t code);

    std::size_t destinations() const { return buckets_.size(); }

 private:
    struct Bucket {
        Duration credit{};
        Time filled{};
    };

    bool allow_any(Time now);
    bool allow_one(Time now, Ipv4 destination);

    Duration credit_{};
    Time filled_{};
    bool started_ = false;
    absl::flat_hash_map<std::uint32_t, Bucket> buckets_;
};

}  // namespace netsim::net
