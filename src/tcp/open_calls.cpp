// Opening actively: connect(2), and sendto(2) with MSG_FASTOPEN; and back to a fresh socket.
// RFC 9293 §3.10.1, RFC 7413 §4.2.1; Linux __inet_stream_connect(), tcp_v4_connect(),
// tcp_sendmsg_fastopen(), tcp_disconnect().
#include <algorithm>
#include <utility>

#include "tcp/actions.hpp"
#include "tcp/ecn.hpp"
#include "tcp/fastopen_active.hpp"
#include "tcp/output.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/ports.hpp"
#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"
#include "tcp/tw_recycle.hpp"

namespace netsim::tcp {

namespace {

/// A socket that failed to connect may try again: everything but its options and its port is new.
void make_fresh(StackState& s, Connection& c) {
    Connection fresh(*s.records);
    fresh.index = c.index;
    fresh.socket = c.socket;
    fresh.opt = c.opt;
    if (c.rare().errors) {
        fresh.edit_rare().errors = std::move(c.edit_rare().errors);
    }
    if (c.rare().md5) {
        fresh.edit_rare().md5 = std::move(c.edit_rare().md5);
    }
    fresh.bound_port = c.bound_port;
    fresh.bound_address = c.bound_address;
    if (c.rare().fast_open && c.rare().fast_open->keys.count != 0) {
        fresh.edit_rare().fast_open = std::make_unique<FastOpenState>();
        fresh.rare().fast_open->keys = c.rare().fast_open->keys;
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
        c.tuple.remote_port = 0;  // tcp_disconnect(): what ss shows of it from now on
        c.write_seq += c.max_window + 2;
        const Errno error = std::exchange(c.error, Errno::kOk);
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
    c.iss = old ? old->isn : take_isn(s, start.isn);
    c.ts_offset = start.ts_offset;
    c.snd_una = c.snd_nxt = c.write_seq = c.iss;
    note_path(c, path);
    c.advmss = path_mss(path);
    if (c.opt->maxseg != 0) {
        c.advmss = std::min(c.advmss, c.opt->maxseg);
    }
    // A SYN that takes over a TIME-WAIT record knows that the peer has timestamps: it echoes the
    // last one, and its window is whole segments that carry them (Linux tcp_connect_init()).
    std::uint32_t unit = c.advmss;
    if (old && s.sysctl.tcp_timestamps != 0) {
        c.ts_recent = old->ts_recent;
        c.ts_recent_stamp_s = old->ts_recent_stamp_s;
        unit -= 12;
    }
    if (!old) {
        fetch_peer_timestamp(s, c, cx.now);
    }
    const InitialWindow w = initial_window(s, *c.opt, unit, s.sysctl.tcp_window_scaling != 0);
    c.rcv_wnd = w.window;
    c.window_clamp = w.clamp;
    c.options.rcv_wscale = static_cast<std::uint8_t>(w.scale & 15U);
    // Until the peer's MSS is known (tcp_sync_mss() in tcp_connect_init()).
    const std::uint32_t assumed = std::min<std::uint32_t>(536, c.advmss);
    c.snd_mss = static_cast<std::uint16_t>(assumed - (s.sysctl.tcp_timestamps != 0 ? 12U : 0U));
    c.rtt.use_ticks(s.wheel.granularity());
    c.options.ecn_ok = ecn_asked_for(s.sysctl, path);
    take_route_congestion(path, c.opt);
    c.congestion = c.opt->congestion;
    c.opened_at = cx.now;
    c.connecting = true;
    c.attempted = true;
    hash_connection(s, c);
    enter(cx, c, State::kSynSent, Cause::kActiveOpen);
}

/// The SYN goes, or with TCP_FASTOPEN_CONNECT and a cookie waits for the first write. Linux
/// tcp_fastopen_defer_connect().
Result<void> begin_open(Context& cx, Connection& c) {
    if (!c.opt->fastopen_connect) {
        send_first_syn(cx, c, {}, {});
        return fail(Errno::kEINPROGRESS);
    }
    if (!c.rare().fast_open) {
        c.edit_rare().fast_open = std::make_unique<FastOpenState>();
    }
    c.rare().fast_open->deferred = fast_open_offer(cx.s, c, cx.now).data;
    if (c.rare().fast_open->deferred) {
        return {};
    }
    send_deferred_syn(cx, c, {}, false);
    return fail(Errno::kEINPROGRESS);
}

/// connect()'s checks and choices, up to the SYN. An error, or SYN-SENT.
Errno open_towards(Context& cx, Connection& c, Endpoint remote) {
    StackState& s = cx.s;
    if (remote.address.is_any() || remote.port == 0) {
        return remote.port == 0 ? Errno::kEINVAL : Errno::kECONNREFUSED;
    }
    if (remote.address.is_multicast() || remote.address.is_broadcast()) {
        return Errno::kENETUNREACH;
    }
    if (c.attempted) {
        make_fresh(s, c);
    }
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
        const auto port = choose_connect_port(cx, local, remote, *c.opt, old);
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
    if (!c->rare().fast_open) {
        c->edit_rare().fast_open = std::make_unique<FastOpenState>();
    }
    c->rare().fast_open->deferred = true;
    return {};
}

bool Stack::opening(SocketId socket) const {
    const Connection* c = find_connection(*state_, socket);
    return c != nullptr && (c->state == State::kSynSent ||
                            (c->state == State::kSynReceived && !c->awaits_handshake_ack()));
}

void Stack::await_handshake(SocketId socket) {
    Connection* c = find_connection(*state_, socket);
    if (c != nullptr && opening(socket)) {
        c->write_pending = true;
    }
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
    make_fresh(s, *c);
    c->error = error;
    notify(cx, *c, error != Errno::kOk ? poll::kErr : 0U);
    return {};
}

}  // namespace netsim::tcp
