// How many sockets of which kind there are: /proc/net/sockstat.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "observe/host_sockets.hpp"

namespace netsim::observe {

struct SockStat {
    std::uint64_t used = 0;       // sockets of any kind
    std::uint64_t tcp_inuse = 0;  // listening, connecting, connected, closing
    std::uint64_t tcp_orphan = 0;
    std::uint64_t tcp_tw = 0;
    std::uint64_t tcp_alloc = 0;
    std::uint64_t tcp_mem = 0;    // pages
    std::uint64_t tcp_estab = 0;  // TcpCurrEstab
    std::uint64_t udp_inuse = 0;
    std::uint64_t udp_mem = 0;  // pages
};

SockStat sockstat(std::span<const SocketRow> sockets);
/// As sockstat_seq_show() prints it, but for what the model has not: UDPLITE, RAW, FRAG.
std::string sockstat_text(const SockStat& stat);
/// `ss -s`.
std::string ss_summary_text(const SockStat& stat);

}  // namespace netsim::observe
