// Processes of a host, as Lua sees them.
#pragma once

#include <lua.hpp>

namespace netsim::lua {

/// host:spawn([name or options,] function(host, ...) ... end, ...)
int host_spawn(lua_State* L);
/// host:processes()
int host_processes(lua_State* L);
/// host:kill(pid or name)
int host_kill(lua_State* L);

}  // namespace netsim::lua
