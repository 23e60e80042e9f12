// ICMP messages as routers and hosts make them (RFC 792, RFC 1122 §3.2.2).
#pragma once

#include <cstdint>

#include "netsim/address.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

/// May an error be sent about this packet? Not about ICMP errors, nor to or from addresses that
/// name no single host (RFC 1122 §3.2.2).
bool may_send_error_about(const wire::Packet& packet);

/// The error about `cause`, to its source. The caller gives it a uid.
wire::Packet icmp_error(const wire::Packet& cause, Ipv4 source, std::uint8_t type,
                        std::uint8_t code, std::uint16_t mtu = 0);

/// The answer to an echo request.
wire::Packet echo_reply(const wire::Packet& request);

}  // namespace netsim::net
