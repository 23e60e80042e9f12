// netstat -i and -r.
#include <fmt/format.h>

#include "host/host.hpp"
#include "shell/netstat.hpp"
#include "shell/tables.hpp"

namespace netsim::shell {

std::string netstat_interfaces(const host::Host& host) {
    std::string out =
        "Kernel Interface table\n"
        "Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n";
    for (const InterfaceRow& row : interface_rows(host)) {
        // O: no ARP, P: point to point, R: running, U: up.
        out += fmt::format("{:<15} {:>5} {:>8} {:>6} {:>6} {:<6} {:>8} {:>6} {:>6} {:>6} {}\n",
                           row.name, row.mtu, row.rx.packets, 0, row.rx.dropped, 0, row.tx.packets,
                           0, row.tx.dropped, 0, row.up ? "OPRU" : "OPU");
    }
    return out;
}

std::string netstat_routes(const Invocation& invocation, const NetstatQuery& query) {
    std::string out =
        "Kernel IP routing table\n"
        "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n";
    const auto named = [&](Ipv4 address) {
        const std::string_view name =
            query.numeric ? std::string_view() : invocation.directory.name_of(address);
        return name.empty() ? to_string(address) : std::string(name);
    };
    for (const RouteRow& row : route_rows(invocation.host)) {
        const bool rejects = row.kind == net::Route::Kind::kUnreachable;
        std::string flags = rejects ? "!" : "U";
        flags += row.gateway ? "G" : "";
        flags += row.prefix.length == 32 ? "H" : "";
        const bool is_default = row.prefix.length == 0 && !query.numeric;
        out += fmt::format("{:<15} {:<15} {:<15} {:<5} {:>5} {:<5} {:>6} {}\n",
                           is_default ? "default" : named(row.prefix.address),
                           row.gateway ? named(*row.gateway)
                           : rejects   ? "-"
                                       : "0.0.0.0",
                           to_string(Ipv4{row.prefix.mask()}), flags, 0, 0, 0,
                           row.interface.empty() ? "*" : row.interface);
    }
    return out;
}

}  // namespace netsim::shell
