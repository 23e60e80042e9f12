// What stands in the way of packets, as methods of links, routers and hosts, and how scripts say
// which packets are meant.
#pragma once

#include <array>
#include <functional>
#include <lua.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "lua/args.hpp"
#include "lua/session.hpp"

namespace netsim::lua {

struct LinkRuleHandle {
    static constexpr const char* kClass = "rule";
    BoxPtr box;
    LinkRuleRef rule;
};

struct FirewallHandle {
    static constexpr const char* kClass = "firewall";
    BoxPtr box;
    NodeRef node;
    FirewallRef firewall;
};

struct MiddleboxHandle {
    static constexpr const char* kClass = "middlebox";
    BoxPtr box;
    MiddleboxRef middlebox;
};

int link_drop(lua_State* L);
int node_firewall(lua_State* L);   // host:firewall{}, router:firewall{}
int node_conntrack(lua_State* L);  // what conntrack -S and -C say, as numbers
int router_sysctl(lua_State* L);
int router_sh(lua_State* L);
int router_dropped(lua_State* L);
int router_middlebox(lua_State* L);
int router_nat(lua_State* L);
int router_nat_stats(lua_State* L);

/// dropped([reason]): a number, or {reason = number}.
int push_dropped(lua_State* L, const std::function<std::uint64_t(DropReason)>& count);

template <typename T>
struct WordFor {
    std::string_view word;
    T value;
};

/// The value at the top of the stack, one of a few words; InputError naming them.
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

/// `flags` and `with`
void read_flags(lua_State* L, Options& options, FlagMatch& flags);
/// `proto`
void read_protocol(lua_State* L, Options& options, IpProtocol& protocol);
/// 80, "80" or "1024-2047"
void read_ports(lua_State* L, Options& options, const char* key, std::optional<PortRange>& into);

/// A node, the name of one, an address or a prefix, at the top of the stack.
struct Place {
    std::optional<NodeRef> node{};  // none: only addresses
    Prefix prefix{};
};

Place to_place(lua_State* L, const std::string& what, Network& net);

/// `self` of a method that hosts and routers share; their network is alive.
NodeRef self_element_node(lua_State* L, BoxPtr& box);

void open_firewall(lua_State* L);
void open_middlebox(lua_State* L);

}  // namespace netsim::lua
