// A router that has elements: netfilter's hooks around the forwarding of
// router.cpp.
#include <utility>

#include "net/link.hpp"
#include "net/packet_log.hpp"
#include "net/reject.hpp"
#include "net/router.hpp"

namespace netsim::net {

void Router::receive_through(wire::PacketPtr packet, std::uint32_t interface) {
    Elements& elements = *elements_if_any();
    Passage passage{interface};
    if (!passes(elements.before_routing(*packet, passage), *packet, interface)) {
        return;
    }
    if (is_local(packet->destination) || elements.owns(packet->destination)) {
        if (passes(elements.into_node(*packet, passage), *packet, interface)) {
            deliver_locally(std::move(packet), interface);
        }
        return;
    }
    const Route* route = route_of(*packet, interface);
    if (route == nullptr || !may_forward(*packet, interface, interfaces()[route->interface])) {
        return elements.forget(passage);
    }
    --packet->ttl;
    passage.out = route->interface;
    if (passes(elements.through_node(*packet, passage), *packet, interface) &&
        passes(elements.after_routing(*packet, passage), *packet, interface)) {
        ++stats_.forwarded;
        interfaces()[passage.out].out->transmit(std::move(packet));
    }
}

/// False: it was dropped, and answered if it was rejected.
bool Router::passes(const HookVerdict& verdict, const wire::Packet& packet,
                    std::uint32_t interface) {
    if (verdict.passes) {
        return true;
    }
    drop(packet, interface, verdict.reason, verdict.text);
    if (!verdict.rejected) {
        return false;
    }
    if (const auto code = icmp_code(verdict.reject)) {
        send_error(packet, {wire::icmp::kDestinationUnreachable, *code}, true);
    } else if (const auto reset = reset_for(packet)) {
        originate(*reset);
    }
    return false;
}

bool Router::own_passes(wire::Packet& packet, std::uint32_t out) {
    Elements& elements = *elements_if_any();
    Passage passage{kNoInterface, out};
    return passes(elements.out_of_node(packet, passage), packet, kNoInterface) &&
           passes(elements.after_routing(packet, passage), packet, kNoInterface);
}

}  // namespace netsim::net
