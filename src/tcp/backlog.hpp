// A process in the midst of a call holds its socket (Linux lock_sock()): segments and timers that
// come meanwhile wait for it, and are dealt with when it lets go. What they would have been
// answered at once is then answered by one ACK (tcp_backlog_ack_defer).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/slab.hpp"
#include "tcp/connection.hpp"
#include "tcp/context.hpp"
#include "wire/packet.hpp"

namespace netsim::tcp {

/// A segment on sk_backlog.
struct BacklogSegment {
    wire::Packet packet{};
    PacketMemory memory;  // of the first of those that were merged into it
    bool merged = false;
};

/// What waits for the process that holds a connection.
struct OwnedSocket {
    Id<Connection> connection;
    std::vector<BacklogSegment> backlog;
    std::uint64_t backlog_memory = 0;       // sk_backlog.len
    std::uint32_t copied = 0;               // by the process, since it took hold of the socket
    bool ack_deferred = false;              // TCP_ACK_DEFERRED
    std::uint8_t timers = 0;                // those that came due: bits by Timer
    std::optional<std::uint16_t> path_mtu;  // a router told it: TCP_MTU_REDUCED_DEFERRED
};

/// The one that holds `c`. There must be one.
OwnedSocket& owner_of(StackState& s, const Connection& c);

/// Of what waits for that process.
std::uint64_t backlog_memory(const StackState& s, const Connection& c);

/// The process takes hold of the socket.
void own(StackState& s, Connection& c);
/// A segment for an owned connection. Linux tcp_add_backlog().
void add_backlog(Context& cx, Connection& c, const wire::Packet& packet);
/// Deals with what waits; more may come before that is over, and belongs to the same flush. One
/// round of the loop in Linux __release_sock().
void process_backlog(Context& cx, Connection& c);
/// Deals with what waits, and holds on. Linux __sk_flush_backlog().
void flush_backlog(Context& cx, Connection& c);
/// The process is done with its call: what it read is seen to, then what waits. Linux
/// tcp_cleanup_rbuf(), release_sock().
void release(Context& cx, Connection& c);

/// A timer of an owned connection came due: it waits too. Linux tcp_write_timer(),
/// tcp_delack_timer(), tcp_keepalive_timer().
void defer_timer(Context& cx, Connection& c, Timer timer);

/// May this ACK, due at once, wait for the end of the backlog? Linux __tcp_ack_snd_check().
bool defer_ack(Context& cx, const Connection& c);

}  // namespace netsim::tcp
