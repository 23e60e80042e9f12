// Power of a host, as methods of the class `host`.
#pragma once

#include <lua.hpp>

namespace netsim::lua {

/// host:power_off()
int host_power_off(lua_State* L);
/// host:shutdown([after])
int host_shutdown(lua_State* L);
/// host:boot()
int host_boot(lua_State* L);
/// host:on_boot(function(host) ... end)
int host_on_boot(lua_State* L);
/// host.is_on
int host_is_on(lua_State* L);

}  // namespace netsim::lua
