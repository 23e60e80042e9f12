// The views of a running host.
#include "host/host.hpp"
#include "observe/host_sockets.hpp"
#include "observe/ss_states.hpp"
#include "observe/views.hpp"

namespace netsim::observe {

std::vector<SocketRow> host_sockets(const host::Host& host) {
    std::vector<SocketRow> rows;
    host.for_each_socket([&](const tcp::SocketInfo& socket) {
        SocketRow row;
        row.info = socket;
        row.number = socket.id ? socket.id.index + std::uint64_t{1} : 0;
        rows.push_back(row);
    });
    return rows;
}

std::string ss_text(const host::Host& host, std::string_view arguments) {
    return ss_text(host_sockets(host), arguments);
}

std::uint64_t count_sockets(const host::Host& host, std::string_view state, std::uint16_t port) {
    return host.count_sockets(ss_states(state), port);
}

std::string nstat_text(const host::Host& host, std::string_view arguments) {
    return nstat_text(host.mibs(), arguments);
}

}  // namespace netsim::observe
