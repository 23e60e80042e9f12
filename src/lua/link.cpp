// The class `link`: up and down, new parameters, counters.
#include <array>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/elements.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

LinkHandle& self_link(lua_State* L) {
    auto& self = check_self<LinkHandle>(L);
    static_cast<void>(self.box->net());
    return self;
}

// at("10s", "down")
int link_at(lua_State* L) {
    LinkHandle& self = self_link(L);
    const Time when{to_positive_duration(L, 2, "at: time")};
    const std::string word = to_text(L, 3, "at: state");
    if (word != "up" && word != "down") {
        throw InputError("at: state \"" + word + "\" is neither \"up\" nor \"down\"");
    }
    self.link.set_up_at(when, word == "up");
    return 0;
}

// Directions by the name of the node that sends: nothing, or one of the two ends.
std::array<bool, 2> to_directions(lua_State* L, int index, const LinkRef& link) {
    if (lua_isnoneornil(L, index)) {
        return {true, true};
    }
    std::string from;
    if (auto* host = test_object<HostHandle>(L, index)) {
        from = host->host.name();
    } else if (auto* router = test_object<RouterHandle>(L, index)) {
        from = router->router.name();
    } else {
        from = to_text(L, index, "link: sending end");
    }
    const std::string a = link.a().name();
    const std::string b = link.b().name();
    if (from != a && from != b) {
        throw InputError("link " + a + "-" + b + ": \"" + from + "\" is neither end of it");
    }
    return {from == a, from == b};
}

// up([from]), down([from])
int set_up(lua_State* L, bool up) {
    LinkHandle& self = self_link(L);
    if (lua_isnoneornil(L, 2)) {
        self.link.set_up(up);
        return 0;
    }
    const std::array<bool, 2> directions = to_directions(L, 2, self.link);
    for (int i = 0; i < 2; ++i) {
        if (directions[static_cast<std::size_t>(i)]) {
            self.link.set_up(i, up);
        }
    }
    return 0;
}

int link_up(lua_State* L) {
    return set_up(L, true);
}

int link_down(lua_State* L) {
    return set_up(L, false);
}

// set(options [, from]): all parameters of the direction(s) anew.
int link_set(lua_State* L) {
    LinkHandle& self = self_link(L);
    const LinkOptions options = to_link_options(L, 2, "link " + self.link.name());
    const std::array<bool, 2> directions = to_directions(L, 3, self.link);
    for (int i = 0; i < 2; ++i) {
        if (directions[static_cast<std::size_t>(i)]) {
            self.link.set_options(i, options);
        }
    }
    return 0;
}

void set_count(lua_State* L, const char* name, std::uint64_t value) {
    lua_pushinteger(L, static_cast<lua_Integer>(value));
    lua_setfield(L, -2, name);
}

// stats([from]): the counters of one direction, or the sum of both.
int link_stats(lua_State* L) {
    LinkHandle& self = self_link(L);
    const std::array<bool, 2> directions = to_directions(L, 2, self.link);
    LinkStats sum;
    for (int i = 0; i < 2; ++i) {
        if (!directions[static_cast<std::size_t>(i)]) {
            continue;
        }
        const LinkStats& one = self.link.stats(i);
        sum.sent_packets += one.sent_packets;
        sum.sent_bytes += one.sent_bytes;
        sum.delivered_packets += one.delivered_packets;
        sum.delivered_bytes += one.delivered_bytes;
        sum.duplicated += one.duplicated;
        sum.corrupted += one.corrupted;
        sum.reordered += one.reordered;
        sum.marked += one.marked;
        sum.in_flight += one.in_flight;
        for (std::size_t reason = 0; reason < sum.dropped.size(); ++reason) {
            sum.dropped.at(reason) += one.dropped.at(reason);
        }
    }
    lua_newtable(L);
    set_count(L, "sent_packets", sum.sent_packets);
    set_count(L, "sent_bytes", sum.sent_bytes);
    set_count(L, "delivered_packets", sum.delivered_packets);
    set_count(L, "delivered_bytes", sum.delivered_bytes);
    set_count(L, "duplicated", sum.duplicated);
    set_count(L, "corrupted", sum.corrupted);
    set_count(L, "reordered", sum.reordered);
    set_count(L, "marked", sum.marked);
    set_count(L, "in_flight", sum.in_flight);
    set_count(L, "dropped", sum.dropped_total());
    lua_newtable(L);
    for (std::size_t reason = 0; reason < sum.dropped.size(); ++reason) {
        if (sum.dropped.at(reason) > 0) {
            push_string(L, to_string(static_cast<DropReason>(reason)));
            lua_pushinteger(L, static_cast<lua_Integer>(sum.dropped.at(reason)));
            lua_rawset(L, -3);
        }
    }
    lua_setfield(L, -2, "drops");
    return 1;
}

int link_queue(lua_State* L) {
    LinkHandle& self = self_link(L);
    const std::array<bool, 2> directions = to_directions(L, 2, self.link);
    lua_Integer packets = 0;
    for (int i = 0; i < 2; ++i) {
        packets += directions[static_cast<std::size_t>(i)] ? self.link.queue_packets(i) : 0;
    }
    lua_pushinteger(L, packets);
    return 1;
}

int link_name(lua_State* L) {
    push_string(L, self_link(L).link.name());
    return 1;
}

int link_is_up(lua_State* L) {
    lua_pushboolean(L, self_link(L).link.up() ? 1 : 0);
    return 1;
}

// The names of the two ends.
int link_a(lua_State* L) {
    push_string(L, self_link(L).link.a().name());
    return 1;
}

int link_b(lua_State* L) {
    push_string(L, self_link(L).link.b().name());
    return 1;
}

}  // namespace

void push_link(lua_State* L, const BoxPtr& box, const LinkRef& link) {
    push_object(L, LinkHandle{box, link});
}

void open_link(lua_State* L) {
    constexpr Member kMethods[] = {
        {"up", NETSIM_LUA(link_up)},       {"down", NETSIM_LUA(link_down)},
        {"at", NETSIM_LUA(link_at)},       {"set", NETSIM_LUA(link_set)},
        {"stats", NETSIM_LUA(link_stats)}, {"queue", NETSIM_LUA(link_queue)},
        {"drop", NETSIM_LUA(link_drop)},
    };
    constexpr Member kFields[] = {
        {"name", NETSIM_LUA(link_name)},
        {"is_up", NETSIM_LUA(link_is_up)},
        {"a", NETSIM_LUA(link_a)},
        {"b", NETSIM_LUA(link_b)},
    };
    register_class(L, {LinkHandle::kClass, kMethods, kFields, destroy_object<LinkHandle>});
}

}  // namespace netsim::lua
