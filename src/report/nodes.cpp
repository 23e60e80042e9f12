// Looking nodes up.
#include "report/nodes.hpp"

#include <algorithm>

#include "host/host.hpp"
#include "net/node.hpp"

namespace netsim::report {

void NodeTable::add(const KnownNode& node) {
    const sim::NodeId id = node.node->id();
    if (id >= by_id_.size()) {
        by_id_.resize(id + 1);
        is_host_.resize(id + 1);
    }
    nodes_.push_back(node);
    by_id_[id] = nodes_.size();
    is_host_[id] = node.host != nullptr;
    by_address_.try_emplace(node.address.bits, nodes_.size() - 1);
}

std::optional<std::size_t> NodeTable::find(sim::NodeId id) const {
    if (id >= by_id_.size() || by_id_[id] == 0) {
        return std::nullopt;
    }
    return by_id_[id] - 1;
}

std::optional<std::size_t> NodeTable::owner(Ipv4 address) const {
    const auto found = by_address_.find(address.bits);
    return found == by_address_.end() ? std::nullopt : std::optional(found->second);
}

bool NodeTable::makes(std::size_t index, Ipv4 source) const {
    const KnownNode& node = nodes_[index];
    return node.address == source || source.is_loopback() ||
           (node.host != nullptr && node.host->is_local(source));
}

bool NodeTable::knows(Ipv4 address) const {
    return by_address_.contains(address.bits) ||
           std::any_of(pools_.begin(), pools_.end(),
                       [address](const Prefix& pool) { return pool.contains(address); });
}

}  // namespace netsim::report
