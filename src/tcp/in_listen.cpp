// A segment for a listener. RFC 9293 §3.10.7.2; Linux tcp_rcv_state_process() TCP_LISTEN,
// tcp_conn_request(), cookie_v4_check().
#include "tcp/actions.hpp"
#include "tcp/ecn.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/listeners.hpp"
#include "tcp/output.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/syn_cookie.hpp"
#include "tcp/tw_recycle.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

/// What becomes of a SYN. Drop: the reason stands in `reason`.
struct SynPolicy {
    enum class Verdict : std::uint8_t { kQueue, kCookie, kDrop };

    Verdict verdict = Verdict::kQueue;
    Drop reason = Drop::kCount;
};

/// The kernel keeps the last quarter of tcp_max_syn_backlog for peers known from earlier
/// connections when it has no cookies to fall back on.
bool in_last_quarter(const StackState& s, const Listener& listener) {
    const std::int64_t most = s.sysctl.tcp_max_syn_backlog;
    return most - std::int64_t{listener.syn_queue_len} < (most >> 2);
}

/// A full accept queue refuses SYNs; to 4.9 it took them as long as at most one request was young,
/// which may find room once its handshake is done.
bool accept_queue_refuses(const StackState& s, const Listener& listener) {
    const bool always = s.sysctl.rules.full_accept_queue == Rules::FullAcceptQueue::kRefusesSyn;
    return accept_queue_full(s, listener) && (always || listener.syn_queue_young > 1);
}

/// Pure: queues and sysctls decide. The order of the questions is tcp_conn_request()'s.
SynPolicy admit_syn(const StackState& s, const Listener& listener, const wire::Packet& syn,
                    const PathInfo& path, Time now, bool from_time_wait) {
    using enum SynPolicy::Verdict;
    const std::int64_t cookies = s.sysctl.tcp_syncookies;
    const Ipv4 peer = syn.source;
    const bool pressed = !from_time_wait && (cookies == 2 || syn_queue_full(s, listener));
    if (pressed && cookies == 0) {
        return {kDrop, Drop::kSynQueueFull};
    }
    if (accept_queue_refuses(s, listener)) {
        return {kDrop, Drop::kAcceptQueueFull};
    }
    if (path.error != Errno::kOk) {
        return {kDrop, Drop::kNoRoute};
    }
    if (pressed) {
        return {kCookie, Drop::kCount};
    }
    if (!from_time_wait && timestamp_is_stale(s, syn, now)) {
        return {kDrop, Drop::kPeerTimestamp};
    }
    if (!from_time_wait && cookies == 0 && in_last_quarter(s, listener) &&
        s.follows(LessonRule::kLastQuarter) && !peer_is_proven(s, peer)) {
        return {kDrop, Drop::kLastQuarter};
    }
    return {kQueue, Drop::kCount};
}

/// The request's counters. A cookie that was wanted counts even if the accept queue then refuses.
void count_admission(Context& cx, const Listener& listener, const SynPolicy& policy,
                     bool from_time_wait) {
    Mibs& mib = cx.s.mib;
    const std::int64_t cookies = cx.s.sysctl.tcp_syncookies;
    const bool pressed = !from_time_wait && (cookies == 2 || syn_queue_full(cx.s, listener));
    if (pressed) {
        mib.add(cookies != 0 ? Mib::kTcpExtTCPReqQFullDoCookies : Mib::kTcpExtTCPReqQFullDrop);
    }
    if (policy.verdict == SynPolicy::Verdict::kDrop) {
        if (policy.reason == Drop::kAcceptQueueFull) {
            mib.add(Mib::kTcpExtListenOverflows);
        }
        if (policy.reason == Drop::kPeerTimestamp) {
            mib.add(Mib::kTcpExtPAWSPassive);
        }
        mib.add(Mib::kTcpExtListenDrops);
    }
}

RequestSock make_request(Context& cx, const Listener& listener, const wire::Packet& packet,
                         const PathInfo& path) {
    const wire::TcpHeader& syn = packet.tcp;
    RequestSock req;
    req.tuple = tuple_of(packet);
    req.rcv_isn = syn.seq;
    req.listener = listener.index;
    const std::uint8_t scale = initial_window(cx.s, *listener.opt, path_mss(path), true).scale;
    req.options = negotiate(cx.s, syn, scale);
    req.options.ecn_ok = ecn_granted(cx.s.sysctl, path, packet);
    if (req.options.tstamp_ok) {
        req.ts_recent = syn.tsval;
    }
    return req;
}

void queue_request(Context& cx, Listener& listener, const RequestSock& req,
                   const SynAckBasis& basis, const FastOpenOption& option) {
    StackState& s = cx.s;
    const Id<RequestSock> id = s.requests.emplace(req);
    CHECK(s.table.insert(RecordRef(RecordKind::kRequest, id.index)));
    RequestSock& queued = s.requests.at(id.index);
    arm_syn_ack(cx, id.index, std::chrono::seconds(1));
    ++listener.syn_queue_len;
    ++listener.syn_queue_young;
    listener.note_peaks();
    note_change(cx, req.tuple, State::kListen, State::kSynReceived, Cause::kRcvSyn);
    send_request_syn_ack(cx, queued, basis, option);
}

/// Nothing is kept: what the handshake's last ACK must bring back goes into the SYN-ACK.
void answer_with_cookie(Context& cx, Listener& listener, RequestSock& req, const PathInfo& path) {
    if (!req.options.tstamp_ok) {
        req.options.sack_ok = false;
        req.options.wscale_ok = false;
        req.options.ecn_ok = false;
        req.options.rcv_wscale = 0;
    }
    std::uint16_t mss = req.options.mss;
    req.snt_isn = make_cookie(cx.s, req.tuple, req.rcv_isn, cx.now, mss);
    listener.last_cookie_at = cx.now;
    cx.s.mib.add(Mib::kTcpExtSyncookiesSent);
    send_cookie_syn_ack(cx, req, path_mss(path));
}

bool cookies_sent_lately(const Listener& listener, Time now) {
    return listener.last_cookie_at != kNever && now - listener.last_cookie_at <= kCookieValidity;
}

/// Rebuilds the request a valid cookie stands for; nullopt if it is not believed.
std::optional<RequestSock> request_from_cookie(Context& cx, const Listener& listener,
                                               const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    RequestSock req;
    req.tuple = tuple_of(packet);
    req.rcv_isn = h.seq - 1;
    req.snt_isn = h.ack - 1;
    req.listener = listener.index;
    constexpr std::uint16_t kLeastMss = 536;
    const auto mss = cx.s.follows(LessonRule::kCookieCheck)
                         ? check_cookie(cx.s, req.tuple, req.rcv_isn, req.snt_isn, cx.now)
                         : std::optional(kLeastMss);
    if (!mss) {
        return std::nullopt;
    }
    req.options.mss = *mss;
    if (h.has_option(wire::option::kTimestamps)) {
        const std::uint32_t echoed = h.tsecr - secure_isn(cx.s, req.tuple, cx.now).ts_offset;
        if (!options_from_timestamp(cx.s.sysctl, echoed, req.options)) {
            return std::nullopt;
        }
        req.ts_recent = h.tsval;
    }
    if (req.options.wscale_ok) {
        const std::uint8_t scale =
            initial_window(cx.s, *listener.opt, path_mss(cx.s.paths.path(packet.source)), true)
                .scale;
        req.options.rcv_wscale = static_cast<std::uint8_t>(scale & 15U);
    }
    return req;
}

}  // namespace

void in_listen(Context& cx, Listener& listener, const wire::Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    if (h.rst()) {
        return drop(cx, Drop::kRstInListen);
    }
    if (h.ack_flag()) {
        if (h.syn()) {  // no cookie comes home with a SYN
            drop(cx, Drop::kBadFlags);
            return send_reset_for(cx, packet);
        }
        return ack_in_listen(cx, listener, packet);
    }
    if (!h.syn()) {
        return drop(cx, Drop::kNoSynInListen);
    }
    if (h.fin()) {
        return drop(cx, Drop::kBadFlags);
    }
    syn_in_listen(cx, listener, packet, std::nullopt);
}

void syn_in_listen(Context& cx, Listener& listener, const wire::Packet& packet,
                   std::optional<SeqNum> isn_from_time_wait) {
    if (packet.destination.is_multicast() || packet.destination.is_broadcast()) {
        cx.s.mib.add(Mib::kTcpExtListenDrops);
        return drop(cx, Drop::kBroadcastSyn);
    }
    const bool from_time_wait = isn_from_time_wait.has_value();
    const PathInfo path = cx.s.paths.path(packet.source);
    const SynPolicy policy = admit_syn(cx.s, listener, packet, path, cx.now, from_time_wait);
    count_admission(cx, listener, policy, from_time_wait);
    if (policy.verdict == SynPolicy::Verdict::kDrop) {
        return drop(cx, policy.reason);
    }
    RequestSock req = make_request(cx, listener, packet, path);
    if (policy.verdict == SynPolicy::Verdict::kCookie) {
        return answer_with_cookie(cx, listener, req, path);
    }
    const IsnAndOffset start = secure_isn(cx.s, req.tuple, cx.now);
    req.snt_isn = isn_from_time_wait ? *isn_from_time_wait : take_isn(cx.s, start.isn);
    const FastOpenAnswer fast = try_fast_open(cx, listener, packet);
    if (fast.child || !cx.s.follows(LessonRule::kAcceptAfterAck)) {
        return make_fast_open_child(cx, listener, req, packet, fast.option);
    }
    // With both there would be no room for SACK blocks (tcp_synack_options()).
    if (req.options.sack_ok && listener.md5.find(packet.source) != nullptr) {
        req.options.tstamp_ok = false;
    }
    queue_request(cx, listener, req, {path_mss(path), start.ts_offset}, fast.option);
}

void ack_in_listen(Context& cx, Listener& listener, const wire::Packet& packet) {
    StackState& s = cx.s;
    if (s.sysctl.tcp_syncookies == 0 || !cookies_sent_lately(listener, cx.now)) {
        drop(cx, Drop::kCookieMissing);
        return send_reset_for(cx, packet);
    }
    const auto req = request_from_cookie(cx, listener, packet);
    if (!req) {
        s.mib.add(Mib::kTcpExtSyncookiesFailed);
        drop(cx, Drop::kCookieFailed);
        return send_reset_for(cx, packet);
    }
    s.mib.add(Mib::kTcpExtSyncookiesRecv);
    if (accept_queue_full(s, listener)) {  // silent, even with tcp_abort_on_overflow
        s.mib.add(Mib::kTcpExtListenOverflows);
        s.mib.add(Mib::kTcpExtListenDrops);
        return drop(cx, Drop::kCookieOverflow);
    }
    // A later copy of the SYN was queued meanwhile: Linux's inet_ehash_insert() finds that request
    // in the cookie's place, and the child is given up in silence.
    if (find_record(s, req->tuple)) {
        return drop(cx, Drop::kCookieDuplicate);
    }
    note_change(cx, req->tuple, State::kListen, State::kSynReceived, Cause::kRcvCookieAck);
    Connection& child = make_child(cx, listener, *req, true);
    ++child.segs_in;
    child.rtt.set_rto(std::chrono::seconds(3));  // facts, section 6
    take_rtt_by_timestamp(cx, child, packet.tcp);
    establish(cx, child, packet, Cause::kRcvAckOfSyn);
}

}  // namespace netsim::tcp
