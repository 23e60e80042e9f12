// pairs, next, tostring, string.format and table.sort whose order and text are a function of the
// script alone. Lua's own walk tables by hash and address, and its sort picks pivots by the clock.
#include <algorithm>
#include <string>
#include <vector>

#include "lua/bind.hpp"

namespace netsim::lua {
namespace {

// The order of keys: numbers ascending, strings bytewise, false, true, then objects by creation.
struct Key {
    int type = LUA_TNIL;
    lua_Number number = 0;
    lua_Integer integer = 0;  // breaks ties of large integers that are equal as floats
    std::string_view text;
    std::uint64_t id = 0;
    int slot = 0;  // where the key is in the array it was collected into
};

int rank(int type) {
    switch (type) {
        case LUA_TNUMBER:
            return 0;
        case LUA_TSTRING:
            return 1;
        case LUA_TBOOLEAN:
            return 2;
        default:
            return 3 + type;
    }
}

bool before(const Key& a, const Key& b) {
    if (a.type != b.type) {
        return rank(a.type) < rank(b.type);
    }
    if (a.type == LUA_TNUMBER) {
        return a.number != b.number ? a.number < b.number : a.integer < b.integer;
    }
    if (a.type == LUA_TSTRING) {
        return a.text < b.text;
    }
    return a.id != b.id ? a.id < b.id : a.text < b.text;
}

Key key_at(lua_State* L, int index) {
    Key key;
    key.type = lua_type(L, index);
    switch (key.type) {
        case LUA_TNUMBER:
            key.number = lua_tonumber(L, index);
            key.integer = lua_isinteger(L, index) != 0 ? lua_tointeger(L, index) : 0;
            break;
        case LUA_TSTRING: {
            std::size_t length = 0;
            const char* text = lua_tolstring(L, index, &length);
            key.text = {text, length};
            break;
        }
        case LUA_TBOOLEAN:
            key.id = lua_toboolean(L, index) != 0 ? 1 : 0;
            break;
        case LUA_TUSERDATA:
            key.id = static_cast<const Object<char>*>(lua_touserdata(L, index))->id;
            break;
        default:
            key.id = Runtime::of(L).object_id(L, index);
            break;
    }
    return key;
}

// Upvalues: 1 table, 2 sorted keys, 3 position.
int ordered_step(lua_State* L) {
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(3));
    for (;;) {
        ++i;
        if (lua_rawgeti(L, lua_upvalueindex(2), i) == LUA_TNIL) {
            return 1;
        }
        lua_pushvalue(L, -1);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) {  // else removed meanwhile
            lua_pushinteger(L, i);
            lua_replace(L, lua_upvalueindex(3));
            return 2;
        }
        lua_pop(L, 2);
    }
}

int ordered_pairs(lua_State* L) {
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushvalue(L, 1);
    push_sorted_keys(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, ordered_step, 3);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

// The smallest key after the given one: linear, and exact even if the table changed meanwhile.
int ordered_next(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    const bool first = lua_isnil(L, 2);
    const Key after = key_at(L, 2);
    lua_pushnil(L);  // 3: the best key so far
    Key best;
    lua_pushnil(L);
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        const Key key = key_at(L, -1);
        if ((first || before(after, key)) && (best.type == LUA_TNIL || before(key, best))) {
            best = key;
            lua_copy(L, -1, 3);
        }
    }
    if (best.type == LUA_TNIL) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, 3);
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}

int ordered_text(lua_State* L) {
    luaL_checkany(L, 1);
    push_text(L, 1);
    return 1;
}

// Upvalue 1: the original. Objects become text before its "%s" could print an address.
int safe_format(lua_State* L) {
    std::size_t length = 0;
    const char* text = luaL_checklstring(L, 1, &length);
    int argument = 1;
    for (std::size_t i = 0; i < length; ++i) {
        if (text[i] != '%') {
            continue;
        }
        ++i;
        while (i < length &&
               std::string_view("-+ #0123456789.").find(text[i]) != std::string_view::npos) {
            ++i;
        }
        if (i >= length || text[i] == '%') {
            continue;
        }
        ++argument;
        if (text[i] == 'p') {
            return luaL_error(L, "'%%p' is not available: addresses differ from run to run");
        }
        if (text[i] == 's' && argument <= lua_gettop(L)) {
            push_text(L, argument);
            lua_replace(L, argument);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

// Is the value at index a before the one at index b? The function at 2, or <.
bool less(lua_State* L, int a, int b) {
    if (lua_isnil(L, 2)) {
        return lua_compare(L, a, b, LUA_OPLT) != 0;
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a < 0 ? a - 1 : a);
    lua_pushvalue(L, b < 0 ? b - 2 : b);
    lua_call(L, 2, 1);
    const bool result = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    return result;
}

// Merges the runs [low, middle) and [middle, high) of table 3 into table 4.
void merge(lua_State* L, lua_Integer low, lua_Integer middle, lua_Integer high) {
    lua_Integer left = low;
    lua_Integer right = middle;
    for (lua_Integer to = low; to < high; ++to) {
        bool take_right = left >= middle;
        if (!take_right && right < high) {
            lua_rawgeti(L, 3, right);
            lua_rawgeti(L, 3, left);
            take_right = less(L, -2, -1);  // equal: the left one, so that the sort is stable
            lua_pop(L, 2);
        }
        lua_rawgeti(L, 3, take_right ? right++ : left++);
        lua_rawseti(L, 4, to);
    }
}

int stable_sort(lua_State* L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (!lua_isnil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
    }
    const lua_Integer n = luaL_len(L, 1);
    lua_createtable(L, static_cast<int>(std::min<lua_Integer>(n, 1 << 20)), 0);  // 3
    lua_createtable(L, static_cast<int>(std::min<lua_Integer>(n, 1 << 20)), 0);  // 4
    for (lua_Integer i = 1; i <= n; ++i) {
        lua_geti(L, 1, i);
        lua_rawseti(L, 3, i);
    }
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer low = 1; low <= n; low += 2 * width) {
            merge(L, low, std::min(low + width, n + 1), std::min(low + 2 * width, n + 1));
        }
        lua_pushvalue(L, 3);  // swap 3 and 4
        lua_copy(L, 4, 3);
        lua_replace(L, 4);
    }
    for (lua_Integer i = 1; i <= n; ++i) {
        lua_rawgeti(L, 3, i);
        lua_seti(L, 1, i);
    }
    return 0;
}

}  // namespace

void push_sorted_keys(lua_State* L, int index) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 6, "too many values");
    std::vector<Key> keys;
    lua_newtable(L);
    const int collected = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        Key key = key_at(L, -1);
        key.slot = static_cast<int>(keys.size()) + 1;
        keys.push_back(key);
        lua_pushvalue(L, -1);
        lua_rawseti(L, collected, key.slot);
    }
    std::sort(keys.begin(), keys.end(), before);  // no ties: keys differ
    lua_createtable(L, static_cast<int>(keys.size()), 0);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        lua_rawgeti(L, collected, keys[i].slot);
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
    lua_remove(L, collected);
}

std::string_view push_text(lua_State* L, int index) {
    index = lua_absindex(L, index);
    const int type = lua_type(L, index);
    const bool object = type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TTHREAD;
    if (object && luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
        const Key key = key_at(L, index);
        const std::string builtin = Runtime::of(L).builtin_name(lua_topointer(L, index));
        std::string name = lua_typename(L, type);
        if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
            name = lua_tostring(L, -1);
        }
        push_string(L, name + ": " + (builtin.empty() ? "#" + std::to_string(key.id) : builtin));
    } else {
        luaL_tolstring(L, index, nullptr);
    }
    std::size_t length = 0;
    const char* text = lua_tolstring(L, -1, &length);
    return {text, length};
}

void open_order(lua_State* L) {
    constexpr Member kBase[] = {
        {"pairs", ordered_pairs}, {"next", ordered_next}, {"tostring", ordered_text}};
    lua_pushglobaltable(L);
    register_functions(L, "", kBase);
    lua_pop(L, 1);

    lua_getglobal(L, LUA_TABLIBNAME);
    constexpr Member kTable[] = {{"sort", stable_sort}};
    register_functions(L, "table.", kTable);
    lua_pop(L, 1);

    lua_getglobal(L, LUA_STRLIBNAME);
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, safe_format, 1);
    lua_setfield(L, -2, "format");
    lua_pop(L, 1);
}

}  // namespace netsim::lua
