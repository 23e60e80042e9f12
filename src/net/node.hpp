// A node: something with interfaces that packets arrive at. Hosts and routers are nodes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/link.hpp"
#include "sim/fan_out.hpp"
#include "sim/simulation.hpp"
#include "sim/trace.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

class LinkDirection;

/// What all nodes of one simulation share.
struct Fabric {
    sim::Simulation& sim;
    wire::PacketPool& packets;
    sim::Tracer* tracer = nullptr;  // null: nobody watches
    sim::FanOut watchers{};         // where watch() put them

    /// From now on; the watcher must stay until unwatch() or to the end. Not from within a record.
    void watch(sim::Tracer& watcher) {
        watchers.add(watcher);
        tracer = watchers.target();
    }

    void unwatch(sim::Tracer& watcher) {
        watchers.remove(watcher);
        tracer = watchers.target();
    }
};

struct Interface {
    std::string name;  // "eth0"
    Ipv4 address;
    std::uint8_t prefix_length = 32;
    std::uint32_t mtu = 1500;
    LinkDirection* out = nullptr;  // towards the peer; null until linked
};

class Node {
 public:
    Node(Fabric& fabric, std::string name)
        : fabric_(fabric), id_(fabric.sim.new_node()), name_(std::move(name)) {}

    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    Node(Node&&) = delete;
    Node& operator=(Node&&) = delete;
    virtual ~Node() = default;

    /// A packet has arrived on interfaces()[interface]. The node owns it now.
    virtual void receive(wire::PacketPtr packet, std::uint32_t interface) = 0;
    /// How soon a packet will arrive, and so what a node may have the processor fetch of what it
    /// leads to: where its record is found, the record, what that leads to.
    enum class Ahead : std::uint8_t { kFar, kNear, kNext };

    /// It will arrive. A node whose tables are large has what will be looked at fetched. Changes
    /// nothing. False: it keeps no records, or so few that there is no need.
    virtual bool expect(const wire::Packet& packet, Ahead ahead) const {
        static_cast<void>(packet);
        static_cast<void>(ahead);
        return false;
    }

    /// Must packets in transit be forwarded (router), or are they dropped (host)?
    virtual bool forwards() const = 0;

    sim::NodeId id() const { return id_; }

    const std::string& name() const { return name_; }

    Fabric& fabric() const { return fabric_; }

    /// Appends eth<N>; its index. The link fills in `out`.
    std::uint32_t add_interface(Ipv4 address, std::uint8_t prefix_length, std::uint32_t mtu);

    std::vector<Interface>& interfaces() { return interfaces_; }

    const std::vector<Interface>& interfaces() const { return interfaces_; }

 private:
    Fabric& fabric_;
    sim::NodeId id_;
    std::string name_;
    std::vector<Interface> interfaces_;
};

}  // namespace netsim::net
