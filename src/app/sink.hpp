// A server that reads and throws away until its clients close.
#pragma once

#include "app/app.hpp"

namespace netsim::app {

class Sink final : public App, private host::SocketWatcher {
 public:
    Sink(host::Host& host, unsigned ordinal, std::uint16_t port);

    const ServerStats& stats() const { return stats_; }

    /// Schedules nothing of its own.
 private:
    void on_event(std::uint64_t argument) override;

    struct Connection {
        SocketId socket;
    };

    void on_socket(SocketId socket, unsigned events) override;
    void read(SocketId socket);

    ServerStats stats_;
    SocketId listener_;
    SocketRecords<Connection> connections_;
};

}  // namespace netsim::app
