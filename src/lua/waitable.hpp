// What a process may wait for and what its end closes: a socket of any kind, as Lua holds it.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "lua/scheduler.hpp"
#include "lua/session.hpp"
#include "netsim/network.hpp"

namespace netsim::lua {

/// A parked process that waits for a socket.
struct Waiter {
    ProcessId process;
    std::uint64_t park = 0;
    unsigned events = 0;
};

/// Shared by the Lua object, the operations under way and the watcher.
struct Waitable : std::enable_shared_from_this<Waitable> {
    Waitable(BoxPtr in, const HostRef& on) : box(std::move(in)), host(on) {}

    virtual ~Waitable() = default;
    Waitable(const Waitable&) = delete;
    Waitable& operator=(const Waitable&) = delete;
    Waitable(Waitable&&) = delete;
    Waitable& operator=(Waitable&&) = delete;

    /// Tells the scheduler whenever the socket becomes ready, from now on.
    virtual void watch(Scheduler& scheduler) = 0;
    /// close(2); parked calls end with "closed".
    virtual Result<void> close() = 0;
    /// Its descriptor is that process's from now on.
    virtual void give_to(ProcessRef& process) = 0;

    /// It is closed already: its process was killed, or its host lost power.
    void lose() {
        open = false;
        watched = false;
    }

    BoxPtr box;
    HostRef host;
    ProcessId owner;  // who called last: its end closes the socket
    std::optional<Duration> timeout;
    bool open = true;
    bool watched = false;
    std::vector<Waiter> waiters;
};

}  // namespace netsim::lua
