// The answers of a firewall's REJECT: Linux nf_reject_ipv4.c.
#pragma once

#include <optional>

#include "netsim/elements.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

/// A RST for `cause`, from who it was sent to; none for a RST and what is no TCP. The caller gives
/// it a uid.
std::optional<wire::Packet> reset_for(const wire::Packet& cause);

/// Code of the ICMP error "destination unreachable" that this answer is; none: a RST.
std::optional<std::uint8_t> icmp_code(RejectWith reject);

}  // namespace netsim::net
