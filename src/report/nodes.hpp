// The nodes of a network by id and by address: whose a packet is, and whether its sender is known.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "netsim/address.hpp"
#include "sim/event_queue.hpp"

namespace netsim::host {
class Host;
}

namespace netsim::net {
class Node;
struct Place;
}  // namespace netsim::net

namespace netsim::report {

struct KnownNode {
    net::Node* node = nullptr;
    host::Host* host = nullptr;  // null: a router
    Ipv4 address{};
    bool attacks = false;                              // a flood is sent from it
    std::optional<std::pair<double, double>> place{};  // latitude, longitude
};

class NodeTable {
 public:
    /// They stay where they are as long as the table is used.
    void add(const KnownNode& node);

    /// Packets from these addresses are a node's too: NAT's pools.
    void add_pool(Prefix pool) { pools_.push_back(pool); }

    std::size_t size() const { return nodes_.size(); }

    KnownNode& operator[](std::size_t index) { return nodes_[index]; }

    const KnownNode& operator[](std::size_t index) const { return nodes_[index]; }

    /// Index of a node of the simulation; nothing: another's, a sampler's.
    std::optional<std::size_t> find(sim::NodeId id) const;
    std::optional<std::size_t> owner(Ipv4 address) const;

    bool is_host(sim::NodeId id) const { return id < is_host_.size() && is_host_[id]; }

    /// The node that made a packet of this source: it is its own, not another's or nobody's.
    bool makes(std::size_t index, Ipv4 source) const;
    /// A node's or a pool's.
    bool knows(Ipv4 address) const;

 private:
    std::vector<KnownNode> nodes_;
    std::vector<std::size_t> by_id_;  // plus one; 0: none
    std::vector<bool> is_host_;
    absl::flat_hash_map<std::uint32_t, std::size_t> by_address_;  // looked up, never walked
    std::vector<Prefix> pools_;
};

}  // namespace netsim::report
