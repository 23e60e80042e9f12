// Local ports: bind(2)'s conflicts, ephemeral ports (RFC 6056 algorithm 4 as Linux does it).
#pragma once

#include <optional>

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// May `socket` be bound to `local`, a port it names itself? listen() asks again: SO_REUSEADDR does
/// not tolerate another listener. Linux inet_csk_get_port().
bool can_bind(const StackState& s, SocketId socket, Endpoint local, const SocketOptions& opt);
/// A free port for bind(port 0): odd ones first, from a random start; with SO_REUSEADDR from the
/// lower half of the range first. Linux inet_csk_find_open_port().
std::optional<std::uint16_t> choose_bind_port(StackState& s, SocketId socket, Ipv4 address,
                                              const SocketOptions& opt);
/// Enters what bind(2) gave into the bind table, and takes it out again.
void bind_port(StackState& s, const BoundPort& bound);
void release_bound_port(StackState& s, SocketId socket);

/// A port for connect(): the four-tuple must be free, or a TIME-WAIT record that may be reused,
/// which is then taken away and described in `old`. Linux __inet_hash_connect().
struct OldIncarnation {
    wire::SeqNum isn;
    std::uint32_t ts_recent = 0;
    std::uint32_t ts_recent_stamp_s = 0;
};

std::optional<std::uint16_t> choose_connect_port(Context& cx, Ipv4 local, Endpoint remote,
                                                 const SocketOptions& opt,
                                                 std::optional<OldIncarnation>& old);
/// The same for one port that bind() fixed. False: taken.
bool claim_tuple(Context& cx, const FourTuple& tuple, bool chosen_by_bind,
                 std::optional<OldIncarnation>& old);

}  // namespace netsim::tcp
