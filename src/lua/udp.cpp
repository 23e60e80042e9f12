// The class `udp`: LuaSocket's names for datagrams.
#include "lua/udp.hpp"

#include <limits>

#include "lua/args.hpp"
#include "lua/bind.hpp"
#include "lua/socket.hpp"

namespace netsim::lua {
namespace {

UdpState& self_udp(lua_State* L) {
    UdpState& state = *check_self<UdpHandle>(L).state;
    static_cast<void>(state.box->net());  // the case must not be over
    state.box->scheduler().adopt(state);
    return state;
}

int udp_closed(lua_State* L) {
    return push_failure(L, "closed", "EBADF");
}

int udp_outcome(lua_State* L, const Result<void>& result) {
    if (!result) {
        return push_errno(L, result.error());
    }
    lua_pushinteger(L, 1);
    return 1;
}

Endpoint udp_endpoint(lua_State* L, UdpState& self, int address, const char* what) {
    const std::string host = to_text(L, address, std::string(what) + ": address");
    const auto port = static_cast<std::uint16_t>(
        to_integer(L, address + 1, std::string(what) + ": port", 0, 65535));
    if (host == "*") {
        return {Ipv4{}, port};
    }
    return {self.box->net().resolve(host + ":1").address, port};
}

class UdpReceive final : public Operation {
 public:
    UdpReceive(std::shared_ptr<UdpState> socket, std::size_t most, bool with_source)
        : socket_(std::move(socket)), most_(most), with_source_(with_source) {
        if (socket_->timeout) {
            deadline = later(socket_->box->net().now(), *socket_->timeout);
        }
    }

    std::optional<int> attempt(lua_State* L) override {
        if (!socket_->open) {
            return udp_closed(L);
        }
        const Result<Datagram> got = socket_->socket.receive();
        if (!got) {
            if (got.error() == Errno::kEAGAIN) {
                return std::nullopt;
            }
            return push_errno(L, got.error());
        }
        push_string(L, std::string_view(got->bytes).substr(0, most_));
        if (!with_source_) {
            return 1;
        }
        push_string(L, to_string(got->from.address));
        lua_pushinteger(L, got->from.port);
        return 3;
    }

    int timed_out(lua_State* L) override { return push_failure(L, "timeout", "EAGAIN"); }

    void each_socket(
        const std::function<void(const std::shared_ptr<Waitable>&, unsigned)>& visit) override {
        visit(socket_, poll::kIn);
    }

 private:
    std::shared_ptr<UdpState> socket_;
    std::size_t most_;
    bool with_source_;
};

int udp_setsockname(lua_State* L) {
    UdpState& self = self_udp(L);
    const Endpoint local = udp_endpoint(L, self, 2, "setsockname");
    return self.open ? udp_outcome(L, self.socket.bind(local)) : udp_closed(L);
}

// setpeername(address, port), or setpeername("*") to disconnect.
int udp_setpeername(lua_State* L) {
    UdpState& self = self_udp(L);
    if (to_text(L, 2, "setpeername: address") == "*") {
        return self.open ? udp_outcome(L, self.socket.disconnect()) : udp_closed(L);
    }
    const Endpoint remote = udp_endpoint(L, self, 2, "setpeername");
    if (remote.port == 0) {
        throw InputError("setpeername: port: must be from 1 to 65535, got 0");
    }
    return self.open ? udp_outcome(L, self.socket.connect(remote)) : udp_closed(L);
}

int udp_sent(lua_State* L, const Result<std::uint64_t>& sent) {
    if (!sent) {
        return push_errno(L, sent.error());
    }
    lua_pushinteger(L, static_cast<lua_Integer>(*sent));
    return 1;
}

int udp_send(lua_State* L) {
    UdpState& self = self_udp(L);
    const std::string data = to_text(L, 2, "send: data");
    return self.open ? udp_sent(L, self.socket.send(data)) : udp_closed(L);
}

int udp_sendto(lua_State* L) {
    UdpState& self = self_udp(L);
    const std::string data = to_text(L, 2, "sendto: data");
    const Endpoint to = udp_endpoint(L, self, 3, "sendto");
    return self.open ? udp_sent(L, self.socket.send_to(data, to)) : udp_closed(L);
}

int receive_datagram(lua_State* L, bool with_source) {
    UdpState& self = self_udp(L);
    constexpr std::int64_t kDatagramSize = 8192;  // LuaSocket's UDP_DATAGRAMSIZE
    const auto most = static_cast<std::size_t>(
        lua_isnoneornil(L, 2)
            ? kDatagramSize
            : to_integer(L, 2, "receive: size", 1, std::numeric_limits<std::int32_t>::max()));
    return self.box->scheduler().block(
        L,
        std::make_unique<UdpReceive>(std::static_pointer_cast<UdpState>(self.shared_from_this()),
                                     most, with_source),
        with_source ? "receivefrom()" : "receive()");
}

int udp_receive(lua_State* L) {
    return receive_datagram(L, false);
}

int udp_receivefrom(lua_State* L) {
    return receive_datagram(L, true);
}

int udp_settimeout(lua_State* L) {
    UdpState& self = self_udp(L);
    self.timeout.reset();
    if (!lua_isnoneornil(L, 2)) {
        const Duration value = to_duration(L, 2, "settimeout");
        if (value >= Duration(0)) {
            self.timeout = value;
        }
    }
    lua_pushinteger(L, 1);
    return 1;
}

int udp_setoption(lua_State* L) {
    UdpState& self = self_udp(L);
    const std::string option = to_text(L, 2, "setoption: option");
    if (option != "recv-buffer-size" && option != "SO_RCVBUF") {
        throw InputError("unknown option \"" + option +
                         "\" of a UDP socket (allowed: recv-buffer-size, SO_RCVBUF)");
    }
    const auto octets = to_integer(L, 3, "setoption: value", 0, std::numeric_limits<int>::max());
    return self.open ? udp_outcome(L, self.socket.set_receive_buffer(octets)) : udp_closed(L);
}

int udp_close(lua_State* L) {
    UdpState& self = self_udp(L);
    return self.open ? udp_outcome(L, self.close()) : udp_closed(L);
}

int udp_scope_end(lua_State* L) {
    UdpState& self = *check_object<UdpHandle>(L, 1).state;
    if (self.open && self.box->alive()) {
        static_cast<void>(self.close());
    }
    return 0;
}

int udp_name(lua_State* L, Endpoint UdpInfo::*which, Errno missing) {
    UdpState& self = self_udp(L);
    const Result<UdpInfo> info = self.socket.info();
    if (!self.open || !info) {
        return udp_closed(L);
    }
    const Endpoint endpoint = *info.*which;
    if (endpoint.port == 0 && missing != Errno::kOk) {
        return push_errno(L, missing);
    }
    push_string(L, to_string(endpoint.address));
    lua_pushinteger(L, endpoint.port);
    return 2;
}

int udp_getsockname(lua_State* L) {
    return udp_name(L, &UdpInfo::local, Errno::kOk);
}

int udp_getpeername(lua_State* L) {
    return udp_name(L, &UdpInfo::remote, Errno::kENOTCONN);
}

}  // namespace

void UdpState::watch(Scheduler& scheduler) {
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

Result<void> UdpState::close() {
    if (watched) {
        host.watch(socket, nullptr);
        watched = false;
    }
    open = false;
    const Result<void> result = socket.close();
    box->scheduler().socket_ready(*this, poll::kHup);
    return result;
}

int host_udp(lua_State* L) {
    HostHandle& self = self_host(L);
    Process* process = self.box->scheduler().current();
    const bool own = process != nullptr && process->host.id() == self.host.id();
    const Result<UdpSocket> socket = own ? process->ref->udp() : self.host.udp();
    if (!socket) {
        return push_errno(L, socket.error());
    }
    auto state = std::make_shared<UdpState>(self.box, self.host, *socket);
    self.box->scheduler().adopt(*state);
    push_object(L, UdpHandle{std::move(state)});
    return 1;
}

void open_udp(lua_State* L) {
    constexpr Member kMethods[] = {
        {"setsockname", NETSIM_LUA(udp_setsockname)},
        {"setpeername", NETSIM_LUA(udp_setpeername)},
        {"send", NETSIM_LUA(udp_send)},
        {"sendto", NETSIM_LUA(udp_sendto)},
        {"receive", NETSIM_LUA(udp_receive)},
        {"receivefrom", NETSIM_LUA(udp_receivefrom)},
        {"settimeout", NETSIM_LUA(udp_settimeout)},
        {"setoption", NETSIM_LUA(udp_setoption)},
        {"close", NETSIM_LUA(udp_close)},
        {"getsockname", NETSIM_LUA(udp_getsockname)},
        {"getpeername", NETSIM_LUA(udp_getpeername)},
    };
    register_class(L, {UdpHandle::kClass,
                       kMethods,
                       {},
                       destroy_object<UdpHandle>,
                       nullptr,
                       NETSIM_LUA(udp_scope_end)});
}

}  // namespace netsim::lua
