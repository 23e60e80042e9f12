// Processes of a host: who holds which descriptors. What a process does is its program's matter, a
// native application or code of the caller's; the host knows its name, limits and descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netsim/socket.hpp"
#include "netsim/udp.hpp"

namespace netsim {

struct ProcessOptions {
    std::string name{};
    /// RLIMIT_NOFILE: descriptors 0 to 2 are taken, a socket that would get this number or a higher
    /// one is refused with EMFILE. 0: no limit.
    std::uint64_t nofile = 0;
};

/// An open descriptor: a TCP socket, or a UDP socket.
struct DescriptorInfo {
    int fd = -1;
    SocketId tcp{};
    UdpId udp{};
};

struct ProcessInfo {
    std::uint32_t pid = 0;
    std::string name{};
    std::uint64_t nofile = 0;                   // 0: no limit
    std::vector<DescriptorInfo> descriptors{};  // by number
};

/// Who holds a socket: ss's users:(("nginx",pid=301,fd=3)).
struct SocketOwner {
    std::uint32_t pid = 0;
    std::string_view name{};
    int fd = -1;
};

}  // namespace netsim
