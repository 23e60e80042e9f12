// The class `host`: sockets, processes, native applications, and a look inside.
#include <limits>

#include "base/text.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/dns.hpp"
#include "lua/elements.hpp"
#include "lua/power.hpp"
#include "lua/process.hpp"
#include "lua/session.hpp"
#include "lua/socket.hpp"
#include "lua/stats.hpp"
#include "lua/udp.hpp"

namespace netsim::lua {
namespace {

constexpr std::int64_t kMany = std::numeric_limits<std::uint32_t>::max();

std::string to_target(lua_State* L, const char* what) {
    return to_text(L, 2, std::string(what) + ": target");
}

int host_tcp(lua_State* L) {
    HostHandle& self = self_host(L);
    Process* process = self.box->scheduler().current();
    const bool own = process != nullptr && process->host.id() == self.host.id();
    const Result<Socket> socket = own ? process->ref->tcp() : self.host.tcp();
    if (!socket) {
        return push_errno(L, socket.error());
    }
    push_socket(L, self.box, self.host, *socket);
    return 1;
}

int host_sleep(lua_State* L) {
    HostHandle& self = self_host(L);
    return sleep_for(L, self.box->scheduler(), self.box->net(),
                     to_positive_duration(L, 2, "sleep: time"));
}

int host_at(lua_State* L) {
    HostHandle& self = self_host(L);
    Network& net = self.box->net();
    const Time when{to_positive_duration(L, 2, "at: time")};
    luaL_checktype(L, 3, LUA_TFUNCTION);
    if (when < net.now()) {
        throw MisuseError("at: that time is past");
    }
    auto callback =
        std::make_shared<Callback>(L, 3, "a callback of host \"" + self.host.name() + "\"");
    self.host.at(when, [callback, &net] { callback->call(net, nullptr); });
    return 0;
}

int host_now(lua_State* L) {
    lua_pushnumber(L, to_seconds(self_host(L).box->net().now()));
    return 1;
}

int host_serve(lua_State* L) {
    HostHandle& self = self_host(L);
    ServerOptions server;
    Options options(L, 2, "serve");
    options.integer("port", server.port, 1, 65535);
    options.integer("backlog", server.backlog, std::numeric_limits<int>::min(),
                    std::numeric_limits<int>::max());
    options.bytes("request", server.request);
    options.bytes("response", server.response);
    options.get("service_time", server.service_time);
    options.get("accept_delay", server.accept_delay);
    options.integer("workers", server.workers, 0, kMany);
    options.get("keep_open", server.keep_open);
    options.get("name", server.name);
    options.integer("nofile", server.nofile, 0, kMany);
    options.get("start", server.start);
    options.finish();
    push_stats(L, self.box, self.host.serve(server));
    return 1;
}

int host_load(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string target = to_target(L, "load");
    LoadOptions load;
    Options options(L, 3, "load");
    options.frequency("rate", load.rate);
    options.integer("users", load.users, 0, kMany);
    spacing_option(options, L, load.spacing);
    options.number("shape", load.pareto_shape);
    options.get("think", load.think);
    options.get("hold", load.hold);
    options.bytes("request", load.request);
    options.bytes("response", load.response);
    options.get("close_first", load.close_first);
    options.get("connect_timeout", load.connect_timeout);
    options.get("start", load.start);
    options.get("stop", load.stop);
    options.integer("max", load.max_connections, 0, std::numeric_limits<std::int64_t>::max());
    options.finish();
    if ((load.rate > 0) == (load.users > 0)) {
        throw InputError(
            "load: give either rate (open loop, e.g. \"100/s\") or users (closed loop)");
    }
    if (!(load.pareto_shape > 1)) {
        throw InputError("load: shape: must be above 1");
    }
    push_stats(L, self.box, self.host.load(target, load));
    return 1;
}

int host_sink(lua_State* L) {
    HostHandle& self = self_host(L);
    const auto port = static_cast<std::uint16_t>(to_integer(L, 2, "sink: port", 1, 65535));
    push_stats(L, self.box, self.host.sink(port));
    return 1;
}

int host_bulk(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string target = to_target(L, "bulk");
    BulkOptions bulk;
    Options options(L, 3, "bulk");
    options.bytes("bytes", bulk.bytes);
    options.get("start", bulk.start);
    options.get("stop", bulk.stop);
    options.finish();
    push_stats(L, self.box, self.host.bulk(target, bulk));
    return 1;
}

int host_synflood(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string target = to_target(L, "synflood");
    SynFloodOptions flood;
    Options options(L, 3, "synflood");
    options.frequency("rate", flood.rate);
    spacing_option(options, L, flood.spacing);
    options.with("spoof", [&](const std::string& what) {
        const std::string text = to_text(L, -1, what);
        flood.spoof = parse_prefix(text);
        if (!flood.spoof) {
            throw InputError(what + ": \"" + text +
                             "\" is no prefix such as \"198.18.0.0/15\" (host bits must be zero)");
        }
    });
    options.integer("source_port_low", flood.source_port_low, 1, 65535);
    options.integer("source_port_high", flood.source_port_high, 1, 65535);
    options.get("start", flood.start);
    options.get("stop", flood.stop);
    options.integer("max", flood.max_syns, 0, std::numeric_limits<std::int64_t>::max());
    options.integer("mss", flood.mss, 1, 65495);
    options.get("timestamps", flood.timestamps);
    options.get("sack_permitted", flood.sack_permitted);
    options.with("window_scale", [&](const std::string& what) {
        flood.window_scale.reset();
        if (!lua_isboolean(L, -1)) {  // false: the option is not sent
            flood.window_scale = static_cast<std::uint8_t>(to_integer(L, -1, what, 0, 14));
        }
    });
    options.finish();
    if (!(flood.rate > 0)) {
        throw InputError("synflood: rate: must be above 0");
    }
    if (flood.source_port_low > flood.source_port_high) {
        throw InputError("synflood: source_port_low is above source_port_high");
    }
    push_stats(L, self.box, self.host.synflood(target, flood));
    return 1;
}

int host_ping(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string target = to_target(L, "ping");
    PingOptions ping;
    Options options(L, 3, "ping");
    options.integer("count", ping.count, 1, kMany);
    options.get("interval", ping.interval);
    options.integer("size", ping.size, 0, 65507);
    options.integer("ttl", ping.ttl, 1, 255);
    options.get("start", ping.start);
    options.finish();
    push_stats(L, self.box, self.host.ping(target, ping));
    return 1;
}

// sysctl(name) reads, sysctl(name, value) writes.
int host_sysctl(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string name = to_text(L, 2, "sysctl: name");
    if (!lua_isnoneornil(L, 3)) {
        const std::string value =
            lua_type(L, 3) == LUA_TNUMBER
                ? std::to_string(to_integer(L, 3, "sysctl: " + name,
                                            std::numeric_limits<std::int64_t>::min(),
                                            std::numeric_limits<std::int64_t>::max()))
                : to_text(L, 3, "sysctl: " + name);
        self.host.set_sysctl(name, value);
    }
    push_string(L, self.host.sysctl(name));
    return 1;
}

// isn(n): the sequence number its next connection begins with.
int host_isn(lua_State* L) {
    HostHandle& self = self_host(L);
    self.host.set_next_isn(
        static_cast<std::uint32_t>(to_integer(L, 2, "isn: number", 0, 0xffffffffLL)));
    return 0;
}

int host_counter(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_pushinteger(L, static_cast<lua_Integer>(self.host.counter(to_text(L, 2, "counter: name"))));
    return 1;
}

int host_counters(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_newtable(L);
    for (const auto& [name, value] : self.host.counters()) {
        lua_pushinteger(L, static_cast<lua_Integer>(value));
        lua_setfield(L, -2, name.c_str());
    }
    return 1;
}

std::uint16_t optional_port(lua_State* L, const char* what) {
    return lua_isnoneornil(L, 2) ? std::uint16_t{0}
                                 : static_cast<std::uint16_t>(to_integer(L, 2, what, 0, 65535));
}

int host_syn_queue(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_pushinteger(L, self.host.syn_queue(optional_port(L, "syn_queue: port")));
    return 1;
}

int host_accept_queue(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_pushinteger(L, self.host.accept_queue(optional_port(L, "accept_queue: port")));
    return 1;
}

int host_syn_queue_peak(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_pushinteger(L, self.host.syn_queue_peak(optional_port(L, "syn_queue_peak: port")));
    return 1;
}

int host_accept_queue_peak(lua_State* L) {
    HostHandle& self = self_host(L);
    lua_pushinteger(L, self.host.accept_queue_peak(optional_port(L, "accept_queue_peak: port")));
    return 1;
}

// dropped(reason) or dropped(): {reason = count} of those that are not zero.
int host_dropped(lua_State* L) {
    const HostRef host = self_host(L).host;
    return push_dropped(L, [&](DropReason reason) { return host.dropped(reason); });
}

int host_ss(lua_State* L) {
    HostHandle& self = self_host(L);
    push_string(L, lua_isnoneornil(L, 2) ? self.host.ss() : self.host.ss(to_text(L, 2, "ss")));
    return 1;
}

int host_nstat(lua_State* L) {
    HostHandle& self = self_host(L);
    push_string(
        L, lua_isnoneornil(L, 2) ? self.host.nstat() : self.host.nstat(to_text(L, 2, "nstat")));
    return 1;
}

// sockets(state[, port])
int host_sockets(lua_State* L) {
    HostHandle& self = self_host(L);
    const std::string state = to_text(L, 2, "sockets: state");
    const auto port = lua_isnoneornil(L, 3)
                          ? std::uint16_t{0}
                          : static_cast<std::uint16_t>(to_integer(L, 3, "sockets: port", 0, 65535));
    lua_pushinteger(L, static_cast<lua_Integer>(self.host.sockets(state, port)));
    return 1;
}

int host_explain(lua_State* L) {
    push_string(L, self_host(L).host.explain(to_text(L, 2, "explain: endpoint")));
    return 1;
}

void set_core_number(lua_State* L, const char* key, double value) {
    lua_pushnumber(L, value);
    lua_setfield(L, -2, key);
}

void set_core_count(lua_State* L, const char* key, std::uint64_t value) {
    lua_pushinteger(L, static_cast<lua_Integer>(value));
    lua_setfield(L, -2, key);
}

// cpu(): what each core has done so far; nil without a CPU.
int host_cpu(lua_State* L) {
    HostHandle& self = self_host(L);
    if (!self.host.has_cpu()) {
        lua_pushnil(L);
        return 1;
    }
    const CpuStats cpu = self.host.cpu();
    lua_newtable(L);
    set_core_count(L, "runnable", cpu.runnable);
    lua_newtable(L);
    for (std::size_t i = 0; i < cpu.cores.size(); ++i) {
        const CoreStats& core = cpu.cores[i];
        lua_newtable(L);
        set_core_count(L, "processed", core.processed);
        set_core_count(L, "dropped", core.dropped);
        set_core_count(L, "time_squeeze", core.time_squeeze);
        set_core_count(L, "backlog", std::uint64_t{core.input_queue} + core.process_queue);
        set_core_count(L, "backlog_peak", core.backlog_peak);
        set_core_number(L, "softirq", to_seconds(core.softirq));
        set_core_number(L, "process", to_seconds(core.process));
        lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    }
    lua_setfield(L, -2, "cores");
    lua_newtable(L);
    const CpuCosts costs = self.host.cpu_costs();
    for (const CpuCostEntry& entry : cpu_cost_table()) {
        set_core_number(L, entry.name.data(), to_seconds(costs.*entry.member));
    }
    lua_setfield(L, -2, "costs");
    return 1;
}

int host_softnet_stat(lua_State* L) {
    HostHandle& self = self_host(L);
    bool readable = false;
    if (!lua_isnoneornil(L, 2)) {
        const std::string form = to_text(L, 2, "softnet_stat: form");
        if (form != "readable" && form != "proc") {
            throw InputError("softnet_stat: unknown form \"" + form +
                             "\" (allowed: \"proc\", \"readable\")");
        }
        readable = form == "readable";
    }
    push_string(L, self.host.softnet_stat(readable));
    return 1;
}

// record_cpu(interval): {utilisation = {series of each core}, softirq = ..., backlog = ...}
int host_record_cpu(lua_State* L) {
    HostHandle& self = self_host(L);
    const Duration interval = to_positive_duration(L, 2, "record_cpu: interval");
    if (interval == Duration(0)) {
        throw InputError("record_cpu: interval: must be above 0");
    }
    if (!self.host.has_cpu()) {
        throw InputError("record_cpu: host \"" + self.host.name() +
                         "\" has no CPU: give it one with cpu = true");
    }
    const HostRef::CpuSeries series = self.host.record_cpu(interval);
    lua_newtable(L);
    const auto set = [&](const char* key, const std::vector<const Series*>& list) {
        lua_createtable(L, static_cast<int>(list.size()), 0);
        lua_Integer i = 0;
        for (const Series* one : list) {
            push_series(L, self.box, one);
            lua_rawseti(L, -2, ++i);
        }
        lua_setfield(L, -2, key);
    };
    set("utilisation", series.utilisation);
    set("softirq", series.softirq);
    set("backlog", series.backlog);
    return 1;
}

// A process' own computing: without a CPU it is only time that passes.
int host_compute(lua_State* L) {
    HostHandle& self = self_host(L);
    return compute_for(L, self.box->scheduler(), self.host, self.box->net(),
                       to_positive_duration(L, 2, "compute: time"));
}

int host_name(lua_State* L) {
    push_string(L, self_host(L).host.name());
    return 1;
}

int host_address(lua_State* L) {
    push_string(L, to_string(self_host(L).host.address()));
    return 1;
}

int host_violations(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self_host(L).host.integrity_violations()));
    return 1;
}

}  // namespace

HostHandle& self_host(lua_State* L) {
    auto& self = check_self<HostHandle>(L);
    static_cast<void>(self.box->net());
    return self;
}

void push_host(lua_State* L, const BoxPtr& box, const HostRef& host) {
    box->push_cached(L, "node " + std::to_string(host.id()), [&] {
        push_object(L, HostHandle{box, host});
    });
}

void open_host(lua_State* L) {
    constexpr Member kMethods[] = {
        {"tcp", NETSIM_LUA(host_tcp)},
        {"spawn", NETSIM_LUA(host_spawn)},
        {"sleep", NETSIM_LUA(host_sleep)},
        {"at", NETSIM_LUA(host_at)},
        {"now", NETSIM_LUA(host_now)},
        {"serve", NETSIM_LUA(host_serve)},
        {"load", NETSIM_LUA(host_load)},
        {"sink", NETSIM_LUA(host_sink)},
        {"bulk", NETSIM_LUA(host_bulk)},
        {"synflood", NETSIM_LUA(host_synflood)},
        {"ping", NETSIM_LUA(host_ping)},
        {"udp", NETSIM_LUA(host_udp)},
        {"dns", NETSIM_LUA(host_dns)},
        {"nameserver", NETSIM_LUA(host_nameserver)},
        {"lookup", NETSIM_LUA(host_lookup)},
        {"processes", NETSIM_LUA(host_processes)},
        {"kill", NETSIM_LUA(host_kill)},
        {"power_off", NETSIM_LUA(host_power_off)},
        {"shutdown", NETSIM_LUA(host_shutdown)},
        {"boot", NETSIM_LUA(host_boot)},
        {"on_boot", NETSIM_LUA(host_on_boot)},
        {"sysctl", NETSIM_LUA(host_sysctl)},
        {"isn", NETSIM_LUA(host_isn)},
        {"counter", NETSIM_LUA(host_counter)},
        {"counters", NETSIM_LUA(host_counters)},
        {"syn_queue", NETSIM_LUA(host_syn_queue)},
        {"accept_queue", NETSIM_LUA(host_accept_queue)},
        {"syn_queue_peak", NETSIM_LUA(host_syn_queue_peak)},
        {"accept_queue_peak", NETSIM_LUA(host_accept_queue_peak)},
        {"dropped", NETSIM_LUA(host_dropped)},
        {"ss", NETSIM_LUA(host_ss)},
        {"nstat", NETSIM_LUA(host_nstat)},
        {"sh", NETSIM_LUA(host_sh)},
        {"sockets", NETSIM_LUA(host_sockets)},
        {"explain", NETSIM_LUA(host_explain)},
        {"file", NETSIM_LUA(host_file)},
        {"cpu", NETSIM_LUA(host_cpu)},
        {"softnet_stat", NETSIM_LUA(host_softnet_stat)},
        {"record_cpu", NETSIM_LUA(host_record_cpu)},
        {"compute", NETSIM_LUA(host_compute)},
        {"route", NETSIM_LUA(node_route)},
        {"blackhole", NETSIM_LUA(node_blackhole)},
        {"sniff", NETSIM_LUA(node_sniff)},
        {"send_segment", NETSIM_LUA(host_send_segment)},
        {"firewall", NETSIM_LUA(node_firewall)},
        {"conntrack", NETSIM_LUA(node_conntrack)},
    };
    constexpr Member kFields[] = {
        {"name", NETSIM_LUA(host_name)},
        {"address", NETSIM_LUA(host_address)},
        {"is_on", NETSIM_LUA(host_is_on)},
        {"integrity_violations", NETSIM_LUA(host_violations)},
    };
    register_class(L, {HostHandle::kClass, kMethods, kFields, destroy_object<HostHandle>});
}

}  // namespace netsim::lua
