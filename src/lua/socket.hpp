// A socket as Lua holds it: LuaSocket's calls on netsim's non-blocking sockets.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lua/scheduler.hpp"
#include "lua/session.hpp"
#include "lua/waitable.hpp"
#include "netsim/socket.hpp"

namespace netsim::lua {

struct SocketState final : Waitable {
    SocketState(BoxPtr in, const HostRef& on, Socket wrapped)
        : Waitable(std::move(in), on), socket(wrapped) {}

    void watch(Scheduler& scheduler) override;
    Result<void> close() override;

    void give_to(ProcessRef& process) override { process.take(socket); }

    /// A line in the margin of ladders.
    void note(const std::string& text) { host.note(socket, text); }

    void note(const std::string& text, Endpoint remote) { host.note(socket, text, remote); }

    std::shared_ptr<SocketState> shared() {
        return std::static_pointer_cast<SocketState>(shared_from_this());
    }

    Socket socket;
    std::string buffer;          // received, not yet asked for: the rest after a line
    std::uint64_t received = 0;  // bytes, for getstats()
    std::uint64_t sent = 0;
    Time made{};
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
