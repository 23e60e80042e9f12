// Credit is time: a bucket holds as much of it as its tokens take to fill.
// DIVERGES: Linux counts credit in jiffies, and so allows no more than 10,000 tokens a second.
#include "net/rate_limiter.hpp"

#include <algorithm>

#include "base/units.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr std::uint32_t kBurstMax = 1'000'000;
constexpr std::size_t kSourcesMax = 65536;
constexpr Duration kSourceIdle = std::chrono::seconds(10);  // --hashlimit-htable-expire
constexpr Duration kSweepEach = std::chrono::seconds(1);    // --hashlimit-htable-gcinterval

}  // namespace

RateLimiter::RateLimiter(const PacketLimit& limit) : limit_(limit) {
    if (!(limit.per_second >= 1.0 / 86400 && limit.per_second <= 1e9)) {
        throw InputError("limit is " + format_number(limit.per_second) +
                         "/s, it must lie between 1 a day and 1e9/s");
    }
    if (limit.burst == 0 || limit.burst > kBurstMax) {
        throw InputError("burst is " + std::to_string(limit.burst) +
                         ", it must lie between 1 and " + std::to_string(kBurstMax));
    }
    cost_ = Duration(std::max<std::int64_t>(1, static_cast<std::int64_t>(1e9 / limit.per_second)));
    all_.credit = cost_ * limit.burst;
}

bool RateLimiter::take(Bucket& bucket, Time now) const {
    const Duration full = cost_ * limit_.burst;
    // Not beyond full, also where the time since would not fit.
    const Duration missing = full - bucket.credit;
    bucket.credit = now - bucket.filled >= missing ? full : bucket.credit + (now - bucket.filled);
    bucket.filled = now;
    if (bucket.credit < cost_) {
        return false;
    }
    bucket.credit -= cost_;
    return true;
}

/// Null: no room for another source (Linux drops such packets; here they match nothing).
RateLimiter::Bucket* RateLimiter::bucket_of(Ipv4 source, Time now) {
    const auto found = buckets_.find(source.bits);
    if (found != buckets_.end()) {
        return &found->second;
    }
    if (buckets_.size() >= kSourcesMax && now - swept_ >= kSweepEach) {
        swept_ = now;
        absl::erase_if(buckets_,
                       [now](const auto& one) { return now - one.second.filled >= kSourceIdle; });
    }
    if (buckets_.size() >= kSourcesMax) {
        return nullptr;
    }
    return &buckets_.emplace(source.bits, Bucket{cost_ * limit_.burst, now}).first->second;
}

bool RateLimiter::matches(Time now, Ipv4 source) {
    if (!limit_.per_source) {
        return take(all_, now) != limit_.above;
    }
    Bucket* bucket = bucket_of(source, now);
    return bucket != nullptr ? take(*bucket, now) != limit_.above : limit_.above;
}

}  // namespace netsim::net
