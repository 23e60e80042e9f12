// What an input brings along, and where its outputs go. Passed down, never stored.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "netsim/socket.hpp"
#include "netsim/time.hpp"
#include "tcp/drop.hpp"
#include "tcp/endpoint_key.hpp"
#include "tcp/state.hpp"
#include "wire/packet.hpp"

namespace netsim::tcp {

/// Readiness of a socket rose.
struct SocketEvent {
    SocketId socket;
    unsigned events = 0;  // poll bits
};

/// A state change, for observers.
struct StateChange {
    Endpoint local;
    Endpoint remote;
    State from = State::kClosed;
    State to = State::kClosed;
    Cause cause = Cause::kCount;
};

/// Outputs as data. Only the host drains it, after the input returned: nothing re-enters the
/// machine.
struct Outbox {
    std::vector<wire::Packet> packets;
    std::vector<SocketEvent> events;
    std::vector<StateChange> states;  // filled only when `observed`
    std::optional<Drop> drop;         // why the segment that arrived was dropped
    bool observed = false;
};

/// What the host's interface does with what TCP gives it: of Linux's queueing disciplines, as much
/// as TCP notices.
enum class Qdisc : std::uint8_t {
    kTakes,    // all of it, at once
    kFq,       // each connection's bursts no faster than its pacing rate
    kRefuses,  // its queue is full: nothing leaves (pfifo limit 0)
};

/// What a route says of the connections that begin over it, ip-route(8); 0 and false: nothing.
struct RouteMetrics {
    std::uint32_t rto_min_us = 0;
    std::uint16_t advmss = 0;
    std::uint16_t initcwnd = 0;
    std::optional<std::uint8_t> congestion;  // congctl: place in congestion_controls()
    bool congestion_locked = false;          // ... and no TCP_CONGESTION changes it
    bool mtu_locked = false;                 // no ICMP changes the MTU
    bool quickack = false;
    bool ecn = false;  // features ecn
};

/// What the IP layer knows of a destination.
struct PathInfo {
    Errno error = Errno::kOk;  // ENETUNREACH: no route
    Ipv4 source;               // address to send from
    std::uint32_t mtu = 1500;
    Time mtu_until = kNever;  // then the MTU that a router told of is forgotten
    const RouteMetrics* route = nullptr;
};

/// How much memory a connection's data may take in its host's link, so much of it for each packet.
struct TxLimit {
    std::uint64_t memory = ~std::uint64_t{0};
    std::uint32_t per_packet = 0;
};

/// What of a connection's data its host's link has not sent yet.
struct TxQueue {
    std::uint32_t packets = 0;
    std::uint32_t payload = 0;
    Time first_done = kNever;  // when the first of them will have left: its TX completion
    Time within_at = kNever;   // the completion after which the limit is kept; kNever: it is
};

/// What TCP asks of IP. Pure queries: they change nothing.
class Paths {
 public:
    virtual ~Paths() = default;
    virtual PathInfo path(Ipv4 destination) const = 0;
    virtual bool is_local(Ipv4 address) const = 0;
    /// `next`: packets that will be handed over when the input returns. Nothing where links send at
    /// once.
    virtual TxQueue tx_queue(const FourTuple& connection, std::span<const wire::Packet> next,
                             const TxLimit& limit) const;

 protected:
    Paths() = default;
    Paths(const Paths&) = default;
    Paths& operator=(const Paths&) = default;
    Paths(Paths&&) = default;
    Paths& operator=(Paths&&) = default;
};

struct StackState;

struct Context {
    StackState& s;
    Time now;
    Outbox& out;
};

}  // namespace netsim::tcp
