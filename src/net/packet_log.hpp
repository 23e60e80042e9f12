// What every place that moves or drops a packet tells the world: the tracer, if somebody watches,
// and the digest of the node where it happened, always.
#pragma once

#include <string_view>

#include "net/node.hpp"

namespace netsim::net {

inline void trace_packet(const Fabric& fabric, const Node& node, std::string_view interface_name,
                         sim::PacketEvent event, const wire::Packet& packet,
                         std::string_view reason = {}) {
    if (fabric.tracer != nullptr) [[unlikely]] {
        fabric.tracer->on_packet(sim::PacketRecord{fabric.sim.now(), event, node.id(), node.name(),
                                                   interface_name, &packet, reason});
    }
}

/// `ending`: 0 for a delivery, else 1 + the drop reason.
void digest_packet(const Fabric& fabric, const Node& node, const wire::Packet& packet,
                   std::uint64_t ending);

/// A packet ends here: traced and digested. Counting is the caller's. `text`: what to say instead
/// of the reason's own word.
void log_drop(const Fabric& fabric, const Node& node, std::string_view interface_name,
              const wire::Packet& packet, DropReason reason, std::string_view text = {});

}  // namespace netsim::net
