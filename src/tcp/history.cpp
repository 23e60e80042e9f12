// How an endpoint came into its state, and which deadline takes it out.
#include "tcp/history.hpp"

#include "tcp/patience.hpp"
#include "tcp/stack.hpp"

namespace netsim::tcp {

namespace {

std::string_view timer_name(RetransmitTimer timer) {
    switch (timer) {
        case RetransmitTimer::kNone:
            break;
        case RetransmitTimer::kRto:
            return "retransmission";
        case RetransmitTimer::kProbe0:
            return "window probe";
        case RetransmitTimer::kReorder:
            return "reordering";
        case RetransmitTimer::kLossProbe:
            return "loss probe";
    }
    return {};
}

}  // namespace

SocketHistory history_of(const StackState& s, const Connection& c) {
    SocketHistory h;
    h.passive = c.passive;
    h.in_accept_queue = c.parent != kNoIndex;
    h.closed_here = c.send_shutdown && c.state != State::kClosed;
    h.fin_sent = c.fin_sent;
    h.fin_received = c.fin_received;
    h.reset = c.reset;
    h.error = c.error;
    h.soft_error = c.soft_error;
    const bool exact = c.state == State::kSynSent || c.state == State::kEstablished;
    h.since = exact ? c.opened_at : c.state_since.time();
    if (c.deadlines.armed(Timer::kRetransmit)) {
        h.write_timer = timer_name(c.retransmit_timer);
        h.write_at = c.deadlines.get(Timer::kRetransmit);
    }
    h.delack_at = c.deadlines.get(Timer::kDelack);
    h.keepalive_at = c.deadlines.get(Timer::kKeepalive);
    h.retransmits = c.retransmits;
    h.retransmitting_since = c.retransmits > 0 ? c.sending().first_retrans_at : kNever;
    h.gives_up_at = gives_up_at(s, c);
    h.window_probes = c.probes;
    h.keepalive_probes = c.keepalive_probes;
    h.syn_retransmits = c.syn_retransmits;
    return h;
}

SocketHistory history_of(const StackState& s, const RequestSock& req) {
    const Listener& listener = s.listeners.at(req.listener);
    SocketHistory h;
    h.passive = true;
    h.last_ack_refused = req.acked;
    h.deferred = req.acked && listener.opt->defer_accept != 0 && !listener.accept_queue_full();
    h.write_timer = timer_name(RetransmitTimer::kRto);
    h.write_at = req.link.deadline;
    h.retransmits = h.syn_retransmits = req.num_retrans;
    if (req.num_retrans == req.num_timeout) {  // else a repeated SYN set the timer anew
        Time first = req.link.deadline - std::chrono::milliseconds(req.slack_ms);
        for (std::int64_t i = 0; i <= req.num_timeout; ++i) {
            first -= syn_ack_wait(s, i);
        }
        h.since = first;
    }
    h.gives_up_at = gives_up_at(s, req);
    return h;
}

SocketHistory history_of(const Listener& listener) {
    SocketHistory h;
    h.syn_queue_limit = listener.syn_queue_limit;
    h.last_cookie_at = listener.last_cookie_at;
    return h;
}

SocketHistory history_of(const TimeWait& record, Time entered) {
    SocketHistory h;
    h.passive = record.passive;
    h.closed_here = true;
    h.fin_sent = true;
    h.fin_received = !record.fin_wait_2;
    h.since = entered;
    h.record_at = record.link.deadline;
    return h;
}

std::uint64_t Stack::count_sockets(std::uint32_t states, std::uint16_t port) const {
    const StackState& s = *state_;
    std::uint64_t count = 0;
    const auto note = [&](State state, std::uint16_t local_port) {
        const bool wanted = (states >> static_cast<unsigned>(state) & 1U) != 0;
        count += wanted && (port == 0 || port == local_port) ? 1 : 0;
    };
    for (std::uint32_t i = 0; i < s.listeners.end_index(); ++i) {
        if (s.listeners.live(i) && !s.listeners.at(i).closed) {
            note(State::kListen, s.listeners.at(i).local.port);
        }
    }
    for (std::uint32_t i = 0; i < s.connections.end_index(); ++i) {
        if (s.connections.live(i)) {
            note(s.connections.at(i).state, s.connections.at(i).tuple.local_port);
        }
    }
    for (std::uint32_t i = 0; i < s.requests.end_index(); ++i) {
        if (s.requests.live(i)) {
            note(State::kSynReceived, s.requests.at(i).tuple.local_port);
        }
    }
    for (std::uint32_t i = 0; i < s.time_waits.end_index(); ++i) {
        if (s.time_waits.live(i)) {
            const TimeWait& tw = s.time_waits.at(i);
            note(tw.fin_wait_2 ? State::kFinWait2 : State::kTimeWait, tw.tuple.local_port);
        }
    }
    return count;
}

}  // namespace netsim::tcp
