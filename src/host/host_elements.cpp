// What drops a host's packets at IP: its own firewall, at netfilter's hooks of input and output.
#include "host/host.hpp"
#include "host/host_state.hpp"
#include "net/elements.hpp"
#include "net/packet_log.hpp"
#include "net/reject.hpp"

namespace netsim::host {

void Host::drop_at_ip(const wire::Packet& packet, std::uint32_t interface, DropReason reason,
                      std::string_view text) {
    ++state_->dropped[static_cast<std::size_t>(reason)];
    const std::string_view name = interface_name(interface);
    net::log_drop(fabric(), *this, name, packet, reason, text);
}

/// Linux NF_INET_PRE_ROUTING and NF_INET_LOCAL_IN.
bool Host::input_passes(const wire::Packet& packet, std::uint32_t interface) {
    net::Elements& elements = *elements_if_any();
    net::Passage passage{interface};
    const net::HookVerdict verdict = elements.into_host(packet, passage);
    if (!verdict.passes) {
        refuse(verdict, packet, interface);
    }
    return verdict.passes;
}

/// Linux NF_INET_LOCAL_OUT and NF_INET_POST_ROUTING. What has no route does not
/// come so far.
bool Host::output_passes(const wire::Packet& packet) {
    net::Elements& elements = *elements_if_any();
    net::Passage passage{net::kNoInterface, net::kLoopbackInterface};
    if (!is_local(packet.destination)) {
        const net::Route* route = routes().find(packet.destination);
        if (route == nullptr || route->kind != net::Route::Kind::kUnicast) {
            return true;
        }
        passage.out = route->interface;
    }
    const net::HookVerdict verdict = elements.out_of_host(packet, passage);
    if (!verdict.passes) {
        refuse(verdict, packet, net::kNoInterface);
    }
    return verdict.passes;
}

void Host::refuse(const net::HookVerdict& verdict, const wire::Packet& packet,
                  std::uint32_t interface) {
    drop_at_ip(packet, interface, verdict.reason, verdict.text);
    if (!verdict.rejected) {
        return;
    }
    if (const auto code = net::icmp_code(verdict.reject)) {
        send_icmp_error(packet, wire::icmp::kDestinationUnreachable, *code);
    } else if (const auto reset = net::reset_for(packet)) {
        send_packet(*reset);
    }
}

}  // namespace netsim::host
