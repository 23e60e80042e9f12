// Congestion control by name, and what all algorithms share.
#include "tcp/congestion.hpp"

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "tcp/bbr.hpp"
#include "tcp/connection.hpp"

namespace netsim::tcp {

std::string_view to_string(CaState state) {
    static constexpr auto kText =
        std::to_array<std::string_view>({"Open", "Disorder", "CWR", "Recovery", "Loss"});
    return kText[static_cast<std::size_t>(state)];
}

std::span<const std::string_view> congestion_controls() {
    static constexpr auto kNames = std::to_array<std::string_view>({"reno", "cubic", "bbr"});
    return kNames;
}

std::optional<std::uint8_t> find_congestion_control(std::string_view name) {
    const auto names = congestion_controls();
    const auto it = std::find(names.begin(), names.end(), name);
    return it == names.end() ? std::nullopt
                             : std::optional(static_cast<std::uint8_t>(it - names.begin()));
}

const std::array<const CongestionControl*, 3> kCongestionControls{&reno(), &cubic(),  // NOLINT
                                                                  &bbr_v1()};

void CongestionControl::init(const Context& /*cx*/, Connection& /*c*/) const {}

void CongestionControl::control(const Context& /*cx*/, Connection& /*c*/,
                                const RateSample& /*sample*/) const {}

void CongestionControl::on_restart(const Context& /*cx*/, Connection& /*c*/,
                                   Duration /*idle*/) const {}

void CongestionControl::on_timeout(const Context& /*cx*/, Connection& /*c*/) const {}

std::uint32_t CongestionControl::undo_cwnd(Connection& c, std::uint32_t prior_cwnd) const {
    return std::max(c.sending().cc.cwnd, prior_cwnd);
}

void DeleteBbr::operator()(BbrState* state) const {
    delete state;
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
