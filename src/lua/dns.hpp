// Name service, as methods of the class `host`.
#pragma once

#include <lua.hpp>

namespace netsim::lua {

/// host:dns{zone=, domain=, ttl=, authoritative=, port=}
int host_dns(lua_State* L);
/// host:nameserver(node or address), host:nameserver()
int host_nameserver(lua_State* L);
/// host:lookup(name)
int host_lookup(lua_State* L);

}  // namespace netsim::lua
