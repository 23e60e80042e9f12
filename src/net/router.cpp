// Forwarding in Linux's order: ip_route_input() (route), ip_forward() (TTL, then MTU), output.
#include "net/router.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "net/icmp.hpp"
#include "net/link.hpp"
#include "net/packet_log.hpp"
#include "net/reject.hpp"

namespace netsim::net {

void Router::receive(wire::PacketPtr packet, std::uint32_t interface) {
    // The header checksum covers the first 20 octets; damage behind them travels on.
    if (packet->corrupted != 0 && packet->corrupted <= wire::kIpHeaderLength) {
        return drop(*packet, interface, DropReason::kCorrupted);
    }
    if (elements_if_any() != nullptr) [[unlikely]] {
        return receive_through(std::move(packet), interface);
    }
    if (is_local(packet->destination)) {
        return deliver_locally(std::move(packet), interface);
    }
    const Route* route = route_of(*packet, interface);
    if (route == nullptr) {
        return;
    }
    const Interface& out = interfaces()[route->interface];
    if (may_forward(*packet, interface, out)) {
        --packet->ttl;
        ++stats_.forwarded;
        out.out->transmit(std::move(packet));
    }
}

const Route* Router::route_of(const wire::Packet& packet, std::uint32_t interface) {
    const Route* route = routes_.find(packet.destination);
    if (route == nullptr) {
        refuse(packet, interface, DropReason::kNoRoute,
               {wire::icmp::kDestinationUnreachable, wire::icmp::kNetUnreachable});
        return nullptr;
    }
    switch (route->kind) {
        case Route::Kind::kBlackhole:
            drop(packet, interface, DropReason::kBlackhole);
            return nullptr;
        case Route::Kind::kUnreachable:
            refuse(packet, interface, DropReason::kNoRoute,
                   {wire::icmp::kDestinationUnreachable, wire::icmp::kHostUnreachable});
            return nullptr;
        case Route::Kind::kUnicast:
            break;
    }
    return route;
}

bool Router::may_forward(const wire::Packet& packet, std::uint32_t interface,
                         const Interface& out) {
    if (packet.ttl <= 1) {
        refuse(packet, interface, DropReason::kTtlExceeded, {wire::icmp::kTimeExceeded, 0});
        return false;
    }
    CHECK(out.out != nullptr);
    // DIVERGES: without DF Linux would fragment; the model has no fragments and answers alike.
    if (packet.length() > out.mtu) {
        refuse(packet, interface, DropReason::kMtuExceeded,
               {wire::icmp::kDestinationUnreachable, wire::icmp::kFragmentationNeeded,
                static_cast<std::uint16_t>(std::min(out.mtu, 65535U))});
        return false;
    }
    return true;
}

/// Asked for each packet, and a router in the middle of a star has many interfaces.
bool Router::is_local(Ipv4 destination) const {
    constexpr std::size_t kFew = 8;
    if (destination == address_) {
        return true;
    }
    if (interfaces().size() <= kFew) {
        return std::any_of(interfaces().begin(), interfaces().end(),
                           [&](const Interface& i) { return i.address == destination; });
    }
    if (locals_of_ != interfaces().size()) {
        locals_.clear();
        for (const Interface& i : interfaces()) {
            locals_.insert(i.address.bits);
        }
        locals_of_ = interfaces().size();
    }
    return locals_.contains(destination.bits);
}

/// A router answers ping; no port of it is open.
void Router::deliver_locally(wire::PacketPtr packet, std::uint32_t interface) {
    if (packet->corrupted != 0) {
        return drop(*packet, interface, DropReason::kCorrupted);
    }
    switch (packet->protocol) {
        case wire::Protocol::kIcmp:
            if (packet->icmp.type == wire::icmp::kEchoRequest && originate(echo_reply(*packet))) {
                ++stats_.echo_replies;
            }
            return;
        case wire::Protocol::kUdp:
            drop(*packet, interface, DropReason::kNoSocket);
            return send_error(*packet,
                              {wire::icmp::kDestinationUnreachable, wire::icmp::kPortUnreachable});
        case wire::Protocol::kTcp:
            drop(*packet, interface, DropReason::kNoSocket);
            if (const auto reset = reset_for(*packet); reset && originate(*reset)) {
                ++stats_.resets;
            }
            return;
    }
}

void Router::refuse(const wire::Packet& packet, std::uint32_t interface, DropReason reason,
                    IcmpKind kind) {
    drop(packet, interface, reason);
    send_error(packet, kind);
}

void Router::drop(const wire::Packet& packet, std::uint32_t interface, DropReason reason,
                  std::string_view text) {
    ++stats_.dropped[static_cast<std::size_t>(reason)];
    const std::string_view where =
        interface == kNoInterface ? std::string_view{} : interfaces()[interface].name;
    log_drop(fabric(), *this, where, packet, reason, text);
}

/// `asked_for`: by a firewall's rule, whatever say_icmp_errors() says.
void Router::send_error(const wire::Packet& cause, IcmpKind kind, bool asked_for) {
    if (!(icmp_errors_ || asked_for) || !may_send_error_about(cause)) {
        return;
    }
    if (!icmp_limit_.allow(fabric().sim.now(), cause.source, kind.type, kind.code)) {
        ++stats_.icmp_rate_limited;
        return;
    }
    if (originate(icmp_error(cause, address_, kind.type, kind.code, kind.mtu))) {
        ++stats_.icmp_sent;
    }
}

bool Router::originate(wire::Packet packet) {
    const Route* route = routes_.find(packet.destination);
    if (route == nullptr || route->kind != Route::Kind::kUnicast) {
        return false;
    }
    packet.uid = fabric().sim.next_uid(id());
    packet.id = next_id_++;
    LinkDirection* out = interfaces()[route->interface].out;
    CHECK(out != nullptr);
    if (elements_if_any() != nullptr && !own_passes(packet, route->interface)) {
        return true;
    }
    out->transmit(fabric().packets.make(packet));
    return true;
}

}  // namespace netsim::net
