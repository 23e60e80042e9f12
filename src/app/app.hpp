// What native applications share: a host, a clock, a named random stream, one record per socket.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/slab.hpp"
#include "host/host.hpp"
#include "netsim/apps.hpp"
#include "netsim/result.hpp"
#include "netsim/rng.hpp"
#include "netsim/time.hpp"
#include "sim/simulation.hpp"

namespace netsim::app {

/// Latencies kept per application; later ones are counted but not listed.
inline constexpr std::size_t kLatenciesMax = 10'000'000;

/// An event's argument that names a socket: at least 2^32, since generations start at 1. Smaller
/// arguments are an application's own events.
constexpr std::uint64_t socket_word(SocketId socket) {
    return (std::uint64_t{socket.generation} << 32U) | socket.index;
}

constexpr SocketId socket_of(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32U)};
}

/// A process of its host. Owned by the network, outlives every event it schedules; none of them
/// happens any more when it has been killed or power has failed.
class App : public sim::EventTarget, private host::Program {
 public:
    App(const App&) = delete;
    App& operator=(const App&) = delete;
    App(App&&) = delete;
    App& operator=(App&&) = delete;

    ~App() override { host_.forget_program(pid_); }

    void fire(std::uint64_t argument) final {
        if (!ended_) [[likely]] {
            on_event(argument);
        }
    }

 protected:
    App(host::Host& host, std::string_view kind, unsigned ordinal,
        const ProcessOptions& process = {})
        : host_(host), kind_(kind), ordinal_(ordinal) {
        pid_ = host.start_process(
            {process.name.empty() ? std::string(kind) : process.name, process.nofile}, this);
    }

    /// Of this process.
    Result<SocketId> new_socket() { return host_.socket(pid_); }

    std::uint32_t pid() const { return pid_; }

    /// It is over: what the host still calls must be taken back.
    virtual void on_ended() {}

    /// What was scheduled is due.
    virtual void on_event(std::uint64_t argument) = 0;

    host::Host& host() const { return host_; }

    Time now() const { return host_.fabric().sim.now(); }

    /// Fires this application at `when`, or now if that is past.
    void schedule(Time when, std::uint64_t argument) {
        host_.fabric().sim.schedule(std::max(when, now()), host_.id(), *this, argument);
    }

    /// The stream "app/web/load/0".
    Rng stream() const {
        return host_.fabric().sim.rng("app/" + host_.name() + "/" + std::string(kind_) + "/" +
                                      std::to_string(ordinal_));
    }

    unsigned ordinal() const { return ordinal_; }

    /// Throws InputError: "load on 'user': rate must be ...".
    [[noreturn]] void bad_option(std::string_view what) const {
        throw InputError(std::string(kind_) + " on '" + host_.name() + "': " + std::string(what));
    }

 private:
    void on_end() final {
        ended_ = true;
        on_ended();
    }

    host::Host& host_;
    std::string_view kind_;
    unsigned ordinal_;
    std::uint32_t pid_ = 0;
    bool ended_ = false;
};

/// Records by socket; T has a member `SocketId socket`. Host's socket indices are dense, so a
/// lookup is two loads. Nothing is allocated once the number of open sockets has been reached.
template <typename T>
class SocketRecords {
 public:
    T& open(SocketId socket) {
        if (socket.index >= slot_.size()) {
            slot_.resize(std::size_t{socket.index} + 1, 0);
        }
        const Id<T> id = slab_.emplace();
        T& record = slab_.at(id.index);
        record.socket = socket;
        slot_[socket.index] = id.index + 1;
        return record;
    }

    T* find(SocketId socket) {
        if (socket.index >= slot_.size() || slot_[socket.index] == 0) {
            return nullptr;
        }
        T& record = slab_.at(slot_[socket.index] - 1);
        return record.socket == socket ? &record : nullptr;
    }

    void close(SocketId socket) {
        slab_.erase(slab_.id_at(slot_[socket.index] - 1));
        slot_[socket.index] = 0;
    }

    std::size_t size() const { return slab_.size(); }

 private:
    Slab<T> slab_;
    std::vector<std::uint32_t> slot_;  // by socket index: place in the slab + 1; 0: none
};

}  // namespace netsim::app
