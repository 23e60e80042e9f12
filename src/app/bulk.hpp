// One long transfer: connect, send as fast as TCP takes it, FIN.
#pragma once

#include "app/app.hpp"

namespace netsim::app {

class Bulk final : public App, private host::SocketWatcher {
 public:
    Bulk(host::Host& host, unsigned ordinal, Endpoint target, const BulkOptions& options);

    const BulkStats& stats() const { return stats_; }

 private:
    void on_event(std::uint64_t argument) override;
    enum class Phase : std::uint8_t { kIdle, kConnecting, kSending, kFinishing, kDone };

    void on_socket(SocketId socket, unsigned events) override;
    void begin();
    void connected(unsigned events);
    void send();
    void finish_sending();
    void wait_for_end();
    void end(Errno error);

    BulkOptions options_;
    Endpoint target_;
    BulkStats stats_;
    SocketId socket_;
    Phase phase_ = Phase::kIdle;
};

}  // namespace netsim::app
