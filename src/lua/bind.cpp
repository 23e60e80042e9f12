// The parts of the trampoline and of class registration that are no templates.
#include "lua/bind.hpp"

#include <vector>

#include "base/text.hpp"

namespace netsim::lua {
namespace {

// Upvalues: 1 methods, 2 fields, 3 find or nil, 4 class name.
int index_member(lua_State* L) {
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {
        return 1;
    }
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
        return 1;
    }
    lua_pop(L, 1);
    if (!lua_isnil(L, lua_upvalueindex(3))) {
        lua_pushvalue(L, lua_upvalueindex(3));
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_call(L, 2, 1);
        if (!lua_isnil(L, -1)) {
            return 1;
        }
        lua_pop(L, 1);
    }
    if (lua_type(L, 2) != LUA_TSTRING) {
        throw MisuseError(std::string("a ") + lua_tostring(L, lua_upvalueindex(4)) +
                          " is not indexed by a " + luaL_typename(L, 2));
    }
    std::vector<std::string_view> known;
    for (const int table : {lua_upvalueindex(1), lua_upvalueindex(2)}) {
        push_sorted_keys(L, table);
        const int keys = lua_gettop(L);
        for (lua_Unsigned i = 1; i <= lua_rawlen(L, keys); ++i) {
            lua_rawgeti(L, keys, static_cast<lua_Integer>(i));
            known.emplace_back(lua_tostring(L, -1));  // kept alive by the member tables
            lua_pop(L, 1);
        }
    }
    const std::string_view word = lua_tostring(L, 2);
    throw MisuseError("a " + std::string(lua_tostring(L, lua_upvalueindex(4))) +
                      " has no member \"" + std::string(word) + "\"" +
                      (nearest_name(word, known).empty() ? "; it has " + join(known)
                                                         : did_you_mean(word, known)));
}

int refuse_assignment(lua_State* L) {
    throw MisuseError(std::string("a ") + lua_tostring(L, lua_upvalueindex(1)) +
                      " cannot be assigned to");
}

int object_text(lua_State* L) {
    const char* name = lua_tostring(L, lua_upvalueindex(1));
    const auto* object = static_cast<const Object<char>*>(lua_touserdata(L, 1));
    push_string(L, std::string(name) + ": #" + std::to_string(object->id));
    return 1;
}

void push_members(lua_State* L, const std::string& prefix, std::span<const Member> members) {
    lua_createtable(L, 0, static_cast<int>(members.size()));
    register_functions(L, prefix, members);
}

}  // namespace

void raise(lua_State* L, const std::string& message, bool input) {
    const std::string text = place(L, 1) + message;
    if (input) {
        Runtime::of(L).note_input_error(text);
    }
    push_string(L, text);
    lua_error(L);
    std::abort();  // lua_error() does not return
}

void register_functions(lua_State* L, const std::string& prefix,
                        std::span<const Member> functions) {
    for (const Member& member : functions) {
        lua_pushcfunction(L, member.function);
        Runtime::of(L).name_builtin(lua_topointer(L, -1), prefix + member.name);
        lua_setfield(L, -2, member.name);
    }
}

void register_class(lua_State* L, const ClassSpec& spec) {
    const std::string prefix = std::string(spec.name) + ":";
    luaL_newmetatable(L, spec.name);
    push_members(L, prefix, spec.methods);
    push_members(L, prefix, spec.fields);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "__fields");
    if (spec.find != nullptr) {
        lua_pushcfunction(L, spec.find);
    } else {
        lua_pushnil(L);
    }
    lua_pushstring(L, spec.name);
    lua_pushcclosure(L, NETSIM_LUA(index_member), 4);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, spec.name);
    lua_pushcclosure(L, NETSIM_LUA(refuse_assignment), 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushstring(L, spec.name);
    lua_pushcclosure(L, NETSIM_LUA(object_text), 1);
    lua_setfield(L, -2, "__tostring");
    lua_pushcfunction(L, spec.destroy);
    lua_setfield(L, -2, "__gc");
    if (spec.close != nullptr) {
        lua_pushcfunction(L, spec.close);
        lua_setfield(L, -2, "__close");
    }
    if (spec.length != nullptr) {
        lua_pushcfunction(L, spec.length);
        lua_setfield(L, -2, "__len");
    }
    lua_pushstring(L, spec.name);
    lua_setfield(L, -2, "__metatable");  // getmetatable() gives the class's name, no way in
    lua_pop(L, 1);
}

std::string wrong_type(lua_State* L, int index, std::string_view expected) {
    std::string got = luaL_typename(L, index);
    if (lua_type(L, index) == LUA_TUSERDATA && luaL_getmetafield(L, index, "__name") != LUA_TNIL) {
        got = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return "expected a " + std::string(expected) + ", got " +
           (lua_isnoneornil(L, index) ? std::string("nothing") : "a " + got);
}

void push_string(lua_State* L, std::string_view text) {
    lua_pushlstring(L, text.data(), text.size());
}

int push_failure(lua_State* L, std::string_view message, std::string_view name) {
    lua_pushnil(L);
    push_string(L, message);
    push_string(L, name);
    return 3;
}

}  // namespace netsim::lua
