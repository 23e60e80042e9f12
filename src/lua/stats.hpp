// Statistics of native applications as Lua objects whose fields are always current.
#pragma once

#include "lua/session.hpp"

namespace netsim::lua {

void push_stats(lua_State* L, const BoxPtr& box, StatsRef<ServerStats> stats);
void push_stats(lua_State* L, const BoxPtr& box, StatsRef<LoadStats> stats);
void push_stats(lua_State* L, const BoxPtr& box, StatsRef<BulkStats> stats);
void push_stats(lua_State* L, const BoxPtr& box, StatsRef<SynFloodStats> stats);
void push_stats(lua_State* L, const BoxPtr& box, StatsRef<PingStats> stats);
void push_stats(lua_State* L, const BoxPtr& box, StatsRef<DnsStats> stats);
/// The time series at `index`; null if it is something else.
const Series* to_series(lua_State* L, int index);

}  // namespace netsim::lua
