// Interfaces of a node.
#include "net/node.hpp"

namespace netsim::net {

std::uint32_t Node::add_interface(Ipv4 address, std::uint8_t prefix_length, std::uint32_t mtu) {
    const auto index = static_cast<std::uint32_t>(interfaces_.size());
    interfaces_.push_back(
        Interface{"eth" + std::to_string(index), address, prefix_length, mtu, nullptr});
    return index;
}

}  // namespace netsim::net
