// Lua values as JSON: arrays, objects with keys in order, numbers, strings, booleans, statistics.
#include <cmath>

#include "lua/bind.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

constexpr int kDeepest = 50;

Json convert(lua_State* L, int index, const std::string& path, int depth);

Json convert_table(lua_State* L, int index, const std::string& path, int depth) {
    push_sorted_keys(L, index);
    const int keys = lua_gettop(L);
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, keys));
    const bool array =
        count > 0 && static_cast<lua_Integer>(lua_rawlen(L, index)) == count;  // 1..n, no more
    Json result = array ? Json::array() : Json::object();
    for (lua_Integer i = 1; i <= count; ++i) {
        lua_rawgeti(L, keys, i);
        const int type = lua_type(L, -1);
        if (type != LUA_TSTRING && type != LUA_TNUMBER) {
            throw MisuseError("results" + path + ": keys are strings or numbers, not " +
                              lua_typename(L, type) + "s");
        }
        lua_pushvalue(L, -1);
        const std::string key = lua_tostring(L, -1);  // of the copy: a number stays a number
        lua_pop(L, 1);
        lua_rawget(L, index);
        Json value = convert(L, lua_gettop(L), path + "." + key, depth + 1);
        if (array) {
            result.push_back(std::move(value));
        } else {
            result[key] = std::move(value);
        }
        lua_pop(L, 1);
    }
    lua_settop(L, keys - 1);
    return result;
}

Json convert(lua_State* L, int index, const std::string& path, int depth) {
    if (depth > kDeepest) {
        throw MisuseError("results" + path + ": nested too deep, or within itself");
    }
    luaL_checkstack(L, 10, "too deep");
    switch (lua_type(L, index)) {
        case LUA_TBOOLEAN:
            return lua_toboolean(L, index) != 0;
        case LUA_TNUMBER: {
            if (lua_isinteger(L, index) != 0) {
                return lua_tointeger(L, index);
            }
            const double value = lua_tonumber(L, index);
            return std::isfinite(value) ? Json(value) : Json(nullptr);  // JSON has no inf, no nan
        }
        case LUA_TSTRING: {
            std::size_t length = 0;
            const char* text = lua_tolstring(L, index, &length);
            return std::string(text, length);
        }
        case LUA_TTABLE:
            return convert_table(L, index, path, depth);
        case LUA_TUSERDATA:
            if (push_statistics(L, index)) {
                Json result = convert_table(L, lua_gettop(L), path, depth + 1);
                lua_pop(L, 1);
                return result;
            }
            break;
        default:
            break;
    }
    throw MisuseError("results" + path + ": a " + luaL_typename(L, index) +
                      " cannot be a result (numbers, strings, booleans, tables of them, "
                      "statistics)");
}

}  // namespace

void push_json(lua_State* L, const Json& value) {
    luaL_checkstack(L, 10, "too deep");
    if (value.is_boolean()) {
        lua_pushboolean(L, value.get<bool>() ? 1 : 0);
    } else if (value.is_number_integer()) {
        lua_pushinteger(L, value.get<lua_Integer>());
    } else if (value.is_number()) {
        lua_pushnumber(L, value.get<double>());
    } else if (value.is_string()) {
        push_string(L, value.get<std::string>());
    } else if (value.is_array() || value.is_object()) {
        lua_newtable(L);
        lua_Integer i = 0;
        for (const auto& [key, item] : value.items()) {
            push_json(L, item);
            if (value.is_array()) {
                lua_rawseti(L, -2, ++i);
            } else {
                lua_setfield(L, -2, key.c_str());
            }
        }
    } else {
        lua_pushnil(L);
    }
}

Json to_json(lua_State* L, int index) {
    return convert(L, lua_absindex(L, index), "", 0);
}

}  // namespace netsim::lua
