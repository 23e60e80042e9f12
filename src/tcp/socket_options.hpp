// What setsockopt(2) set on one socket. A child inherits its listener's.
#pragma once

#include <cstdint>

namespace netsim::tcp {

inline constexpr std::uint64_t kUnlimitedRate = ~std::uint64_t{0};

struct SocketOptions {
    std::uint64_t max_pacing_rate = kUnlimitedRate;  // SO_MAX_PACING_RATE, bytes/s
    std::int32_t linger = -1;                        // SO_LINGER seconds; -1: off
    std::uint32_t rcvbuf = 0;  // SO_RCVBUF as doubled by the kernel; 0: not set, auto-tuned
    std::uint32_t sndbuf = 0;
    std::uint32_t user_timeout_ms = 0;
    std::uint32_t window_clamp = 0;
    std::uint32_t rcvlowat = 1;
    std::int32_t linger2 = 0;            // TCP_LINGER2 seconds; 0: the sysctl, < 0: none
    std::uint32_t local_port_range = 0;  // IP_LOCAL_PORT_RANGE: high << 16 | low; 0: the host's
    std::uint32_t mark = 0;              // SO_MARK, for routing and filters: TCP only keeps it
    std::uint32_t notsent_lowat = 0;     // 0: the sysctl
    std::uint32_t timestamping = 0;      // SO_TIMESTAMPING: error_queue.hpp
    std::uint32_t fastopen = 0;          // TCP_FASTOPEN: pending children allowed
    std::uint16_t maxseg = 0;
    std::uint16_t keepidle = 0;  // seconds; 0: the sysctl
    std::uint16_t keepintvl = 0;
    std::uint8_t tos = 0;           // IP_TOS, without the ECN bits
    std::uint8_t ttl = 0;           // 0: the sysctl
    std::uint8_t mtu_discover = 1;  // IP_PMTUDISC_WANT
    std::uint8_t priority = 0;
    std::uint8_t keepcnt = 0;
    std::uint8_t syncnt = 0;
    std::uint8_t congestion = 1;    // TCP_CONGESTION: place in congestion_controls(); 1: cubic
    std::uint8_t defer_accept = 0;  // SYN-ACK retransmissions to wait for data
    bool reuse_addr : 1 = false;
    bool reuse_port : 1 = false;
    bool keepalive : 1 = false;
    bool nodelay : 1 = false;
    bool cork : 1 = false;
    bool congestion_chosen : 1 = false;     // by the application, not by the sysctl
    bool congestion_locked : 1 = false;     // by the route
    bool bind_address_no_port : 1 = false;  // IP_BIND_ADDRESS_NO_PORT
    bool inq : 1 = false;                   // TCP_INQ
    bool oob_inline : 1 = false;            // SO_OOBINLINE
    bool zerocopy : 1 = false;              // SO_ZEROCOPY
    bool freebind : 1 = false;              // IP_FREEBIND
    bool recverr : 1 = false;               // IP_RECVERR
    bool fastopen_connect : 1 = false;
    bool fastopen_no_cookie : 1 = false;
};

}  // namespace netsim::tcp
