// The sockets of a host as the views see them: TCP's and UDP's, with who holds them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tcp/socket_info.hpp"

namespace netsim::host {
class Host;
}

namespace netsim::observe {

/// Who holds a socket; pid 0: nobody.
struct SocketHolder {
    std::uint32_t pid = 0;
    std::string name;
    int fd = -1;
};

/// A socket of any kind. Of UDP's: ends, queues and state, kEstablished or kClosed (UNCONN).
struct SocketRow {
    bool udp = false;
    tcp::SocketInfo info;
    SocketHolder holder;
    std::uint64_t number = 0;  // what stands where Linux has an inode; 0: none

    /// Linux keeps TCP sockets that are neither connected nor listening in no table: no tool
    /// shows them.
    bool hashed() const { return udp || info.state != tcp::State::kClosed; }
};

/// Of UDP first, as ss has them; then listeners, connections, half-open ones, TIME-WAIT.
std::vector<SocketRow> host_sockets(const host::Host& host);

}  // namespace netsim::observe
