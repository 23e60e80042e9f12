// A segment for a half-open request, and the child it becomes. Linux tcp_check_req(),
// tcp_v4_syn_recv_sock(), tcp_create_openreq_child().
#include <algorithm>

#include "tcp/acknowledge.hpp"
#include "tcp/actions.hpp"
#include "tcp/listeners.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/output.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/recovery.hpp"
#include "tcp/segment_arrives.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

std::uint32_t request_window(const StackState& s, const RequestSock& req) {
    const std::uint32_t mss =
        path_mss(s.paths.path(req.tuple.remote)) - (req.options.tstamp_ok ? 12U : 0U);
    return initial_window(s, *s.listeners.at(req.listener).opt, mss, req.options.wscale_ok).window;
}

/// The client repeats its SYN: so does the SYN-ACK, at once but not too often, and its timer
/// restarts.
void answer_repeated_syn(Context& cx, std::uint32_t index) {
    StackState& s = cx.s;
    RequestSock& req = s.requests.at(index);
    if (!may_answer_invalid(s, cx.now, req.last_oow_ms, Mib::kTcpExtTCPACKSkippedSynRecv)) {
        return;
    }
    ++req.num_retrans;
    s.mib.add(Mib::kTcpExtTCPSynRetrans);
    s.mib.add(Mib::kTcpRetransSegs);
    send_request_syn_ack(cx, req, syn_ack_basis(cx, req), {});
    const std::size_t level = std::min<std::size_t>(req.num_timeout, kSynAckLevels - 1);
    const Duration wait = std::min<Duration>(std::chrono::seconds(1LL << level),
                                             std::chrono::milliseconds(s.sysctl.tcp_rto_max_ms));
    s.synack_timers[level].remove(s.requests, index);
    arm_syn_ack(cx, index, wait);
}

/// A RST or a stray SYN ends the half-open connection.
void kill_request(Context& cx, std::uint32_t index, Cause cause) {
    const FourTuple tuple = cx.s.requests.at(index).tuple;
    cx.s.mib.add(Mib::kTcpExtEmbryonicRsts);
    remove_request(cx.s, index);
    note_change(cx, tuple, State::kSynReceived, State::kClosed, cause);
}

void abandon_request(Context& cx, std::uint32_t index) {
    const FourTuple tuple = cx.s.requests.at(index).tuple;
    remove_request(cx.s, index);
    note_change(cx, tuple, State::kSynReceived, State::kClosed, Cause::kAbort);
}

/// The valid last ACK meets a full accept queue.
void overflow(Context& cx, std::uint32_t index, const wire::Packet& packet) {
    StackState& s = cx.s;
    s.mib.add(Mib::kTcpExtListenOverflows);
    s.mib.add(Mib::kTcpExtListenDrops);
    drop(cx, Drop::kRequestOverflow);
    if (s.sysctl.tcp_abort_on_overflow == 0) {
        s.requests.at(index).acked = true;
        return;
    }
    send_reset_for(cx, packet);
    kill_request(cx, index, Cause::kAbort);
}

bool deferred(const RequestSock& req, const Listener& listener, const wire::TcpHeader& h) {
    return req.num_timeout < listener.opt->defer_accept && h.end_seq() == req.rcv_isn + 1;
}

/// Does it echo a timestamp that no SYN-ACK of this request carried (RFC 7323 §3.2)? 0 is none.
bool echo_rejected(const Context& cx, const RequestSock& req, std::uint32_t tsecr) {
    const StackState& s = cx.s;
    if (tsecr == 0 || tsecr == req.first_tsval ||
        s.sysctl.rules.request_echo == Rules::RequestEcho::kAny) {
        return false;
    }
    const std::uint32_t since_us = clock_us(cx.now) - req.sent_at_us;
    const Time last_sent = cx.now - std::chrono::microseconds(since_us);
    const std::uint32_t last = clock_ms(last_sent) + secure_isn(s, req.tuple, cx.now).ts_offset;
    return last - req.first_tsval < tsecr - req.first_tsval;
}

/// The guards of tcp_check_req() before the ACK counts. True: the segment is dealt with.
bool guard_request(Context& cx, std::uint32_t index, const wire::Packet& packet) {
    StackState& s = cx.s;
    RequestSock& req = s.requests.at(index);
    const wire::TcpHeader& h = packet.tcp;
    const bool has_ts = req.options.tstamp_ok && h.has_option(wire::option::kTimestamps);
    const bool old_ts =
        has_ts && paws_rejects(req.ts_recent, clock_s(cx.now), h.tsval, cx.now, h.rst());
    const std::uint16_t kind = h.flags & (wire::flag::kSyn | wire::flag::kAck | wire::flag::kRst);
    if (h.seq == req.rcv_isn && kind == wire::flag::kSyn && !old_ts) {
        answer_repeated_syn(cx, index);
        return true;
    }
    const SeqNum rcv_nxt = req.rcv_isn + 1;
    // Nearly all carry the very next sequence number; what the window is need not be known then.
    const bool next = h.seq == rcv_nxt;
    const bool bad_echo = has_ts && echo_rejected(cx, req, h.tsecr);
    if (old_ts || bad_echo ||
        (!next &&
         !in_request_window(h.seq, h.end_seq(), rcv_nxt, rcv_nxt + request_window(s, req)))) {
        if (!h.rst() &&
            may_answer_invalid(s, cx.now, req.last_oow_ms, Mib::kTcpExtTCPACKSkippedSynRecv)) {
            send_request_ack(cx, req);
        }
        if (old_ts) {
            s.mib.add(Mib::kTcpExtPAWSEstab);
        } else if (bad_echo) {
            s.mib.add(Mib::kTcpExtTSEcrRejected);
        }
        drop(cx, bad_echo && !old_ts ? Drop::kTsEcr : Drop::kRequestOutOfWindow);
        return true;
    }
    const bool exact = s.sysctl.rules.request_reset == Rules::RequestReset::kExactSequence;
    if (h.rst() && h.seq != rcv_nxt && exact) {  // RFC 5961 §3
        if (may_answer_invalid(s, cx.now, req.last_oow_ms, Mib::kTcpExtTCPACKSkippedSynRecv)) {
            s.mib.add(Mib::kTcpExtTCPChallengeACK);
            send_request_ack(cx, req);
        }
        drop(cx, Drop::kRequestRst);
        return true;
    }
    if (h.rst() || (h.syn() && h.seq != req.rcv_isn)) {
        s.mib.add(Mib::kTcpAttemptFails);
        drop(cx, Drop::kRequestRst);
        if (!h.rst()) {
            send_reset_for(cx, packet);
        }
        kill_request(cx, index, Cause::kRcvRst);
        return true;
    }
    if (!h.ack_flag()) {
        drop(cx, Drop::kRequestNoAck);
        return true;
    }
    return false;
}

/// The offset of its timestamps: what its SYN-ACK carried less the clock then. Once sent again, or
/// where the timestamp tells nothing, it is computed anew.
std::uint32_t offset_of_request(const Context& cx, const RequestSock& req) {
    if (!req.options.tstamp_ok || req.first_tsval == 0 || req.first_tsval == ~0U ||
        req.num_retrans > 0) {
        return secure_isn(cx.s, req.tuple, cx.now).ts_offset;
    }
    const std::uint32_t ago_us = clock_us(cx.now) - req.sent_at_us;
    const std::int64_t sent_us = to_ns(cx.now) / 1000 - ago_us;
    return req.first_tsval - clock_ms(at_ns(sent_us * 1000));
}

}  // namespace

bool in_request_window(SeqNum seq, SeqNum end, SeqNum left, SeqNum right) {
    if (seq == left) {
        return true;
    }
    if (after(end, left) && before(seq, right)) {
        return true;
    }
    return seq == right && seq == end;
}

void in_syn_received(Context& cx, std::uint32_t index, const wire::Packet& packet) {
    StackState& s = cx.s;
    const wire::TcpHeader& h = packet.tcp;
    Listener* serving = serving_listener(s, s.requests.at(index));
    if (serving == nullptr) {  // its listener is gone and nobody takes it over
        abandon_request(cx, index);
        return no_connection(cx, packet);
    }
    Listener& listener = *serving;
    const bool migrates = listener.index != s.requests.at(index).listener;
    if (h.ack_flag() && h.ack != s.requests.at(index).snt_isn + 1) {
        // Not an answer to our SYN-ACK: it is treated as if the request were not there
        // (tcp_check_req() returns the listener), a RST too.
        return in_listen(cx, listener, packet);
    }
    if (guard_request(cx, index, packet)) {
        return;
    }
    RequestSock& req = s.requests.at(index);
    if (deferred(req, listener, h) && s.follows(LessonRule::kDeferAccept)) {
        req.acked = true;
        s.mib.add(Mib::kTcpExtTCPDeferAcceptDrop);
        return drop(cx, Drop::kDeferAccept);
    }
    if (accept_queue_full(s, listener)) {
        return overflow(cx, index, packet);
    }
    const RequestSock known = req;
    if (migrates) {
        s.mib.add(Mib::kTcpExtTCPMigrateReqSuccess);
    }
    Connection& child = make_child(cx, listener, known, false, index);
    ++child.segs_in;
    forget_request(s, index);
    if (known.num_retrans == 0) {
        const std::uint32_t us = std::max(clock_us(cx.now) - known.sent_at_us, 1U);
        take_rtt(cx, child, std::chrono::microseconds(us), std::chrono::microseconds(us));
    } else {
        child.rtt.set_rto(std::chrono::seconds(3));
        take_rtt_by_timestamp(cx, child, h);
        if (known.num_retrans > 1) {
            child.edit_sending().cc.cwnd = 1;  // RFC 5681 §3.1, Linux tcp_init_cwnd use
        }
    }
    establish(cx, child, packet, Cause::kRcvAckOfSyn);
}

void take_rtt_by_timestamp(Context& cx, Connection& child, const wire::TcpHeader& h) {
    if (!child.options.tstamp_ok || !h.has_option(wire::option::kTimestamps) || h.tsecr == 0) {
        return;
    }
    const std::uint32_t ms = std::max(timestamp(child, cx.now) - h.tsecr, 1U);
    take_rtt(cx, child, std::chrono::milliseconds(ms), std::chrono::milliseconds(ms));
}

Connection& make_child(Context& cx, Listener& listener, const RequestSock& req, bool by_cookie,
                       std::uint32_t request) {
    StackState& s = cx.s;
    Connection& c = new_connection(s);
    const PathInfo path = s.paths.path(req.tuple.remote);
    c.tuple = req.tuple;
    c.state = State::kSynReceived;
    c.passive = true;
    c.segs_in = 1;  // the SYN; the rest of the handshake's counts as it comes
    c.parent = listener.index;
    c.opt = listener.opt;
    if (c.opt->fastopen != 0) {
        c.opt.edit().fastopen = 0;
    }
    c.options = req.options;
    inherit_key(listener, c);
    c.opened_at = cx.now;
    c.state_since = CoarseTime(cx.now);
    c.rtt.use_ticks(s.wheel.granularity());
    c.irs = req.rcv_isn;
    c.rcv_nxt = c.rcv_wup = c.copied_seq = req.rcv_isn + 1;
    c.iss = req.snt_isn;
    c.snd_una = c.snd_nxt = c.write_seq = req.snt_isn + 1;
    note_path(c, path);
    c.advmss = path_mss(path);
    if (c.opt->maxseg != 0) {
        c.advmss = std::min(c.advmss, c.opt->maxseg);
    }
    const std::uint32_t option_bytes = req.options.tstamp_ok ? 12U : 0U;
    // cookie_v4_check() rounds the window to the cookie's MSS, which knows no options.
    const std::uint32_t unit = by_cookie ? req.options.mss : c.advmss - option_bytes;
    const InitialWindow w = initial_window(s, *c.opt, unit, req.options.wscale_ok);
    c.rcv_wnd = w.window;
    c.window_clamp = w.clamp;
    c.ts_recent = req.ts_recent;
    c.ts_recent_stamp_s = req.options.tstamp_ok ? clock_s(cx.now) : 0;
    c.ts_offset = offset_of_request(cx, req);
    assign_congestion_control(s.sysctl, c.opt);
    take_route_congestion(path, c.opt);
    c.congestion = c.opt->congestion;
    c.syn_retransmits = req.num_retrans;
    s.mib.add(Mib::kTcpPassiveOpens);
    hash_connection(s, c, request);
    listener.accept_queue.push_back(c.index);
    listener.note_peaks();
    cx.out.events.push_back({listener.socket, poll::kIn});
    return c;
}

}  // namespace netsim::tcp
