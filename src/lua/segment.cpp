// host:send_segment{...} and host:sniff(filter, f), router:sniff(filter, f).
#include <limits>
#include <memory>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/session.hpp"

namespace netsim::lua {
namespace {

constexpr std::int64_t kWord = std::numeric_limits<std::uint32_t>::max();

// Sequence numbers wrap: what a script counted past 2^32, or below 0, is meant modulo 2^32.
void sequence_option(Options& options, lua_State* L, const char* key, std::uint32_t& into) {
    options.with(key, [&](const std::string& what) {
        into = static_cast<std::uint32_t>(to_integer(L, -1, what, -kWord, 2 * kWord));
    });
}

void word_option(Options& options, lua_State* L, const char* key,
                 std::optional<std::uint32_t>& into) {
    options.with(key, [&](const std::string& what) {
        into = static_cast<std::uint32_t>(to_integer(L, -1, what, 0, kWord));
    });
}

void set_text(lua_State* L, const char* key, const std::string& value) {
    push_string(L, value);
    lua_setfield(L, -2, key);
}

void set_integer(lua_State* L, const char* key, std::uint64_t value) {
    lua_pushinteger(L, static_cast<lua_Integer>(value));
    lua_setfield(L, -2, key);
}

void push_seen(lua_State* L, const SeenPacket& packet) {
    lua_newtable(L);
    lua_pushnumber(L, to_seconds(packet.at));
    lua_setfield(L, -2, "time");
    set_text(L, "protocol", std::string(packet.protocol));
    set_text(L, "source", to_string(packet.source));
    set_text(L, "destination", to_string(packet.destination));
    set_integer(L, "ttl", packet.ttl);
    set_integer(L, "length", packet.length);
    if (packet.protocol == "icmp") {
        set_integer(L, "type", packet.icmp_type);
        set_integer(L, "code", packet.icmp_code);
        return;
    }
    set_integer(L, "source_port", packet.source_port);
    set_integer(L, "destination_port", packet.destination_port);
    set_text(L, "from", to_string(Endpoint{packet.source, packet.source_port}));
    set_text(L, "to", to_string(Endpoint{packet.destination, packet.destination_port}));
    if (packet.protocol == "tcp") {
        set_text(L, "flags", packet.flags);
        set_integer(L, "seq", packet.seq);
        set_integer(L, "ack", packet.ack);
        set_integer(L, "window", packet.window);
        if (packet.tsval) {
            set_integer(L, "tsval", *packet.tsval);
            set_integer(L, "tsecr", packet.tsecr.value_or(0));
        }
    }
}

// Stands between the event and the script's function, its upvalue: tables are made here, in a
// protected call.
int call_with_packet(lua_State* L) {
    const auto* packet = static_cast<const SeenPacket*>(lua_touserdata(L, 1));
    lua_pushvalue(L, lua_upvalueindex(1));
    push_seen(L, *packet);
    lua_call(L, 1, 0);
    return 0;
}

}  // namespace

int host_send_segment(lua_State* L) {
    HostHandle& self = self_host(L);
    Network& net = self.box->net();
    ForgedSegment segment;
    segment.source.address = self.host.address();
    bool to = false;
    Options options(L, 2, "send_segment");
    options.with("from", [&](const std::string& what) {
        segment.source = net.resolve(to_text(L, -1, what));
    });
    options.with("to", [&](const std::string& what) {
        segment.destination = net.resolve(to_text(L, -1, what));
        to = true;
    });
    options.get("flags", segment.flags);
    sequence_option(options, L, "seq", segment.seq);
    sequence_option(options, L, "ack", segment.ack);
    options.integer("window", segment.window, 0, 65535);
    options.integer("ttl", segment.ttl, 1, 255);
    options.with("mss", [&](const std::string& what) {
        segment.mss = static_cast<std::uint16_t>(to_integer(L, -1, what, 0, 65535));
    });
    word_option(options, L, "tsval", segment.tsval);
    word_option(options, L, "tsecr", segment.tsecr);
    options.get("data", segment.data);
    options.finish();
    if (!to) {
        throw InputError("send_segment: to: expected an endpoint such as \"web:80\"");
    }
    lua_pushboolean(L, self.host.send_segment(segment) ? 1 : 0);
    return 1;
}

// sniff([filter,] function(packet) ... end)
int node_sniff(lua_State* L) {
    BoxPtr box;
    NodeRef node = self_node(L, box);
    Network& net = box->net();
    const bool chosen = lua_type(L, 2) == LUA_TSTRING;
    const std::string filter = chosen ? to_text(L, 2, "sniff: filter") : "";
    luaL_checktype(L, chosen ? 3 : 2, LUA_TFUNCTION);
    lua_pushvalue(L, chosen ? 3 : 2);
    lua_pushcclosure(L, call_with_packet, 1);
    auto callback = std::make_shared<Callback>(L, -1, "sniff of \"" + node.name() + "\"");
    node.sniff(filter, [callback, &net](const SeenPacket& packet) {
        callback->call(net, [&](lua_State* thread) {
            // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): Lua knows no const
            lua_pushlightuserdata(thread, const_cast<SeenPacket*>(&packet));
            return 1;
        });
    });
    return 0;
}

}  // namespace netsim::lua
