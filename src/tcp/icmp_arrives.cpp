// An ICMP error about a segment of ours. RFC 1122 §4.2.3.9, RFC 5927; Linux tcp_v4_err().
#include "tcp/actions.hpp"
#include "tcp/backlog.hpp"
#include "tcp/path_mtu.hpp"
#include "tcp/stack.hpp"
#include "tcp/timeouts.hpp"

namespace netsim::tcp {

namespace {

/// Net or host unreachable, time exceeded, parameter problem end a half-open request; port and
/// protocol unreachable do not. Linux tcp_req_err().
void icmp_for_request(Context& cx, std::uint32_t index, const wire::IcmpHeader& icmp) {
    const RequestSock& req = cx.s.requests.at(index);
    if (req.snt_isn.raw() != icmp.quoted.seq) {
        cx.s.mib.add(Mib::kTcpExtOutOfWindowIcmps);
        return;
    }
    const bool ends = icmp.type != wire::icmp::kDestinationUnreachable ||
                      icmp.code == wire::icmp::kNetUnreachable ||
                      icmp.code == wire::icmp::kHostUnreachable;
    if (!ends) {
        return;
    }
    cx.s.mib.add(Mib::kTcpExtListenDrops);
    const FourTuple tuple = req.tuple;
    remove_request(cx.s, index);
    note_change(cx, tuple, State::kSynReceived, State::kClosed, Cause::kIcmpError);
}

/// Linux tcp_v4_err()
void icmp_for_connection(Context& cx, Connection& c, const wire::IcmpHeader& icmp) {
    const wire::SeqNum seq(icmp.quoted.seq);
    const bool fast_open = c.awaits_handshake_ack();
    const bool too_big = icmp.type == wire::icmp::kDestinationUnreachable &&
                         icmp.code == wire::icmp::kFragmentationNeeded;
    if (c.owned && !too_big) {
        cx.s.mib.add(Mib::kTcpExtLockDroppedIcmps);
    }
    if (!wire::between(seq, fast_open ? c.iss : c.snd_una, c.snd_nxt)) {
        cx.s.mib.add(Mib::kTcpExtOutOfWindowIcmps);
        return;
    }
    if (too_big && c.owned) {
        owner_of(cx.s, c).path_mtu = icmp.mtu;
        return;
    }
    if (too_big) {
        return route_metrics(cx.s, c).mtu_locked ? void() : fit_to_path(cx, c, icmp.mtu);
    }
    const Errno error = icmp_errno(icmp.type, icmp.code);
    // A Fast Open child that was accepted is treated as if it were open.
    const bool accepted = fast_open && c.parent == kNoIndex;
    if (c.owned) {  // a process is in a call: it is not torn from under it
        c.soft_error = error;
        return;
    }
    const bool opening =
        c.state == State::kSynSent || (c.state == State::kSynReceived && !accepted);
    if (opening && cx.s.follows(LessonRule::kIcmpEndsOpen)) {
        if (c.opt->recverr) {
            queue_icmp_error(cx, c, error, icmp.type, icmp.code, 0);
        }
        return abort_with(cx, c, error, Cause::kIcmpError);
    }
    if (c.opt->recverr) {  // the application asked to be told at once (ip(7), IP_RECVERR)
        c.error = error;
        return notify(cx, c, poll::kErr);
    }
    c.soft_error = error;
    if (icmp.type == wire::icmp::kDestinationUnreachable &&
        (icmp.code == wire::icmp::kNetUnreachable || icmp.code == wire::icmp::kHostUnreachable)) {
        revert_backoff(cx, c, seq);
    }
}

}  // namespace

/// Linux icmp_err_convert[]; what it has other errnos for (source routes, unknown and isolated
/// hosts) nobody sends.
Errno icmp_errno(std::uint8_t type, std::uint8_t code) {
    constexpr std::uint8_t kNetUnknown = 6;
    constexpr std::uint8_t kNetProhibited = 9;
    constexpr std::uint8_t kNetUnreachableForTos = 11;
    if (type == wire::icmp::kTimeExceeded) {
        return Errno::kEHOSTUNREACH;
    }
    if (type == wire::icmp::kParameterProblem) {
        return Errno::kEPROTO;
    }
    switch (code) {
        case wire::icmp::kNetUnreachable:
        case kNetUnknown:
        case kNetProhibited:
        case kNetUnreachableForTos:
            return Errno::kENETUNREACH;
        case wire::icmp::kProtocolUnreachable:
            return Errno::kENOPROTOOPT;
        case wire::icmp::kPortUnreachable:
            return Errno::kECONNREFUSED;
        default:
            return Errno::kEHOSTUNREACH;
    }
}

void Stack::icmp_error_arrives(const wire::IcmpHeader& icmp, Time now, Outbox& out) {
    Context cx{*state_, now, out};
    const FourTuple tuple{icmp.quoted.source, icmp.quoted.destination, icmp.quoted.source_port,
                          icmp.quoted.destination_port};
    const auto record = find_record(*state_, tuple);
    if (!record) {
        state_->mib.add(Mib::kIcmpInErrors);
        return;
    }
    if (record->kind() == RecordKind::kRequest) {
        icmp_for_request(cx, record->index(), icmp);
    } else if (record->kind() == RecordKind::kConnection) {
        icmp_for_connection(cx, state_->connections.at(record->index()), icmp);
    }
}

}  // namespace netsim::tcp
