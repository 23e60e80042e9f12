// The face of a stack: inputs to the files that handle them, and what can be looked at.
#include "tcp/stack.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/autocork.hpp"
#include "tcp/bbr.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/history.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/skb.hpp"
#include "tcp/sockets.hpp"
#include "tcp/timeouts.hpp"

namespace netsim::tcp {

namespace {

Duration left_until(Time at, Time now) {
    return at == kNever ? Duration{0} : std::max(at - now, Duration{0});
}

void describe_timer(const Connection& c, Time now, SocketInfo& info) {
    const auto set = [&](TimerKind kind, Timer timer) {
        info.timer = kind;
        info.timer_left = left_until(c.deadlines.due(timer), now);
    };
    if (c.deadlines.armed(Timer::kRetransmit)) {
        set(c.retransmit_timer == RetransmitTimer::kProbe0 ? TimerKind::kPersist : TimerKind::kOn,
            Timer::kRetransmit);
    } else if (c.deadlines.armed(Timer::kKeepalive)) {
        set(TimerKind::kKeepalive, Timer::kKeepalive);
    } else if (c.deadlines.armed(Timer::kDelack)) {
        set(TimerKind::kDelack, Timer::kDelack);
    }
}

void describe_rate(const Connection& c, SocketInfo& info) {
    const Sending& tx = c.sending();
    info.delivery_rate = delivery_rate(c);
    info.delivery_rate_app_limited = tx.rate.last_app_limited;
    info.delivered_ce = tx.rate.delivered_ce;
    info.max_pacing_rate = c.opt->max_pacing_rate == kUnlimitedRate ? 0 : c.opt->max_pacing_rate;
    if (const BbrState* b = tx.cc.bbr.get()) {
        info.bbr_bandwidth =
            (std::uint64_t{b->bandwidth()} * c.snd_mss * 1'000'000U) >> bbr::kBwScale;
        info.bbr_min_rtt = std::chrono::microseconds(b->min_rtt_us);
        info.bbr_pacing_gain = b->pacing_gain;
        info.bbr_cwnd_gain = b->cwnd_gain;
    }
}

/// What tcp_info shows before the first sample: TCP_TIMEOUT_INIT as 4 times the deviation.
constexpr auto kRttvarBeforeSample = std::chrono::milliseconds(250);

/// When a mini-record's or a request's timer was asked to fire, where the wheel rounds: `wanted`
/// if the rounding explains the deadline.
Time due_of(const StackState& s, Time deadline, Time wanted) {
    const bool rounded =
        s.wheel.on && wanted <= deadline && deadline - wanted <= std::chrono::seconds(3);
    return rounded ? wanted : deadline;
}

/// Is our SYN, which is on no queue here, still to be acknowledged?
bool opens_actively(const Connection& c) {
    return c.state == State::kSynSent || (c.state == State::kSynReceived && !c.passive);
}

/// Linux keeps the SYN on its retransmission queue: after a time-out it is a segment lost and sent
/// again, and the congestion state is Loss until the handshake undoes it.
void describe_lost_syn(const Connection& c, SocketInfo& info) {
    if (!opens_actively(c) || c.retransmits == 0 || c.congestion == kNoCongestionControl) {
        return;
    }
    Congestion before;  // nothing else has happened to it
    info.lost = 1;
    info.retrans = 1;
    info.snd_cwnd = 1;
    if (c.algorithm().name() != "bbr") {
        info.snd_ssthresh = c.algorithm().ssthresh(before);
    }
    info.ca_state = to_string(CaState::kLoss);
}

SocketInfo describe_connection(const StackState& s, const Connection& c, Time now) {
    const Sending& tx = c.sending();
    SocketInfo info;
    info.kind = EndpointKind::kConnection;
    info.id = c.socket;
    info.state = c.state;
    info.local = c.tuple.local_endpoint();
    info.remote = c.tuple.remote_endpoint();
    info.recv_queue =
        c.rcv_nxt.raw() - c.copied_seq.raw();  // an unread FIN counts 1, as in the kernel
    info.send_queue = c.write_seq.raw() - c.snd_una.raw();
    describe_timer(c, now, info);
    info.probes = std::uint32_t{c.probes} + c.keepalive_probes;
    info.retransmits = info.timer == TimerKind::kOn ? c.retransmits : info.probes;
    info.bound = c.bound_port;
    info.orphan = c.orphan;
    info.snd_cwnd = tx.cc.cwnd;
    info.snd_ssthresh = tx.cc.ssthresh;
    info.snd_mss = c.snd_mss;
    info.rcv_mss = c.ack.rcv_mss;
    info.rto = c.rtt.rto();
    info.srtt = c.rtt.srtt();
    info.rttvar = c.rtt.valid() ? c.rtt.mean_deviation() : Duration(kRttvarBeforeSample);
    info.ato = c.receiving().ato;
    info.unacked = c.packets_out();
    if (opens_actively(c)) {  // data of a SYN are an skb of their own, even if there are none
        info.unacked += c.rare().fast_open && c.rare().fast_open->empty_data ? 2U : 1U;
    }
    info.sacked = tx.sacked_out;
    info.lost = tx.lost_out;
    info.retrans = tx.retrans_out;
    info.retrans_total = tx.retrans_total;
    info.reordering = c.reordering;
    info.reord_seen = tx.reord_seen;
    info.delivered = c.delivered;
    info.dsack_dups = tx.dsack_dups;
    info.bytes_retrans = tx.bytes_retrans;
    info.min_rtt = c.rtt.has_min() ? c.rtt.min() : Duration{0};
    info.pacing_rate = c.pacing_rate;
    info.backoff = c.backoff;
    info.notsent = tx.unsent_bytes;
    info.bytes_sent = tx.bytes_sent + tx.bytes_retrans;  // __tcp_transmit_skb() counts every copy
    // tcp_snd_una_update() counts sequence numbers: of a SYN, but for a listener's child, and a
    // FIN.
    const bool syn_acked = !c.passive && c.snd_una != c.iss;
    const bool fin_acked = c.fin_sent && c.snd_una == c.snd_nxt;
    info.bytes_acked = tx.bytes_acked + (syn_acked ? 1U : 0U) + (fin_acked ? 1U : 0U);
    info.bytes_received = c.receiving().bytes_received;
    info.segs_out = c.segs_out;
    info.segs_in = c.segs_in;
    info.snd_wnd = c.snd_wnd;
    info.rcv_wnd = c.rcv_wnd;
    const ChronoTimes times = chrono_times(c, now);
    info.busy = times.busy;
    info.rwnd_limited = times.rwnd_limited;
    info.sndbuf_limited = times.sndbuf_limited;
    info.advmss = c.advmss;
    info.path_mtu = c.path_mtu;
    info.rcv_ssthresh = c.rcv_ssthresh;
    info.rcvbuf = c.rcvbuf;
    info.sndbuf = c.sndbuf;
    info.rmem_alloc = c.rmem_alloc;
    info.wmem_queued = wmem_queued(c);
    info.wmem_alloc = in_link(s.paths, c, {}).memory;
    info.fwd_alloc = memory_at_hand(c);
    info.last_data_sent = now - c.last_sent_at();
    info.last_data_received = now - last_data_at(s, c);
    info.last_ack_received = now - c.last_ack_at;
    info.snd_wscale = c.options.snd_wscale;
    info.rcv_wscale = c.options.rcv_wscale;
    info.timestamps = c.options.tstamp_ok;
    info.sack = c.options.sack_ok;
    info.window_scale = c.options.wscale_ok;
    if (c.rare().fast_open) {
        info.syn_data = c.rare().fast_open->data_acked;
        info.fastopen_client_fail = static_cast<std::uint8_t>(c.rare().fast_open->fail);
    }
    info.ecn = c.options.ecn_ok;
    info.ecn_seen = c.ecn_seen;
    describe_rate(c, info);
    info.congestion_control = c.congestion != kNoCongestionControl ? c.algorithm().name() : "";
    info.ca_state = to_string(tx.ca_state);
    describe_lost_syn(c, info);
    info.history = history_of(s, c);
    return info;
}

SocketInfo describe_listener(const StackState& s, const Listener& listener) {
    SocketInfo info;
    info.kind = EndpointKind::kListener;
    info.id = listener.socket;
    info.state = State::kListen;
    info.local = listener.local;
    info.recv_queue = listener.accept_queue.size();
    info.send_queue = listener.backlog;
    info.syn_queue = listener.syn_queue_len;
    info.syn_queue_young = listener.syn_queue_young;
    // What a socket has before its first connection: tcp_init_sock().
    const SocketOptions& opt = *listener.opt;
    info.congestion_control = opt.congestion != kNoCongestionControl
                                  ? congestion_control(opt.congestion).name()
                                  : std::string_view(s.sysctl.tcp_congestion_control);
    constexpr std::uint32_t kInitialCwnd = 10;
    info.snd_cwnd = kInitialCwnd;
    info.rcvbuf = opt.rcvbuf != 0 ? opt.rcvbuf : static_cast<std::uint32_t>(s.sysctl.tcp_rmem[1]);
    info.sndbuf = opt.sndbuf != 0 ? opt.sndbuf : static_cast<std::uint32_t>(s.sysctl.tcp_wmem[1]);
    info.history = history_of(listener);
    return info;
}

SocketInfo describe_request(const StackState& s, const RequestSock& req, Time now) {
    SocketInfo info;
    info.kind = EndpointKind::kRequest;
    info.state = State::kSynReceived;
    info.local = req.tuple.local_endpoint();
    info.remote = req.tuple.remote_endpoint();
    info.timer = TimerKind::kOn;
    const Time due = req.link.deadline - std::chrono::milliseconds(req.slack_ms);
    info.timer_left = left_until(due_of(s, req.link.deadline, due), now);
    info.retransmits = req.num_retrans;
    info.history = history_of(s, req);
    return info;
}

SocketInfo describe_time_wait(const StackState& s, const TimeWait& tw, Time now) {
    SocketInfo info;
    info.kind = EndpointKind::kTimeWait;
    info.state = tw.fin_wait_2 ? State::kFinWait2 : State::kTimeWait;
    info.local = tw.tuple.local_endpoint();
    info.remote = tw.tuple.remote_endpoint();
    info.timer = TimerKind::kTimeWait;
    const Duration life = tw.fin_wait_2 ? std::chrono::seconds(tw.life_s) : kTimeWaitLength;
    const Time entered = now - std::chrono::milliseconds(clock_ms(now) - tw.entered_ms);
    const bool known = !tw.fin_wait_2 || tw.life_s != TimeWait::kOddLife;
    const Time due = known ? due_of(s, tw.link.deadline, entered + life) : tw.link.deadline;
    info.timer_left = left_until(due, now);
    info.orphan = true;
    info.history = history_of(tw, entered);
    return info;
}

}  // namespace

Stack::Stack(const Paths& paths, const Sysctl& sysctl, Rng rng)
    : state_(std::make_unique<StackState>(paths, sysctl, rng)) {}

Stack::~Stack() = default;

void Stack::segment_arrives(const wire::Packet& packet, Time now, Outbox& out) {
    Context cx{*state_, now, out};
    tcp::segment_arrives(cx, packet);
}

bool Stack::holds_many() const {
    constexpr std::size_t kMany = 4096;
    return state_->connections.size() + state_->requests.size() >= kMany;
}

void Stack::expect_entry(const wire::Packet& packet) const {
    state_->table.expect(tuple_of(packet));
}

void Stack::expect_record(const wire::Packet& packet) const {
    const StackState& s = *state_;
    if (const auto record = s.table.guess(tuple_of(packet))) {
        switch (record->kind()) {
            case RecordKind::kConnection:
                return prefetch_object(&s.connections.at(record->index()));
            case RecordKind::kRequest:
                return prefetch_object(&s.requests.at(record->index()));
            case RecordKind::kTimeWait:
                return prefetch_object(&s.time_waits.at(record->index()));
        }
    }
}

SocketId Stack::expect_queues(const wire::Packet& packet) const {
    const StackState& s = *state_;
    const auto record = s.table.guess(tuple_of(packet));
    if (!record || record->kind() != RecordKind::kConnection) {
        return {};
    }
    const Connection& c = s.connections.at(record->index());
    c.sending().sent.expect();
    return c.socket;
}

void Stack::timers_expire(Time now, Outbox& out) {
    Context cx{*state_, now, out};
    tcp::timers_expire(cx);
}

Time Stack::next_deadline(Time than) const {
    return tcp::next_deadline(*state_, than);
}

Stack::SendCursor Stack::send_cursor(SocketId s) const {
    const Connection* c = find_connection(*state_, s);
    return c == nullptr
               ? SendCursor{}
               : SendCursor{c->tx_stream, c->sending().tx_offset,
                            std::uint64_t{c->sending().unsent_bytes} + c->sending().sent_bytes};
}

void Stack::set_send_stream(SocketId s, wire::StreamId stream) {
    Connection* c = find_connection(*state_, s);
    CHECK(c != nullptr);
    c->tx_stream = stream;
    if (c->has_sending()) {
        c->edit_sending().tx_offset = 0;
    }
}

wire::StreamId Stack::new_synthetic_stream() {
    state_->next_stream = (state_->next_stream + 1) & ~wire::kRealStream;
    return std::max(state_->next_stream, 1U);
}

unsigned Stack::poll(SocketId s) {
    const unsigned mask = readiness(s);
    Connection* c = find_connection(*state_, s);
    if (c != nullptr && (mask & poll::kOut) == 0 && !c->send_shutdown &&
        c->state != State::kSynSent) {
        c->out_event_wanted = true;
    }
    return mask;
}

unsigned Stack::readiness(SocketId s) const {
    if (const Listener* listener = find_any_listener(*state_, s)) {
        return listener->accept_queue.empty() ? 0 : poll::kIn;
    }
    const Connection* c = find_connection(*state_, s);
    if (c == nullptr) {
        return 0;
    }
    unsigned mask = 0;
    if (c->state == State::kClosed || (c->send_shutdown && c->receive_shutdown)) {
        mask |= poll::kHup;
    }
    if (c->receive_shutdown) {
        mask |= poll::kIn | poll::kRdHup;
    }
    if (c->connect_deferred()) {
        mask |= poll::kOut;  // the first write sends the SYN
    } else if (c->state != State::kSynSent &&
               (c->state != State::kSynReceived || c->awaits_handshake_ack())) {
        const bool at_urgent = c->rare().urgent &&
                               c->rare().urgent->receive != Urgent::Receive::kNone &&
                               c->rare().urgent->urg_seq == c->copied_seq && !c->opt->oob_inline;
        if (c->receiving().received_bytes >= c->opt->rcvlowat + (at_urgent ? 1U : 0U)) {
            mask |= poll::kIn;
        }
        if (c->rare().urgent && c->rare().urgent->receive == Urgent::Receive::kValid) {
            mask |= poll::kPri;
        }
        const bool room = writable(*c, state_->sysctl);
        if (c->send_shutdown || c->state == State::kClosed || room) {
            mask |= poll::kOut;
        }
    }
    if (c->error != Errno::kOk || (c->rare().errors && !c->rare().errors->messages.empty())) {
        mask |= poll::kErr;
    }
    return mask;
}

Result<Endpoint> Stack::local_endpoint(SocketId s) const {
    if (const Listener* listener = find_any_listener(*state_, s)) {
        return listener->local;
    }
    const Connection* c = find_connection(*state_, s);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    return c->tuple.local_endpoint();
}

Result<Endpoint> Stack::remote_endpoint(SocketId s) const {
    const Connection* c = find_connection(*state_, s);
    if (c == nullptr) {
        return fail(find_any_listener(*state_, s) != nullptr ? Errno::kENOTCONN : Errno::kEBADF);
    }
    if (c->state == State::kClosed || c->state == State::kSynSent) {
        return fail(Errno::kENOTCONN);
    }
    return c->tuple.remote_endpoint();
}

void Stack::set_timer_wheel(const TimerWheel& wheel) {
    state_->wheel = wheel;
}

Sysctl& Stack::sysctl() {
    return state_->sysctl;
}

Mibs& Stack::mib() {
    return state_->mib;
}

std::uint64_t Stack::dropped(Drop reason) const {
    return state_->drops[static_cast<std::size_t>(reason)];
}

std::uint64_t Stack::integrity_violations() const {
    return state_->integrity_violations;
}

Result<SocketInfo> Stack::info(SocketId s, Time now) const {
    if (const Listener* listener = find_any_listener(*state_, s)) {
        return describe_listener(*state_, *listener);
    }
    const Connection* c = find_connection(*state_, s);
    if (c == nullptr) {
        return fail(Errno::kEBADF);
    }
    return describe_connection(*state_, *c, now);
}

void Stack::for_each_socket(Time now, const std::function<void(const SocketInfo&)>& visit) const {
    const StackState& s = *state_;
    for (std::uint32_t i = 0; i < s.listeners.end_index(); ++i) {
        if (s.listeners.live(i) && !s.listeners.at(i).closed) {
            visit(describe_listener(s, s.listeners.at(i)));
        }
    }
    for (std::uint32_t i = 0; i < s.connections.end_index(); ++i) {
        if (s.connections.live(i)) {
            visit(describe_connection(s, s.connections.at(i), now));
        }
    }
    for (std::uint32_t i = 0; i < s.requests.end_index(); ++i) {
        if (s.requests.live(i)) {
            visit(describe_request(s, s.requests.at(i), now));
        }
    }
    for (std::uint32_t i = 0; i < s.time_waits.end_index(); ++i) {
        if (s.time_waits.live(i)) {
            visit(describe_time_wait(s, s.time_waits.at(i), now));
        }
    }
}

namespace {

/// Calls visit(listener) for the listeners of a port; 0: of any.
template <typename Visit>
void for_listeners_of(const StackState& s, std::uint16_t port, Visit visit) {
    for (std::uint32_t i = 0; i < s.listeners.end_index(); ++i) {
        if (s.listeners.live(i) && !s.listeners.at(i).closed &&
            (port == 0 || s.listeners.at(i).local.port == port)) {
            visit(s.listeners.at(i));
        }
    }
}

}  // namespace

std::uint32_t Stack::syn_queue_length(std::uint16_t port) const {
    std::uint32_t total = 0;
    for_listeners_of(*state_, port, [&](const Listener& l) { total += l.syn_queue_len; });
    return total;
}

std::uint32_t Stack::accept_queue_length(std::uint16_t port) const {
    std::size_t total = 0;
    for_listeners_of(*state_, port, [&](const Listener& l) { total += l.accept_queue.size(); });
    return static_cast<std::uint32_t>(total);
}

std::uint32_t Stack::syn_queue_peak(std::uint16_t port) const {
    std::uint32_t peak = 0;
    for_listeners_of(*state_, port,
                     [&](const Listener& l) { peak = std::max(peak, l.syn_queue_peak); });
    return peak;
}

std::uint32_t Stack::accept_queue_peak(std::uint16_t port) const {
    std::uint32_t peak = 0;
    for_listeners_of(*state_, port,
                     [&](const Listener& l) { peak = std::max(peak, l.accept_queue_peak); });
    return peak;
}

std::uint8_t Stack::syn_retransmits(SocketId s) const {
    const Connection* c = find_connection(*state_, s);
    return c == nullptr ? 0 : c->syn_retransmits;
}

std::uint64_t Stack::bytes_acked(SocketId s) const {
    const Connection* c = find_connection(*state_, s);
    return c == nullptr ? 0 : c->sending().bytes_acked;
}

Stack::Footprint Stack::footprint() {
    // A slab keeps a generation of 4 bytes beside each connection, a bit beside the others; a table
    // entry is 8 bytes at a load between 16/25 and 4/5.
    constexpr std::size_t kGeneration = 4;
    constexpr std::size_t kEntry = 12;
    return {sizeof(RequestSock) + kEntry, sizeof(Connection) + kGeneration + kEntry,
            sizeof(TimeWait) + kEntry};
}

}  // namespace netsim::tcp
