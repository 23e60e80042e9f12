// Which congestion control a socket has: TCP_CONGESTION and the three sysctls. Linux tcp_cong.c.
#include <algorithm>

#include "tcp/bbr.hpp"
#include "tcp/congestion.hpp"
#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

void assign_congestion_control(const Sysctl& sysctl, SharedOptions& opt) {
    if (opt->congestion_chosen) {
        return;
    }
    const std::uint8_t index = *find_congestion_control(sysctl.tcp_congestion_control);
    if (opt->congestion != index) {
        opt.edit().congestion = index;
    }
}

void take_route_congestion(const PathInfo& path, SharedOptions& opt) {
    if (path.route == nullptr || !path.route->congestion) {
        return;
    }
    SocketOptions& own = opt.edit();
    own.congestion = *path.route->congestion;
    own.congestion_locked = path.route->congestion_locked;
}

namespace {

/// A live connection goes on with what it has reached. Linux tcp_reinit_congestion_control().
void change_algorithm(StackState& s, Connection& c, Time now) {
    c.congestion = c.opt->congestion;
    if (c.has_sending()) {
        c.edit_sending().cc.cubic.reset();
        c.edit_sending().cc.bbr.reset();
    }
    if (c.synchronized()) {
        Outbox unused;
        const Context cx{s, now, unused};
        c.algorithm().init(cx, c);
    }
}

}  // namespace

/// EPERM: applications have no CAP_NET_ADMIN here. Linux tcp_set_congestion_control().
Result<void> Stack::set_congestion_control(SocketId socket, std::string_view name, Time now) {
    StackState& s = *state_;
    Connection* c = find_connection(s, socket);
    Listener* listener = find_any_listener(s, socket);
    if (c == nullptr && listener == nullptr) {
        return fail(Errno::kEBADF);
    }
    const auto index = find_congestion_control(name);
    if (!index) {
        return fail(Errno::kENOENT);
    }
    if (c != nullptr && c->opt->congestion_locked) {
        return fail(Errno::kEPERM);
    }
    SocketOptions& opt = (c != nullptr ? c->opt : listener->opt).edit();
    if (*index != opt.congestion && (s.sysctl.tcp_allowed_congestion_control >> *index & 1U) == 0) {
        return fail(Errno::kEPERM);
    }
    const bool same = opt.congestion == *index;
    opt.congestion = *index;
    opt.congestion_chosen = true;
    if (c != nullptr && c->congestion != kNoCongestionControl && !same) {
        change_algorithm(s, *c, now);
    }
    return {};
}

Result<std::string_view> Stack::get_congestion_control(SocketId socket) const {
    const Connection* c = find_connection(*state_, socket);
    const Listener* listener = find_any_listener(*state_, socket);
    if (c == nullptr && listener == nullptr) {
        return fail(Errno::kEBADF);
    }
    const SocketOptions& opt = c != nullptr ? *c->opt : *listener->opt;
    return congestion_controls()[opt.congestion];
}

}  // namespace netsim::tcp
