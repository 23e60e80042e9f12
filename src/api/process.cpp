// Handles of processes, and UDP sockets.
#include <algorithm>
#include <utility>

#include "api/network_impl.hpp"
#include "host/processes.hpp"
#include "host/udp.hpp"

namespace netsim {
namespace {

host::Host& process_host(void* node) {
    return static_cast<host::Host&>(*static_cast<net::Node*>(node));
}

}  // namespace

bool ProcessRef::alive() const {
    const host::Host& host = process_host(node_);
    return host.boots() == boot_ && host.is_on() && host.is_alive(pid_);
}

Result<Socket> ProcessRef::tcp() {
    if (!alive()) {
        throw InputError("tcp(): process " + std::to_string(pid_) + " is not alive");
    }
    net_->keep_routes_current();
    host::Host& host = process_host(node_);
    const Result<SocketId> made = host.socket(pid_);
    return made ? Result<Socket>(Socket(&host, *made)) : fail(made.error());
}

Result<UdpSocket> ProcessRef::udp() {
    if (!alive()) {
        throw InputError("udp(): process " + std::to_string(pid_) + " is not alive");
    }
    net_->keep_routes_current();
    host::Host& host = process_host(node_);
    const Result<UdpId> made = host.udp_socket(pid_);
    return made ? Result<UdpSocket>(UdpSocket(&host, *made)) : fail(made.error());
}

void ProcessRef::limit_files(std::uint64_t nofile) {
    if (alive()) {
        process_host(node_).limit_files(pid_, nofile);
    }
}

void ProcessRef::take(const Socket& socket) {
    if (alive() && socket.host() == &process_host(node_)) {
        socket.host()->give_socket(socket.id(), pid_);
    }
}

void ProcessRef::take(const UdpSocket& socket) {
    if (alive() && socket.host() == &process_host(node_)) {
        socket.host()->give_udp_socket(socket.id(), pid_);
    }
}

void ProcessRef::kill() {
    if (alive()) {
        process_host(node_).kill_process(pid_);
    }
}

void ProcessRef::end() {
    if (alive()) {
        process_host(node_).end_process(pid_);
    }
}

ProcessRef HostRef::process(const ProcessOptions& options, std::function<void()> on_end) {
    NetworkImpl::Node& node = net_->node_of(*this);
    NetworkImpl::require_power(node, "process");
    if (node.programs.size() >= node.prune_programs_at) {
        // Those of processes that are over; but one may be ending right now.
        std::erase_if(node.programs, [&](const auto& entry) {
            return !node.host->is_alive(entry.first) && !entry.second->running();
        });
        node.prune_programs_at = std::max<std::size_t>(16, 2 * node.programs.size());
    }
    auto program = std::make_unique<CallbackProgram>(std::move(on_end));
    const std::uint32_t pid = node.host->start_process(options, program.get());
    node.programs[pid] = std::move(program);
    return {net_, node_, pid, node.host->boots()};
}

std::vector<ProcessInfo> HostRef::processes() const {
    std::vector<ProcessInfo> all;
    process_host(node_).for_each_process([&](const ProcessInfo& info) { all.push_back(info); });
    return all;
}

bool HostRef::kill(std::uint32_t pid) {
    host::Host& host = process_host(node_);
    const bool alive = host.is_alive(pid);
    host.kill_process(pid);
    return alive;
}

std::vector<UdpInfo> HostRef::udp_sockets() const {
    std::vector<UdpInfo> all;
    process_host(node_).udp().for_each([&](const UdpInfo& info) { all.push_back(info); });
    return all;
}

Result<UdpSocket> HostRef::udp() {
    NetworkImpl::require_power(net_->node_of(*this), "udp()");
    net_->keep_routes_current();
    host::Host& host = process_host(node_);
    const Result<UdpId> made = host.udp_socket();
    return made ? Result<UdpSocket>(UdpSocket(&host, *made)) : fail(made.error());
}

void HostRef::watch(const UdpSocket& socket, std::function<void(unsigned events)> callback) {
    host::Host& host = process_host(node_);
    if (socket.host() != &host) {
        throw InputError("watch on '" + name() + "': the socket is not this host's");
    }
    UdpCallbacks& callbacks = net_->node_of(*this).udp_callbacks;
    if (callback) {
        callbacks.set(socket.id(), std::move(callback));
        host.udp().watch(socket.id(), &callbacks);
    } else {
        callbacks.clear(socket.id());
        host.udp().watch(socket.id(), nullptr);
    }
}

Result<void> UdpSocket::bind(Endpoint local) {
    return *this ? host_->udp().bind(id_, local) : fail(Errno::kEBADF);
}

Result<void> UdpSocket::connect(Endpoint remote) {
    return *this ? host_->udp().connect(id_, remote) : fail(Errno::kEBADF);
}

Result<void> UdpSocket::disconnect() {
    return *this ? host_->udp().disconnect(id_) : fail(Errno::kEBADF);
}

Result<std::uint64_t> UdpSocket::send_to(std::string_view bytes, Endpoint to) {
    return *this ? host_->udp().send(id_, bytes, to) : fail(Errno::kEBADF);
}

Result<std::uint64_t> UdpSocket::send(std::string_view bytes) {
    return *this ? host_->udp().send(id_, bytes, std::nullopt) : fail(Errno::kEBADF);
}

Result<Datagram> UdpSocket::receive() {
    return *this ? host_->udp().receive(id_) : fail(Errno::kEBADF);
}

Result<void> UdpSocket::close() {
    return *this ? host_->udp().close(id_) : fail(Errno::kEBADF);
}

Result<void> UdpSocket::set_receive_buffer(std::int64_t octets) {
    return *this ? host_->udp().set_receive_buffer(id_, octets) : fail(Errno::kEBADF);
}

unsigned UdpSocket::poll() const {
    return *this ? host_->udp().poll(id_) : netsim::poll::kErr | netsim::poll::kHup;
}

Result<UdpInfo> UdpSocket::info() const {
    return *this ? host_->udp().info(id_) : fail(Errno::kEBADF);
}

}  // namespace netsim
