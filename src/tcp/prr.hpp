// Proportional rate reduction (RFC 6937) as Linux has it: how cwnd comes down in CWR and Recovery.
#pragma once

#include "tcp/connection.hpp"

namespace netsim::tcp {

/// cwnd is being reduced. Linux tcp_in_cwnd_reduction().
inline bool in_cwnd_reduction(const Connection& c) {
    return c.sending().ca_state == CaState::kCwr || c.sending().ca_state == CaState::kRecovery;
}

/// Linux tcp_init_cwnd_reduction()
void begin_reduction(Connection& c);
/// Congestion was experienced, or a local queue overflowed: cwnd comes down, nothing is sent again.
/// Once per window. Linux tcp_enter_cwr().
void enter_cwr(Connection& c);
/// Sets cwnd after `delivered` segments arrived and `lost` were marked. Linux
/// tcp_cwnd_reduction().
void proportional_rate(Connection& c, std::uint32_t delivered, std::uint32_t lost, bool advanced);
/// Linux tcp_end_cwnd_reduction()
void end_reduction(Connection& c, Time now);

}  // namespace netsim::tcp
