// The transition table and the names of states and causes.
#include "tcp/state.hpp"

#include <array>

#include "base/check.hpp"

namespace netsim::tcp {

namespace {

using enum State;

constexpr auto kTransitions = std::to_array<Transition>({
    // opening, RFC 9293 §3.10.1, §3.10.7.1-3
    {kClosed, Cause::kPassiveOpen, kListen},
    {kClosed, Cause::kActiveOpen, kSynSent},
    {kListen, Cause::kRcvSyn, kSynReceived},        // a RequestSock is made
    {kListen, Cause::kRcvCookieAck, kSynReceived},  // a child straight from a cookie
    {kListen, Cause::kFastOpen, kSynReceived},
    {kListen, Cause::kClose, kClosed},
    {kSynSent, Cause::kRcvSynAck, kEstablished},
    {kSynSent, Cause::kRcvSyn, kSynReceived},  // simultaneous open
    {kSynSent, Cause::kRcvRst, kClosed},
    {kSynSent, Cause::kTimeout, kClosed},
    {kSynSent, Cause::kIcmpError, kClosed},
    {kSynSent, Cause::kClose, kClosed},
    {kSynSent, Cause::kAbort, kClosed},
    {kSynReceived, Cause::kRcvAckOfSyn, kEstablished},
    {kSynReceived, Cause::kClose, kFinWait1},
    {kSynReceived, Cause::kRcvFin, kCloseWait},
    {kSynReceived, Cause::kRcvRst, kClosed},
    {kSynReceived, Cause::kTimeout, kClosed},
    {kSynReceived, Cause::kIcmpError, kClosed},
    {kSynReceived, Cause::kAbort, kClosed},
    // closing, §3.6, §3.10.4, §3.10.7.4
    {kEstablished, Cause::kClose, kFinWait1},
    {kEstablished, Cause::kRcvFin, kCloseWait},
    {kFinWait1, Cause::kRcvAckOfFin, kFinWait2},
    {kFinWait1, Cause::kRcvFin, kClosing},
    {kFinWait2, Cause::kRcvFin, kTimeWait},
    {kFinWait2, Cause::kFinWait2Over, kClosed},
    {kCloseWait, Cause::kClose, kLastAck},
    {kClosing, Cause::kRcvAckOfFin, kTimeWait},
    {kLastAck, Cause::kRcvAckOfFin, kClosed},
    {kTimeWait, Cause::kTimeWaitOver, kClosed},
    // aborts, §3.10.5, §3.10.7.4, §3.10.8
    {kEstablished, Cause::kRcvRst, kClosed},
    {kEstablished, Cause::kAbort, kClosed},
    {kEstablished, Cause::kTimeout, kClosed},
    {kFinWait1, Cause::kRcvRst, kClosed},
    {kFinWait1, Cause::kAbort, kClosed},
    {kFinWait1, Cause::kTimeout, kClosed},
    {kFinWait2, Cause::kRcvRst, kClosed},
    {kFinWait2, Cause::kAbort, kClosed},
    {kFinWait2, Cause::kTimeout, kClosed},
    {kCloseWait, Cause::kRcvRst, kClosed},
    {kCloseWait, Cause::kAbort, kClosed},
    {kCloseWait, Cause::kTimeout, kClosed},
    {kClosing, Cause::kRcvRst, kClosed},
    {kClosing, Cause::kAbort, kClosed},
    {kClosing, Cause::kTimeout, kClosed},
    {kLastAck, Cause::kRcvRst, kClosed},
    {kLastAck, Cause::kAbort, kClosed},
    {kLastAck, Cause::kTimeout, kClosed},
    {kTimeWait, Cause::kRcvRst, kClosed},
    // tcp_max_tw_buckets: no record is made
    {kFinWait2, Cause::kRcvFin, kClosed},
    {kClosing, Cause::kRcvAckOfFin, kClosed},
});

constexpr std::size_t kStates = 16;  // Linux numbers them from 1

/// The table above, to be looked up at each change: [from][cause] has a bit for each `to`.
constexpr auto kAllowed = [] {
    std::array<std::array<std::uint16_t, static_cast<std::size_t>(Cause::kCount)>, kStates> bits{};
    for (const Transition& t : kTransitions) {
        bits[static_cast<std::size_t>(t.from)][static_cast<std::size_t>(t.cause)] |=
            static_cast<std::uint16_t>(1U << static_cast<unsigned>(t.to));
    }
    return bits;
}();

struct StateNames {
    State state;
    std::string_view rfc;
    std::string_view ss;
    std::string_view netstat;
};

constexpr auto kNames = std::to_array<StateNames>({
    {kEstablished, "ESTABLISHED", "ESTAB", "ESTABLISHED"},
    {kSynSent, "SYN-SENT", "SYN-SENT", "SYN_SENT"},
    {kSynReceived, "SYN-RECEIVED", "SYN-RECV", "SYN_RECV"},
    {kFinWait1, "FIN-WAIT-1", "FIN-WAIT-1", "FIN_WAIT1"},
    {kFinWait2, "FIN-WAIT-2", "FIN-WAIT-2", "FIN_WAIT2"},
    {kTimeWait, "TIME-WAIT", "TIME-WAIT", "TIME_WAIT"},
    {kClosed, "CLOSED", "UNCONN", "CLOSE"},
    {kCloseWait, "CLOSE-WAIT", "CLOSE-WAIT", "CLOSE_WAIT"},
    {kLastAck, "LAST-ACK", "LAST-ACK", "LAST_ACK"},
    {kListen, "LISTEN", "LISTEN", "LISTEN"},
    {kClosing, "CLOSING", "CLOSING", "CLOSING"},
});

const StateNames& names(State state) {
    const std::size_t index = static_cast<std::size_t>(state) - 1;
    CHECK(index < kNames.size() && kNames[index].state == state);
    return kNames[index];
}

}  // namespace

std::string_view rfc_name(State state) {
    return names(state).rfc;
}

std::string_view ss_name(State state) {
    return names(state).ss;
}

std::string_view netstat_name(State state) {
    return names(state).netstat;
}

std::string_view to_string(Cause cause) {
    static constexpr auto kText = std::to_array<std::string_view>(
        {"listen", "connect", "rcv SYN", "rcv SYN,ACK", "rcv ACK of SYN", "rcv ACK with SYN cookie",
         "rcv SYN with Fast Open cookie", "close", "rcv FIN", "rcv ACK of FIN", "rcv RST", "abort",
         "time-out", "ICMP error", "TIME-WAIT over", "FIN-WAIT-2 over", "reuse"});
    static_assert(kText.size() == static_cast<std::size_t>(Cause::kCount));
    return kText[static_cast<std::size_t>(cause)];
}

std::span<const Transition> transitions() {
    return kTransitions;
}

bool legal(State from, Cause cause, State to) {
    const std::uint16_t allowed =
        kAllowed[static_cast<std::size_t>(from)][static_cast<std::size_t>(cause)];
    return (allowed >> static_cast<unsigned>(to) & 1U) != 0;
}

std::string transitions_dot() {
    std::string out = "digraph tcp {\n";
    for (const Transition& t : kTransitions) {
        out += "  \"" + std::string(rfc_name(t.from)) + "\" -> \"" + std::string(rfc_name(t.to)) +
               "\" [label=\"" + std::string(to_string(t.cause)) + "\"];\n";
    }
    return out + "}\n";
}

}  // namespace netsim::tcp
