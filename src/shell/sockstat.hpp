// How many sockets of which kind a host has: /proc/net/sockstat.
#pragma once

#include <cstdint>

namespace netsim::host {
class Host;
}

namespace netsim::shell {

struct SockStat {
    std::uint64_t used = 0;       // sockets of any kind
    std::uint64_t tcp_inuse = 0;  // bound to something: listening, connecting, connected, closing
    std::uint64_t tcp_orphan = 0;
    std::uint64_t tcp_tw = 0;
    std::uint64_t tcp_alloc = 0;
    std::uint64_t tcp_mem = 0;  // pages
};

/// Linux sockstat_seq_show(). O(sockets).
SockStat sockstat(const host::Host& host);

}  // namespace netsim::shell
