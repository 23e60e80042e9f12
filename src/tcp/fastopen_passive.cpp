// Children made by a SYN.
#include "tcp/fastopen_passive.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/input.hpp"
#include "tcp/output.hpp"
#include "tcp/recovery.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/timeouts.hpp"

namespace netsim::tcp {

namespace {

constexpr Duration kSlotKept = std::chrono::seconds(60);

bool server_enabled(const StackState& s) {
    return (s.sysctl.tcp_fastopen & fastopen_bit::kServer) != 0;
}

FastOpenOption option_of(const wire::TcpHeader& h) {
    FastOpenOption option;
    option.experimental = h.has_option(wire::option::kFastOpenExp);
    option.present = option.experimental || h.has_option(wire::option::kFastOpen);
    if (option.present) {
        option.cookie = h.cookie;
    }
    return option;
}

/// Linux tcp_fastopen_queue_check(): a slot kept after a RST is given away when its time is over.
bool has_slot(Context& cx, FastOpenQueue& queue) {
    if (queue.most == 0) {
        return false;
    }
    if (queue.pending < queue.most) {
        return true;
    }
    if (queue.kept.empty() || queue.kept.front() > cx.now) {
        cx.s.mib.add(Mib::kTcpExtTCPFastOpenListenOverflow);
        return false;
    }
    queue.kept.pop_front();
    --queue.pending;
    return true;
}

const FastOpenKeys& keys_of(const StackState& s, const Listener& listener) {
    return listener.fast_open.keys.count != 0 ? listener.fast_open.keys : s.sysctl.tcp_fastopen_key;
}

bool needs_no_cookie(const StackState& s, const Listener& listener) {
    return (s.sysctl.tcp_fastopen & fastopen_bit::kServerNoCookie) != 0 ||
           listener.opt->fastopen_no_cookie;
}

/// A child's SYN-ACK goes again, by timer or for a repeated SYN; without the option.
void repeat_syn_ack(Context& cx, Connection& c) {
    ++c.syn_retransmits;
    ++c.edit_sending().retrans_total;
    cx.s.mib.add(Mib::kTcpExtTCPSynRetrans);
    cx.s.mib.add(Mib::kTcpRetransSegs);
    send_syn_ack(cx, c, {});
    c.rare().fast_open->syn_ack_at = cx.now;
}

}  // namespace

FastOpenAnswer try_fast_open(Context& cx, Listener& listener, const wire::Packet& syn) {
    StackState& s = cx.s;
    const FastOpenOption asked = option_of(syn.tcp);
    const bool request = asked.present && asked.cookie.length == 0;
    if (request) {
        s.mib.add(Mib::kTcpExtTCPFastOpenCookieReqd);
    }
    const bool wanted = asked.present || syn.tcp.payload.length > 0;
    if (!server_enabled(s) || !wanted || !has_slot(cx, listener.fast_open)) {
        return {};
    }
    if (needs_no_cookie(s, listener)) {
        s.mib.add(Mib::kTcpExtTCPFastOpenPassive);
        return {true, {}};
    }
    if (!asked.present) {
        return {};
    }
    const FastOpenKeys& keys = keys_of(s, listener);
    FastOpenOption fresh{keys.count != 0, asked.experimental, {}};
    fresh.cookie = make_fastopen_cookie(keys.key[0], syn.source, syn.destination);
    if (request) {
        return {false, fresh};
    }
    switch (match_fastopen_cookie(keys, syn.source, syn.destination, asked.cookie)) {
        case CookieMatch::kPrimary:
            s.mib.add(Mib::kTcpExtTCPFastOpenPassive);
            return {true, {}};
        case CookieMatch::kBackup:  // it works once more, and its successor goes along
            s.mib.add(Mib::kTcpExtTCPFastOpenPassiveAltKey);
            s.mib.add(Mib::kTcpExtTCPFastOpenPassive);
            return {true, fresh};
        case CookieMatch::kNone:
            break;
    }
    s.mib.add(Mib::kTcpExtTCPFastOpenPassiveFail);
    return {false, fresh};
}

void make_fast_open_child(Context& cx, Listener& listener, const RequestSock& req,
                          const wire::Packet& syn, const FastOpenOption& option) {
    note_change(cx, req.tuple, State::kListen, State::kSynReceived, Cause::kFastOpen);
    Connection& c = make_child(cx, listener, req, false);
    c.snd_wnd = syn.tcp.window;  // never scaled in a SYN (RFC 7323 §2.2)
    c.max_window = c.snd_wnd;
    c.snd_wl1 = req.rcv_isn;
    c.edit_rare().fast_open = std::make_unique<FastOpenState>();
    c.rare().fast_open->awaits_ack = true;
    c.rare().fast_open->listener = cx.s.listeners.id_at(listener.index);
    c.rare().fast_open->syn_ack_at = cx.now;
    ++listener.fast_open.pending;
    finish_open(cx, c);
    take_syn_payload(cx, c, syn);
    c.rcv_wup = c.rcv_nxt;
    send_syn_ack(cx, c, option);
    arm_retransmit(cx, c, RetransmitTimer::kRto, std::chrono::seconds(1));
}

bool guard_fast_open_child(Context& cx, Connection& c, const wire::Packet& packet) {
    StackState& s = cx.s;
    const wire::TcpHeader& h = packet.tcp;
    const bool has_ts = c.options.tstamp_ok && h.has_option(wire::option::kTimestamps);
    const bool old_ts =
        has_ts && paws_rejects(c.ts_recent, clock_s(cx.now), h.tsval, cx.now, h.rst());
    const std::uint16_t kind = h.flags & (wire::flag::kSyn | wire::flag::kAck | wire::flag::kRst);
    const auto may_answer = [&] {
        return may_answer_invalid(s, cx.now, c.edit_rare().last_oow_ms,
                                  Mib::kTcpExtTCPACKSkippedSynRecv);
    };
    if (h.seq == c.irs && kind == wire::flag::kSyn && !old_ts) {
        if (may_answer()) {
            repeat_syn_ack(cx, c);
        }
        return true;
    }
    if (old_ts || !in_request_window(h.seq, h.end_seq(), c.rcv_nxt, c.rcv_nxt + c.rcv_wnd)) {
        if (!h.rst() && may_answer()) {
            send_ack(cx, c);
        }
        if (old_ts) {
            s.mib.add(Mib::kTcpExtPAWSEstab);
        }
        drop(cx, Drop::kRequestOutOfWindow);
        return true;
    }
    if (h.rst() && h.seq != c.rcv_nxt) {  // RFC 5961 §3
        if (may_answer()) {
            s.mib.add(Mib::kTcpExtTCPChallengeACK);
            send_ack(cx, c);
        }
        drop(cx, Drop::kRequestRst);
        return true;
    }
    if (h.rst()) {
        s.mib.add(Mib::kTcpAttemptFails);  // and once more when the child ends, as in Linux
        drop(cx, Drop::kRequestRst);
        release_fast_open(cx, c, true);
        abort_with(cx, c, Errno::kECONNRESET, Cause::kRcvRst);
        return true;
    }
    if (h.syn() && h.seq != c.irs) {  // answered, but the child stays: the SYN may be forged
        s.mib.add(Mib::kTcpAttemptFails);
        drop(cx, Drop::kRequestRst);
        send_reset_for(cx, packet);
        return true;
    }
    if (!h.ack_flag()) {
        drop(cx, Drop::kRequestNoAck);
        return true;
    }
    return false;
}

void release_fast_open(Context& cx, Connection& c, bool by_reset) {
    if (!c.awaits_handshake_ack()) {
        return;
    }
    c.rare().fast_open->awaits_ack = false;
    const Id<Listener> id = c.rare().fast_open->listener;
    if (!cx.s.listeners.contains(id)) {
        return;
    }
    FastOpenQueue& queue = cx.s.listeners.at(id.index).fast_open;
    --queue.pending;
    const bool accepted = c.parent == kNoIndex;
    if (by_reset && accepted && !cx.s.listeners.at(id.index).closed) {
        queue.kept.push_back(cx.now + kSlotKept);
        ++queue.pending;
    }
}

void fast_open_syn_ack_timeout(Context& cx, Connection& c) {
    StackState& s = cx.s;
    FastOpenState& f = *c.rare().fast_open;
    s.mib.add(Mib::kTcpExtTCPTimeouts);
    const std::int64_t most = c.opt->syncnt != 0 ? c.opt->syncnt : s.sysctl.tcp_synack_retries + 1;
    if (f.num_timeout >= most) {
        return give_up(cx, c);
    }
    if (c.retransmits == 1) {
        enter_loss(cx, c);  // RFC 5681 §3.1: a second loss of the handshake lowers cwnd
    }
    repeat_syn_ack(cx, c);
    if (f.num_timeout < 255) {
        ++f.num_timeout;
    }
    if (c.retransmits < 255) {
        ++c.retransmits;
    }
    if (c.sending().first_retrans_at == kNever) {
        c.edit_sending().first_retrans_at = cx.now;
    }
    const Duration wait = std::chrono::seconds(1LL << std::min<unsigned>(f.num_timeout, 20));
    arm_retransmit(cx, c, RetransmitTimer::kRto,
                   std::min<Duration>(wait, std::chrono::milliseconds(s.sysctl.tcp_rto_max_ms)));
}

void draw_fast_open_key(StackState& s) {
    if (s.sysctl.tcp_fastopen_key.count != 0) {
        return;
    }
    const auto half = [&](std::uint32_t n) { return siphash_4u32(s.secrets.isn, 0x7413, n, 0, 0); };
    s.sysctl.tcp_fastopen_key.key[0] = {half(0), half(1)};
    s.sysctl.tcp_fastopen_key.count = 1;
}

}  // namespace netsim::tcp
