// The views of a running host.
#include "host/host.hpp"
#include "host/udp.hpp"
#include "observe/host_sockets.hpp"
#include "observe/ss_states.hpp"
#include "observe/views.hpp"

namespace netsim::observe {

namespace {

SocketHolder holder_of(const std::optional<SocketOwner>& owner) {
    return owner ? SocketHolder{owner->pid, std::string(owner->name), owner->fd} : SocketHolder{};
}

/// A host numbers its TCP sockets oddly, its UDP sockets evenly.
constexpr std::uint64_t number_of(std::uint32_t index, bool udp) {
    return 2 * std::uint64_t{index} + (udp ? 2U : 1U);
}

constexpr std::uint32_t kUdpSendBuffer = 212'992;  // net.core.wmem_default

SocketRow udp_row(const UdpInfo& socket) {
    SocketRow row;
    row.udp = true;
    row.info.state = socket.remote.port != 0 ? tcp::State::kEstablished : tcp::State::kClosed;
    row.info.local = socket.local;
    row.info.remote = socket.remote;
    row.info.recv_queue = row.info.rmem_alloc = socket.recv_queue;
    row.info.rcvbuf = socket.receive_buffer;
    row.info.sndbuf = kUdpSendBuffer;
    row.number = number_of(socket.id.index, true);
    return row;
}

}  // namespace

std::vector<SocketRow> host_sockets(const host::Host& host) {
    std::vector<SocketRow> rows;
    host.udp().for_each([&](const UdpInfo& socket) {
        rows.push_back(udp_row(socket));
        rows.back().holder = holder_of(host.owner_of(socket.id));
    });
    host.for_each_socket([&](const tcp::SocketInfo& socket) {
        SocketRow row;
        row.info = socket;
        if (socket.id) {
            row.number = number_of(socket.id.index, false);
            row.holder = holder_of(host.owner_of(socket.id));
        }
        rows.push_back(std::move(row));
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
