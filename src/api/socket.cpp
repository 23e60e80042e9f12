// netsim::Socket: a host and the name of one of its sockets.
#include "netsim/socket.hpp"

#include "host/host.hpp"

namespace netsim {

Result<void> Socket::bind(Endpoint local) {
    return *this ? host_->bind(id_, local) : fail(Errno::kEBADF);
}

Result<void> Socket::listen(int backlog) {
    return *this ? host_->listen(id_, backlog) : fail(Errno::kEBADF);
}

Result<void> Socket::connect(Endpoint remote) {
    return *this ? host_->connect(id_, remote) : fail(Errno::kEBADF);
}

Result<std::uint64_t> Socket::fast_open(Endpoint remote, std::string_view bytes) {
    if (!*this) {
        return fail(Errno::kEBADF);
    }
    const Result<void> begun = host_->fast_open(id_, remote);
    return begun ? host_->send(id_, bytes) : fail(begun.error());
}

Result<Socket> Socket::accept() {
    if (!*this) {
        return fail(Errno::kEBADF);
    }
    const Result<SocketId> accepted = host_->accept(id_);
    if (!accepted) {
        return fail(accepted.error());
    }
    return Socket(host_, *accepted);
}

Result<std::uint64_t> Socket::send(std::string_view bytes) {
    return *this ? host_->send(id_, bytes) : fail(Errno::kEBADF);
}

Result<std::uint64_t> Socket::send_synthetic(std::uint64_t count) {
    return *this ? host_->send_synthetic(id_, count) : fail(Errno::kEBADF);
}

Result<std::string> Socket::receive(std::uint64_t max) {
    return *this ? host_->receive(id_, max) : fail(Errno::kEBADF);
}

Result<std::uint64_t> Socket::receive_discard(std::uint64_t max) {
    return *this ? host_->receive_discard(id_, max) : fail(Errno::kEBADF);
}

Result<void> Socket::shutdown(Shutdown how) {
    return *this ? host_->shutdown(id_, how) : fail(Errno::kEBADF);
}

Result<void> Socket::close() {
    return *this ? host_->close(id_) : fail(Errno::kEBADF);
}

Result<void> Socket::set_option(SocketOption option, std::int64_t value) {
    return *this ? host_->set_option(id_, option, value) : fail(Errno::kEBADF);
}

Result<std::int64_t> Socket::get_option(SocketOption option) {
    return *this ? host_->get_option(id_, option) : fail(Errno::kEBADF);
}

Result<void> Socket::set_congestion_control(std::string_view name) {
    return *this ? host_->set_congestion_control(id_, name) : fail(Errno::kEBADF);
}

Result<void> Socket::set_md5_key(Prefix peers, std::string_view key) {
    return *this ? host_->set_md5_key(id_, peers, key) : fail(Errno::kEBADF);
}

Result<std::string> Socket::congestion_control() const {
    if (!*this) {
        return fail(Errno::kEBADF);
    }
    return host_->congestion_control(id_).map(
        [](std::string_view name) { return std::string(name); });
}

unsigned Socket::poll() const {
    return *this ? host_->poll(id_) : poll::kErr | poll::kHup;
}

Result<Endpoint> Socket::local() const {
    return *this ? host_->local_endpoint(id_) : fail(Errno::kEBADF);
}

Result<Endpoint> Socket::remote() const {
    return *this ? host_->remote_endpoint(id_) : fail(Errno::kEBADF);
}

}  // namespace netsim
