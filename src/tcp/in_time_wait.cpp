// A segment for a mini-socket: TIME-WAIT, or FIN-WAIT-2 of an orphan. RFC 9293 §3.10.7.4, RFC 1337,
// RFC 6191; Linux tcp_timewait_state_process().
#include "tcp/actions.hpp"
#include "tcp/listeners.hpp"
#include "tcp/md5_signature.hpp"
#include "tcp/output.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/tw_recycle.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

void restart(Context& cx, std::uint32_t index, Duration life) {
    StackState& s = cx.s;
    s.time_wait_timers.remove(s.time_waits, index);
    s.time_wait_timers.insert(s.time_waits, index, s.wheel.fires_at(cx.now, cx.now + life));
}

void kill(Context& cx, std::uint32_t index, Cause cause) {
    const TimeWait& tw = cx.s.time_waits.at(index);
    note_change(cx, tw.tuple, tw.fin_wait_2 ? State::kFinWait2 : State::kTimeWait, State::kClosed,
                cause);
    remove_time_wait(cx.s, index);
}

void answer(Context& cx, TimeWait& tw, Mib skipped) {
    if (may_answer_invalid(cx.s, cx.now, tw.last_oow_ms, skipped)) {
        send_time_wait_ack(cx, tw);
    }
}

/// A fresh timestamp also makes the record young again: tcp_tw_reuse_delay counts from here.
void note_timestamp(TimeWait& tw, const wire::TcpHeader& h, Time now) {
    tw.ts_recent = h.tsval;
    tw.ts_recent_stamp_s = clock_s(now);
    tw.entered_ms = clock_ms(now);
}

/// Linux tcp_in_window() over the record's window.
bool in_window(const TimeWait& tw, SeqNum seq, SeqNum end) {
    const SeqNum right = tw.rcv_nxt + tw.rcv_wnd;
    if (seq == tw.rcv_nxt || (after(end, tw.rcv_nxt) && before(seq, right))) {
        return true;
    }
    return seq == right && seq == end;
}

/// An orphan's FIN-WAIT-2 played by a record: only the peer's FIN is welcome.
void in_fin_wait_2(Context& cx, std::uint32_t index, const wire::Packet& packet, bool old_ts) {
    TimeWait& tw = cx.s.time_waits.at(index);
    const wire::TcpHeader& h = packet.tcp;
    if (old_ts || !in_window(tw, h.seq, h.end_seq())) {
        drop(cx, Drop::kTimeWaitOld);
        return answer(cx, tw, Mib::kTcpExtTCPACKSkippedFinWait2);
    }
    if (h.rst()) {
        drop(cx, Drop::kTimeWaitRst);
        return kill(cx, index, Cause::kRcvRst);
    }
    if (h.syn() && !before(h.seq, tw.rcv_nxt)) {
        drop(cx, Drop::kFinWait2Data);
        send_reset_for(cx, packet);
        return kill(cx, index, Cause::kAbort);
    }
    if (!h.ack_flag() || !after(h.end_seq(), tw.rcv_nxt) || h.end_seq() == h.seq) {
        return;  // a bare ACK: nothing changes
    }
    if (!h.fin() || h.end_seq() != tw.rcv_nxt + 1) {
        drop(cx, Drop::kFinWait2Data);
        if (!cx.s.follows(LessonRule::kRstAfterClose)) {
            return;
        }
        send_reset_for(cx, packet);
        return kill(cx, index, Cause::kAbort);
    }
    note_change(cx, tw.tuple, State::kFinWait2, State::kTimeWait, Cause::kRcvFin);
    tw.fin_wait_2 = false;
    tw.rcv_nxt = h.end_seq() - (cx.s.follows(LessonRule::kFinCounts) ? 0 : 1);
    if (tw.ts_recent_stamp_s != 0 && h.has_option(wire::option::kTimestamps)) {
        note_timestamp(tw, h, cx.now);
    }
    const bool recycled = remember_peer_timestamp(cx.s, tw.tuple.remote,
                                                  {tw.ts_recent, tw.ts_recent_stamp_s}, cx.now);
    restart(cx, index, recycled ? Duration(tw.recycle_ms * 1'000'000LL) : kTimeWaitLength);
    send_time_wait_ack(cx, tw);
    if (!cx.s.follows(LessonRule::kTimeWait)) {
        kill(cx, index, Cause::kTimeWaitOver);
    }
}

/// RFC 1122 §4.2.2.13, RFC 6191: may this SYN begin a new incarnation?
bool opens_anew(const Rules& rules, const TimeWait& tw, const wire::TcpHeader& h, bool has_ts,
                bool old_ts) {
    const bool by_timestamp =
        has_ts && rules.time_wait_syn == Rules::TimeWaitSyn::kSequenceOrTimestamp;
    return h.syn() && !h.rst() && !h.ack_flag() && !old_ts &&
           (after(h.seq, tw.rcv_nxt) ||
            (by_timestamp && static_cast<std::int32_t>(tw.ts_recent - h.tsval) < 0));
}

}  // namespace

void time_wait_timeout(Context& cx, std::uint32_t index) {
    const bool fin_wait_2 = cx.s.time_waits.at(index).fin_wait_2;
    kill(cx, index, fin_wait_2 ? Cause::kFinWait2Over : Cause::kTimeWaitOver);
}

void in_time_wait(Context& cx, std::uint32_t index, const wire::Packet& packet) {
    StackState& s = cx.s;
    TimeWait& tw = s.time_waits.at(index);
    const wire::TcpHeader& h = packet.tcp;
    const bool has_ts = tw.ts_recent_stamp_s != 0 && h.has_option(wire::option::kTimestamps);
    const bool old_ts =
        has_ts && paws_rejects(tw.ts_recent, tw.ts_recent_stamp_s, h.tsval, cx.now, h.rst());
    if (tw.fin_wait_2) {
        return in_fin_wait_2(cx, index, packet, old_ts);
    }
    const bool bare = h.end_seq() == h.seq;
    if (!old_ts && h.seq == tw.rcv_nxt && (bare || h.rst())) {
        if (h.rst()) {
            drop(cx, Drop::kTimeWaitRst);
            if (s.sysctl.tcp_rfc1337 == 0) {  // TIME-WAIT assassination
                kill(cx, index, Cause::kRcvRst);
            }
            return;
        }
        restart(cx, index, kTimeWaitLength);
        if (has_ts) {
            note_timestamp(tw, h, cx.now);
        }
        return;
    }
    if (s.follows(LessonRule::kTimeWaitSyn) && opens_anew(s.sysctl.rules, tw, h, has_ts, old_ts)) {
        if (Listener* listener = find_listener(s, tw.tuple)) {
            const SeqNum isn = tw.snd_nxt + 65535 + 2;
            kill(cx, index, Cause::kTimeWaitOver);
            if (refuse_signature(cx, packet, listener->md5.find(packet.source))) {
                return;
            }
            return syn_in_listen(cx, *listener, packet, isn);
        }
        drop(cx, Drop::kTimeWaitOld);
        return send_time_wait_ack(cx, tw);  // nobody listens any more
    }
    if (old_ts) {
        s.mib.add(Mib::kTcpExtPAWSTimewait);
    }
    if (h.rst()) {
        return drop(cx, Drop::kTimeWaitRst);
    }
    if (old_ts || h.ack_flag()) {
        restart(cx, index, kTimeWaitLength);
    }
    drop(cx, Drop::kTimeWaitOld);
    answer(cx, tw, Mib::kTcpExtTCPACKSkippedTimeWait);
}

}  // namespace netsim::tcp
