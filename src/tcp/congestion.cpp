// Congestion control by name, and what all algorithms share.
#include "tcp/congestion.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"

namespace netsim::tcp {

std::string_view to_string(CaState state) {
    static constexpr auto kText =
        std::to_array<std::string_view>({"Open", "Disorder", "CWR", "Recovery", "Loss"});
    return kText[static_cast<std::size_t>(state)];
}

std::span<const std::string_view> congestion_controls() {
    static constexpr auto kNames = std::to_array<std::string_view>({"cubic", "reno"});
    return kNames;
}

const CongestionControl& congestion_control(std::string_view name) {
    if (name == "reno") {
        return reno();
    }
    CHECK(name == "cubic");
    return cubic();
}

std::uint32_t CongestionControl::undo_cwnd(const Congestion& c, std::uint32_t prior_cwnd) const {
    return std::max(c.cwnd, prior_cwnd);
}

std::uint32_t slow_start(Congestion& c, std::uint32_t acked) {
    const std::uint32_t cwnd = std::min(c.cwnd + acked, c.ssthresh);
    acked -= cwnd - c.cwnd;
    c.cwnd = cwnd;
    return acked;
}

void grow_additively(Congestion& c, std::uint32_t per, std::uint32_t acked) {
    if (c.cwnd_count >= per) {  // `per` has become smaller
        c.cwnd_count = 0;
        ++c.cwnd;
    }
    c.cwnd_count += acked;
    if (c.cwnd_count >= per) {
        const std::uint32_t grown = c.cwnd_count / per;
        c.cwnd_count -= grown * per;
        c.cwnd += grown;
    }
}

}  // namespace netsim::tcp
