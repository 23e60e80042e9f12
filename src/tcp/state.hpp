// The eleven states, why they change, and the one table of legal changes. RFC 9293 §3.3.2, §3.10.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tcp/socket_info.hpp"

namespace netsim::tcp {

/// What makes a connection change its state.
enum class Cause : std::uint8_t {
    kPassiveOpen,   // listen()
    kActiveOpen,    // connect()
    kRcvSyn,        // a SYN, no acceptable ACK (passive or simultaneous open)
    kRcvSynAck,     // SYN and an ACK of ours
    kRcvAckOfSyn,   // the handshake's last ACK
    kRcvCookieAck,  // an ACK that carries a valid SYN cookie
    kFastOpen,      // a SYN with a valid Fast Open cookie
    kClose,         // close() or shutdown(SHUT_WR)
    kRcvFin,        // the peer has finished
    kRcvAckOfFin,   // our FIN is acknowledged
    kRcvRst,
    kAbort,         // we reset: linger 0, unread data, the listener closed, out of memory
    kTimeout,       // a retransmission, keepalive or user time-out gave up
    kIcmpError,     // a fatal ICMP error while opening
    kTimeWaitOver,  // 60 s, an assassination, or a new SYN took its place
    kFinWait2Over,  // tcp_fin_timeout
    kReuse,         // disconnected, to be used again
    kCount
};

std::string_view to_string(Cause cause);

struct Transition {
    State from;
    Cause cause;
    State to;
};

/// Every legal change. The diagram in docs and reports is generated from it.
std::span<const Transition> transitions();
/// Is it in the table?
bool legal(State from, Cause cause, State to);
/// The table as a Graphviz digraph.
std::string transitions_dot();

}  // namespace netsim::tcp
