// The class `process`: what host:spawn() returns.
#include "lua/process.hpp"

#include <limits>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

constexpr std::int64_t kFilesMost = 1'073'741'816;  // the kernel's highest fs.nr_open

struct ProcessHandle {
    static constexpr const char* kClass = "process";
    BoxPtr box;
    ProcessRef process;
    std::string name;
};

ProcessHandle& self_process(lua_State* L) {
    auto& self = check_self<ProcessHandle>(L);
    static_cast<void>(self.box->net());
    return self;
}

int process_kill(lua_State* L) {
    ProcessHandle& self = self_process(L);
    self.process.kill();
    return self.box->scheduler().end_call(L, 0);
}

// limit("nofile", n): n counts descriptors 0 to 2; 0 lifts it.
int process_limit(lua_State* L) {
    ProcessHandle& self = self_process(L);
    const std::string what = to_text(L, 2, "limit: what");
    if (what != "nofile") {
        throw InputError("limit: unknown limit \"" + what + "\" (allowed: nofile)");
    }
    self.process.limit_files(
        static_cast<std::uint64_t>(to_integer(L, 3, "limit: nofile", 0, kFilesMost)));
    return 0;
}

int process_pid(lua_State* L) {
    lua_pushinteger(L, self_process(L).process.pid());
    return 1;
}

int process_alive(lua_State* L) {
    lua_pushboolean(L, self_process(L).process.alive() ? 1 : 0);
    return 1;
}

int process_name(lua_State* L) {
    push_string(L, self_process(L).name);
    return 1;
}

ProcessOptions to_process_options(lua_State* L) {
    ProcessOptions process;
    process.name = "lua";
    if (lua_type(L, 2) == LUA_TSTRING) {
        process.name = to_text(L, 2, "spawn: name");
    } else if (lua_istable(L, 2)) {
        Options options(L, 2, "spawn");
        options.get("name", process.name);
        options.integer("nofile", process.nofile, 0, kFilesMost);
        options.finish();
    } else {
        return process;
    }
    lua_remove(L, 2);
    if (process.name.empty()) {
        throw InputError("spawn: name: must not be empty");
    }
    return process;
}

}  // namespace

int host_spawn(lua_State* L) {
    HostHandle& self = self_host(L);
    const ProcessOptions options = to_process_options(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 1);
    lua_insert(L, 3);
    const ProcessRef made = self.box->scheduler().spawn(L, self.host, options, lua_gettop(L) - 1);
    push_object(L, ProcessHandle{self.box, made, options.name});
    return 1;
}

// {{pid=, name=, files=, nofile=}, ...} by pid; nofile only where there is a limit.
int host_processes(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_newtable(L);
    lua_Integer count = 0;
    for (const ProcessInfo& process : self.host.processes()) {
        lua_newtable(L);
        lua_pushinteger(L, process.pid);
        lua_setfield(L, -2, "pid");
        push_string(L, process.name);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, static_cast<lua_Integer>(process.descriptors.size()));
        lua_setfield(L, -2, "files");
        if (process.nofile != 0) {
            lua_pushinteger(L, static_cast<lua_Integer>(process.nofile));
            lua_setfield(L, -2, "nofile");
        }
        lua_rawseti(L, -2, ++count);
    }
    return 1;
}

// How many processes it killed.
int host_kill(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_Integer killed = 0;
    if (lua_type(L, 2) == LUA_TSTRING) {
        const std::string name = to_text(L, 2, "kill: name");
        for (const ProcessInfo& process : self.host.processes()) {
            killed += process.name == name && self.host.kill(process.pid) ? 1 : 0;
        }
    } else {
        const auto pid = to_integer(L, 2, "kill: pid", 1, std::numeric_limits<std::int32_t>::max());
        killed += self.host.kill(static_cast<std::uint32_t>(pid)) ? 1 : 0;
    }
    lua_pushinteger(L, killed);
    return self.box->scheduler().end_call(L, 1);
}

void open_process(lua_State* L) {
    constexpr Member kMethods[] = {
        {"kill", NETSIM_LUA(process_kill)},
        {"limit", NETSIM_LUA(process_limit)},
    };
    constexpr Member kFields[] = {
        {"pid", NETSIM_LUA(process_pid)},
        {"alive", NETSIM_LUA(process_alive)},
        {"name", NETSIM_LUA(process_name)},
    };
    register_class(L, {ProcessHandle::kClass, kMethods, kFields, destroy_object<ProcessHandle>});
}

}  // namespace netsim::lua
