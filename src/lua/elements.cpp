// Rules of links: link:drop{flags = "S.", nth = 3}; and what all elements say alike.
#include "lua/elements.hpp"

#include <array>
#include <charconv>
#include <vector>

#include "lua/bind.hpp"

namespace netsim::lua {
namespace {

/// 80, "80" or "1024-2047".
PortRange to_ports(lua_State* L, const std::string& what) {
    const std::string text = to_text(L, -1, what);
    PortRange ports;
    const char* const end = text.data() + text.size();
    auto [at, error] = std::from_chars(text.data(), end, ports.first);
    ports.last = ports.first;
    if (error == std::errc{} && at != end && (*at == '-' || *at == ':')) {
        const auto second = std::from_chars(at + 1, end, ports.last);
        at = second.ptr;
        error = second.ec;
    }
    if (error != std::errc{} || at != end || ports.first > ports.last) {
        throw InputError(what + ": \"" + text +
                         "\" is neither a port, 0 to 65535, nor a range such as \"1024-2047\"");
    }
    return ports;
}

/// The end that sends is a direction; who is no end sends by its address. 0: the link's a.
void read_ends(lua_State* L, Options& options, const LinkHandle& self, LinkRule& rule) {
    const std::array<std::string, 2> ends{self.link.a().name(), self.link.b().name()};
    const auto read = [&](const char* key, std::array<unsigned, 2> direction_of_end,
                          std::optional<Prefix>& by_address) {
        options.with(key, [&](const std::string& what) {
            const Place place = to_place(L, what, self.box->net());
            const std::string name = place.node ? place.node->name() : std::string();
            const bool is_end = place.node && (name == ends[0] || name == ends[1]);
            if (!is_end) {
                by_address = place.prefix;
                return;
            }
            const unsigned direction = direction_of_end.at(name == ends[0] ? 0 : 1);
            if (rule.direction && *rule.direction != direction) {
                throw InputError(what + ": from and to are the same end of the link");
            }
            rule.direction = direction;
        });
    };
    read("from", {0, 1}, rule.source);
    read("to", {1, 0}, rule.destination);
}

void read_count(lua_State* L, Options& options, LinkRule& rule) {
    constexpr std::int64_t kCountMax = 1'000'000'000'000;
    bool has_count = false;
    options.integer("nth", rule.nth, 1, kCountMax);
    options.with("count", [&](const std::string& what) {
        has_count = true;
        if (lua_type(L, -1) == LUA_TSTRING && to_text(L, -1, what) == "all") {
            rule.count.reset();
        } else {
            rule.count = static_cast<std::uint64_t>(to_integer(L, -1, what, 1, kCountMax));
        }
    });
    options.with("probability", [&](const std::string& what) {
        rule.probability = to_probability(L, -1, what);
        if (!has_count) {
            rule.count.reset();
        }
    });
}

LinkRuleHandle& self_rule(lua_State* L) {
    auto& self = check_self<LinkRuleHandle>(L);
    static_cast<void>(self.box->net());
    return self;
}

int rule_remove(lua_State* L) {
    self_rule(L).rule.remove();
    return 0;
}

int rule_matched(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self_rule(L).rule.matched()));
    return 1;
}

int rule_hits(lua_State* L) {
    lua_pushinteger(L, static_cast<lua_Integer>(self_rule(L).rule.hits()));
    return 1;
}

}  // namespace

void read_flags(lua_State* L, Options& options, FlagMatch& flags) {
    static constexpr std::array<WordFor<FlagMatch::How>, 3> kHow{{
        {"exactly", FlagMatch::How::kExactly},
        {"all of", FlagMatch::How::kAllOf},
        {"any of", FlagMatch::How::kAnyOf},
    }};
    options.get("flags", flags.letters);
    options.with("with", [&](const std::string& what) {
        flags.how = to_word(L, what, kHow);
        if (flags.letters.empty()) {
            throw InputError(what + ": says how to compare flags, and there are none");
        }
    });
}

void read_protocol(lua_State* L, Options& options, IpProtocol& protocol) {
    static constexpr std::array<WordFor<IpProtocol>, 3> kProtocols{{
        {"tcp", IpProtocol::kTcp},
        {"udp", IpProtocol::kUdp},
        {"icmp", IpProtocol::kIcmp},
    }};
    options.with("proto",
                 [&](const std::string& what) { protocol = to_word(L, what, kProtocols); });
}

void read_ports(lua_State* L, Options& options, const char* key, std::optional<PortRange>& into) {
    options.with(key, [&](const std::string& what) { into = to_ports(L, what); });
}

Place to_place(lua_State* L, const std::string& what, Network& net) {
    if (auto* host = test_object<HostHandle>(L, -1)) {
        return {NodeRef(host->host), {host->host.address(), 32}};
    }
    if (auto* router = test_object<RouterHandle>(L, -1)) {
        return {NodeRef(router->router), {router->router.address(), 32}};
    }
    const std::string text = to_text(L, -1, what);
    if (const auto prefix = parse_prefix(text)) {
        return {std::nullopt, *prefix};
    }
    try {
        const NodeRef node = net.node(text);
        return {node, {node.address(), 32}};
    } catch (const InputError& error) {
        throw InputError(what + ": " + error.what() + ", and no address or prefix");
    }
}

NodeRef self_element_node(lua_State* L, BoxPtr& box) {
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

int push_dropped(lua_State* L, const std::function<std::uint64_t(DropReason)>& count) {
    const bool all = lua_isnoneornil(L, 2);
    if (all) {
        lua_newtable(L);
    }
    std::vector<std::string_view> known;
    for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(DropReason::kCount); ++i) {
        const auto reason = static_cast<DropReason>(i);
        const auto number = static_cast<lua_Integer>(count(reason));
        known.push_back(to_string(reason));
        if (!all && to_text(L, 2, "dropped: reason") == known.back()) {
            lua_pushinteger(L, number);
            return 1;
        }
        if (all && number > 0) {
            push_string(L, known.back());
            lua_pushinteger(L, number);
            lua_rawset(L, -3);
        }
    }
    if (all) {
        return 1;
    }
    const std::string word = to_text(L, 2, "dropped: reason");
    throw InputError("dropped: unknown reason \"" + word + "\"" + did_you_mean(word, known) +
                     " (allowed: " + join(known) + ")");
}

int router_dropped(lua_State* L) {
    const auto& self = check_self<RouterHandle>(L);
    static_cast<void>(self.box->net());
    return push_dropped(L, [&](DropReason reason) { return self.router.dropped(reason); });
}

int router_sysctl(lua_State* L) {
    auto& self = check_self<RouterHandle>(L);
    static_cast<void>(self.box->net());
    const std::string name = to_text(L, 2, "sysctl: name");
    if (!lua_isnoneornil(L, 3)) {
        self.router.set_netfilter_sysctl(name, to_text(L, 3, "sysctl: " + name));
    }
    push_string(L, self.router.netfilter_sysctl(name));
    return 1;
}

// sh("iptables -L -v -n"): text, as host:sh() returns it.
int router_sh(lua_State* L) {
    auto& self = check_self<RouterHandle>(L);
    static_cast<void>(self.box->net());
    push_string(L, self.router.netfilter_tool(to_text(L, 2, "sh: command line")));
    return 1;
}

int link_drop(lua_State* L) {
    auto& self = check_self<LinkHandle>(L);
    static_cast<void>(self.box->net());
    LinkRule rule;
    Options options(L, 2, "drop");
    read_flags(L, options, rule.flags);
    read_protocol(L, options, rule.protocol);
    read_ends(L, options, self, rule);
    read_ports(L, options, "port", rule.port);
    read_ports(L, options, "sport", rule.source_port);
    read_ports(L, options, "dport", rule.destination_port);
    options.with("data", [&](const std::string& what) {
        if (lua_type(L, -1) != LUA_TBOOLEAN) {
            throw InputError(what + ": expected true or false, got " + luaL_typename(L, -1));
        }
        rule.data = lua_toboolean(L, -1) != 0;
    });
    read_count(L, options, rule);
    options.get("delay", rule.delay);
    options.get("copy", rule.copy);
    options.get("comment", rule.comment);
    options.finish();
    push_object(L, LinkRuleHandle{self.box, self.link.add_rule(rule)});
    return 1;
}

void open_elements(lua_State* L) {
    constexpr Member kMethods[] = {{"remove", NETSIM_LUA(rule_remove)}};
    constexpr Member kFields[] = {
        {"matched", NETSIM_LUA(rule_matched)},
        {"hits", NETSIM_LUA(rule_hits)},
    };
    register_class(L, {LinkRuleHandle::kClass, kMethods, kFields, destroy_object<LinkRuleHandle>});
    open_firewall(L);
    open_middlebox(L);
}

}  // namespace netsim::lua
