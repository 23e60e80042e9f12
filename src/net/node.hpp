// A node: something with interfaces that packets arrive at. Hosts and routers are nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/link.hpp"
#include "sim/fan_out.hpp"
#include "sim/simulation.hpp"
#include "sim/trace.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

class Elements;
class LinkDirection;

/// What all nodes of one simulation share.
struct Fabric {
    sim::Simulation& sim;
    wire::PacketPool& packets;
    sim::Tracer* tracer = nullptr;     // null: nobody watches
    wire::ByteStore* bytes = nullptr;  // of strings that scripts send; null: there are none
    sim::FanOut watchers{};            // where watch() put them

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
    Node(Fabric& fabric, std::string name);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    Node(Node&&) = delete;
    Node& operator=(Node&&) = delete;
    virtual ~Node();

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

    /// What stands in packets' way here: made when first asked for.
    Elements& elements();

    /// Null: nothing does.
    Elements* elements_if_any() const { return elements_.get(); }

    std::vector<Interface>& interfaces() { return interfaces_; }

    const std::vector<Interface>& interfaces() const { return interfaces_; }

 private:
    Fabric& fabric_;
    sim::NodeId id_;
    std::string name_;
    std::vector<Interface> interfaces_;
    std::unique_ptr<Elements> elements_;
};

}  // namespace netsim::net
