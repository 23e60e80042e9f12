// Wake-up delays, read off a recording.
#include "replay/scheduling.hpp"

#include <algorithm>

namespace netsim::replay {

namespace {

/// Can this packet end the call's wait?
bool wakes(const RecordedPacket& p, const RecordedCall& call) {
    const bool to_caller = p.to_server == (call.side == Side::kServer);
    if (!to_caller || !p.received) {
        return false;
    }
    const auto has = [&](char flag) { return p.flags.find(flag) != std::string::npos; };
    if (p.icmp || has('R')) {
        return true;
    }
    if (call.call == "connect") {
        return has('S');
    }
    if (call.call.starts_with("recv")) {
        return p.length > 0 || has('F');
    }
    return !has('S');  // accept() by the handshake's ACK, send() by any ACK
}

/// The packet that made the process runnable: the first of those that came before the call returned
/// and that it can have slept through.
const RecordedPacket* waker(const Recording& recording, const RecordedCall& call) {
    const Milliseconds begin = std::max(call.start, *call.end - kLongestWake);
    const bool returns_at_once = call.call != "recv until EOF";
    const RecordedPacket* first = nullptr;
    Milliseconds previous = 0;
    for (const RecordedPacket& p : recording.packets) {
        if (!wakes(p, call) || *p.received < begin || *p.received > *call.end) {
            continue;
        }
        const bool anew = !returns_at_once && *p.received - previous > kUsualWake;
        if (first == nullptr || anew) {
            first = &p;
        }
        previous = *p.received;
    }
    return first;
}

}  // namespace

void estimate_scheduling(Recording& recording) {
    for (RecordedCall& call : recording.calls) {
        call.acts = call.start;
        call.wake = kUsualWake;
        if (!call.end) {
            continue;
        }
        if (*call.end - call.start <= kLongestWake) {
            call.acts = *call.end;
        }
        if (const RecordedPacket* p = waker(recording, call)) {
            call.wake = *call.end - *p->received;
        }
    }
}

}  // namespace netsim::replay
