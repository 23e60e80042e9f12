// Explicit congestion notification.
#include "tcp/ecn.hpp"

#include "tcp/delayed_ack.hpp"

namespace netsim::tcp {

namespace flag = wire::flag;

bool ecn_asked_for(const Sysctl& sysctl, const PathInfo& path) {
    return sysctl.tcp_ecn == 1 || (path.route != nullptr && path.route->ecn);
}

std::uint16_t ecn_syn_flags(const Sysctl& sysctl, const Connection& c) {
    const bool fallen_back = c.syn_retransmits > 0 && sysctl.tcp_ecn_fallback != 0;
    return c.options.ecn_ok && !fallen_back ? flag::kEce | flag::kCwr : std::uint16_t{0};
}

bool ecn_granted(const Sysctl& sysctl, const PathInfo& path, const wire::Packet& syn) {
    const bool allowed = sysctl.tcp_ecn != 0 || (path.route != nullptr && path.route->ecn);
    return syn.tcp.has(flag::kEce | flag::kCwr) && allowed && syn.ecn == wire::Ecn::kNotEct;
}

bool ecn_agreed(const wire::TcpHeader& syn_ack) {
    return syn_ack.any(flag::kEce) && !syn_ack.any(flag::kCwr);
}

void ecn_mark(Connection& c, wire::Packet& packet, bool new_data) {
    if (!c.options.ecn_ok) {
        return;
    }
    if (new_data) {
        packet.ecn = wire::Ecn::kEct0;
        if (c.ecn_queue_cwr) {
            c.ecn_queue_cwr = false;
            packet.tcp.flags |= flag::kCwr;
        }
    }
    if (c.ecn_demand_cwr) {
        packet.tcp.flags |= flag::kEce;
    }
}

void ecn_data_arrived(Connection& c, wire::Ecn mark) {
    constexpr std::uint8_t kAcks = 2;
    if (!c.options.ecn_ok) {
        return;
    }
    switch (mark) {
        case wire::Ecn::kNotEct:
            // After marked segments an unmarked one is probably a retransmission: the sender may
            // have little in flight, and wants ACKs soon.
            if (c.ecn_seen) {
                enter_quickack(c, kAcks);
            }
            return;
        case wire::Ecn::kCe:
            if (!c.ecn_demand_cwr) {
                enter_quickack(c, kAcks);
                c.ecn_demand_cwr = true;
            }
            break;
        case wire::Ecn::kEct0:
        case wire::Ecn::kEct1:
            break;
    }
    c.ecn_seen = true;
}

void ecn_take_cwr(Connection& c, const wire::TcpHeader& h) {
    if (!h.any(flag::kCwr)) {
        return;
    }
    c.ecn_demand_cwr = false;
    if (h.seg_len() > 0) {  // its window may be one segment now: it waits for this ACK
        c.ack.now = true;
    }
}

bool ecn_echoed(const Connection& c, const wire::TcpHeader& h) {
    return c.options.ecn_ok && h.any(flag::kEce) && !h.syn();
}

}  // namespace netsim::tcp
