// What applications call: open, listen, accept, send, receive, shutdown, close. RFC 9293 §3.10.1-6;
// errno and side effects as Linux (af_inet.c, tcp.c, inet_connection_sock.c).
#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/input.hpp"
#include "tcp/listeners.hpp"
#include "tcp/orphans.hpp"
#include "tcp/output.hpp"
#include "tcp/ports.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

namespace {

/// The FIN's place in the state machine. Linux tcp_close_state(): true if a FIN must be sent.
bool close_state(Context& cx, Connection& c) {
    switch (c.state) {
        case State::kSynReceived:
            if (!c.awaits_handshake_ack()) {
                return false;
            }
            [[fallthrough]];
        case State::kEstablished:
            enter(cx, c, State::kFinWait1, Cause::kClose);
            return true;
        case State::kCloseWait:
            enter(cx, c, State::kLastAck, Cause::kClose);
            return true;
        default:
            return false;
    }
}

/// After the FIN: an orphan in FIN-WAIT-2 becomes a record; too many orphans are reset.
void settle_orphan(Context& cx, Connection& c) {
    if (c.state == State::kFinWait2) {
        if (c.opt->linger2 < 0) {
            cx.s.mib.add(Mib::kTcpExtTCPAbortOnLinger);
            send_active_reset(cx, c);
            return done(cx, c, Cause::kAbort);
        }
        const Duration life = fin_time(cx.s, c);
        if (life <= kTimeWaitLength) {
            return become_time_wait(cx, c, true, life, Cause::kClose);
        }
        arm(cx, c, Timer::kKeepalive, cx.now + (life - kTimeWaitLength));
    }
    if (too_many_orphans(cx.s, 0)) {
        cx.s.mib.add(Mib::kTcpExtTCPAbortOnMemory);
        send_active_reset(cx, c);
        done(cx, c, Cause::kAbort);
    }
}

/// Has the peer something to lose, so that it must be told? Linux tcp_need_reset(), and
/// tcp_disconnect() for the states after both FINs.
bool abort_needs_reset(const Connection& c) {
    switch (c.state) {
        case State::kEstablished:
        case State::kCloseWait:
        case State::kFinWait1:
        case State::kFinWait2:
        case State::kSynReceived:
            return true;
        case State::kClosing:
        case State::kLastAck:
            return c.snd_nxt != c.write_seq;
        default:
            return false;
    }
}

void close_connection(Context& cx, Connection& c) {
    StackState& s = cx.s;
    if (c.bound_port) {
        release_bound_port(s, c.socket);
    }
    c.socket = {};
    const bool unread = c.receiving().received_bytes > 0;
    forget_received(c);
    c.receive_shutdown = true;
    c.send_shutdown = true;
    c.orphan = true;
    ++s.orphans;
    if (c.state == State::kClosed) {
        return destroy(s, c);
    }
    if (c.state == State::kSynSent) {
        s.mib.add(Mib::kTcpExtTCPAbortOnData, c.opt->linger == 0 ? 1 : 0);
        return done(cx, c, Cause::kClose);
    }
    if (unread && s.follows(LessonRule::kUnreadReset)) {  // RFC 2525 §2.17
        s.mib.add(Mib::kTcpExtTCPAbortOnClose);
        send_active_reset(cx, c);
        return done(cx, c, Cause::kAbort);
    }
    if (c.opt->linger == 0 && s.follows(LessonRule::kLingerReset)) {
        s.mib.add(Mib::kTcpExtTCPAbortOnData);
        if (abort_needs_reset(c)) {
            send_active_reset(cx, c);
        }
        return done(cx, c, Cause::kAbort);
    }
    if (close_state(cx, c)) {
        queue_fin(cx, c);
    }
    settle_orphan(cx, c);
}

/// Gives the socket this port, or one of the kernel's choice for port 0.
Result<void> take_port(StackState& s, Connection& c, Endpoint local) {
    c.port_named = local.port != 0;
    if (local.port == 0) {
        const auto port = choose_bind_port(s, c.socket, local.address, *c.opt);
        if (!port) {
            return fail(Errno::kEADDRINUSE);
        }
        local.port = *port;
    } else if (!can_bind(s, c.socket, local, *c.opt)) {
        return fail(Errno::kEADDRINUSE);
    }
    c.tuple.local = local.address;
    c.tuple.local_port = local.port;
    c.bound_port = true;
    c.bound_address = !local.address.is_any();
    bind_port(s, {local, c.socket, c.opt->reuse_addr, c.opt->reuse_port, false});
    return {};
}

/// Linux inet_shutdown() of a listener, which is tcp_disconnect(): what waits in its queues is
/// reset, the socket is closed and keeps the port that bind(2) named.
void stop_listening(Context& cx, Listener& listener) {
    StackState& s = cx.s;
    Connection& c = new_connection(s);
    c.socket = listener.socket;
    c.opt = listener.opt;
    c.tuple.local = listener.local.address;
    c.bound_address = !listener.local.address.is_any();
    c.bound_port = c.port_named = listener.port_named;
    c.edit_rare().md5 = std::make_unique<Md5Keys>(listener.md5);
    if (listener.fast_open.keys.count != 0) {
        c.edit_rare().fast_open = std::make_unique<FastOpenState>();
        c.rare().fast_open->keys = listener.fast_open.keys;
    }
    const Endpoint local = listener.local;
    note_change(cx, {local.address, Ipv4{}, local.port, 0}, State::kListen, State::kClosed,
                Cause::kClose);
    close_listener(cx, listener);
    if (c.bound_port) {
        c.tuple.local_port = local.port;
        bind_port(s, {local, c.socket, c.opt->reuse_addr, c.opt->reuse_port, false});
    }
    s.sockets.at(c.socket.index) = {false, c.index};
    notify(cx, c, poll::kOut | poll::kHup);
}

}  // namespace

Result<SocketId> Stack::socket() {
    StackState& s = *state_;
    Connection& c = new_connection(s);
    const Id<SocketEntry> id = s.sockets.emplace(SocketEntry{false, c.index});
    c.socket = {id.index, id.generation};
    assign_congestion_control(s.sysctl, c.opt);
    return c.socket;
}

Result<void> Stack::bind(SocketId socket, Endpoint local) {
    StackState& s = *state_;
    Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(find_any_listener(s, socket) != nullptr ? Errno::kEINVAL : Errno::kEBADF);
    }
    if (c->state != State::kClosed || c->bound_port) {
        return fail(Errno::kEINVAL);
    }
    if (!local.address.is_any() && !c->opt->freebind && !s.paths.is_local(local.address)) {
        return fail(Errno::kEADDRNOTAVAIL);
    }
    if (local.port == 0 && c->opt->bind_address_no_port) {
        c->tuple.local = local.address;
        c->bound_address = !local.address.is_any();
        return {};
    }
    return take_port(s, *c, local);
}

Result<void> Stack::listen(SocketId socket, int backlog, Time now, Outbox& out) {
    StackState& s = *state_;
    const auto most = static_cast<std::uint32_t>(s.sysctl.somaxconn);
    const std::uint32_t limit = std::min(static_cast<std::uint32_t>(backlog), most);
    if (Listener* again = find_any_listener(s, socket)) {
        again->backlog = limit;  // calling listen() again only changes the limits
        if (s.sysctl.rules.syn_queue_full == Rules::SynQueueFull::kAboveBacklog) {
            again->syn_queue_limit = syn_queue_limit(s.sysctl, limit);
        }
        return {};
    }
    Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (c->state != State::kClosed || c->connecting) {
        return fail(Errno::kEINVAL);
    }
    if (!c->bound_port) {
        const Ipv4 address = c->bound_address ? c->tuple.local : Ipv4{};
        if (const auto bound = take_port(s, *c, {address, 0}); !bound) {
            return bound;
        }
    }
    // Two listeners on one address and port only with SO_REUSEPORT on both: bind() let SO_REUSEADDR
    // pass, listen() looks again.
    const Endpoint local = c->tuple.local_endpoint();
    if (!can_bind(s, socket, local, *c->opt)) {
        return fail(Errno::kEADDRINUSE);
    }
    Context cx{s, now, out};
    const Id<Listener> id = s.listeners.emplace();
    Listener& listener = s.listeners.at(id.index);
    listener.index = id.index;
    listener.local = local;
    listener.port_named = c->port_named;
    listener.backlog = limit;
    listener.syn_queue_limit = syn_queue_limit(s.sysctl, limit);
    listener.opt = c->opt;
    listener.socket = socket;
    listener.fast_open.most = c->opt->fastopen;
    if (c->rare().fast_open) {
        listener.fast_open.keys = c->rare().fast_open->keys;
    }
    if (c->rare().md5) {
        listener.md5 = std::move(*c->rare().md5);
    }
    constexpr std::int64_t kEvery = fastopen_bit::kServer | fastopen_bit::kAllListeners;
    if (listener.fast_open.most == 0 && (s.sysctl.tcp_fastopen & kEvery) == kEvery) {
        listener.fast_open.most = limit;
        draw_fast_open_key(s);
    }
    s.listeners_by_port[local.port].push_back(id.index);
    s.sockets.at(socket.index) = {true, id.index};
    for (BoundPort& b : s.bound) {
        b.listening = b.listening || b.socket == socket;
    }
    note_change(cx, {local.address, Ipv4{}, local.port, 0}, State::kClosed, State::kListen,
                Cause::kPassiveOpen);
    c->socket = {};
    s.connections.erase(s.connections.id_at(c->index));
    return {};
}

Result<SocketId> Stack::accept(SocketId socket) {
    StackState& s = *state_;
    Listener* listener = find_any_listener(s, socket);
    if (listener == nullptr) {
        return fail(find_connection(s, socket) != nullptr ? Errno::kEINVAL : Errno::kEBADF);
    }
    if (listener->accept_queue.empty()) {
        return fail(Errno::kEAGAIN);
    }
    const std::uint32_t index = listener->accept_queue.front();
    listener->accept_queue.pop_front();
    Connection& c = s.connections.at(index);
    c.parent = kNoIndex;
    if (c.state == State::kClosed && c.reset &&
        s.sysctl.rules.reset_in_queue == Rules::ResetInQueue::kEconnaborted) {
        s.connections.erase(s.connections.id_at(index));
        return fail(Errno::kECONNABORTED);
    }
    const Id<SocketEntry> id = s.sockets.emplace(SocketEntry{false, index});
    c.socket = {id.index, id.generation};
    return c.socket;
}

Result<std::uint64_t> Stack::send_room(SocketId socket) {
    Connection* c = find_connection(*state_, socket);
    if (c == nullptr) {
        return fail(find_any_listener(*state_, socket) != nullptr ? Errno::kEPIPE : Errno::kEBADF);
    }
    if (c->error != Errno::kOk) {
        return fail(take_error(*c));
    }
    if (c->connect_deferred()) {
        return syn_room(*state_, *c);
    }
    if (c->state == State::kSynSent ||
        (c->state == State::kSynReceived && !c->awaits_handshake_ack())) {
        return fail(c->send_shutdown ? Errno::kEPIPE : Errno::kEAGAIN);
    }
    if (c->send_shutdown || c->state == State::kClosed) {
        return fail(Errno::kEPIPE);
    }
    constexpr std::uint64_t kMaxRwCount = 0x7ffff000;  // MAX_RW_COUNT, of any write
    return kMaxRwCount;
}

Result<std::uint64_t> Stack::send(SocketId socket, const wire::PayloadRef& payload, Time now,
                                  Outbox& out, const SendFlags& flags) {
    Connection* c = find_connection(*state_, socket);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    CHECK(payload.stream == c->tx_stream && payload.offset == c->sending().tx_offset);
    Context cx{*state_, now, out};
    if (c->connect_deferred()) {
        const std::uint32_t taken = send_deferred_syn(cx, *c, payload, flags.unreadable);
        if (taken > 0 && flags.zerocopy && c->opt->zerocopy) {
            mark_zerocopy(*c, c->sending().sent.back().end);
        }
        return taken > 0 ? Result<std::uint64_t>(taken) : fail(Errno::kEINPROGRESS);
    }
    if (payload.length == 0) {
        return 0;
    }
    const std::uint32_t taken = write_data(cx, *c, payload, flags);
    c->edit_sending().tx_offset += taken;
    return taken > 0 ? Result<std::uint64_t>(taken) : fail(Errno::kEAGAIN);
}

Result<void> Stack::shutdown(SocketId socket, Shutdown how, Time now, Outbox& out) {
    StackState& s = *state_;
    Context cx{s, now, out};
    if (Listener* listener = find_any_listener(s, socket)) {
        if (how != Shutdown::kWrite) {
            stop_listening(cx, *listener);
        }
        return {};
    }
    Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (c->state == State::kClosed) {
        return fail(Errno::kENOTCONN);
    }
    if (c->state == State::kSynSent) {
        return disconnect(socket, now, out);
    }
    if (how != Shutdown::kWrite) {
        c->receive_shutdown = true;
    }
    if (how != Shutdown::kRead && !c->send_shutdown) {
        c->send_shutdown = true;
        // In SYN-RECEIVED the FIN waits for the handshake's last ACK (tcp_shutdown()).
        if (c->state != State::kSynReceived && close_state(cx, *c)) {
            queue_fin(cx, *c);
        }
    }
    notify(cx, *c,
           (c->receive_shutdown ? poll::kIn | poll::kRdHup : 0U) |
               (c->send_shutdown ? poll::kOut : 0U) |
               (c->receive_shutdown && c->send_shutdown ? poll::kHup : 0U));
    return {};
}

Result<void> Stack::close(SocketId socket, Time now, Outbox& out) {
    StackState& s = *state_;
    Context cx{s, now, out};
    if (Listener* listener = find_any_listener(s, socket)) {
        note_change(cx, {listener->local.address, Ipv4{}, listener->local.port, 0}, State::kListen,
                    State::kClosed, Cause::kClose);
        close_listener(cx, *listener);
    } else if (Connection* c = find_connection(s, socket)) {
        close_connection(cx, *c);
    } else {
        return fail(Errno::kEBADF);
    }
    s.sockets.erase(Id<SocketEntry>{socket.index, socket.generation});
    return {};
}

}  // namespace netsim::tcp
