// tcp_tw_recycle, as Linux had it to 4.11: the last timestamp of each peer address is kept for a
// minute, SYNs with an older one are refused, and TIME-WAIT is cut to 3.5 RTO in exchange. Several
// hosts behind one address are several clocks, and all but the fastest are refused.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

struct PeerTimestamp {
    std::uint32_t ts = 0;
    std::uint32_t stamp_s = 0;  // 0: the connection had none
};

/// Notes it under the peer's address. False: tcp_tw_recycle is off, or there is nothing to note.
/// tcp_remember_stamp()
bool remember_peer_timestamp(StackState& s, Ipv4 peer, PeerTimestamp seen, Time now);
/// Must the SYN be refused? tcp_peer_is_proven() with its PAWS check.
bool timestamp_is_stale(const StackState& s, const wire::Packet& syn, Time now);
/// A connect() starts from the peer's last timestamp. tcp_fetch_timewait_stamp()
void fetch_peer_timestamp(const StackState& s, Connection& c, Time now);

}  // namespace netsim::tcp
