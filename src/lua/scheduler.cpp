// Parking, waking and ending processes.
#include "lua/scheduler.hpp"

#include <algorithm>
#include <utility>

#include "base/units.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"
#include "lua/socket.hpp"
#include "lua/socket_operations.hpp"
#include "lua/udp.hpp"

namespace netsim::lua {
namespace {

// Keeps a Lua value alive from C++; never given back, as it dies with the interpreter, except by
// processes that end.
int reference(lua_State* L, int index) {
    lua_pushvalue(L, index);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

}  // namespace

Callback::Callback(lua_State* L, int index, std::string what)
    : runtime_(Runtime::of(L)), what_(std::move(what)) {
    function_ref_ = reference(L, index);
    thread_ = lua_newthread(L);
    thread_ref_ = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_checkstack(thread_, LUA_MINSTACK);
}

bool Callback::call(Network& net, const std::function<int(lua_State*)>& push,
                    const std::function<void(lua_State*, int results)>& take) {
    if (runtime_.failed()) {
        return false;
    }
    lua_rawgeti(thread_, LUA_REGISTRYINDEX, function_ref_);
    const int arguments = push ? push(thread_) : 0;
    int results = 0;
    bool ok = runtime_.resume(thread_, arguments, results);
    if (ok && lua_status(thread_) == LUA_YIELD) {
        runtime_.fail({Ending::kRuntime, place(thread_) + "a callback cannot block", {}});
        ok = false;
    }
    if (!ok) {
        runtime_.add_context("in " + what_ + " at " +
                             format_duration(net.now().time_since_epoch()));
        net.stop();
        return false;
    }
    if (take) {
        take(thread_, results);
    }
    lua_settop(thread_, 0);
    return true;
}

void Process::own(ProcessId self, Waitable& socket) {
    if (socket.owner == self) {
        return;
    }
    socket.owner = self;
    if (sockets.size() >= prune_at) {
        std::erase_if(sockets, [self](const std::weak_ptr<Waitable>& weak) {
            const auto other = weak.lock();
            return !other || !other->open || other->owner != self;
        });
        prune_at = std::max<std::size_t>(16, 2 * sockets.size());
    }
    sockets.push_back(socket.weak_from_this());
    socket.give_to(*ref);
}

Process& Scheduler::process(ProcessId id) {
    Process* found = processes_.find(id);
    CHECK(found != nullptr);
    return *found;
}

void Scheduler::adopt(Waitable& socket) {
    if (current_) {
        process(current_).own(current_, socket);
    }
}

ProcessRef Scheduler::spawn(lua_State* L, const HostRef& host, const ProcessOptions& options,
                            int count) {
    const int function = lua_gettop(L) - count + 1;
    luaL_checktype(L, function, LUA_TFUNCTION);
    if (!host.is_on()) {
        throw MisuseError("spawn: host \"" + host.name() + "\" is off (boot() turns it on)");
    }
    const ProcessId id = processes_.emplace(Process(host));
    Process& entry = process(id);
    HostRef where = host;
    entry.ref = where.process(options, [this, id] { lose(id); });
    entry.thread = lua_newthread(L);
    entry.thread_ref = reference(L, -1);
    lua_pop(L, 1);
    if (lua_checkstack(entry.thread, count + LUA_MINSTACK) == 0) {
        throw MisuseError("spawn: too many arguments");
    }
    for (int i = function + 1; i < function + count; ++i) {
        // As a child inherits a descriptor that its parent then closes.
        if (auto* tcp = test_object<SocketHandle>(L, i); tcp != nullptr) {
            entry.own(id, *tcp->state);
        } else if (auto* udp = test_object<UdpHandle>(L, i); udp != nullptr) {
            entry.own(id, *udp->state);
        }
    }
    lua_xmove(L, entry.thread, count);
    where.at(box_.net().now(), [this, id, count] {
        if (processes_.contains(id)) {
            resume(id, count - 1);
        }
    });
    return *entry.ref;
}

int Scheduler::end_call(lua_State* L, int results) {
    const Process* process = current();
    return process != nullptr && process->killed
               ? block(L, std::make_unique<EndlessOperation>(), "kill()")
               : results;
}

int Scheduler::block(lua_State* L, std::unique_ptr<Operation> operation, const char* what) {
    Process* process = current();
    if (process != nullptr && process->thread == L && waits_for_cpu(*process)) {
        process->operation = std::move(operation);
        return lua_yieldk(L, 0, 0, guarded_again<Scheduler::resume_call>);
    }
    if (const auto results = operation->attempt(L)) {
        return *results;
    }
    if (process == nullptr) {
        if (operation->deadline && *operation->deadline <= box_.net().now()) {
            return operation->timed_out(L);  // settimeout(0) never waits
        }
        throw MisuseError(std::string(what) +
                          " would have to wait: call it inside host:spawn(function(host) ... end)");
    }
    if (operation->deadline && *operation->deadline <= box_.net().now()) {
        return operation->timed_out(L);
    }
    if (process->thread != L) {
        throw MisuseError(std::string(what) +
                          " would block a coroutine of the script's own: spawn a process for it");
    }
    process->operation = std::move(operation);
    park(current_);
    return lua_yieldk(L, 0, 0, guarded_again<Scheduler::resume_call>);
}

bool Scheduler::may_block(lua_State* L) {
    const Process* process = current();
    return process != nullptr && process->thread == L;
}

// The rest of a call that blocked: the same attempt, on the process's own stack.
int Scheduler::resume_call(lua_State* L) {
    // Only processes of the network that is running can be resumed.
    Scheduler& self = **static_cast<Scheduler**>(lua_getextraspace(L));
    Process& process = self.process(self.current_);
    std::unique_ptr<Operation> operation = std::move(process.operation);
    if (const auto results = operation->attempt(L)) {
        return *results;
    }
    if (process.expired || (operation->deadline && *operation->deadline < self.box_.net().now())) {
        return operation->timed_out(L);
    }
    process.operation = std::move(operation);
    self.park(self.current_);
    return lua_yieldk(L, 0, 0, guarded_again<Scheduler::resume_call>);
}

// A call begins when those before it have been paid for, on a host with a CPU.
bool Scheduler::waits_for_cpu(Process& process) {
    const std::uint64_t work = process.host.cpu_work();
    if (work == 0) {
        return false;
    }
    const ProcessId id = current_;
    const std::uint64_t park = process.parks + 1;
    if (!process.host.after_cpu_work(work, [this, id, park] { wake(id, park, false); })) {
        return false;
    }
    process.parks = park;
    process.expired = false;
    *static_cast<Scheduler**>(lua_getextraspace(process.thread)) = this;
    return true;
}

void Scheduler::park(ProcessId id) {
    Process& entry = process(id);
    const std::uint64_t park = ++entry.parks;
    entry.expired = false;
    *static_cast<Scheduler**>(lua_getextraspace(entry.thread)) = this;
    entry.operation->each_socket([&](const std::shared_ptr<Waitable>& socket, unsigned events) {
        socket->waiters.push_back({id, park, events});
        socket->watch(*this);
    });
    entry.operation->arm([this, id, park] { wake_soon(id, park); });
    if (entry.operation->deadline) {
        entry.host.at(*entry.operation->deadline, [this, id, park] { wake(id, park, true); });
    }
}

void Scheduler::unpark(ProcessId id, Process& process) {
    process.operation->each_socket([&](const std::shared_ptr<Waitable>& socket, unsigned) {
        std::erase_if(socket->waiters, [&](const Waiter& waiter) { return waiter.process == id; });
    });
    ++process.parks;
}

void Scheduler::wake(ProcessId id, std::uint64_t park, bool expired) {
    Process* process = processes_.find(id);
    if (process == nullptr || process->parks != park || !process->operation) {
        return;
    }
    unpark(id, *process);
    process->expired = expired;
    resume(id, 0);
}

void Scheduler::socket_ready(Waitable& socket, unsigned events) {
    const std::vector<Waiter> waiters = socket.waiters;  // waking changes the list
    for (const Waiter& waiter : waiters) {
        // An error or hang-up concerns whoever waits, as in poll(2).
        if ((events & (waiter.events | poll::kErr | poll::kHup)) == 0) {
            continue;
        }
        Process* process = processes_.find(waiter.process);
        if (process == nullptr || process->parks != waiter.park) {
            continue;
        }
        wake_soon(waiter.process, waiter.park);
    }
}

void Scheduler::wake_soon(ProcessId id, std::uint64_t park) {
    if (!current_) {
        wake(id, park, false);
    } else if (Process* process = processes_.find(id)) {
        // Another process is running (a call of its own caused this): wait for its turn.
        process->host.at(box_.net().now(), [this, id, park] { wake(id, park, false); });
    }
}

void Scheduler::resume(ProcessId id, int arguments) {
    Runtime& runtime = box_.session().runtime();
    if (runtime.failed()) {
        return;
    }
    Process& entry = process(id);
    const ProcessId outer = std::exchange(current_, id);
    Rng* const stream = runtime.set_random(&random_of(entry.host));
    entry.host.forget_cpu_work();
    int results = 0;
    bool ok = runtime.resume(entry.thread, arguments, results);
    runtime.set_random(stream);
    if (ok && lua_status(entry.thread) == LUA_YIELD && !entry.operation) {
        runtime.fail({Ending::kRuntime,
                      place(entry.thread) + "coroutine.yield() outside a coroutine of the "
                                            "script's own",
                      {}});
        ok = false;
    }
    if (!ok) {
        current_ = outer;
        report(entry);
        return;
    }
    if (entry.killed) {
        forget(id);
    } else if (lua_status(entry.thread) != LUA_YIELD) {
        end(id);
    }
    current_ = outer;
}

void Scheduler::report(const Process& process) {
    box_.session().runtime().add_context("in a process of host \"" + process.host.name() +
                                         "\" at " +
                                         format_duration(box_.net().now().time_since_epoch()));
    box_.net().stop();
}

void Scheduler::end(ProcessId id) {
    Process& entry = process(id);
    const std::vector<std::weak_ptr<Waitable>> sockets = std::move(entry.sockets);
    for (const auto& weak : sockets) {
        const auto socket = weak.lock();
        if (socket && socket->open && socket->owner == id) {
            socket->close();
        }
    }
    entry.ref->end();
    forget(id);
}

void Scheduler::forget(ProcessId id) {
    Process& entry = process(id);
    luaL_unref(entry.thread, LUA_REGISTRYINDEX, entry.thread_ref);
    processes_.erase(id);
}

/// It was killed, or its host lost power: its descriptors are closed by who tells.
void Scheduler::lose(ProcessId id) {
    Process* entry = processes_.find(id);
    if (entry == nullptr) {
        return;
    }
    if (entry->operation) {
        unpark(id, *entry);
    }
    for (const std::weak_ptr<Waitable>& weak : entry->sockets) {
        const auto socket = weak.lock();
        if (!socket || !socket->open || socket->owner != id) {
            continue;
        }
        socket->lose();
        for (const Waiter& waiter : socket->waiters) {  // other processes: their calls fail
            entry->host.at(box_.net().now(),
                           [this, waiter] { wake(waiter.process, waiter.park, false); });
        }
    }
    if (id == current_) {
        entry->killed = true;
    } else {
        forget(id);
    }
}

void Scheduler::abandon() {
    for (std::uint32_t i = 0; i < processes_.end_index(); ++i) {
        if (processes_.live(i)) {
            processes_.at(i).operation.reset();
        }
    }
}

Rng& Scheduler::random_of(const HostRef& host) {
    const std::uint32_t node = host.id();
    const auto at =
        std::lower_bound(random_.begin(), random_.end(), node,
                         [](const auto& entry, std::uint32_t n) { return entry.first < n; });
    if (at != random_.end() && at->first == node) {
        return *at->second;
    }
    return *random_.emplace(at, node, std::make_unique<Rng>(host.rng("lua")))->second;
}

}  // namespace netsim::lua
