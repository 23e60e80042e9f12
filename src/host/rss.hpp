// Receive side scaling: which core gets a packet. The Toeplitz hash with Microsoft's well-known
// key, as most NICs do by default, over addresses and TCP ports, then a table of 128 entries filled
// in turn (ethtool's default, ethtool_rxfh_indir_default()).
#pragma once

#include <cstdint>

#include "netsim/address.hpp"
#include "wire/packet.hpp"

namespace netsim::host {

/// Of addresses only: what is not TCP.
std::uint32_t toeplitz(Ipv4 source, Ipv4 destination);
std::uint32_t toeplitz(Endpoint source, Endpoint destination);

/// 0 to cores - 1.
std::uint32_t rss_core(const wire::Packet& packet, std::uint32_t cores);

}  // namespace netsim::host
