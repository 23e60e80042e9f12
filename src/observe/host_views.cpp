// The views of a running host.
#include "host/host.hpp"
#include "observe/ss_query.hpp"
#include "observe/views.hpp"

namespace netsim::observe {

std::string ss_text(const host::Host& host, std::string_view arguments) {
    std::vector<tcp::SocketInfo> sockets;
    host.for_each_socket([&](const tcp::SocketInfo& socket) { sockets.push_back(socket); });
    return ss_text(sockets, arguments);
}

std::uint64_t count_sockets(const host::Host& host, std::string_view state, std::uint16_t port) {
    return host.count_sockets(states_named(state), port);
}

std::string nstat_text(const host::Host& host, std::string_view arguments) {
    return nstat_text(host.mibs(), arguments);
}

}  // namespace netsim::observe
