// A socket as Lua holds it: LuaSocket's calls on netsim's non-blocking sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lua/scheduler.hpp"
#include "lua/session.hpp"
#include "netsim/socket.hpp"

namespace netsim::lua {

/// A parked process that waits for a socket.
struct Waiter {
    ProcessId process;
    std::uint64_t park = 0;
    unsigned events = 0;
};

/// Shared by the Lua object, the operations under way and the watcher.
struct SocketState : std::enable_shared_from_this<SocketState> {
    SocketState(BoxPtr in, const HostRef& on, Socket wrapped)
        : box(std::move(in)), host(on), socket(wrapped) {}

    /// Tells the scheduler whenever the socket becomes ready, from now on.
    void watch(Scheduler& scheduler);
    /// close(2); parked calls end with "closed".
    Result<void> close();

    /// A line in the margin of ladders.
    void note(const std::string& text) { host.note(socket, text); }

    BoxPtr box;
    HostRef host;
    Socket socket;
    ProcessId owner;  // who called last: its end closes the socket
    std::optional<Duration> timeout;
    std::string buffer;          // received, not yet asked for: the rest after a line
    std::uint64_t received = 0;  // bytes, for getstats()
    std::uint64_t sent = 0;
    Time made{};
    bool open = true;
    bool watched = false;
    std::vector<Waiter> waiters;
};

struct SocketHandle {
    static constexpr const char* kClass = "socket";
    std::shared_ptr<SocketState> state;
};

void push_socket(lua_State* L, const BoxPtr& box, const HostRef& host, Socket socket);

/// "connection refused", "closed": LuaSocket's words.
std::string outcome_text(Errno error);
/// nil, "connection refused", "ECONNREFUSED".
int push_errno(lua_State* L, Errno error);

/// Parks the calling process: host:sleep(d), netsim.sleep(d).
int sleep_for(lua_State* L, Scheduler& scheduler, Network& net, Duration duration);
/// host:compute(d): the process uses a core of its host for so long.
int compute_for(lua_State* L, Scheduler& scheduler, HostRef& host, Network& net, Duration duration);
/// netsim.select(receivers, senders, timeout).
int socket_select(lua_State* L);

}  // namespace netsim::lua
