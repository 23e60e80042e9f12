// Clients in number: open loop (a rate) or closed loop (users who think).
#pragma once

#include "app/app.hpp"
#include "app/intervals.hpp"

namespace netsim::app {

class Load final : public App, private host::SocketWatcher {
 public:
    Load(host::Host& host, unsigned ordinal, Endpoint target, const LoadOptions& options);

    const LoadStats& stats() const { return stats_; }

 private:
    void on_event(std::uint64_t argument) override;
    enum class Phase : std::uint8_t { kConnecting, kHolding, kRequest, kResponse, kClosing };

    struct Attempt {
        SocketId socket;
        Phase phase = Phase::kConnecting;
        std::uint64_t left = 0;  // of the request or the response
        Time begun{};
        Time connected{};
    };

    void on_socket(SocketId socket, unsigned events) override;

    bool open_loop() const { return options_.rate > 0; }

    bool may_start() const;
    void start_next();
    void start_one();
    /// True: connected; false: not yet, or failed and gone.
    bool connected(Attempt& a, unsigned events);
    void advance(Attempt& a);
    bool write_request(Attempt& a);
    bool read_response(Attempt& a);
    bool wait_for_close(Attempt& a);
    bool response_is_whole(Attempt& a);
    void give_up(Attempt& a);
    /// The attempt is over, however it ended: its socket is closed, its user thinks.
    void finish(Attempt& a);
    void user_thinks(Duration at_least);
    void count(Errno e);

    LoadOptions options_;
    Endpoint target_;
    LoadStats stats_;
    Intervals intervals_;
    SocketRecords<Attempt> attempts_;
};

}  // namespace netsim::app
