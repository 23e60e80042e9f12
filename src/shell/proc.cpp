// tcp4_seq_show(), udp4_seq_show(), snmp_seq_show(), netstat_seq_show(), fib_route_seq_show(),
// dev_seq_show() of Linux 6.18.
#include "shell/proc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "host/host.hpp"
#include "observe/host_sockets.hpp"
#include "shell/tables.hpp"

namespace netsim::shell {
namespace {

using observe::SocketRow;

/// An address as the kernel of a little-endian machine prints it: 0100007F is 127.0.0.1.
std::uint32_t swapped(Ipv4 address) {
    const std::uint32_t b = address.bits;
    return (b >> 24U) | ((b >> 8U) & 0xff00U) | ((b << 8U) & 0xff0000U) | (b << 24U);
}

std::string hex_end(Endpoint end) {
    return fmt::format("{:08X}:{:04X}", swapped(end.address), end.port);
}

/// "tr": which timer is running; delayed ACKs are not told.
unsigned timer_number(tcp::TimerKind kind) {
    switch (kind) {
        case tcp::TimerKind::kOn:
            return 1;
        case tcp::TimerKind::kKeepalive:
            return 2;
        case tcp::TimerKind::kTimeWait:
            return 3;
        case tcp::TimerKind::kPersist:
            return 4;
        case tcp::TimerKind::kDelack:
        case tcp::TimerKind::kOff:
            break;
    }
    return 0;
}

std::string socket_columns(const SocketRow& row) {
    constexpr std::int64_t kTick = 10'000'000;  // USER_HZ is 100
    const tcp::SocketInfo& s = row.info;
    const unsigned timer = timer_number(s.timer);
    const bool listens = s.kind == tcp::EndpointKind::kListener && !row.udp;
    const std::int64_t left = timer == 0 ? 0 : std::max<std::int64_t>(0, s.timer_left.count());
    return fmt::format("{} {} {:02X} {:08X}:{:08X} {:02X}:{:08X} {:08X} {:>5} {:>8} {}",
                       hex_end(s.local), hex_end(s.remote), static_cast<unsigned>(s.state),
                       listens ? 0 : s.send_queue, s.recv_queue, timer, left / kTick,
                       timer == 1 ? s.retransmits : 0, 0, s.probes, row.number);
}

std::string group_text(const host::Host& host, std::string_view group, std::string_view names,
                       std::string_view values) {
    std::string heads = fmt::format("{}:{}", group, names);
    std::string numbers = fmt::format("{}:{}", group, values);
    for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
        const auto counter = static_cast<tcp::Mib>(i);
        const tcp::MibEntry& entry = tcp::describe(counter);
        if (entry.group == group) {
            fmt::format_to(std::back_inserter(heads), " {}", entry.name.substr(group.size()));
            fmt::format_to(std::back_inserter(numbers), " {}", host.mibs().get(counter));
        }
    }
    return heads + '\n' + numbers + '\n';
}

}  // namespace

std::string proc_net_tcp(const host::Host& host) {
    std::string out =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout inode\n";
    std::size_t line = 0;
    for (const SocketRow& row : observe::host_sockets(host)) {
        if (!row.udp && row.hashed()) {
            fmt::format_to(std::back_inserter(out), "{:>4}: {}\n", line++, socket_columns(row));
        }
    }
    return out;
}

std::string proc_net_udp(const host::Host& host) {
    std::string out =
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout inode\n";
    for (const SocketRow& row : observe::host_sockets(host)) {
        if (row.udp && row.info.local.port != 0) {
            fmt::format_to(std::back_inserter(out), "{:>5}: {}\n", row.info.local.port,
                           socket_columns(row));
        }
    }
    return out;
}

std::string proc_net_snmp(const host::Host& host) {
    // Constants of the kernel's: RtoAlgorithm "other", TCP_RTO_MIN and _MAX in ms, no MaxConn.
    return group_text(host, "Ip", " Forwarding DefaultTTL",
                      fmt::format(" 2 {}", host.sysctl().ip_default_ttl)) +
           group_text(host, "Icmp", "", "") +
           group_text(host, "Tcp", " RtoAlgorithm RtoMin RtoMax MaxConn", " 1 200 120000 -1") +
           group_text(host, "Udp", "", "");
}

std::string proc_net_netstat(const host::Host& host) {
    return group_text(host, "TcpExt", "", "") + group_text(host, "IpExt", "", "");
}

std::string proc_net_route(const host::Host& host) {
    constexpr unsigned kUp = 1;
    constexpr unsigned kGateway = 2;
    constexpr unsigned kOneHost = 4;
    constexpr unsigned kReject = 0x200;
    std::string out =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    for (const RouteRow& row : route_rows(host)) {
        const unsigned flags = (row.kind == net::Route::Kind::kUnreachable ? kReject : kUp) |
                               (row.gateway ? kGateway : 0) |
                               (row.prefix.length == 32 ? kOneHost : 0);
        fmt::format_to(
            std::back_inserter(out), "{}\t{:08X}\t{:08X}\t{:04X}\t0\t0\t0\t{:08X}\t0\t0\t0\n",
            row.interface.empty() ? "*" : row.interface, swapped(row.prefix.address),
            row.gateway ? swapped(*row.gateway) : 0, flags, swapped(Ipv4{row.prefix.mask()}));
    }
    return out;
}

std::string proc_net_dev(const host::Host& host) {
    std::string out =
        "Inter-|   Receive                                                |  Transmit\n"
        " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
        "drop fifo colls carrier compressed\n";
    for (const InterfaceRow& row : interface_rows(host)) {
        fmt::format_to(std::back_inserter(out),
                       "{:>6}: {:>7} {:>7} {:>4} {:>4} {:>4} {:>5} {:>10} {:>9} {:>8} {:>7} {:>4} "
                       "{:>4} {:>4} {:>5} {:>7} {:>10}\n",
                       row.name, row.rx.bytes, row.rx.packets, 0, row.rx.dropped, 0, 0, 0, 0,
                       row.tx.bytes, row.tx.packets, 0, row.tx.dropped, 0, 0, 0, 0);
    }
    return out;
}

}  // namespace netsim::shell
