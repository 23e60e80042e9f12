// Rules of links: link:drop{flags = "S.", nth = 3}.
#include "lua/elements.hpp"

#include <array>
#include <charconv>

#include "base/text.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"

namespace netsim::lua {
namespace {

template <typename T>
struct WordFor {
    std::string_view word;
    T value;
};

/// One of a few words; InputError naming them.
template <typename T, std::size_t N>
T to_word(lua_State* L, const std::string& what, const std::array<WordFor<T>, N>& words) {
    const std::string text = to_text(L, -1, what);
    std::array<std::string_view, N> known;
    for (std::size_t i = 0; i < N; ++i) {
        if (words[i].word == text) {
            return words[i].value;
        }
        known[i] = words[i].word;
    }
    throw InputError(what + ": unknown \"" + text + "\"" + did_you_mean(text, known) +
                     " (allowed: " + join(known) + ")");
}

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

void read_ports(lua_State* L, Options& options, const char* key, std::optional<PortRange>& into) {
    options.with(key, [&](const std::string& what) { into = to_ports(L, what); });
}

/// A node, the name of one, an address or a prefix.
struct Place {
    std::string node{};  // empty: only addresses
    Prefix prefix{};
};

Place to_place(lua_State* L, const std::string& what, Network& net) {
    if (auto* host = test_object<HostHandle>(L, -1)) {
        return {host->host.name(), {host->host.address(), 32}};
    }
    if (auto* router = test_object<RouterHandle>(L, -1)) {
        return {router->router.name(), {router->router.address(), 32}};
    }
    const std::string text = to_text(L, -1, what);
    if (const auto prefix = parse_prefix(text)) {
        return {{}, *prefix};
    }
    try {
        const NodeRef node = net.node(text);
        return {node.name(), {node.address(), 32}};
    } catch (const InputError& error) {
        throw InputError(what + ": " + error.what() + ", and no address or prefix");
    }
}

/// The end that sends is a direction; who is no end sends by its address. 0: the link's a.
void read_ends(lua_State* L, Options& options, const LinkHandle& self, LinkRule& rule) {
    const std::array<std::string, 2> ends{self.link.a().name(), self.link.b().name()};
    const auto read = [&](const char* key, std::array<unsigned, 2> direction_of_end,
                          std::optional<Prefix>& by_address) {
        options.with(key, [&](const std::string& what) {
            const Place place = to_place(L, what, self.box->net());
            const bool is_end = place.node == ends[0] || place.node == ends[1];
            if (!is_end) {
                by_address = place.prefix;
                return;
            }
            const unsigned direction = direction_of_end.at(place.node == ends[0] ? 0 : 1);
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
}

}  // namespace netsim::lua
