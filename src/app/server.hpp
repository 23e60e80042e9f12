// A request/response server: accept, read, think, answer, close.
#pragma once

#include "app/app.hpp"

namespace netsim::app {

class Server final : public App, private host::SocketWatcher {
 public:
    /// Listens at once if options.start is not in the future. InputError if the port is taken then.
    Server(host::Host& host, unsigned ordinal, const ServerOptions& options);

    const ServerStats& stats() const { return stats_; }

 private:
    void on_event(std::uint64_t argument) override;
    enum class Phase : std::uint8_t { kRequest, kService, kResponse, kDrain };

    struct Connection {
        SocketId socket;
        Phase phase = Phase::kRequest;
        std::uint64_t left = 0;  // of the request or the response
    };

    void on_socket(SocketId socket, unsigned events) override;

    Errno listen();
    void accept_some();
    /// Moves a connection on until it must wait or is gone.
    void advance(Connection& c);
    /// One step; false: wait for the next event, or gone.
    bool read_request(Connection& c);
    bool write_response(Connection& c);
    bool drain(Connection& c);
    void begin_response(Connection& c);
    void close(Connection& c, bool failed);

    ServerOptions options_;
    ServerStats stats_;
    SocketId listener_;
    SocketRecords<Connection> connections_;
    bool accept_busy_ = false;  // in accept_delay
    bool accepting_ = false;
};

}  // namespace netsim::app
