// The verbs every state shares.
#include "tcp/actions.hpp"

#include "tcp/fastopen_active.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/listeners.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/pacing.hpp"
#include "tcp/ports.hpp"
#include "tcp/tw_recycle.hpp"

namespace netsim::tcp {

namespace {

bool counts_as_established(State state) {
    return state == State::kEstablished || state == State::kCloseWait;
}

/// What has not been sent, or not acknowledged, or not come in order.
void forget_queues(Connection& c) {
    if (c.has_sending()) {
        Sending& tx = c.edit_sending();
        tx.sent.recycle();
        tx.unsent.recycle();
        tx.sent_bytes = tx.sent_skbs = tx.unsent_bytes = 0;
        tx.sacked_out = tx.lost_out = tx.retrans_out = 0;
    }
    if (c.rare().reassembly) {
        c.edit_rare().reassembly.reset();
    }
}

std::uint8_t whole_seconds(Duration life) {
    const auto s = std::chrono::duration_cast<std::chrono::seconds>(life);
    const bool fits = s == life && s < std::chrono::seconds(TimeWait::kOddLife);
    return fits ? static_cast<std::uint8_t>(s.count()) : TimeWait::kOddLife;
}

}  // namespace

void enter(Context& cx, Connection& c, State to, Cause cause) {
    const State from = c.state;
    CHECK(legal(from, cause, to));
    if (counts_as_established(from) != counts_as_established(to)) {
        if (counts_as_established(to)) {
            cx.s.mib.add(Mib::kTcpCurrEstab);
        } else {
            cx.s.mib.sub(Mib::kTcpCurrEstab);
            if (to == State::kClosed) {  // Linux tcp_set_state(): whoever ended it
                cx.s.mib.add(Mib::kTcpEstabResets);
            }
        }
    }
    c.state = to;
    c.state_since = CoarseTime(cx.now);
    if (cx.out.observed) {
        cx.out.states.push_back(
            {c.tuple.local_endpoint(), c.tuple.remote_endpoint(), from, to, cause});
    }
}

void note_change(Context& cx, const FourTuple& tuple, State from, State to, Cause cause) {
    DCHECK(legal(from, cause, to));
    if (cx.out.observed) {
        cx.out.states.push_back({tuple.local_endpoint(), tuple.remote_endpoint(), from, to, cause});
    }
}

void drop(Context& cx, Drop reason) {
    ++cx.s.drops[static_cast<std::size_t>(reason)];
    cx.out.drop = reason;
}

void notify(Context& cx, const Connection& c, unsigned events) {
    if (c.socket) {
        cx.out.events.push_back({c.socket, events});
    }
}

Connection& new_connection(StackState& s) {
    if (!s.records) {
        s.records = std::make_unique<RecordPools>();
    }
    const Id<Connection> id = s.connections.emplace(*s.records);
    Connection& c = s.connections.at(id.index);
    c.index = id.index;
    return c;
}

void hash_connection(StackState& s, Connection& c, std::uint32_t request) {
    CHECK(!c.in_table);
    const RecordRef ref(RecordKind::kConnection, c.index);
    if (request == kNoIndex) {
        CHECK(s.table.insert(ref));
    } else {
        s.table.replace(RecordRef(RecordKind::kRequest, request), ref);
    }
    c.in_table = true;
    if (c.passive || c.bound_port) {  // a child shares its listener's bucket
        hold_port(s, c.tuple.local_port);
    }
}

void unhash_connection(StackState& s, Connection& c) {
    if (c.in_table) {
        s.table.erase(RecordRef(RecordKind::kConnection, c.index));
        c.in_table = false;
        if (c.passive || c.bound_port) {
            let_port_go(s, c.tuple.local_port);
        }
    }
}

void hold_port(StackState& s, std::uint16_t port) {
    ++s.port_holders[port];
}

void let_port_go(StackState& s, std::uint16_t port) {
    const auto it = s.port_holders.find(port);
    CHECK(it != s.port_holders.end());
    if (--it->second == 0) {
        s.port_holders.erase(it);
    }
}

void arm(Context& cx, Connection& c, Timer timer, Time at) {
    c.deadlines.set(timer, cx.s.wheel.fires_at(cx.now, at), at);
    cx.s.timers.note(cx.s.connections, c);
}

void arm_exactly(Context& cx, Connection& c, Timer timer, Time at) {
    c.deadlines.set(timer, at, at);
    cx.s.timers.note(cx.s.connections, c);
}

void arm_retransmit(Context& cx, Connection& c, RetransmitTimer kind, Duration after) {
    c.retransmit_timer = kind;
    arm(cx, c, Timer::kRetransmit, cx.now + after + pacing_delay(c, cx.now));
}

void clear_retransmit(Connection& c) {
    c.retransmit_timer = RetransmitTimer::kNone;
    c.deadlines.clear(Timer::kRetransmit);
}

void forget_received(Connection& c) {
    if (c.has_receiving()) {
        Receiving& rx = c.edit_receiving();
        rx.received.recycle();
        rx.received_bytes = 0;
    }
    c.rmem_alloc = 0;
}

void done(Context& cx, Connection& c, Cause cause) {
    release_fast_open(cx, c, false);
    judge_blackhole(cx, c);
    const bool by_caller =
        cause == Cause::kClose || cause == Cause::kAbort;  // tcp_set_state() only
    if ((c.state == State::kSynSent || c.state == State::kSynReceived) && !by_caller) {
        cx.s.mib.add(Mib::kTcpAttemptFails);
    }
    enter(cx, c, State::kClosed, cause);
    unhash_connection(cx.s, c);
    c.deadlines.clear_all();
    c.retransmit_timer = RetransmitTimer::kNone;
    c.looks = {};
    c.send_shutdown = true;
    c.receive_shutdown = true;
    forget_queues(c);
    if (c.rare().errors) {
        complete_all(cx, c);
    }
    if (c.orphan) {
        destroy(cx.s, c);
        return;
    }
    if (c.bound_port && !c.port_named) {  // bind(0) gave it for this connection only
        release_bound_port(cx.s, c.socket);
        c.bound_port = false;
    }
    notify(cx, c,
           poll::kIn | poll::kOut | poll::kHup | poll::kRdHup |
               (c.error != Errno::kOk ? poll::kErr : 0U));
}

void abort_with(Context& cx, Connection& c, Errno error, Cause cause) {
    c.error = error;  // what has arrived can still be read (Linux tcp_reset())
    c.reset = true;
    done(cx, c, cause);
}

void destroy(StackState& s, Connection& c) {
    CHECK(c.state == State::kClosed && !c.in_table);
    if (c.orphan) {
        --s.orphans;
    }
    s.connections.erase(s.connections.id_at(c.index));
}

void become_time_wait(Context& cx, Connection& c, bool fin_wait_2, Duration life, Cause cause) {
    StackState& s = cx.s;
    judge_blackhole(cx, c);
    save_metrics(s, c, cx.now);
    const Duration least = c.rtt.rto() * 4 - c.rtt.rto() / 2;
    if (!fin_wait_2 &&
        remember_peer_timestamp(s, c.tuple.remote, {c.ts_recent, c.ts_recent_stamp_s}, cx.now)) {
        life = least;
    }
    life = std::max(life, fin_wait_2 ? least : Duration{0});
    if (!fin_wait_2 && !s.follows(LessonRule::kTimeWait)) {
        return done(cx, c, cause);
    }
    const bool room = s.time_waits.size() < static_cast<std::size_t>(s.sysctl.tcp_max_tw_buckets) ||
                      !s.follows(LessonRule::kTwBucketsLimit);
    if (!room) {
        s.mib.add(Mib::kTcpExtTCPTimeWaitOverflow);
        done(cx, c, fin_wait_2 ? Cause::kFinWait2Over : cause);
        return;
    }
    const Id<TimeWait> id = s.time_waits.emplace();
    TimeWait& tw = s.time_waits.at(id.index);
    tw.tuple = c.tuple;
    tw.snd_nxt = c.snd_nxt;
    tw.rcv_nxt = c.rcv_nxt;
    tw.rcv_wnd = c.receive_window();
    tw.ts_recent = c.ts_recent;
    tw.ts_recent_stamp_s = c.options.tstamp_ok ? c.ts_recent_stamp_s : 0;
    tw.ts_offset = c.ts_offset;
    tw.last_oow_ms = c.rare().last_oow_ms;
    tw.entered_ms = clock_ms(cx.now);
    tw.rcv_wscale = c.options.rcv_wscale & 15U;
    tw.fin_wait_2 = fin_wait_2;
    tw.life_s = whole_seconds(life) & 63U;
    tw.recycle_ms =
        static_cast<std::uint16_t>(std::min<std::int64_t>(least.count() / 1'000'000, 65535));
    tw.reuse_addr = c.opt->reuse_addr;
    tw.reuse_port = c.opt->reuse_port;
    tw.holds_port = c.passive || c.bound_port;
    tw.passive = c.passive;
    keep_key(s, c, tw, id.index);

    // The record takes the connection's place in the table, and its hold on the port. To observers
    // a mini-socket in FIN-WAIT-2 is no change of state.
    CHECK(c.in_table);
    s.table.replace(RecordRef(RecordKind::kConnection, c.index),
                    RecordRef(RecordKind::kTimeWait, id.index));
    c.in_table = false;
    if (!fin_wait_2) {
        enter(cx, c, State::kTimeWait, cause);
    }
    c.deadlines.clear_all();
    c.retransmit_timer = RetransmitTimer::kNone;
    c.looks = {};
    c.state = State::kClosed;  // the full socket; the record plays the state from now on
    c.send_shutdown = true;
    c.receive_shutdown = true;
    forget_queues(c);
    s.time_wait_timers.insert(s.time_waits, id.index, s.wheel.fires_at(cx.now, cx.now + life));
    // Linux counts when the timer is first set (inet_twsk_schedule()), short lives apart.
    s.mib.add(life <= std::chrono::seconds(4) ? Mib::kTcpExtTWKilled : Mib::kTcpExtTW);
    if (c.orphan) {
        destroy(s, c);
    } else {
        notify(cx, c, poll::kIn | poll::kOut | poll::kHup | poll::kRdHup);
    }
}

void remove_time_wait(StackState& s, std::uint32_t index) {
    const TimeWait& tw = s.time_waits.at(index);
    if (tw.holds_port) {
        let_port_go(s, tw.tuple.local_port);
    }
    if (tw.signs) {
        s.time_wait_keys.erase(index);
    }
    s.table.erase(RecordRef(RecordKind::kTimeWait, index));
    s.time_wait_timers.remove(s.time_waits, index);
    s.time_waits.erase(s.time_waits.id_at(index));
}

void remove_request(StackState& s, std::uint32_t index) {
    s.table.erase(RecordRef(RecordKind::kRequest, index));
    forget_request(s, index);
}

void forget_request(StackState& s, std::uint32_t index) {
    RequestSock& req = s.requests.at(index);
    Listener& listener = s.listeners.at(req.listener);
    --listener.syn_queue_len;
    if (req.num_timeout == 0) {
        --listener.syn_queue_young;
    }
    const std::size_t level = std::min<std::size_t>(req.num_timeout, kSynAckLevels - 1);
    s.synack_timers[level].remove(s.requests, index);
    s.requests.erase(s.requests.id_at(index));
    forget_if_done(s, listener);
}

void arm_syn_ack(Context& cx, std::uint32_t index, Duration wait) {
    StackState& s = cx.s;
    RequestSock& req = s.requests.at(index);
    const Time due = cx.now + wait;
    const Time fires = s.wheel.fires_at(cx.now, due);
    req.slack_ms = static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(fires - due).count());
    const std::size_t level = std::min<std::size_t>(req.num_timeout, kSynAckLevels - 1);
    s.synack_timers[level].insert(s.requests, index, fires);
}

bool may_answer_invalid(StackState& s, Time now, std::uint32_t& last_ms, Mib skipped) {
    const std::uint32_t ms = clock_ms(now);
    if (last_ms != 0 && ms - last_ms < static_cast<std::uint32_t>(s.sysctl.tcp_invalid_ratelimit)) {
        s.mib.add(skipped);
        return false;
    }
    last_ms = ms;
    return true;
}

void save_metrics(StackState& s, const Connection& c, Time now) {
    if (s.sysctl.tcp_no_metrics_save != 0 || !c.rtt.valid()) {
        return;
    }
    auto it = s.metrics.find(c.tuple.remote.bits);
    if (it == s.metrics.end()) {
        if (s.metrics.size() >= kMetricsMax) {
            return;  // the kernel recycles a record; a full cache only means peers stay unproven
        }
        it = s.metrics.try_emplace(c.tuple.remote.bits).first;
    }
    it->second.srtt_us = std::max(c.rtt.srtt8_us() >> 3U, 1U);
    it->second.stamp_ms = clock_ms(now);
}

bool peer_is_proven(const StackState& s, Ipv4 peer) {
    const auto it = s.metrics.find(peer.bits);
    return it != s.metrics.end() && it->second.srtt_us != 0;
}

Duration fin_time(const StackState& s, const Connection& c) {
    const Duration configured = std::chrono::seconds(
        c.opt->linger2 != 0 ? std::int64_t{c.opt->linger2} : s.sysctl.tcp_fin_timeout);
    const Duration rto = c.rtt.rto();
    return std::max(configured, rto * 4 - rto / 2);
}

}  // namespace netsim::tcp
