// UDP sockets as Lua holds them: LuaSocket's calls.
#pragma once

#include <lua.hpp>
#include <memory>
#include <utility>

#include "lua/waitable.hpp"
#include "netsim/udp.hpp"

namespace netsim::lua {

struct UdpState final : Waitable {
    UdpState(BoxPtr in, const HostRef& on, UdpSocket wrapped)
        : Waitable(std::move(in), on), socket(wrapped) {}

    void watch(Scheduler& scheduler) override;
    Result<void> close() override;

    void give_to(ProcessRef& process) override { process.take(socket); }

    UdpSocket socket;
};

struct UdpHandle {
    static constexpr const char* kClass = "udp";
    std::shared_ptr<UdpState> state;
};

/// host:udp()
int host_udp(lua_State* L);

}  // namespace netsim::lua
