// Counts by walking over the sockets: a view keeps no books of its own.
#include "observe/sockstat.hpp"

#include <fmt/format.h>

namespace netsim::observe {
namespace {

constexpr std::uint64_t kPage = 4096;

void count_tcp(SockStat& all, const tcp::SocketInfo& socket) {
    if (socket.kind == tcp::EndpointKind::kTimeWait) {
        ++all.tcp_tw;
        return;
    }
    if (socket.kind == tcp::EndpointKind::kRequest) {
        return;  // no struct sock yet
    }
    ++all.used;
    ++all.tcp_alloc;
    all.tcp_inuse += socket.state != tcp::State::kClosed ? 1U : 0U;  // closed: in no table
    all.tcp_orphan += socket.orphan ? 1U : 0U;
    all.tcp_estab +=
        socket.state == tcp::State::kEstablished || socket.state == tcp::State::kCloseWait ? 1U
                                                                                           : 0U;
    // sk_forward_alloc fills whole pages up.
    all.tcp_mem +=
        (std::uint64_t{socket.rmem_alloc} + socket.wmem_queued + socket.fwd_alloc) / kPage;
}

}  // namespace

SockStat sockstat(std::span<const SocketRow> sockets) {
    SockStat all;
    for (const SocketRow& row : sockets) {
        if (row.udp) {
            ++all.used;
            // Bound to a port: Linux counts it when it is hashed.
            all.udp_inuse += row.info.local.port != 0 ? 1U : 0U;
            // What waits is charged in whole pages of its socket.
            all.udp_mem += (std::uint64_t{row.info.recv_queue} + kPage - 1) / kPage;
        } else {
            count_tcp(all, row.info);
        }
    }
    return all;
}

std::string sockstat_text(const SockStat& stat) {
    return fmt::format(
        "sockets: used {}\n"
        "TCP: inuse {} orphan {} tw {} alloc {} mem {}\n"
        "UDP: inuse {} mem {}\n",
        stat.used, stat.tcp_inuse, stat.tcp_orphan, stat.tcp_tw, stat.tcp_alloc, stat.tcp_mem,
        stat.udp_inuse, stat.udp_mem);
}

std::string ss_summary_text(const SockStat& stat) {
    // ss takes TIME-WAIT off the hashed ones, though the kernel does not count it there.
    const auto closed = static_cast<std::int64_t>(stat.tcp_alloc + stat.tcp_tw) -
                        static_cast<std::int64_t>(stat.tcp_inuse);
    std::string out = fmt::format(
        "Total: {}\nTCP:   {} (estab {}, closed {}, orphaned {}, timewait {})\n\n"
        "Transport Total     IP        IPv6\n",
        stat.used, stat.tcp_alloc + stat.tcp_tw, stat.tcp_estab, closed, stat.tcp_orphan,
        stat.tcp_tw);
    const auto row = [&](std::string_view name, std::uint64_t count) {
        out += fmt::format("{}\t  {:<9} {:<9} 0\n", name, count, count);
    };
    row("RAW", 0);
    row("UDP", stat.udp_inuse);
    row("TCP", stat.tcp_inuse);
    row("INET", stat.udp_inuse + stat.tcp_inuse);
    row("FRAG", 0);
    return out + '\n';
}

}  // namespace netsim::observe
