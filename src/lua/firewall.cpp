// The class `firewall`: router:firewall{policy = "drop", {accept = true, state = "established"}}.
#include <algorithm>
#include <array>
#include <vector>

#include "lua/bind.hpp"
#include "lua/elements.hpp"

namespace netsim::lua {
namespace {

constexpr std::array<WordFor<Chain>, 3> kChainWords{{
    {"INPUT", Chain::kInput},
    {"FORWARD", Chain::kForward},
    {"OUTPUT", Chain::kOutput},
}};

constexpr std::array<WordFor<Target>, 2> kPolicyWords{{
    {"accept", Target::kAccept},
    {"drop", Target::kDrop},
}};

constexpr std::array<WordFor<RejectWith>, 8> kRejectWords{{
    {"tcp-reset", RejectWith::kTcpReset},
    {"icmp-port-unreachable", RejectWith::kPortUnreachable},
    {"icmp-host-unreachable", RejectWith::kHostUnreachable},
    {"icmp-net-unreachable", RejectWith::kNetUnreachable},
    {"icmp-proto-unreachable", RejectWith::kProtoUnreachable},
    {"icmp-net-prohibited", RejectWith::kNetProhibited},
    {"icmp-host-prohibited", RejectWith::kHostProhibited},
    {"icmp-admin-prohibited", RejectWith::kAdminProhibited},
}};

std::uint8_t state_bit(std::string_view word, const std::string& what) {
    constexpr std::array<std::string_view, 4> kStates{"invalid", "new", "established", "related"};
    const auto* const found = std::find(kStates.begin(), kStates.end(), word);
    if (found == kStates.end()) {
        throw InputError(what + ": unknown \"" + std::string(word) + "\"" +
                         did_you_mean(word, kStates) + " (allowed: " + join(kStates) + ")");
    }
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(found - kStates.begin()));
}

/// "established,related", or a list of words.
std::uint8_t to_states(lua_State* L, const std::string& what) {
    std::uint8_t states = 0;
    if (lua_istable(L, -1)) {
        const int list = lua_gettop(L);
        for (lua_Integer i = 1; lua_geti(L, list, i) != LUA_TNIL; ++i) {
            states |= state_bit(to_text(L, -1, what), what);
            lua_pop(L, 1);
        }
        lua_settop(L, list);
        if (states == 0) {
            throw InputError(what + ": the list is empty");
        }
        return states;
    }
    const std::string text = to_text(L, -1, what);
    std::string_view rest = text;
    for (;;) {
        const std::size_t comma = rest.find(',');
        states |= state_bit(rest.substr(0, comma), what);
        if (comma == std::string_view::npos) {
            return states;
        }
        rest.remove_prefix(comma + 1);
    }
}

void read_limit(lua_State* L, Options& options, FirewallRule& rule) {
    const auto rate = [&](const char* key, bool above) {
        options.with(key, [&](const std::string& what) {
            if (rule.limit) {
                throw InputError(what + ": give either limit or above");
            }
            rule.limit = PacketLimit{to_frequency(L, -1, what), 5, false, above};
        });
    };
    rate("limit", false);
    rate("above", true);
    const auto need_limit = [&](const std::string& what) {
        if (!rule.limit) {
            throw InputError(what + ": belongs to limit or above, and there is none");
        }
    };
    options.with("burst", [&](const std::string& what) {
        need_limit(what);
        rule.limit->burst = static_cast<std::uint32_t>(to_integer(L, -1, what, 1, 1'000'000));
    });
    options.with("per", [&](const std::string& what) {
        static constexpr std::array<WordFor<bool>, 1> kPer{{{"source", true}}};
        need_limit(what);
        rule.limit->per_source = to_word(L, what, kPer);
    });
}

/// A neighbour is meant by the interfaces to it, all others by their addresses.
void read_places(lua_State* L, Options& options, Network& net, const NodeRef& node,
                 FirewallRule& rule) {
    const auto read = [&](const char* key, bool neighbours, std::vector<std::string>& interfaces,
                          std::optional<Prefix>& addresses) {
        options.with(key, [&](const std::string& what) {
            const Place place = to_place(L, what, net);
            if (neighbours && place.node) {
                interfaces = node.interfaces_to(*place.node);
            }
            if (!neighbours || interfaces.empty()) {
                if (addresses) {
                    throw InputError(what + ": two addresses for one packet");
                }
                addresses = place.prefix;
            }
        });
    };
    std::vector<std::string> none;
    read("src", false, none, rule.source);
    read("dst", false, none, rule.destination);
    read("from", true, rule.in, rule.source);
    read("to", true, rule.out, rule.destination);
    options.with("iif", [&](const std::string& what) { rule.in = {to_text(L, -1, what)}; });
    options.with("oif", [&](const std::string& what) { rule.out = {to_text(L, -1, what)}; });
}

void read_target(lua_State* L, Options& options, FirewallRule& rule) {
    const auto decide = [&](const std::string& what, Target target) {
        if (rule.target != Target::kNone) {
            throw InputError(what + ": a rule accepts, drops or rejects, not two of these");
        }
        rule.target = target;
    };
    const auto flag = [&](const char* key, Target target) {
        bool given = false;
        options.get(key, given);
        if (given) {
            decide(key, target);
        }
    };
    flag("accept", Target::kAccept);
    flag("drop", Target::kDrop);
    options.with("reject", [&](const std::string& what) {
        if (lua_isboolean(L, -1)) {
            if (lua_toboolean(L, -1) != 0) {
                decide(what, Target::kReject);
            }
            return;
        }
        decide(what, Target::kReject);
        rule.reject = to_word(L, what, kRejectWords);
    });
    options.with("log", [&](const std::string& what) {
        if (!lua_isboolean(L, -1)) {
            rule.log = to_text(L, -1, what);
        } else if (lua_toboolean(L, -1) != 0) {
            rule.log.emplace();
        }
    });
}

/// {rule, nil, rule} is a mistake, most often `condition and {...} or nil`: rules would be lost.
void refuse_gaps(lua_State* L, int table, const std::string& what) {
    lua_Integer last = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        last = lua_isinteger(L, -1) != 0 ? std::max(last, lua_tointeger(L, -1)) : last;
    }
    for (lua_Integer i = 1; i <= last; ++i) {
        const bool gap = lua_rawgeti(L, table, i) == LUA_TNIL;
        lua_pop(L, 1);
        if (gap) {
            throw InputError(what + ": rule " + std::to_string(i) +
                             " is nil, and there is a rule " + std::to_string(last));
        }
    }
}

/// The rule at the top of the stack.
FirewallRule to_rule(lua_State* L, Network& net, const NodeRef& node, const std::string& what) {
    if (!lua_istable(L, -1)) {
        throw InputError(what + ": a rule is a table such as {drop = true, proto = \"tcp\"}");
    }
    FirewallRule rule;
    Options options(L, -1, what);
    options.with("chain",
                 [&](const std::string& name) { rule.chain = to_word(L, name, kChainWords); });
    read_places(L, options, net, node, rule);
    read_protocol(L, options, rule.protocol);
    read_ports(L, options, "sport", rule.source_port);
    read_ports(L, options, "dport", rule.destination_port);
    read_flags(L, options, rule.flags);
    options.with("state", [&](const std::string& name) { rule.states = to_states(L, name); });
    read_limit(L, options, rule);
    read_target(L, options, rule);
    options.get("comment", rule.comment);
    options.finish();
    // What is TCP's says so.
    const bool reset = rule.target == Target::kReject && rule.reject == RejectWith::kTcpReset;
    if (rule.protocol == IpProtocol::kAny && (!rule.flags.letters.empty() || reset)) {
        rule.protocol = IpProtocol::kTcp;
    }
    return rule;
}

/// A word for the default chain, or {INPUT = "drop", ...}.
void read_policy(lua_State* L, const std::string& what, Chain usual, FirewallOptions& into) {
    if (!lua_istable(L, -1)) {
        into.policy.at(static_cast<std::size_t>(usual)) = to_word(L, what, kPolicyWords);
        return;
    }
    Options chains(L, -1, what);
    for (const auto& [word, chain] : kChainWords) {
        const Chain one = chain;
        chains.with(word.data(), [&](const std::string& name) {
            into.policy.at(static_cast<std::size_t>(one)) = to_word(L, name, kPolicyWords);
        });
    }
    chains.finish();
}

FirewallHandle& self_firewall(lua_State* L) {
    auto& self = check_self<FirewallHandle>(L);
    static_cast<void>(self.box->net());
    return self;
}

Chain to_chain(lua_State* L, int index, const FirewallHandle& self, const std::string& what) {
    if (lua_isnoneornil(L, index)) {
        return self.firewall.default_chain();
    }
    lua_settop(L, index);
    return to_word(L, what, kChainWords);
}

constexpr std::int64_t kRulesMax = 100'000;

// insert(n, rule): before the nth.
int firewall_insert(lua_State* L) {
    FirewallHandle& self = self_firewall(L);
    const auto n = static_cast<std::size_t>(to_integer(L, 2, "insert: n", 1, kRulesMax));
    lua_settop(L, 3);
    self.firewall.insert(n, to_rule(L, self.box->net(), self.node, "insert: rule"));
    return 0;
}

int firewall_append(lua_State* L) {
    FirewallHandle& self = self_firewall(L);
    lua_settop(L, 2);
    self.firewall.append(to_rule(L, self.box->net(), self.node, "append: rule"));
    return 0;
}

// delete(n [, chain])
int firewall_delete(lua_State* L) {
    FirewallHandle& self = self_firewall(L);
    const auto n = static_cast<std::size_t>(to_integer(L, 2, "delete: n", 1, kRulesMax));
    self.firewall.remove(to_chain(L, 3, self, "delete: chain"), n);
    return 0;
}

int firewall_flush(lua_State* L) {
    FirewallHandle& self = self_firewall(L);
    self.firewall.flush(to_chain(L, 2, self, "flush: chain"));
    return 0;
}

// policy("drop" [, chain])
int firewall_policy(lua_State* L) {
    FirewallHandle& self = self_firewall(L);
    const Chain chain = to_chain(L, 3, self, "policy: chain");
    lua_settop(L, 2);
    self.firewall.set_policy(chain, to_word(L, "policy", kPolicyWords));
    return 0;
}

int firewall_zero(lua_State* L) {
    self_firewall(L).firewall.zero();
    return 0;
}

void set_text(lua_State* L, const char* key, std::string_view text) {
    push_string(L, text);
    lua_setfield(L, -2, key);
}

// rules([chain]): {{target = "DROP", packets =, bytes =, comment =}, ...}
int firewall_rules(lua_State* L) {
    FirewallHandle& self = self_firewall(L);
    const std::vector<FirewallEntry> rules =
        self.firewall.rules(to_chain(L, 2, self, "rules: chain"));
    static constexpr std::array<std::string_view, 4> kTargets{"", "ACCEPT", "DROP", "REJECT"};
    lua_createtable(L, static_cast<int>(rules.size()), 0);
    lua_Integer i = 0;
    for (const FirewallEntry& entry : rules) {
        lua_createtable(L, 0, 4);
        const bool logs = entry.rule.target == Target::kNone && entry.rule.log;
        set_text(L, "target",
                 logs ? "LOG" : kTargets.at(static_cast<std::size_t>(entry.rule.target)));
        set_text(L, "comment", entry.rule.comment);
        lua_pushinteger(L, static_cast<lua_Integer>(entry.packets));
        lua_setfield(L, -2, "packets");
        lua_pushinteger(L, static_cast<lua_Integer>(entry.bytes));
        lua_setfield(L, -2, "bytes");
        lua_rawseti(L, -2, ++i);
    }
    return 1;
}

// list([chain]): as iptables -L -v -n prints it.
int firewall_list(lua_State* L) {
    FirewallHandle& self = self_firewall(L);
    std::string line = "iptables -L";
    if (!lua_isnoneornil(L, 2)) {
        line += " " + to_text(L, 2, "list: chain");
    }
    push_string(L, self.node.netfilter_tool(line + " -v -n"));
    return 1;
}

/// The named keys of the table at `index` in a table of their own, on top of the stack.
void push_named(lua_State* L, int index) {
    lua_newtable(L);
    const int named = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index) != 0;) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, named);
        } else {
            lua_pop(L, 1);
        }
    }
}

}  // namespace

// firewall{policy =, conntrack =, {rule}, {rule} ...}; without a table: the one there is.
int node_firewall(lua_State* L) {
    BoxPtr box;
    NodeRef node = self_element_node(L, box);
    if (lua_isnoneornil(L, 2)) {
        push_object(L, FirewallHandle{box, node, node.firewall()});
        return 1;
    }
    const std::string what = "firewall of " + node.name();
    if (!lua_istable(L, 2)) {
        throw InputError(what + ": expected a table such as {policy = \"drop\", {accept = true}}");
    }
    FirewallOptions made;
    push_named(L, 2);
    Options options(L, -1, what);
    const Chain usual = node.is_host() ? Chain::kInput : Chain::kForward;
    options.with("policy", [&](const std::string& name) { read_policy(L, name, usual, made); });
    options.get("conntrack", made.conntrack);
    options.finish();
    lua_settop(L, 2);
    refuse_gaps(L, 2, what);
    for (lua_Integer i = 1; lua_geti(L, 2, i) != LUA_TNIL; ++i) {
        made.rules.push_back(to_rule(L, box->net(), node, what + ": rule " + std::to_string(i)));
        lua_pop(L, 1);
    }
    push_object(L, FirewallHandle{box, node, node.firewall(made)});
    return 1;
}

int node_conntrack(lua_State* L) {
    BoxPtr box;
    const NodeRef node = self_element_node(L, box);
    const ConntrackStats stats = node.conntrack();
    lua_createtable(L, 0, 5);
    const auto set = [&](const char* key, std::uint64_t value) {
        lua_pushinteger(L, static_cast<lua_Integer>(value));
        lua_setfield(L, -2, key);
    };
    set("count", stats.count);
    set("invalid", stats.invalid);
    set("insert_failed", stats.insert_failed);
    set("drop", stats.drop);
    set("early_drop", stats.early_drop);
    return 1;
}

void open_firewall(lua_State* L) {
    constexpr Member kMethods[] = {
        {"insert", NETSIM_LUA(firewall_insert)}, {"append", NETSIM_LUA(firewall_append)},
        {"delete", NETSIM_LUA(firewall_delete)}, {"flush", NETSIM_LUA(firewall_flush)},
        {"policy", NETSIM_LUA(firewall_policy)}, {"zero", NETSIM_LUA(firewall_zero)},
        {"rules", NETSIM_LUA(firewall_rules)},   {"list", NETSIM_LUA(firewall_list)},
    };
    register_class(L, {FirewallHandle::kClass, kMethods, {}, destroy_object<FirewallHandle>});
}

}  // namespace netsim::lua
