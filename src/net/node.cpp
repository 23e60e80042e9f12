// Interfaces of a node, and what stands in packets' way there.
#include "net/node.hpp"

#include <utility>

#include "net/elements.hpp"

namespace netsim::net {

Node::Node(Fabric& fabric, std::string name)
    : fabric_(fabric), id_(fabric.sim.new_node()), name_(std::move(name)) {}

Node::~Node() = default;

Elements& Node::elements() {
    if (elements_ == nullptr) {
        elements_ = std::make_unique<Elements>(*this);
    }
    return *elements_;
}

std::uint32_t Node::add_interface(Ipv4 address, std::uint8_t prefix_length, std::uint32_t mtu) {
    const auto index = static_cast<std::uint32_t>(interfaces_.size());
    interfaces_.push_back(
        Interface{"eth" + std::to_string(index), address, prefix_length, mtu, nullptr});
    return index;
}

}  // namespace netsim::net
