// What applications call: open, listen, accept, send, receive, shutdown, close. RFC 9293 §3.10.1-6;
// errno and side effects as Linux (af_inet.c, tcp.c, inet_connection_sock.c).
#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/input.hpp"
#include "tcp/listeners.hpp"
#include "tcp/orphans.hpp"
#include "tcp/output.hpp"
#include "tcp/ports.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"
#include "tcp/write_queue.hpp"

namespace netsim::tcp {

namespace {

/// Takes and clears the pending error (Linux sock_error()).
Errno take_error(Connection& c) {
    return std::exchange(c.error, Errno::kOk);
}

/// A socket that failed to connect may try again: everything but its options and its port is new.
void make_fresh(Connection& c) {
    Connection fresh;
    fresh.index = c.index;
    fresh.socket = c.socket;
    fresh.opt = c.opt;
    fresh.errors = std::move(c.errors);
    fresh.bound_port = c.bound_port;
    fresh.bound_address = c.bound_address;
    if (c.fast_open && c.fast_open->keys.count != 0) {
        fresh.fast_open = std::make_unique<FastOpenState>();
        fresh.fast_open->keys = c.fast_open->keys;
    }
    if (c.bound_port) {
        fresh.tuple.local_port = c.tuple.local_port;
    }
    if (c.bound_address) {
        fresh.tuple.local = c.tuple.local;
    }
    fresh.port_named = c.port_named;
    c = std::move(fresh);
}

/// connect() on a socket that has been connected, or tried to. nullopt: it may begin.
std::optional<Errno> connect_again(Connection& c) {
    if (c.connect_deferred()) {
        return Errno::kEISCONN;  // connected in name
    }
    if (c.state == State::kSynSent || c.state == State::kSynReceived) {
        return c.connecting ? Errno::kEALREADY : Errno::kEISCONN;
    }
    if (c.state != State::kClosed) {
        if (c.connecting) {
            c.connecting = false;
            return Errno::kOk;  // the outcome, reported once
        }
        return Errno::kEISCONN;
    }
    if (c.connecting) {  // it failed: say so once, then the socket is free again
        c.connecting = false;
        const Errno error = take_error(c);
        return error != Errno::kOk ? error : Errno::kECONNABORTED;
    }
    if (c.was_open) {  // SS_CONNECTED outlives the connection
        return Errno::kEISCONN;
    }
    return std::nullopt;
}

/// SYN-SENT with all it takes to send the SYN.
void prepare_open(Context& cx, Connection& c, const PathInfo& path,
                  const std::optional<OldIncarnation>& old) {
    StackState& s = cx.s;
    const IsnAndOffset start = secure_isn(s, c.tuple, cx.now);
    c.iss = old ? old->isn : start.isn;
    c.ts_offset = start.ts_offset;
    c.snd_una = c.snd_nxt = c.write_seq = c.snd_sml = c.iss;
    c.path_mtu = path.mtu;
    c.advmss = path_mss(path);
    if (c.opt.maxseg != 0) {
        c.advmss = std::min(c.advmss, c.opt.maxseg);
    }
    // A SYN that takes over a TIME-WAIT record knows that the peer has timestamps: it echoes the
    // last one, and its window is whole segments that carry them (Linux tcp_connect_init()).
    std::uint32_t unit = c.advmss;
    if (old && s.sysctl.tcp_timestamps != 0) {
        c.ts_recent = old->ts_recent;
        c.ts_recent_stamp_s = old->ts_recent_stamp_s;
        unit -= 12;
    }
    const InitialWindow w = initial_window(s, c.opt, unit, s.sysctl.tcp_window_scaling != 0);
    c.rcv_wnd = w.window;
    c.window_clamp = w.clamp;
    c.options.rcv_wscale = static_cast<std::uint8_t>(w.scale & 15U);
    c.cc.algorithm = &congestion_control(s.sysctl.tcp_congestion_control);
    c.created_at = cx.now;
    c.connecting = true;
    hash_connection(s, c);
    enter(cx, c, State::kSynSent, Cause::kActiveOpen);
}

/// The SYN goes, or with TCP_FASTOPEN_CONNECT and a cookie waits for the first write. Linux
/// tcp_fastopen_defer_connect().
Result<void> begin_open(Context& cx, Connection& c) {
    if (!c.opt.fastopen_connect) {
        send_first_syn(cx, c, {}, {});
        return fail(Errno::kEINPROGRESS);
    }
    if (!c.fast_open) {
        c.fast_open = std::make_unique<FastOpenState>();
    }
    c.fast_open->deferred = fast_open_offer(cx.s, c, cx.now).data;
    if (c.fast_open->deferred) {
        return {};
    }
    send_deferred_syn(cx, c, {});
    return fail(Errno::kEINPROGRESS);
}

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
        if (c.opt.linger2 < 0) {
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
    release_bound_port(s, c.socket);
    c.socket = {};
    const bool unread = c.received_bytes > 0;
    c.received.clear();
    c.received_bytes = 0;
    c.receive_shutdown = true;
    c.send_shutdown = true;
    c.orphan = true;
    ++s.orphans;
    if (c.state == State::kClosed) {
        return destroy(s, c);
    }
    if (c.state == State::kSynSent) {
        return done(cx, c, Cause::kClose);
    }
    if (unread) {  // RFC 2525 §2.17
        s.mib.add(Mib::kTcpExtTCPAbortOnClose);
        send_active_reset(cx, c);
        return done(cx, c, Cause::kAbort);
    }
    if (c.opt.linger == 0) {
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
        const auto port = choose_bind_port(s, c.socket, local.address, c.opt);
        if (!port) {
            return fail(Errno::kEADDRINUSE);
        }
        local.port = *port;
    } else if (!can_bind(s, c.socket, local, c.opt)) {
        return fail(Errno::kEADDRINUSE);
    }
    c.tuple.local = local.address;
    c.tuple.local_port = local.port;
    c.bound_port = true;
    c.bound_address = !local.address.is_any();
    bind_port(s, {local, c.socket, c.opt.reuse_addr, c.opt.reuse_port, false});
    return {};
}

}  // namespace

Result<SocketId> Stack::socket() {
    StackState& s = *state_;
    Connection& c = new_connection(s);
    const Id<SocketEntry> id = s.sockets.emplace(SocketEntry{false, c.index});
    c.socket = {id.index, id.generation};
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
    if (!local.address.is_any() && !c->opt.freebind && !s.paths.is_local(local.address)) {
        return fail(Errno::kEADDRNOTAVAIL);
    }
    if (local.port == 0 && c->opt.bind_address_no_port) {
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
        again->backlog = limit;  // calling listen() again only changes the limit
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
    if (!can_bind(s, socket, local, c->opt)) {
        return fail(Errno::kEADDRINUSE);
    }
    Context cx{s, now, out};
    const Id<Listener> id = s.listeners.emplace();
    Listener& listener = s.listeners.at(id.index);
    listener.index = id.index;
    listener.local = local;
    listener.backlog = limit;
    listener.opt = c->opt;
    listener.socket = socket;
    listener.fast_open.most = c->opt.fastopen;
    if (c->fast_open) {
        listener.fast_open.keys = c->fast_open->keys;
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

namespace {

/// connect()'s checks and choices, up to the SYN. An error, or SYN-SENT.
Errno open_towards(Context& cx, Connection& c, Endpoint remote) {
    StackState& s = cx.s;
    if (remote.address.is_any() || remote.port == 0) {
        return remote.port == 0 ? Errno::kEINVAL : Errno::kECONNREFUSED;
    }
    if (remote.address.is_multicast() || remote.address.is_broadcast()) {
        return Errno::kENETUNREACH;
    }
    make_fresh(c);
    const PathInfo path = s.paths.path(remote.address);
    if (path.error != Errno::kOk) {
        return path.error;
    }
    const Ipv4 local = c.bound_address ? c.tuple.local : path.source;
    std::optional<OldIncarnation> old;
    if (c.bound_port) {
        const FourTuple tuple{local, remote.address, c.tuple.local_port, remote.port};
        if (!claim_tuple(cx, tuple, true, old)) {
            return Errno::kEADDRNOTAVAIL;
        }
        c.tuple = tuple;
    } else {
        const auto port = choose_connect_port(cx, local, remote, c.opt, old);
        if (!port) {
            return Errno::kEADDRNOTAVAIL;
        }
        c.tuple = {local, remote.address, *port, remote.port};
    }
    prepare_open(cx, c, path, old);
    return Errno::kOk;
}

}  // namespace

Result<void> Stack::connect(SocketId socket, Endpoint remote, Time now, Outbox& out) {
    StackState& s = *state_;
    Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(find_any_listener(s, socket) != nullptr ? Errno::kEISCONN : Errno::kEBADF);
    }
    if (const auto outcome = connect_again(*c)) {
        return *outcome == Errno::kOk ? Result<void>{} : fail(*outcome);
    }
    Context cx{s, now, out};
    const Errno error = open_towards(cx, *c, remote);
    return error == Errno::kOk ? begin_open(cx, *c) : fail(error);
}

Result<void> Stack::fast_open(SocketId socket, Endpoint remote, Time now, Outbox& out) {
    StackState& s = *state_;
    Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(find_any_listener(s, socket) != nullptr ? Errno::kEISCONN : Errno::kEBADF);
    }
    if ((s.sysctl.tcp_fastopen & fastopen_bit::kClient) == 0) {
        return fail(Errno::kEOPNOTSUPP);
    }
    if (c->connect_deferred()) {
        return {};
    }
    if (const auto outcome = connect_again(*c)) {
        return *outcome == Errno::kOk ? Result<void>{} : fail(*outcome);
    }
    Context cx{s, now, out};
    const Errno error = open_towards(cx, *c, remote);
    if (error != Errno::kOk) {
        return fail(error);
    }
    if (!c->fast_open) {
        c->fast_open = std::make_unique<FastOpenState>();
    }
    c->fast_open->deferred = true;
    return {};
}

bool Stack::opening(SocketId socket) const {
    const Connection* c = find_connection(*state_, socket);
    return c != nullptr &&
           (c->state == State::kSynSent ||
            (c->state == State::kSynReceived && !c->awaits_handshake_ack()));
}

void Stack::await_handshake(SocketId socket) {
    Connection* c = find_connection(*state_, socket);
    if (c != nullptr && opening(socket)) {
        c->write_pending = true;
    }
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
    const Id<SocketEntry> id = s.sockets.emplace(SocketEntry{false, index});
    c.parent = kNoIndex;
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
    const std::uint32_t queued = c->unsent_bytes + c->sent_bytes;
    if (!memory_free(*c, state_->sysctl)) {
        c->out_event_wanted = true;  // the send buffer holds it up: the next ACK shows it
        return fail(Errno::kEAGAIN);
    }
    return c->sndbuf - queued;
}

Result<std::uint64_t> Stack::send(SocketId socket, const wire::PayloadRef& payload, Time now,
                                  Outbox& out, const SendFlags& flags) {
    Connection* c = find_connection(*state_, socket);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    CHECK(payload.stream == c->tx_stream && payload.offset == c->tx_offset);
    Context cx{*state_, now, out};
    if (c->connect_deferred()) {
        const std::uint32_t taken = send_deferred_syn(cx, *c, payload);
        return taken > 0 ? Result<std::uint64_t>(taken) : fail(Errno::kEINPROGRESS);
    }
    if (payload.length == 0) {
        return 0;
    }
    const bool zerocopy = flags.zerocopy && c->opt.zerocopy;
    if (zerocopy) {
        append_pieces(*c, payload, flags.pieces);
    } else {
        append_written(*c, payload);
    }
    UnsentChunk& tail = c->unsent.back();
    tail.push = !flags.more;
    tail.sealed = tail.sealed || flags.end_of_record;
    c->unsent_bytes += payload.length;
    c->write_seq += payload.length;
    c->tx_offset += payload.length;
    if (flags.urgent) {
        mark_urgent(*c);
    }
    mark_send(*c, zerocopy);
    push_pending(cx, *c, flags.more ? Nagle::kCork : Nagle::kSocket);
    return payload.length;
}

Result<void> Stack::disconnect(SocketId socket, Time now, Outbox& out) {
    StackState& s = *state_;
    Context cx{s, now, out};
    if (find_any_listener(s, socket) != nullptr) {
        return fail(Errno::kEOPNOTSUPP);
    }
    Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    Errno error = c->error;
    if (c->state != State::kClosed) {
        const bool unsent = c->snd_nxt != c->write_seq &&
                            (c->state == State::kClosing || c->state == State::kLastAck);
        const bool resets = unsent || c->state == State::kEstablished ||
                            c->state == State::kCloseWait || c->state == State::kFinWait1 ||
                            c->state == State::kFinWait2 || c->state == State::kSynReceived;
        if (resets) {
            send_active_reset(cx, *c);
        }
        if (resets || c->state == State::kSynSent) {
            error = Errno::kECONNRESET;
        }
        done(cx, *c, Cause::kAbort);
    }
    make_fresh(*c);
    c->error = error;
    notify(cx, *c, error != Errno::kOk ? poll::kErr : 0U);
    return {};
}

Result<void> Stack::shutdown(SocketId socket, Shutdown how, Time now, Outbox& out) {
    StackState& s = *state_;
    Connection* c = find_connection(s, socket);
    if (c == nullptr) {
        return fail(find_any_listener(s, socket) != nullptr ? Errno::kENOTCONN : Errno::kEBADF);
    }
    if (c->state == State::kClosed) {
        return fail(Errno::kENOTCONN);
    }
    Context cx{s, now, out};
    if (c->state == State::kSynSent) {  // Linux: tcp_disconnect()
        c->connecting = false;
        c->error = Errno::kECONNRESET;
        done(cx, *c, Cause::kClose);
        return {};
    }
    if (how != Shutdown::kWrite) {
        c->receive_shutdown = true;
    }
    if (how != Shutdown::kRead && !c->send_shutdown) {
        c->send_shutdown = true;
        if (close_state(cx, *c)) {
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
