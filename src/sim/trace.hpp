// What observers can see while a simulation runs. Publishers (links, routers, hosts) hold a Tracer*
// that is null when nobody watches: an observer that is off costs one predictable branch.
#pragma once

#include <cstdint>
#include <string_view>

#include "netsim/address.hpp"
#include "netsim/time.hpp"
#include "sim/event_queue.hpp"

namespace netsim::wire {
struct Packet;
}

namespace netsim::sim {

enum class PacketEvent : std::uint8_t {
    kSent,        // handed to the link by a node: what tcpdump on the sender's interface sees
    kReceived,    // handed to a node by the link: what tcpdump on the receiver's interface sees
    kDropped,     // by a link, a router, a firewall or a host's IP layer or TCP; `reason` says why
    kDuplicated,  // a link made a second copy
};

struct PacketRecord {
    Time at;
    PacketEvent event = PacketEvent::kSent;
    NodeId node = 0;                  // where it happened
    std::string_view node_name;       // "web"
    std::string_view interface_name;  // "eth0"; empty for a drop inside a host
    const wire::Packet* packet = nullptr;
    /// kDropped: "queue full", "rule: 3rd S.", "TCPReqQFullDrop"...; kDuplicated by a rule: the
    /// same; else empty.
    std::string_view reason;
};

struct StateRecord {
    Time at;
    NodeId node = 0;
    std::string_view node_name;
    Endpoint local;
    Endpoint remote;
    std::string_view from;  // RFC 9293 names: "SYN-SENT"
    std::string_view to;
    std::string_view cause;
};

/// A socket call as an application made it, or its return (blocking calls return later).
struct CallRecord {
    Time at;
    NodeId node = 0;
    std::string_view node_name;
    Endpoint local;
    Endpoint remote;
    std::string_view text;  // "connect(10.0.0.2:80)", "connect() = 0", "recv() = 5"
};

class Tracer {
 public:
    virtual ~Tracer() = default;
    virtual void on_packet(const PacketRecord& record) = 0;

    virtual void on_state(const StateRecord& record) { static_cast<void>(record); }

    virtual void on_call(const CallRecord& record) { static_cast<void>(record); }

 protected:
    Tracer() = default;
    Tracer(const Tracer&) = default;
    Tracer& operator=(const Tracer&) = default;
    Tracer(Tracer&&) = default;
    Tracer& operator=(Tracer&&) = default;
};

}  // namespace netsim::sim
