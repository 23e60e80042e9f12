// From links' counters and the routing table to rows.
#include "shell/tables.hpp"

#include <algorithm>
#include <tuple>

#include "host/host.hpp"
#include "net/link.hpp"

namespace netsim::shell {
namespace {

constexpr std::uint32_t kFirstIndex = 2;

const net::Interface& far_end(const net::LinkDirection& out) {
    return out.to().interfaces()[out.to_interface()];
}

InterfaceRow::Counters sent(const LinkStats& stats) {
    const std::uint64_t full = stats.dropped[static_cast<std::size_t>(DropReason::kQueueFull)];
    return {stats.sent_bytes - stats.queue_full_bytes, stats.sent_packets - full, full};
}

}  // namespace

std::vector<InterfaceRow> interface_rows(const host::Host& host) {
    std::vector<InterfaceRow> rows;
    for (std::size_t i = 0; i < host.interfaces().size(); ++i) {
        const net::Interface& interface = host.interfaces()[i];
        InterfaceRow row;
        row.index = kFirstIndex + static_cast<std::uint32_t>(i);
        row.name = interface.name;
        row.mtu = interface.mtu;
        row.address = interface.address;
        row.prefix_length = interface.prefix_length;
        if (const net::LinkDirection* out = interface.out) {
            row.queue_limit = out->options().limit_packets;
            row.rate_bps = out->options().rate_bps;
            row.tx = sent(out->stats());
            const net::LinkDirection* in = far_end(*out).out;
            row.up = out->up() && (in == nullptr || in->up());
            if (in != nullptr) {
                row.rx = {in->stats().delivered_bytes, in->stats().delivered_packets, 0};
            }
        }
        // A host with a CPU has one backlog; which NIC filled it shows only where there is one.
        if (host.interfaces().size() == 1) {
            row.rx.dropped = host.dropped(DropReason::kCpuBacklog);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

RouteRow route_row(const host::Host& host, const net::Route& route, Ipv4 destination) {
    RouteRow row{route.prefix, route.kind, {}, {}};
    if (route.kind != net::Route::Kind::kUnicast || route.interface >= host.interfaces().size()) {
        return row;
    }
    const net::Interface& interface = host.interfaces()[route.interface];
    row.interface = interface.name;
    row.link_down = interface.out != nullptr && !interface.out->up();
    if (interface.out != nullptr && far_end(*interface.out).address != destination) {
        row.gateway = far_end(*interface.out).address;
    }
    return row;
}

std::vector<RouteRow> route_rows(const host::Host& host) {
    std::vector<net::Route> routes = host.routes().all();
    std::sort(routes.begin(), routes.end(), [](const net::Route& a, const net::Route& b) {
        return std::tuple(a.prefix.length != 0, a.prefix.address.bits, a.prefix.length) <
               std::tuple(b.prefix.length != 0, b.prefix.address.bits, b.prefix.length);
    });
    std::vector<RouteRow> rows;
    for (const net::Route& route : routes) {
        const bool to_one = route.prefix.length == 32;
        rows.push_back(route_row(host, route, to_one ? route.prefix.address : Ipv4{}));
    }
    return rows;
}

}  // namespace netsim::shell
