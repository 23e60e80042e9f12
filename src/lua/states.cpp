// net:watch_states(), net:states(), net:explain(): the state diagram of a run, connections in
// words.
#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

void push_state_edges(lua_State* L, const std::vector<StateEdgeCount>& edges) {
    lua_createtable(L, static_cast<int>(edges.size()), 0);
    lua_Integer i = 0;
    for (const StateEdgeCount& edge : edges) {
        lua_createtable(L, 0, 4);
        push_string(L, edge.from);
        lua_setfield(L, -2, "from");
        push_string(L, edge.to);
        lua_setfield(L, -2, "to");
        push_string(L, edge.cause);
        lua_setfield(L, -2, "cause");
        lua_pushinteger(L, static_cast<lua_Integer>(edge.count));
        lua_setfield(L, -2, "count");
        lua_rawseti(L, -2, ++i);
    }
}

}  // namespace

int network_watch_states(lua_State* L) {
    self_network(L).watch_states();
    return 0;
}

// states(["text" | "svg" | "edges"])
int network_states(lua_State* L) {
    Network& net = self_network(L);
    const std::string form = lua_isnoneornil(L, 2) ? "text" : to_text(L, 2, "states: form");
    if (form == "text") {
        push_string(L, net.states());
    } else if (form == "svg") {
        push_string(L, net.states_svg());
    } else if (form == "edges") {
        push_state_edges(L, net.state_edges());
    } else {
        throw InputError("states: unknown form \"" + form +
                         "\" (allowed: \"text\", \"svg\", \"edges\")");
    }
    return 1;
}

int network_explain(lua_State* L) {
    push_string(L, self_network(L).explain(to_text(L, 2, "explain: endpoint")));
    return 1;
}

}  // namespace netsim::lua
