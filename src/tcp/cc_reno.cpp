// Reno (RFC 5681) as Linux's tcp_reno: appropriate byte counting in segments.
#include <algorithm>

#include "tcp/congestion.hpp"

namespace netsim::tcp {

namespace {

class Reno final : public CongestionControl {
 public:
    std::string_view name() const override { return "reno"; }

    // RFC 5681 §3.1 (4)
    std::uint32_t ssthresh(Congestion& c) const override { return std::max(c.cwnd >> 1U, 2U); }

    // RFC 5681 §3.1: one segment per acknowledged segment, then one per window.
    void on_ack(Congestion& c, const AckSample& sample) const override {
        if (!sample.limited) {
            return;
        }
        std::uint32_t acked = sample.acked;
        if (c.in_slow_start()) {
            acked = slow_start(c, acked);
            if (acked == 0) {
                return;
            }
        }
        grow_additively(c, c.cwnd, acked);
    }
};

const Reno kReno;

}  // namespace

const CongestionControl& reno() {
    return kReno;
}

}  // namespace netsim::tcp
