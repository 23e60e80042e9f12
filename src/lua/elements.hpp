// What stands in the way of packets, as methods of links.
#pragma once

#include <lua.hpp>

#include "lua/session.hpp"

namespace netsim::lua {

struct LinkRuleHandle {
    static constexpr const char* kClass = "rule";
    BoxPtr box;
    LinkRuleRef rule;
};

int link_drop(lua_State* L);

}  // namespace netsim::lua
