// The class `socket`: LuaSocket's names and outcomes, Linux's options.
#include "lua/socket.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/socket_operations.hpp"

namespace netsim::lua {
namespace {

SocketState& self_socket(lua_State* L) {
    SocketState& state = *check_self<SocketHandle>(L).state;
    static_cast<void>(state.box->net());  // the case must not be over
    state.box->scheduler().adopt(state);
    return state;
}

int push_outcome(lua_State* L, const Result<void>& result) {
    if (!result) {
        return push_errno(L, result.error());
    }
    lua_pushinteger(L, 1);
    return 1;
}

int closed(lua_State* L) {
    return push_failure(L, "closed", "EBADF");
}

std::uint16_t to_port(lua_State* L, int index, const std::string& what) {
    return static_cast<std::uint16_t>(to_integer(L, index, what, 0, 65535));
}

int socket_bind(lua_State* L) {
    SocketState& self = self_socket(L);
    const std::string address = to_text(L, 2, "bind: address");
    const std::uint16_t port = to_port(L, 3, "bind: port");
    Endpoint local{Ipv4{}, port};
    if (address != "*") {
        local.address = self.box->net().resolve(address + ":1").address;
    }
    if (!self.open) {
        return closed(L);
    }
    return push_outcome(L, self.socket.bind(local));
}

int socket_listen(lua_State* L) {
    SocketState& self = self_socket(L);
    const auto backlog = lua_isnoneornil(L, 2)
                             ? std::int64_t{32}  // LuaSocket's default
                             : to_integer(L, 2, "listen: backlog", std::numeric_limits<int>::min(),
                                          std::numeric_limits<int>::max());
    if (!self.open) {
        return closed(L);
    }
    self.note("listen(" + std::to_string(backlog) + ")");
    return push_outcome(L, self.socket.listen(static_cast<int>(backlog)));
}

int socket_accept(lua_State* L) {
    SocketState& self = self_socket(L);
    return self.box->scheduler().block(L, std::make_unique<AcceptOperation>(self.shared()),
                                       "accept()");
}

int socket_connect(lua_State* L) {
    SocketState& self = self_socket(L);
    std::string target = to_text(L, 2, "connect: target");
    if (!lua_isnoneornil(L, 3)) {
        target += ":" + std::to_string(to_port(L, 3, "connect: port"));
    }
    const Endpoint remote = self.box->net().resolve(target);
    self.note("connect()", remote);
    return self.box->scheduler().block(L, std::make_unique<ConnectOperation>(self.shared(), remote),
                                       "connect()");
}

int socket_send(lua_State* L) {
    SocketState& self = self_socket(L);
    const std::string data = to_text(L, 2, "send: data");
    const auto size = static_cast<lua_Integer>(data.size());
    // Lua's string indices: from 1, negative from the end.
    const auto position = [size](lua_Integer i) { return i < 0 ? size + i + 1 : i; };
    const lua_Integer first = std::max<lua_Integer>(1, position(luaL_optinteger(L, 3, 1)));
    const lua_Integer last = std::min(size, position(luaL_optinteger(L, 4, -1)));
    const std::string part = first <= last ? data.substr(static_cast<std::size_t>(first - 1),
                                                         static_cast<std::size_t>(last - first + 1))
                                           : std::string();
    self.note("send(" + std::to_string(part.size()) + ")");
    return self.box->scheduler().block(
        L,
        std::make_unique<SendOperation>(self.shared(), part, static_cast<std::uint64_t>(first - 1)),
        "send()");
}

// fastopen(target, [port,] data): sendto(2) with MSG_FASTOPEN.
int socket_fastopen(lua_State* L) {
    SocketState& self = self_socket(L);
    std::string target = to_text(L, 2, "fastopen: target");
    const bool with_port = lua_gettop(L) > 3;
    if (with_port) {
        target += ":" + std::to_string(to_port(L, 3, "fastopen: port"));
    }
    const std::string data = to_text(L, with_port ? 4 : 3, "fastopen: data");
    const Endpoint remote = self.box->net().resolve(target);
    self.note("fastopen(" + std::to_string(data.size()) + ")", remote);
    auto operation = std::make_unique<SendOperation>(self.shared(), data, 0);
    operation->open_towards(remote);
    return self.box->scheduler().block(L, std::move(operation), "fastopen()");
}

int socket_send_synthetic(lua_State* L) {
    SocketState& self = self_socket(L);
    const std::uint64_t count = to_bytes(L, 2, "send_synthetic: bytes");
    self.note("send(" + std::to_string(count) + ")");
    return self.box->scheduler().block(L, std::make_unique<SendOperation>(self.shared(), count),
                                       "send_synthetic()");
}

int socket_receive(lua_State* L) {
    SocketState& self = self_socket(L);
    auto pattern = ReceiveOperation::Pattern::kLine;
    std::uint64_t count = 0;
    if (lua_type(L, 2) == LUA_TNUMBER) {
        pattern = ReceiveOperation::Pattern::kCount;
        count = static_cast<std::uint64_t>(
            to_integer(L, 2, "receive: bytes", 0, std::numeric_limits<std::int32_t>::max()));
    } else if (!lua_isnoneornil(L, 2)) {
        const std::string word = to_text(L, 2, "receive: pattern");
        if (word == "*a" || word == "a") {
            pattern = ReceiveOperation::Pattern::kAll;
        } else if (word != "*l" && word != "l") {
            throw InputError("receive: pattern \"" + word +
                             "\" is none of \"*l\" (a line), \"*a\" (to the end), or a number of "
                             "bytes");
        }
    }
    std::string prefix = lua_isnoneornil(L, 3) ? "" : to_text(L, 3, "receive: prefix");
    return self.box->scheduler().block(
        L, std::make_unique<ReceiveOperation>(self.shared(), pattern, count, std::move(prefix)),
        "receive()");
}

int socket_discard(lua_State* L) {
    SocketState& self = self_socket(L);
    const bool all = lua_isnoneornil(L, 2) || (lua_type(L, 2) == LUA_TSTRING &&
                                               (std::string_view(lua_tostring(L, 2)) == "*a"));
    const std::uint64_t count =
        all ? std::numeric_limits<std::uint64_t>::max() : to_bytes(L, 2, "discard: bytes");
    return self.box->scheduler().block(L, std::make_unique<DiscardOperation>(self.shared(), count),
                                       "discard()");
}

int socket_shutdown(lua_State* L) {
    SocketState& self = self_socket(L);
    constexpr std::string_view kModes[] = {"receive", "send", "both"};
    const std::string mode = lua_isnoneornil(L, 2) ? "both" : to_text(L, 2, "shutdown: mode");
    const auto* found = std::find(std::begin(kModes), std::end(kModes), mode);
    if (found == std::end(kModes)) {
        throw InputError("shutdown: unknown mode \"" + mode + "\"" + did_you_mean(mode, kModes) +
                         " (allowed: " + join(kModes) + ")");
    }
    if (!self.open) {
        return closed(L);
    }
    self.note("shutdown(" + mode + ")");
    return push_outcome(L, self.socket.shutdown(static_cast<Shutdown>(found - std::begin(kModes))));
}

int socket_close(lua_State* L) {
    SocketState& self = self_socket(L);
    if (!self.open) {
        return closed(L);
    }
    return push_outcome(L, self.close());
}

// `local s <close> = ...`: also when the case is over, when nothing is left to close.
int socket_scope_end(lua_State* L) {
    SocketState& self = *check_object<SocketHandle>(L, 1).state;
    if (self.open && self.box->alive()) {
        static_cast<void>(self.close());
    }
    return 0;
}

int socket_settimeout(lua_State* L) {
    SocketState& self = self_socket(L);
    self.timeout.reset();
    if (!lua_isnoneornil(L, 2)) {
        const Duration value = to_duration(L, 2, "settimeout");
        if (value >= Duration(0)) {  // negative: wait for ever, as in LuaSocket
            self.timeout = value;
        }
    }
    lua_pushinteger(L, 1);
    return 1;
}

struct OptionName {
    std::string_view luasocket;
    SocketOption option;
};

constexpr OptionName kLuaSocketOptions[] = {
    {"tcp-nodelay", SocketOption::kTCP_NODELAY},
    {"keepalive", SocketOption::kSO_KEEPALIVE},
    {"linger", SocketOption::kSO_LINGER},
    {"reuseaddr", SocketOption::kSO_REUSEADDR},
    {"reuseport", SocketOption::kSO_REUSEPORT},
    {"tcp-keepidle", SocketOption::kTCP_KEEPIDLE},
    {"tcp-keepcnt", SocketOption::kTCP_KEEPCNT},
    {"tcp-keepintvl", SocketOption::kTCP_KEEPINTVL},
    {"error", SocketOption::kSO_ERROR},
    {"recv-buffer-size", SocketOption::kSO_RCVBUF},
    {"send-buffer-size", SocketOption::kSO_SNDBUF},
    {"tcp-defer-accept", SocketOption::kTCP_DEFER_ACCEPT},
    {"tcp-fastopen", SocketOption::kTCP_FASTOPEN},
    {"tcp-fastopen-connect", SocketOption::kTCP_FASTOPEN_CONNECT},
    {"tcp-fastopen-no-cookie", SocketOption::kTCP_FASTOPEN_NO_COOKIE},
};

SocketOption to_option(lua_State* L, int index) {
    const std::string word = to_text(L, index, "option");
    std::vector<std::string_view> known;
    for (const OptionName& name : kLuaSocketOptions) {
        if (name.luasocket == word) {
            return name.option;
        }
        known.push_back(name.luasocket);
    }
    for (std::uint8_t i = 0; i < static_cast<std::uint8_t>(SocketOption::kCount); ++i) {
        const auto option = static_cast<SocketOption>(i);
        if (to_string(option) == word) {
            return option;
        }
        known.push_back(to_string(option));
    }
    known.push_back("tcp-congestion");
    known.push_back("tcp-md5sig");
    throw InputError("unknown socket option \"" + word + "\"" + did_you_mean(word, known) +
                     " (allowed: " + join(known) + ")");
}

// true and false, a number, or LuaSocket's {on = true, timeout = 5} for linger.
std::int64_t to_option_value(lua_State* L, int index, SocketOption option) {
    if (lua_isboolean(L, index)) {
        const bool on = lua_toboolean(L, index) != 0;
        return option == SocketOption::kSO_LINGER && !on ? -1 : on ? 1 : 0;
    }
    if (lua_istable(L, index)) {
        bool on = true;
        Duration timeout{0};
        Options linger(L, index, "linger");
        linger.get("on", on);
        linger.get("timeout", timeout);
        linger.finish();
        return on ? std::chrono::duration_cast<std::chrono::seconds>(timeout).count() : -1;
    }
    return to_integer(L, index, "setoption: value", std::numeric_limits<std::int64_t>::min(),
                      std::numeric_limits<std::int64_t>::max());
}

// TCP_CONGESTION, whose value is a name.
bool names_congestion(lua_State* L) {
    const std::string word = to_text(L, 2, "option");
    return word == "tcp-congestion" || word == "TCP_CONGESTION";
}

// TCP_MD5SIG, whose value is a table.
bool names_md5sig(lua_State* L) {
    const std::string word = to_text(L, 2, "option");
    return word == "tcp-md5sig" || word == "TCP_MD5SIG";
}

int set_md5_key(lua_State* L, SocketState& self) {
    std::string peer;
    std::string key;
    Options options(L, 3, "tcp-md5sig");
    options.with("peer", [&](const std::string& what) { peer = to_text(L, -1, what); });
    options.with("key", [&](const std::string& what) { key = to_text(L, -1, what); });
    options.finish();
    const auto peers = parse_prefix(peer);
    if (!peers) {
        throw InputError("tcp-md5sig: peer: \"" + peer +
                         "\" is neither an IPv4 address nor a prefix such as 10.0.0.0/24");
    }
    return self.open ? push_outcome(L, self.socket.set_md5_key(*peers, key)) : closed(L);
}

int socket_setoption(lua_State* L) {
    SocketState& self = self_socket(L);
    if (names_md5sig(L)) {
        return set_md5_key(L, self);
    }
    if (names_congestion(L)) {
        const std::string name = to_text(L, 3, "setoption: value");
        return self.open ? push_outcome(L, self.socket.set_congestion_control(name)) : closed(L);
    }
    const SocketOption option = to_option(L, 2);
    const std::int64_t value =
        lua_isnoneornil(L, 3) ? 1 : to_option_value(L, 3, option);  // setoption("reuseaddr")
    if (!self.open) {
        return closed(L);
    }
    return push_outcome(L, self.socket.set_option(option, value));
}

int socket_getoption(lua_State* L) {
    SocketState& self = self_socket(L);
    if (names_congestion(L) && self.open) {
        push_string(L, self.socket.congestion_control().value());
        return 1;
    }
    const SocketOption option = to_option(L, 2);
    if (!self.open) {
        return closed(L);
    }
    const Result<std::int64_t> value = self.socket.get_option(option);
    if (!value) {
        return push_errno(L, value.error());
    }
    lua_pushinteger(L, *value);
    return 1;
}

// getstats(): bytes received, bytes sent, seconds since it was made.
int socket_getstats(lua_State* L) {
    SocketState& self = self_socket(L);
    lua_pushinteger(L, static_cast<lua_Integer>(self.received));
    lua_pushinteger(L, static_cast<lua_Integer>(self.sent));
    lua_pushnumber(L, to_seconds(self.box->net().now() - self.made));
    return 3;
}

int push_endpoint(lua_State* L, const Result<Endpoint>& endpoint) {
    if (!endpoint) {
        return push_errno(L, endpoint.error());
    }
    push_string(L, to_string(endpoint->address));
    lua_pushinteger(L, endpoint->port);
    return 2;
}

int socket_getsockname(lua_State* L) {
    SocketState& self = self_socket(L);
    return self.open ? push_endpoint(L, self.socket.local()) : closed(L);
}

int socket_getpeername(lua_State* L) {
    SocketState& self = self_socket(L);
    return self.open ? push_endpoint(L, self.socket.remote()) : closed(L);
}

void read_sockets(lua_State* L, int index, std::vector<std::shared_ptr<SocketState>>& into,
                  int& ref) {
    if (lua_isnoneornil(L, index)) {
        lua_newtable(L);
        ref = luaL_ref(L, LUA_REGISTRYINDEX);
        return;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_Integer i = 1; lua_rawgeti(L, index, i) != LUA_TNIL; ++i) {
        into.push_back(check_object<SocketHandle>(L, -1).state);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_pushvalue(L, index);
    ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

}  // namespace

void SocketState::watch(Scheduler& scheduler) {
    if (watched) {
        return;
    }
    watched = true;
    host.watch(socket, [weak = weak_from_this(), &scheduler](unsigned events) {
        if (const auto self = weak.lock()) {
            scheduler.socket_ready(*self, events);
        }
    });
}

Result<void> SocketState::close() {
    if (socket.remote()) {  // a listener's end belongs to no connection
        note("close()");
    }
    if (watched) {
        host.watch(socket, nullptr);
        watched = false;
    }
    open = false;
    const Result<void> result = socket.close();
    box->scheduler().socket_ready(*this, poll::kHup);
    return result;
}

void push_socket(lua_State* L, const BoxPtr& box, const HostRef& host, Socket socket) {
    auto state = std::make_shared<SocketState>(box, host, socket);
    state->made = box->net().now();
    box->scheduler().adopt(*state);
    push_object(L, SocketHandle{std::move(state)});
}

std::string outcome_text(Errno error) {
    if (error == Errno::kEPIPE) {
        return "closed";  // LuaSocket's word for a connection that cannot take data any more
    }
    std::string text(errno_text(error));
    if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z') {
        text.front() = static_cast<char>(text.front() - 'A' + 'a');
    }
    return text;
}

int push_errno(lua_State* L, Errno error) {
    return push_failure(L, outcome_text(error), errno_name(error));
}

int sleep_for(lua_State* L, Scheduler& scheduler, Network& net, Duration duration) {
    return scheduler.block(L, std::make_unique<SleepOperation>(later(net.now(), duration)),
                           "sleep()");
}

int compute_for(lua_State* L, Scheduler& scheduler, HostRef& host, Network& net,
                Duration duration) {
    if (scheduler.current() == nullptr) {
        throw MisuseError(
            "compute() takes time: call it inside host:spawn(function(host) ... end)");
    }
    if (!host.has_cpu()) {
        return sleep_for(L, scheduler, net, duration);
    }
    host.compute(duration);
    return scheduler.block(L, std::make_unique<ComputeOperation>(), "compute()");
}

int socket_select(lua_State* L) {
    lua_settop(L, 3);
    auto operation = std::make_unique<SelectOperation>();
    read_sockets(L, 1, operation->receivers, operation->receivers_ref);
    read_sockets(L, 2, operation->senders, operation->senders_ref);
    if (operation->receivers.empty() && operation->senders.empty()) {
        throw MisuseError("select: needs at least one socket (to wait for a time, use sleep)");
    }
    const BoxPtr box = operation->receivers.empty() ? operation->senders.front()->box
                                                    : operation->receivers.front()->box;
    if (!lua_isnil(L, 3)) {
        const Duration timeout = to_duration(L, 3, "select: timeout");
        if (timeout >= Duration(0)) {
            operation->deadline = later(box->net().now(), timeout);
        }
    }
    return box->scheduler().block(L, std::move(operation), "select()");
}

void open_socket(lua_State* L) {
    constexpr Member kMethods[] = {
        {"bind", NETSIM_LUA(socket_bind)},
        {"listen", NETSIM_LUA(socket_listen)},
        {"accept", NETSIM_LUA(socket_accept)},
        {"connect", NETSIM_LUA(socket_connect)},
        {"send", NETSIM_LUA(socket_send)},
        {"fastopen", NETSIM_LUA(socket_fastopen)},
        {"send_synthetic", NETSIM_LUA(socket_send_synthetic)},
        {"receive", NETSIM_LUA(socket_receive)},
        {"discard", NETSIM_LUA(socket_discard)},
        {"shutdown", NETSIM_LUA(socket_shutdown)},
        {"close", NETSIM_LUA(socket_close)},
        {"settimeout", NETSIM_LUA(socket_settimeout)},
        {"setoption", NETSIM_LUA(socket_setoption)},
        {"getoption", NETSIM_LUA(socket_getoption)},
        {"getstats", NETSIM_LUA(socket_getstats)},
        {"getsockname", NETSIM_LUA(socket_getsockname)},
        {"getpeername", NETSIM_LUA(socket_getpeername)},
    };
    register_class(L, {SocketHandle::kClass,
                       kMethods,
                       {},
                       destroy_object<SocketHandle>,
                       nullptr,
                       NETSIM_LUA(socket_scope_end)});
}

}  // namespace netsim::lua
