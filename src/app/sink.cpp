// Sink server.
#include "app/sink.hpp"

#include <limits>

#include "base/check.hpp"

namespace netsim::app {
namespace {

constexpr int kBacklog = 4096;

}  // namespace

Sink::Sink(host::Host& host, unsigned ordinal, std::uint16_t port) : App(host, "sink", ordinal) {
    const Result<SocketId> socket = new_socket();
    Errno error = socket ? Errno::kOk : socket.error();
    if (socket) {
        listener_ = *socket;
        static_cast<void>(host.set_option(listener_, SocketOption::kSO_REUSEADDR, 1));
        Result<void> done = host.bind(listener_, Endpoint{Ipv4{}, port});
        if (done) {
            host.watch(listener_, this);
            done = host.listen(listener_, kBacklog);
        }
        error = done ? Errno::kOk : done.error();
    }
    if (error != Errno::kOk) {
        if (socket) {
            static_cast<void>(host.close(listener_));
        }
        bad_option("cannot listen on port " + std::to_string(port) + ": " +
                   std::string(errno_text(error)));
    }
}

void Sink::on_event(std::uint64_t argument) {
    static_cast<void>(argument);
    CHECK(false);
}

void Sink::on_socket(SocketId socket, unsigned events) {
    static_cast<void>(events);
    if (socket != listener_) {
        read(socket);
        return;
    }
    while (const Result<SocketId> accepted = host().accept(listener_)) {
        ++stats_.accepted;
        connections_.open(*accepted);
        host().watch(*accepted, this);
        read(*accepted);
    }
}

void Sink::read(SocketId socket) {
    while (connections_.find(socket) != nullptr) {
        const Result<std::uint64_t> got =
            host().receive_discard(socket, std::numeric_limits<std::uint64_t>::max());
        if (got && *got > 0) {
            stats_.bytes_received += *got;
            continue;
        }
        if (!got && got.error() == Errno::kEAGAIN) {
            return;
        }
        ++(got ? stats_.served : stats_.failed);
        stats_.closed += got ? 1U : 0U;
        connections_.close(socket);
        static_cast<void>(host().close(socket));
    }
}

}  // namespace netsim::app
