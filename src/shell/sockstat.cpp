// Counts by walking over the sockets: a view keeps no books of its own.
#include "shell/sockstat.hpp"

#include "host/host.hpp"

namespace netsim::shell {

SockStat sockstat(const host::Host& host) {
    SockStat all;
    constexpr std::uint64_t kPage = 4096;
    host.for_each_socket([&](const tcp::SocketInfo& socket) {
        switch (socket.kind) {
            case tcp::EndpointKind::kTimeWait:
                ++all.tcp_tw;
                return;
            case tcp::EndpointKind::kRequest:
                return;  // no struct sock yet
            case tcp::EndpointKind::kListener:
            case tcp::EndpointKind::kConnection:
                break;
        }
        ++all.used;
        ++all.tcp_alloc;
        all.tcp_inuse += socket.state != tcp::State::kClosed ? 1U : 0U;  // closed: not hashed
        all.tcp_orphan += socket.orphan ? 1U : 0U;
        const std::uint64_t octets =
            std::uint64_t{socket.rmem_alloc} + socket.wmem_queued + socket.fwd_alloc;
        all.tcp_mem += octets / kPage;  // sk_forward_alloc fills whole pages up
    });
    return all;
}

}  // namespace netsim::shell
