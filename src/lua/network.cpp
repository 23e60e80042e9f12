// The class `network`: building, running and looking.
#include <limits>
#include <utility>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/elements.hpp"
#include "lua/session.hpp"
#include "lua/topology.hpp"

namespace netsim::lua {
namespace {

const BoxPtr& self_box(lua_State* L) {
    return check_self<NetworkHandle>(L).box;
}

std::string value_text(lua_State* L, int index, const std::string& what) {
    if (lua_type(L, index) == LUA_TNUMBER) {
        return std::to_string(to_integer(L, index, what, std::numeric_limits<std::int64_t>::min(),
                                         std::numeric_limits<std::int64_t>::max()));
    }
    return to_text(L, index, what);
}

// {["net.ipv4.tcp_sack"] = 0} at the top of the stack, in order of the names.
void read_sysctls(lua_State* L, const std::string& what,
                  std::vector<std::pair<std::string, std::string>>& into) {
    if (!lua_istable(L, -1)) {
        throw InputError(what + ": expected a table such as {[\"net.ipv4.tcp_sack\"] = 0}");
    }
    const int table = lua_gettop(L);
    push_sorted_keys(L, table);
    for (lua_Integer i = 1; lua_rawgeti(L, table + 1, i) != LUA_TNIL; ++i) {
        const std::string key = to_text(L, -1, what + ": name");
        lua_rawget(L, table);
        into.emplace_back(key, value_text(L, -1, what + ": " + key));
        lua_pop(L, 1);
    }
    lua_settop(L, table);
}

int network_host(lua_State* L) {
    Network& net = self_network(L);
    const std::string name = to_text(L, 2, "host: name");
    HostOptions host;
    Options options(L, 3, "host \"" + name + "\"");
    options.with("sysctl", [&](const std::string& what) {
        std::vector<std::pair<std::string, std::string>> settings;
        read_sysctls(L, what, settings);
        host.sysctl.insert(settings.begin(), settings.end());
    });
    options.with("profile", [&](const std::string& what) { host.profile = to_text(L, -1, what); });
    options.with("address", [&](const std::string& what) {
        const std::string text = to_text(L, -1, what);
        host.address = parse_ipv4(text);
        if (!host.address) {
            throw InputError(what + ": \"" + text + "\" is no IPv4 address");
        }
    });
    options.get("timer_wheel", host.timer_wheel);
    options.with("without", [&](const std::string& what) { host.without = to_rules(L, what); });
    options.with("isn", [&](const std::string& what) {
        host.isn = static_cast<std::uint32_t>(to_integer(L, -1, what, 0, 0xffffffffLL));
    });
    options.with("clock", [&](const std::string& what) { host.clock = to_offset(L, -1, what); });
    options.with("cpu", [&](const std::string& what) {
        host.cpu = to_cpu(L, -1, what, self_box(L)->session().options().cpu_costs);
    });
    options.finish();
    const HostRef made = net.host(name, host);
    const BoxPtr& box = self_box(L);
    box->apply_settings(made);
    push_host(L, box, made);
    return 1;
}

int network_router(lua_State* L) {
    Network& net = self_network(L);
    const std::string name = to_text(L, 2, "router: name");
    RouterOptions router;
    Options options(L, 3, "router \"" + name + "\"");
    options.get("icmp_errors", router.icmp_errors);
    std::vector<std::pair<std::string, std::string>> settings;
    options.with("sysctl", [&](const std::string& what) { read_sysctls(L, what, settings); });
    options.finish();
    RouterRef made = net.router(name, router);
    for (const auto& [key, value] : settings) {
        made.set_netfilter_sysctl(key, value);
    }
    self_box(L)->apply_settings(made);
    push_router(L, self_box(L), made);
    return 1;
}

int network_link(lua_State* L) {
    Network& net = self_network(L);
    const NodeRef a = to_node(L, 2, net);
    const NodeRef b = to_node(L, 3, net);
    const std::string what = "link " + a.name() + "-" + b.name();
    const LinkOptions forth = to_link_options(L, 4, what);
    const LinkOptions back =
        lua_isnoneornil(L, 5) ? forth : to_link_options(L, 5, "link " + b.name() + "-" + a.name());
    push_link(L, self_box(L), net.link(a, b, forth, back));
    return 1;
}

template <typename T, typename Push>
void push_list(lua_State* L, const BoxPtr& box, const std::vector<T>& items, Push push) {
    lua_createtable(L, static_cast<int>(items.size()), 0);
    lua_Integer i = 0;
    for (const T& item : items) {
        push(L, box, item);
        lua_rawseti(L, -2, ++i);
    }
}

void read_topology_options(lua_State* L, int index, TopologyOptions& topology) {
    if (lua_isnoneornil(L, index)) {
        return;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    push_sorted_keys(L, index);
    const int keys = lua_gettop(L);
    for (lua_Integer i = 1; lua_rawgeti(L, keys, i) != LUA_TNIL; ++i) {
        const std::string key = to_text(L, -1, "topology: option");
        lua_rawget(L, index);
        if (key == "link") {
            topology.link = to_link_options(L, -1, "topology: link");
        } else if (key == "prefix") {
            topology.prefix = to_text(L, -1, "topology: prefix");
        } else {
            topology.parameters[key] = to_number(L, -1, "topology: " + key);
        }
        lua_pop(L, 1);
    }
    lua_settop(L, keys - 1);
}

int network_topology(lua_State* L) {
    Network& net = self_network(L);
    const BoxPtr& box = self_box(L);
    const std::string name = to_text(L, 2, "topology: name");
    TopologyOptions options;
    read_topology_options(L, 3, options);
    const TopologyResult result =
        add_topology(net, name, box->session().options().topology_dir, options);
    for (const HostRef& host : result.hosts) {
        box->apply_settings(host);
    }
    lua_createtable(L, 0, 3);
    push_list(L, box, result.hosts, push_host);
    lua_setfield(L, -2, "hosts");
    push_list(L, box, result.routers, push_router);
    lua_setfield(L, -2, "routers");
    push_list(L, box, result.links, push_link);
    lua_setfield(L, -2, "links");
    return 1;
}

int network_node(lua_State* L) {
    Network& net = self_network(L);
    const NodeRef node = net.node(to_text(L, 2, "node: name"));
    if (node.is_host()) {
        push_host(L, self_box(L), net.host_named(node.name()));
        return 1;
    }
    for (const RouterRef& router : net.routers()) {
        if (router.id() == node.id()) {
            push_router(L, self_box(L), router);
        }
    }
    return 1;
}

int network_hosts(lua_State* L) {
    push_list(L, self_box(L), self_network(L).hosts(), push_host);
    return 1;
}

int network_routers(lua_State* L) {
    push_list(L, self_box(L), self_network(L).routers(), push_router);
    return 1;
}

int network_links(lua_State* L) {
    push_list(L, self_box(L), self_network(L).links(), push_link);
    return 1;
}

int network_run(lua_State* L) {
    Network& net = self_network(L);
    std::optional<Time> until;
    if (!lua_isnoneornil(L, 2)) {
        until = later(net.now(), to_positive_duration(L, 2, "run: time"));
    }
    push_string(L, self_box(L)->run(until));
    return 1;
}

int network_run_until(lua_State* L) {
    static_cast<void>(self_network(L));
    const Time until{to_positive_duration(L, 2, "run_until: time")};
    push_string(L, self_box(L)->run(until));
    return 1;
}

int network_stop(lua_State* L) {
    self_network(L).stop();
    return 0;
}

// Callbacks of the network itself run as events of its first host: every event has a node.
HostRef carrier(Network& net, const char* what) {
    const std::vector<HostRef> hosts = net.hosts();
    if (hosts.empty()) {
        throw MisuseError(std::string(what) + ": make a host first");
    }
    return hosts.front();
}

int network_at(lua_State* L) {
    Network& net = self_network(L);
    const Time when{to_positive_duration(L, 2, "at: time")};
    luaL_checktype(L, 3, LUA_TFUNCTION);
    if (when < net.now()) {
        throw MisuseError("at: that time is past");
    }
    auto callback = std::make_shared<Callback>(L, 3, "a callback of net:at()");
    carrier(net, "at").at(when, [callback, &net] { callback->call(net, nullptr); });
    return 0;
}

// Calls it each interval until it returns false.
struct Repeater : std::enable_shared_from_this<Repeater> {
    Repeater(lua_State* L, Network& in, HostRef on, Duration each)
        : net(in), host(on), interval(each), callback(L, 3, "a callback of net:every()") {}

    void arm(Time when) {
        host.at(when, [self = shared_from_this()] {
            bool again = true;
            const bool ok = self->callback.call(self->net, nullptr, [&](lua_State* L, int results) {
                again =
                    results == 0 || !lua_isboolean(L, -results) || lua_toboolean(L, -results) != 0;
            });
            if (ok && again) {
                self->arm(later(self->net.now(), self->interval));
            }
        });
    }

    Network& net;
    HostRef host;
    Duration interval;
    Callback callback;
};

int network_every(lua_State* L) {
    Network& net = self_network(L);
    const Duration interval = to_positive_duration(L, 2, "every: interval");
    if (interval == Duration(0)) {
        throw InputError("every: interval: must be above 0");
    }
    luaL_checktype(L, 3, LUA_TFUNCTION);
    auto repeater = std::make_shared<Repeater>(L, net, carrier(net, "every"), interval);
    repeater->arm(later(net.now(), interval));
    return 0;
}

// record(name, interval, function) or record(name, interval, host, counter).
int network_record(lua_State* L) {
    Network& net = self_network(L);
    const std::string name = to_text(L, 2, "record: name");
    const Duration interval = to_positive_duration(L, 3, "record: interval");
    if (interval == Duration(0)) {
        throw InputError("record: interval: must be above 0");
    }
    std::function<double()> read;
    if (auto* host = test_object<HostHandle>(L, 4)) {
        const std::string counter = to_text(L, 5, "record: counter");
        static_cast<void>(host->host.counter(counter));  // an unknown name is an error here
        read = [ref = host->host, counter] { return static_cast<double>(ref.counter(counter)); };
    } else {
        luaL_checktype(L, 4, LUA_TFUNCTION);
        auto callback = std::make_shared<Callback>(L, 4, "the function of net:record()");
        read = [callback, &net, name, &runtime = Runtime::of(L)] {
            double value = 0;
            callback->call(net, nullptr, [&](lua_State* thread, int results) {
                if (results < 1 || lua_type(thread, -results) != LUA_TNUMBER) {
                    runtime.fail({Ending::kRuntime,
                                  "record \"" + name + "\": its function must return a number",
                                  {}});
                    net.stop();
                    return;
                }
                value = lua_tonumber(thread, -results);
            });
            return value;
        };
    }
    push_series(L, self_box(L), net.record(name, interval, std::move(read)));
    return 1;
}

int network_series(lua_State* L) {
    push_list(L, self_box(L), self_network(L).series(), push_series);
    return 1;
}

int network_now(lua_State* L) {
    lua_pushnumber(L, to_seconds(self_network(L).now()));
    return 1;
}

int network_trace(lua_State* L) {
    Network& net = self_network(L);
    net.trace(Runtime::of(L).script_out(),
              lua_isnoneornil(L, 2) ? "" : to_text(L, 2, "trace: filter"));
    return 0;
}

int network_resolve(lua_State* L) {
    const Endpoint endpoint = self_network(L).resolve(to_text(L, 2, "resolve: target"));
    push_string(L, to_string(endpoint.address));
    lua_pushinteger(L, endpoint.port);
    return 2;
}

int network_seed(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self_network(L).seed()));
    return 1;
}

int network_events(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self_network(L).events()));
    return 1;
}

int network_handshakes(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self_network(L).handshakes()));
    return 1;
}

int network_digest(lua_State* L) {
    constexpr char kHex[] = "0123456789abcdef";
    std::uint64_t digest = self_network(L).digest();
    std::string text(16, '0');
    for (std::size_t i = text.size(); i-- > 0; digest >>= 4U) {
        text[i] = kHex[digest & 15U];
    }
    push_string(L, text);
    return 1;
}

int router_name(lua_State* L) {
    push_string(L, check_self<RouterHandle>(L).router.name());
    return 1;
}

int router_address(lua_State* L) {
    push_string(L, to_string(check_self<RouterHandle>(L).router.address()));
    return 1;
}

Prefix to_prefix(lua_State* L, int index, const std::string& what) {
    const std::string text = to_text(L, index, what);
    const auto prefix = parse_prefix(text);
    if (!prefix) {
        throw InputError(what + ": \"" + text +
                         "\" is no prefix such as \"198.18.0.0/15\" (host bits must be zero)");
    }
    return *prefix;
}

}  // namespace

NodeRef self_node(lua_State* L, BoxPtr& box) {
    if (auto* host = test_object<HostHandle>(L, 1)) {
        box = host->box;
        static_cast<void>(box->net());
        return host->host;
    }
    auto& router = check_self<RouterHandle>(L);
    box = router.box;
    static_cast<void>(box->net());
    return router.router;
}

// A host, a router, or the name of one.
NodeRef to_node(lua_State* L, int index, Network& net) {
    if (auto* host = test_object<HostHandle>(L, index)) {
        return host->host;
    }
    if (auto* router = test_object<RouterHandle>(L, index)) {
        return router->router;
    }
    if (lua_type(L, index) == LUA_TSTRING) {
        return net.node(lua_tostring(L, index));
    }
    throw MisuseError(wrong_type(L, index, "host, router or name of one"));
}

int node_route(lua_State* L) {
    BoxPtr box;
    NodeRef node = self_node(L, box);
    node.route(to_prefix(L, 2, "route: prefix"), to_node(L, 3, box->net()));
    return 0;
}

int node_blackhole(lua_State* L) {
    BoxPtr box;
    NodeRef node = self_node(L, box);
    node.blackhole(to_prefix(L, 2, "blackhole: prefix"));
    return 0;
}

Network& self_network(lua_State* L) {
    return check_self<NetworkHandle>(L).box->net();
}

void push_network(lua_State* L, const BoxPtr& box) {
    push_object(L, NetworkHandle{box});
}

void push_router(lua_State* L, const BoxPtr& box, const RouterRef& router) {
    box->push_cached(L, "node " + std::to_string(router.id()), [&] {
        push_object(L, RouterHandle{box, router});
    });
}

void open_network(lua_State* L) {
    constexpr Member kMethods[] = {
        {"host", NETSIM_LUA(network_host)},
        {"router", NETSIM_LUA(network_router)},
        {"link", NETSIM_LUA(network_link)},
        {"topology", NETSIM_LUA(network_topology)},
        {"node", NETSIM_LUA(network_node)},
        {"hosts", NETSIM_LUA(network_hosts)},
        {"routers", NETSIM_LUA(network_routers)},
        {"links", NETSIM_LUA(network_links)},
        {"run", NETSIM_LUA(network_run)},
        {"run_until", NETSIM_LUA(network_run_until)},
        {"stop", NETSIM_LUA(network_stop)},
        {"at", NETSIM_LUA(network_at)},
        {"every", NETSIM_LUA(network_every)},
        {"record", NETSIM_LUA(network_record)},
        {"series", NETSIM_LUA(network_series)},
        {"now", NETSIM_LUA(network_now)},
        {"trace", NETSIM_LUA(network_trace)},
        {"watch_ladder", NETSIM_LUA(network_watch_ladder)},
        {"ladder", NETSIM_LUA(network_ladder)},
        {"watch_states", NETSIM_LUA(network_watch_states)},
        {"states", NETSIM_LUA(network_states)},
        {"explain", NETSIM_LUA(network_explain)},
        {"resolve", NETSIM_LUA(network_resolve)},
        {"digest", NETSIM_LUA(network_digest)},
    };
    constexpr Member kFields[] = {
        {"seed", NETSIM_LUA(network_seed)},
        {"events", NETSIM_LUA(network_events)},
        {"handshakes", NETSIM_LUA(network_handshakes)},
    };
    register_class(L, {NetworkHandle::kClass, kMethods, kFields, destroy_object<NetworkHandle>});

    constexpr Member kRouterMethods[] = {
        {"route", NETSIM_LUA(node_route)},
        {"blackhole", NETSIM_LUA(node_blackhole)},
        {"sniff", NETSIM_LUA(node_sniff)},
        {"firewall", NETSIM_LUA(node_firewall)},
        {"conntrack", NETSIM_LUA(node_conntrack)},
        {"sysctl", NETSIM_LUA(router_sysctl)},
        {"sh", NETSIM_LUA(router_sh)},
        {"nat", NETSIM_LUA(router_nat)},
        {"nat_stats", NETSIM_LUA(router_nat_stats)},
        {"middlebox", NETSIM_LUA(router_middlebox)},
        {"dropped", NETSIM_LUA(router_dropped)},
    };
    constexpr Member kRouterFields[] = {
        {"name", NETSIM_LUA(router_name)},
        {"address", NETSIM_LUA(router_address)},
    };
    register_class(
        L, {RouterHandle::kClass, kRouterMethods, kRouterFields, destroy_object<RouterHandle>});
}

}  // namespace netsim::lua
