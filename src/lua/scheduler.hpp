// Coroutines as processes of hosts. A call that would block parks its process until a socket it
// waits for is ready or its time has come; every resumption is part of an event of that host.
#pragma once

#include <cstdint>
#include <functional>
#include <lua.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/slab.hpp"
#include "netsim/network.hpp"
#include "netsim/rng.hpp"

namespace netsim::lua {

class Box;
class Runtime;
class Scheduler;
class Session;
struct Process;
struct Waitable;

using ProcessId = Id<Process>;

/// A call that may have to wait. It lives in its process while that is parked.
class Operation {
 public:
    Operation() = default;
    virtual ~Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    Operation(Operation&&) = delete;
    Operation& operator=(Operation&&) = delete;

    /// How many results it pushed; none: not ready yet.
    virtual std::optional<int> attempt(lua_State* L) = 0;
    /// Pushes the results of running out of time.
    virtual int timed_out(lua_State* L) = 0;
    /// The sockets, and poll bits, worth another attempt.
    virtual void each_socket(
        const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>& visit) = 0;

    /// What is no socket calls `wake` when another attempt is worth it.
    virtual void arm(std::function<void()> wake) { static_cast<void>(wake); }

    std::optional<Time> deadline;
};

struct Process {
    explicit Process(const HostRef& on) : host(on) {}

    HostRef host;
    std::optional<ProcessRef> ref;  // the host's process it is
    bool killed = false;            // ... while it was running
    lua_State* thread = nullptr;
    int thread_ref = LUA_NOREF;
    std::unique_ptr<Operation> operation;          // while parked
    bool expired = false;                          // its deadline came first
    std::uint64_t parks = 0;                       // tells a stale wake-up from a current one
    std::vector<std::weak_ptr<Waitable>> sockets;  // closed when the process ends, if still its
    std::size_t prune_at = 16;                     // length at which dead ones are swept out

    /// The process `self` called the socket last: its end closes it.
    void own(ProcessId self, Waitable& socket);
};

/// A Lua function called by the simulation, again and again, on a coroutine of its own that may
/// not block.
class Callback {
 public:
    /// The function at `index`. `what` says in messages where it was called from.
    Callback(lua_State* L, int index, std::string what);

    /// Calls it with the arguments that `push` pushes (no allocation there). False: it failed.
    bool call(Network& net, const std::function<int(lua_State*)>& push,
              const std::function<void(lua_State*, int results)>& take = nullptr);

 private:
    Runtime& runtime_;
    std::string what_;
    lua_State* thread_ = nullptr;
    int thread_ref_ = LUA_NOREF;
    int function_ref_ = LUA_NOREF;
};

class Scheduler {
 public:
    explicit Scheduler(Box& box) : box_(box) {}

    /// A process of `host` that begins with the event after the current one. The function and its
    /// arguments are the top `count` values of the stack.
    ProcessRef spawn(lua_State* L, const HostRef& host, const ProcessOptions& options, int count);

    /// If the running process was killed just now, its call does not return.
    int end_call(lua_State* L, int results);

    /// Attempts an operation; parks the calling process if it is not ready. `what` names the call.
    int block(lua_State* L, std::unique_ptr<Operation> operation, const char* what);

    /// The process whose code is running, if any.
    Process* current() { return processes_.find(current_); }

    /// Is code of a process running, and not that of a coroutine of its own?
    bool may_block(lua_State* L);

    /// The running process, if any, becomes the socket's owner.
    void adopt(Waitable& socket);

    ProcessId current_id() const { return current_; }

    /// A socket became ready: wakes who waits for it.
    void socket_ready(Waitable& socket, unsigned events);

    /// The run is over: what processes still wait for is let go. Its sockets hold the box that
    /// holds this scheduler, which would keep all of them for ever.
    void abandon();

    /// The stream of math.random for code of this host.
    Rng& random_of(const HostRef& host);

 private:
    static int resume_call(lua_State* L);
    Process& process(ProcessId id);
    bool waits_for_cpu(Process& process);
    void park(ProcessId id);
    void unpark(ProcessId id, Process& process);
    void wake(ProcessId id, std::uint64_t park, bool expired);
    void wake_soon(ProcessId id, std::uint64_t park);
    void resume(ProcessId id, int arguments);
    void end(ProcessId id);
    void forget(ProcessId id);
    void lose(ProcessId id);
    void report(const Process& process);

    Box& box_;
    Slab<Process> processes_;
    ProcessId current_;
    std::vector<std::pair<std::uint32_t, std::unique_ptr<Rng>>> random_;  // by node id
};

}  // namespace netsim::lua
