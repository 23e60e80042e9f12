// What an input brings along, and where its outputs go. Passed down, never stored.
#pragma once

#include <optional>
#include <vector>

#include "netsim/socket.hpp"
#include "netsim/time.hpp"
#include "tcp/drop.hpp"
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

/// What the IP layer knows of a destination.
struct PathInfo {
    Errno error = Errno::kOk;  // ENETUNREACH: no route
    Ipv4 source;               // address to send from
    std::uint32_t mtu = 1500;
};

/// The one question TCP asks of IP. A pure query: it changes nothing.
class Paths {
 public:
    virtual ~Paths() = default;
    virtual PathInfo path(Ipv4 destination) const = 0;
    virtual bool is_local(Ipv4 address) const = 0;

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
