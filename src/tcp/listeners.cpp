// Listeners: lookup, groups, closing.
#include "tcp/listeners.hpp"

#include <algorithm>
#include <bit>

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/ports.hpp"

namespace netsim::tcp {

namespace {

/// Linux reciprocal_scale(): the hash's place among `count`.
std::size_t place_of(const StackState& s, const FourTuple& tuple, std::size_t count) {
    const std::uint64_t hash =
        siphash_4u32(s.secrets.port, tuple.local.bits, tuple.remote.bits,
                     (std::uint32_t{tuple.local_port} << 16U) | tuple.remote_port, 0);
    return static_cast<std::size_t>(((hash & 0xffffffffU) * count) >> 32U);
}

/// The `place`-th listener of this port and exactly this address.
Listener* nth_at(StackState& s, Endpoint local, std::size_t place) {
    for (const std::uint32_t index : s.listeners_by_port.at(local.port)) {
        Listener& candidate = s.listeners.at(index);
        if (candidate.local == local && place-- == 0) {
            return &candidate;
        }
    }
    return nullptr;
}

std::size_t count_at(const StackState& s, Endpoint local) {
    const auto it = s.listeners_by_port.find(local.port);
    if (it == s.listeners_by_port.end()) {
        return 0;
    }
    return static_cast<std::size_t>(
        std::count_if(it->second.begin(), it->second.end(),
                      [&](std::uint32_t index) { return s.listeners.at(index).local == local; }));
}

bool migrates(const StackState& s, const Listener& listener) {
    return s.sysctl.tcp_migrate_req != 0 && listener.opt->reuse_port;
}

/// The member of a closed listener's group that takes this tuple over.
Listener* heir(StackState& s, const Listener& closed, const FourTuple& tuple) {
    const std::size_t count = count_at(s, closed.local);
    if (count == 0) {
        s.mib.add(Mib::kTcpExtTCPMigrateReqFailure);
        return nullptr;
    }
    return nth_at(s, closed.local, place_of(s, tuple, count));
}

/// Linux __reuseport_detach_sock(): the last of the group moves into the gap.
void leave_port(StackState& s, const Listener& listener) {
    auto& same_port = s.listeners_by_port[listener.local.port];
    const auto gap = std::find(same_port.begin(), same_port.end(), listener.index);
    CHECK(gap != same_port.end());
    *gap = same_port.back();
    same_port.pop_back();
    if (same_port.empty()) {
        s.listeners_by_port.erase(listener.local.port);
    }
}

void drop_requests_of(Context& cx, const Listener& listener) {
    StackState& s = cx.s;
    for (std::uint32_t i = 0; i < s.requests.end_index(); ++i) {
        if (s.requests.live(i) && s.requests.at(i).listener == listener.index) {
            note_change(cx, s.requests.at(i).tuple, State::kSynReceived, State::kClosed,
                        Cause::kAbort);
            remove_request(s, i);
        }
    }
}

/// Linux inet_child_forget()
void forget_child(Context& cx, Connection& child) {
    child.parent = kNoIndex;
    child.orphan = true;
    ++cx.s.orphans;
    if (child.state == State::kClosed) {
        return destroy(cx.s, child);
    }
    send_active_reset(cx, child);
    done(cx, child, Cause::kAbort);
}

void hand_over(Context& cx, Listener& to, Connection& child) {
    child.parent = to.index;
    to.accept_queue.push_back(child.index);
    if (child.awaits_handshake_ack()) {  // its Fast Open slot is the heir's from now on
        child.rare().fast_open->listener = cx.s.listeners.id_at(to.index);
        ++to.fast_open.pending;
    }
    cx.s.mib.add(Mib::kTcpExtTCPMigrateReqSuccess);
    cx.out.events.push_back({to.socket, poll::kIn});
}

}  // namespace

Listener* find_listener(StackState& s, const FourTuple& tuple) {
    const auto found = s.listeners_by_port.find(tuple.local_port);
    if (found == s.listeners_by_port.end()) {
        return nullptr;
    }
    if (found->second.size() == 1) {  // nearly always
        Listener& only = s.listeners.at(found->second.front());
        const bool serves = only.local.address.is_any() || only.local.address == tuple.local;
        return serves ? &only : nullptr;
    }
    for (const Ipv4 address : {tuple.local, Ipv4{}}) {
        const Endpoint local{address, tuple.local_port};
        const std::size_t count = count_at(s, local);
        if (count > 0) {
            return nth_at(s, local, count == 1 ? 0 : place_of(s, tuple, count));
        }
    }
    return nullptr;
}

Listener* serving_listener(StackState& s, const RequestSock& req) {
    Listener& own = s.listeners.at(req.listener);
    return own.closed ? heir(s, own, req.tuple) : &own;
}

void move_request(StackState& s, std::uint32_t index, Listener& to) {
    RequestSock& req = s.requests.at(index);
    Listener& from = s.listeners.at(req.listener);
    const std::uint32_t young = req.num_timeout == 0 ? 1 : 0;
    --from.syn_queue_len;
    from.syn_queue_young -= young;
    ++to.syn_queue_len;
    to.syn_queue_young += young;
    req.listener = to.index;
    forget_if_done(s, from);
}

std::uint32_t syn_queue_limit(const Sysctl& sysctl, std::uint32_t backlog) {
    if (sysctl.rules.syn_queue_full == Rules::SynQueueFull::kAboveBacklog) {
        return backlog == 0xffffffffU ? backlog : backlog + 1;
    }
    const auto most = static_cast<std::uint32_t>(sysctl.tcp_max_syn_backlog);
    return std::bit_ceil(std::max(8U, std::min(backlog, most)) + 1);
}

void close_listener(Context& cx, Listener& listener) {
    StackState& s = cx.s;
    leave_port(s, listener);
    release_bound_port(s, listener.socket);
    listener.socket = {};
    const bool leaves = migrates(s, listener);
    if (!leaves) {
        drop_requests_of(cx, listener);
    }
    listener.closed = true;
    for (const std::uint32_t index : listener.accept_queue) {
        Connection& child = s.connections.at(index);
        Listener* to = leaves ? heir(s, listener, child.tuple) : nullptr;
        if (to != nullptr) {
            hand_over(cx, *to, child);
        } else {
            forget_child(cx, child);
        }
    }
    listener.accept_queue.clear();
    forget_if_done(s, listener);
}

void forget_if_done(StackState& s, Listener& listener) {
    if (listener.closed && listener.syn_queue_len == 0) {
        s.listeners.erase(s.listeners.id_at(listener.index));
    }
}

}  // namespace netsim::tcp
