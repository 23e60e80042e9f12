// What a script may reach: Lua's own libraries less everything that touches files, processes, the
// clock, bytecode or the interpreter's insides (design §5).
#include <fstream>
#include <sstream>
#include <vector>

#include "base/text.hpp"
#include "lua/bind.hpp"

namespace netsim::lua {
namespace {

int sandbox_print(lua_State* L) {
    Runtime& runtime = Runtime::of(L);
    const int count = lua_gettop(L);
    std::string line;
    for (int i = 1; i <= count; ++i) {
        line += i > 1 ? "\t" : "";
        line += push_text(L, i);
        lua_pop(L, 1);
    }
    if (!runtime.quiet()) {
        runtime.out() << line << '\n';
        runtime.check_out();
    }
    return 0;
}

// load(chunk, name, mode, env) with mode always "t". Upvalue 1: the original.
int text_load(lua_State* L) {
    if (lua_gettop(L) < 3) {
        lua_settop(L, 3);
    }
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

// setmetatable() less what would let the collector's timing show. Upvalue 1: the original.
int strict_setmetatable(lua_State* L) {
    if (lua_type(L, 2) == LUA_TTABLE) {
        for (const char* field : {"__gc", "__mode"}) {
            if (lua_getfield(L, 2, field) != LUA_TNIL) {
                return luaL_error(
                    L, "%s is not available: when the collector runs differs from run to run",
                    field);
            }
            lua_pop(L, 1);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

// What pcall() and xpcall() return. A script that hit a limit ends; it cannot carry on here.
int finish_protected(lua_State* L, int status, lua_KContext extra) {
    if (status == LUA_OK || status == LUA_YIELD) {
        return lua_gettop(L) - static_cast<int>(extra);
    }
    Runtime& runtime = Runtime::of(L);
    if (status == LUA_ERRMEM) {
        runtime.fail_memory(place(L, 1));
    }
    if (runtime.failed()) {
        return lua_error(L);
    }
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

int sandbox_pcall(lua_State* L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    const int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_protected);
    return finish_protected(L, status, 0);
}

int sandbox_xpcall(lua_State* L) {
    const int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    const int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_protected);
    return finish_protected(L, status, 2);
}

int sandbox_random(lua_State* L) {
    Rng& rng = Runtime::of(L).random();
    const int arguments = lua_gettop(L);
    if (arguments == 0) {
        lua_pushnumber(L, rng.unit());
        return 1;
    }
    const lua_Integer low = arguments >= 2 ? luaL_checkinteger(L, 1) : 1;
    const lua_Integer high = luaL_checkinteger(L, arguments >= 2 ? 2 : 1);
    if (arguments == 1 && high == 0) {
        lua_pushinteger(L, static_cast<lua_Integer>(rng.u64()));
        return 1;
    }
    luaL_argcheck(L, low <= high, arguments >= 2 ? 2 : 1, "interval is empty");
    lua_pushinteger(L, rng.between(low, high));
    return 1;
}

int sandbox_randomseed(lua_State* L) {
    if (lua_gettop(L) == 0) {
        return luaL_error(L, "math.randomseed needs a number: runs must be repeatable (or --seed)");
    }
    const lua_Number seed = luaL_checknumber(L, 1);
    Runtime& runtime = Runtime::of(L);
    runtime.random() = Rng(name_hash(std::to_string(seed)), "lua/randomseed");
    return 0;
}

int sandbox_collectgarbage(lua_State* L) {
    const std::string_view what = luaL_optstring(L, 1, "collect");
    if (what != "collect") {
        return luaL_error(L,
                          "collectgarbage(\"%s\") is not available: its answer differs from run "
                          "to run",
                          what.data());
    }
    lua_gc(L, LUA_GCCOLLECT);
    lua_pushinteger(L, 0);
    return 1;
}

bool is_module_name(std::string_view name) {
    constexpr std::string_view kPrefix = "netsim.";
    if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) {
        return false;
    }
    for (const char c : name.substr(kPrefix.size())) {
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            return false;
        }
    }
    return true;
}

// Upvalues: 1 library folder, 2 loaded modules.
int sandbox_require(lua_State* L) {
    const std::string name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (name == "netsim") {
        lua_getglobal(L, "netsim");
        return 1;
    }
    if (lua_getfield(L, lua_upvalueindex(2), name.c_str()) != LUA_TNIL) {
        return 1;
    }
    if (!is_module_name(name)) {
        throw InputError("require \"" + name +
                         "\": only netsim's own modules, \"netsim.NAME\", can be loaded");
    }
    const std::string file = std::string(lua_tostring(L, lua_upvalueindex(1))) + "/netsim/" +
                             name.substr(std::string_view("netsim.").size()) + ".lua";
    std::ifstream input(file, std::ios::binary);
    std::ostringstream text;
    text << input.rdbuf();
    if (!input) {
        throw InputError("require \"" + name + "\": netsim has no such module");
    }
    const std::string body = text.str();
    if (luaL_loadbufferx(L, body.data(), body.size(), ("@" + name).c_str(), "t") != LUA_OK) {
        throw MisuseError(lua_tostring(L, -1));
    }
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, lua_upvalueindex(2), name.c_str());
    return 1;
}

void wrap_global(lua_State* L, const char* name, lua_CFunction wrapper) {
    lua_getglobal(L, name);
    lua_pushcclosure(L, wrapper, 1);
    lua_setglobal(L, name);
}

// So that built-in functions print, and sort as keys, by name.
void name_library(lua_State* L, const std::string& prefix) {
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        if (lua_iscfunction(L, -1) != 0) {
            Runtime::of(L).name_builtin(lua_topointer(L, -1), prefix + lua_tostring(L, -2));
        }
        lua_pop(L, 1);
    }
}

void remove_fields(lua_State* L, const char* table, std::initializer_list<const char*> names) {
    lua_getglobal(L, table);
    for (const char* name : names) {
        lua_pushnil(L);
        lua_setfield(L, -2, name);
    }
    lua_pop(L, 1);
}

}  // namespace

void open_sandbox(lua_State* L, const std::string& library_dir) {
    for (const auto& [name, open] :
         std::initializer_list<luaL_Reg>{{LUA_GNAME, luaopen_base},
                                         {LUA_COLIBNAME, luaopen_coroutine},
                                         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_MATHLIBNAME, luaopen_math},
                                         {LUA_UTF8LIBNAME, luaopen_utf8}}) {
        luaL_requiref(L, name, open, 1);
        name_library(L, std::string_view(name) == LUA_GNAME ? "" : std::string(name) + ".");
        lua_pop(L, 1);
    }
    remove_fields(L, LUA_GNAME, {"dofile", "loadfile", "warn"});
    remove_fields(L, LUA_STRLIBNAME, {"dump"});

    constexpr Member kBase[] = {{"print", sandbox_print},
                                {"pcall", sandbox_pcall},
                                {"xpcall", sandbox_xpcall},
                                {"collectgarbage", sandbox_collectgarbage}};
    lua_pushglobaltable(L);
    register_functions(L, "", kBase);
    lua_pop(L, 1);
    constexpr Member kMath[] = {{"random", sandbox_random}, {"randomseed", sandbox_randomseed}};
    lua_getglobal(L, LUA_MATHLIBNAME);
    register_functions(L, "math.", kMath);
    lua_pop(L, 1);
    wrap_global(L, "load", text_load);
    wrap_global(L, "setmetatable", strict_setmetatable);
    open_order(L);

    push_string(L, library_dir);
    lua_newtable(L);
    lua_pushcclosure(L, NETSIM_LUA(sandbox_require), 2);
    lua_setglobal(L, "require");
}

}  // namespace netsim::lua
