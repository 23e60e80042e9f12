// router:nat{} and router:middlebox{}.
#include <array>
#include <charconv>
#include <cmath>

#include "lua/bind.hpp"
#include "lua/elements.hpp"

namespace netsim::lua {
namespace {

constexpr std::array<WordFor<std::uint8_t>, 7> kOptionWords{{
    {"mss", tcp_option::kMss},
    {"window-scale", tcp_option::kWindowScale},
    {"sack-permitted", tcp_option::kSackPermitted},
    {"timestamps", tcp_option::kTimestamps},
    {"sack", tcp_option::kSack},
    {"fastopen", tcp_option::kFastOpen},
    {"md5", tcp_option::kMd5},
}};

constexpr std::array<WordFor<std::uint8_t>, 5> kIcmpWords{{
    {"echo-reply", 0},
    {"destination-unreachable", 3},
    {"echo-request", 8},
    {"time-exceeded", 11},
    {"parameter-problem", 12},
}};

/// Calls `read` for the value at the top of the stack, or for each of a list there.
void for_each_of(lua_State* L, const std::string& what, const std::function<void()>& read) {
    if (!lua_istable(L, -1)) {
        read();
        return;
    }
    const int list = lua_gettop(L);
    const auto length = static_cast<lua_Integer>(lua_rawlen(L, list));
    if (length == 0) {
        throw InputError(what + ": an empty list");
    }
    for (lua_Integer i = 1; i <= length; ++i) {
        lua_geti(L, list, i);
        read();
        lua_settop(L, list);
    }
}

void read_option_bits(lua_State* L, Options& options, const char* key, std::uint8_t& bits) {
    options.with(key, [&](const std::string& what) {
        for_each_of(L, what, [&] { bits |= to_word(L, what, kOptionWords); });
    });
}

/// A neighbour is meant by the interfaces to it, all others by their addresses.
void read_side(lua_State* L, Options& options, const char* key, const RouterHandle& self,
               std::vector<std::string>& interfaces, std::optional<Prefix>& addresses) {
    options.with(key, [&](const std::string& what) {
        const Place place = to_place(L, what, self.box->net());
        if (place.node) {
            interfaces = self.router.interfaces_to(*place.node);
        }
        if (interfaces.empty()) {
            addresses = place.prefix;
        }
    });
}

RouterHandle& self_router(lua_State* L) {
    auto& self = check_self<RouterHandle>(L);
    static_cast<void>(self.box->net());
    return self;
}

void set_number(lua_State* L, const char* key, std::uint64_t value) {
    lua_pushinteger(L, static_cast<lua_Integer>(value));
    lua_setfield(L, -2, key);
}

int middlebox_stats(lua_State* L) {
    auto& self = check_self<MiddleboxHandle>(L);
    static_cast<void>(self.box->net());
    const MiddleboxStats stats = self.middlebox.stats();
    lua_createtable(L, 0, 5);
    set_number(L, "dropped", stats.dropped);
    set_number(L, "stripped", stats.stripped);
    set_number(L, "data_stripped", stats.data_stripped);
    set_number(L, "clamped", stats.clamped);
    set_number(L, "rewritten", stats.rewritten);
    return 1;
}

int middlebox_remove(lua_State* L) {
    auto& self = check_self<MiddleboxHandle>(L);
    static_cast<void>(self.box->net());
    self.middlebox.remove();
    return 0;
}

void read_drops(lua_State* L, Options& options, MiddleboxOptions& box) {
    read_option_bits(L, options, "drop_options", box.drop_options);
    options.with("drop_fastopen_data", [&](const std::string& what) {
        static constexpr std::array<WordFor<MiddleboxOptions::SynData>, 2> kWays{{
            {"packet", MiddleboxOptions::SynData::kDrop},
            {"data", MiddleboxOptions::SynData::kStrip},
        }};
        if (!lua_isboolean(L, -1)) {
            box.syn_data = to_word(L, what, kWays);
        } else if (lua_toboolean(L, -1) != 0) {
            box.syn_data = MiddleboxOptions::SynData::kDrop;
        }
    });
    options.with("drop_icmp", [&](const std::string& what) {
        if (lua_isboolean(L, -1)) {
            box.drop_icmp = lua_toboolean(L, -1) != 0;
            return;
        }
        for_each_of(L, what, [&] {
            box.drop_icmp_types.push_back(
                lua_isinteger(L, -1) != 0
                    ? static_cast<std::uint8_t>(to_integer(L, -1, what, 0, 255))
                    : to_word(L, what, kIcmpWords));
        });
    });
}

// --- nat

/// A host or an address stands for itself, a neighbouring router for all that comes from it.
void read_inside(lua_State* L, Options& options, const RouterHandle& self, NatOptions& nat) {
    options.with("inside", [&](const std::string& what) {
        for_each_of(L, what, [&] {
            const Place place = to_place(L, what, self.box->net());
            if (place.node && !place.node->is_host()) {
                const auto interfaces = self.router.interfaces_to(*place.node);
                if (interfaces.empty()) {
                    throw InputError(what + ": " + place.node->name() + " is no neighbour of " +
                                     self.router.name());
                }
                nat.inside_interfaces.insert(nat.inside_interfaces.end(), interfaces.begin(),
                                             interfaces.end());
            } else {
                nat.inside.push_back(place.prefix);
            }
        });
        return;
    });
}

/// "tcp:8080", "udp:53" or 8080.
NatOptions::Forward to_forward(const std::string& key, const std::string& what) {
    NatOptions::Forward forward;
    std::string_view digits = key;
    if (digits.starts_with("udp:")) {
        forward.protocol = IpProtocol::kUdp;
        digits.remove_prefix(4);
    } else if (digits.starts_with("tcp:")) {
        digits.remove_prefix(4);
    }
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, forward.port);
    if (error != std::errc{} || at != end || forward.port == 0) {
        throw InputError(what + ": \"" + key + "\" is no port such as 8080 or \"udp:53\"");
    }
    return forward;
}

void read_forward(lua_State* L, Options& options, const RouterHandle& self, NatOptions& nat) {
    options.with("forward", [&](const std::string& what) {
        if (!lua_istable(L, -1)) {
            throw InputError(what + ": expected a table such as {[8080] = \"web:80\"}");
        }
        const int table = lua_gettop(L);
        push_sorted_keys(L, table);
        for (lua_Integer i = 1; lua_rawgeti(L, table + 1, i) != LUA_TNIL; ++i) {
            NatOptions::Forward forward = to_forward(to_text(L, -1, what), what);
            lua_rawget(L, table);
            forward.to = self.box->net().resolve(to_text(L, -1, what));
            nat.forward.push_back(forward);
            lua_pop(L, 1);
        }
        lua_settop(L, table);
    });
}

/// Timeouts and the table's limit are sysctls of the router.
void read_table(lua_State* L, Options& options,
                std::vector<std::pair<std::string, std::string>>& settings) {
    static constexpr std::array<std::pair<const char*, const char*>, 11> kTimeouts{{
        {"syn_sent", "tcp_timeout_syn_sent"},
        {"syn_recv", "tcp_timeout_syn_recv"},
        {"established", "tcp_timeout_established"},
        {"fin_wait", "tcp_timeout_fin_wait"},
        {"close_wait", "tcp_timeout_close_wait"},
        {"last_ack", "tcp_timeout_last_ack"},
        {"time_wait", "tcp_timeout_time_wait"},
        {"close", "tcp_timeout_close"},
        {"udp", "udp_timeout"},
        {"udp_stream", "udp_timeout_stream"},
        {"icmp", "icmp_timeout"},
    }};
    options.with("timeouts", [&](const std::string& what) {
        Options timeouts(L, -1, what);
        for (const auto& [key, sysctl] : kTimeouts) {
            const std::string name = sysctl;
            timeouts.with(key, [&](const std::string& one) {
                const Duration value = to_positive_duration(L, -1, one);
                const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(value);
                if (seconds != value) {
                    throw InputError(one + ": whole seconds, as the sysctl has them");
                }
                settings.emplace_back("net.netfilter.nf_conntrack_" + name,
                                      std::to_string(seconds.count()));
            });
        }
        timeouts.finish();
    });
    options.with("max", [&](const std::string& what) {
        settings.emplace_back("net.netfilter.nf_conntrack_max",
                              std::to_string(to_integer(L, -1, what, 1, 1 << 26)));
    });
}

}  // namespace

// middlebox{strip =, drop_options =, drop_fastopen_data =, drop_icmp =, clamp_mss =, rewrite_seq =}
int router_middlebox(lua_State* L) {
    RouterHandle& self = self_router(L);
    MiddleboxOptions box;
    Options options(L, 2, "middlebox of " + self.router.name());
    read_option_bits(L, options, "strip", box.strip_options);
    read_drops(L, options, box);
    options.with("clamp_mss", [&](const std::string& what) {
        box.clamp_mss = static_cast<std::uint16_t>(to_integer(L, -1, what, 48, 65535));
    });
    options.get("rewrite_seq", box.rewrite_seq);
    read_side(L, options, "from", self, box.in, box.source);
    read_side(L, options, "to", self, box.out, box.destination);
    options.finish();
    push_object(L, MiddleboxHandle{self.box, self.router.middlebox(box)});
    return 1;
}

// nat{inside =, outside =, ports =, forward =, silent =, timeouts =, max =}
int router_nat(lua_State* L) {
    RouterHandle& self = self_router(L);
    const std::string what = "nat of " + self.router.name();
    NatOptions nat;
    std::vector<std::pair<std::string, std::string>> settings;
    Options options(L, 2, what);
    read_inside(L, options, self, nat);
    options.with("outside", [&](const std::string& name) {
        const std::string text = to_text(L, -1, name);
        nat.outside = parse_prefix(text);
        if (!nat.outside) {
            throw InputError(name + ": \"" + text +
                             "\" is neither an address nor a prefix such as \"198.18.0.0/24\"");
        }
    });
    read_ports(L, options, "ports", nat.ports);
    read_forward(L, options, self, nat);
    options.get("silent", nat.silent);
    read_table(L, options, settings);
    options.finish();
    if (nat.inside.empty() && nat.inside_interfaces.empty() && nat.forward.empty() &&
        !nat.outside) {
        throw InputError(what + ": say who is inside, or what is forwarded");
    }
    self.router.nat(nat);
    for (const auto& [name, value] : settings) {
        self.router.set_netfilter_sysctl(name, value);
    }
    return 0;
}

int router_nat_stats(lua_State* L) {
    const NatStats stats = self_router(L).router.nat_stats();
    lua_createtable(L, 0, 5);
    set_number(L, "mapped", stats.mapped);
    set_number(L, "port_changed", stats.port_changed);
    set_number(L, "forwarded", stats.forwarded);
    set_number(L, "exhausted", stats.exhausted);
    set_number(L, "unmapped", stats.unmapped);
    return 1;
}

void open_middlebox(lua_State* L) {
    constexpr Member kMethods[] = {
        {"stats", NETSIM_LUA(middlebox_stats)},
        {"remove", NETSIM_LUA(middlebox_remove)},
    };
    register_class(L, {MiddleboxHandle::kClass, kMethods, {}, destroy_object<MiddleboxHandle>});
}

}  // namespace netsim::lua
