// Token buckets of a firewall's rule: Linux xt_limit, and xt_hashlimit by source address.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>

#include "netsim/address.hpp"
#include "netsim/elements.hpp"
#include "netsim/time.hpp"

namespace netsim::net {

class RateLimiter {
 public:
    /// Throws InputError on values out of range.
    explicit RateLimiter(const PacketLimit& limit);

    /// Does the packet match? Takes a token if there is one.
    bool matches(Time now, Ipv4 source);

    /// Source addresses that have a bucket.
    std::size_t sources() const { return buckets_.size(); }

 private:
    struct Bucket {
        Duration credit{};
        Time filled{};
    };

    bool take(Bucket& bucket, Time now) const;
    Bucket* bucket_of(Ipv4 source, Time now);

    PacketLimit limit_;
    Duration cost_{};  // of a token, as the time that fills it
    Bucket all_;
    absl::flat_hash_map<std::uint32_t, Bucket> buckets_;
    Time swept_{};
};

}  // namespace netsim::net
