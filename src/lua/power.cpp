// Hosts that lose power and come back.
#include "lua/power.hpp"

#include <chrono>
#include <memory>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"
#include "lua/socket_operations.hpp"

namespace netsim::lua {

/// A process that turns its own host off does not see the call return.
int host_power_off(lua_State* L) {
    HostHandle& self = self_host(L);
    Scheduler& scheduler = self.box->scheduler();
    const Process* caller = scheduler.current();
    const bool own = caller != nullptr && caller->host.id() == self.host.id();
    self.host.power_off();
    return own ? scheduler.block(L, std::make_unique<EndlessOperation>(), "power_off()") : 0;
}

int host_shutdown(lua_State* L) {
    HostHandle& self = self_host(L);
    self.host.shutdown(lua_isnoneornil(L, 2) ? std::chrono::seconds(1)
                                             : to_positive_duration(L, 2, "shutdown: after"));
    return self.box->scheduler().end_call(L, 0);
}

int host_boot(lua_State* L) {
    self_host(L).host.boot();
    return 0;
}

int host_on_boot(lua_State* L) {
    HostHandle& self = self_host(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    auto callback = std::make_shared<Callback>(
        L, 2, "the on_boot callback of host \"" + self.host.name() + "\"");
    // Not the box itself: it owns the network, which keeps the callback.
    self.host.on_boot([callback, weak = std::weak_ptr<Box>(self.box), host = self.host] {
        if (const BoxPtr box = weak.lock()) {
            callback->call(box->net(), [&](lua_State* thread) {
                push_host(thread, box, host);
                return 1;
            });
        }
    });
    return 0;
}

int host_is_on(lua_State* L) {
    lua_pushboolean(L, self_host(L).host.is_on() ? 1 : 0);
    return 1;
}

}  // namespace netsim::lua
