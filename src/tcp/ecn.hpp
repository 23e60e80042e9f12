// Explicit congestion notification (RFC 3168): who may mark, who echoes, who answers. Routers mark
// CE instead of dropping; the receiver says ECE until the sender says CWR. Linux's tcp_ecn_*().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

// --- agreeing on it
/// Does our SYN ask? net.ipv4.tcp_ecn = 1, or the route's features.
bool ecn_asked_for(const Sysctl& sysctl, const PathInfo& path);
/// ECE and CWR of an ECN-setup SYN; a SYN sent again falls back to an ordinary one, in case a
/// middlebox eats what it does not know (tcp_ecn_fallback; RFC 3168 §6.1.1.1).
std::uint16_t ecn_syn_flags(const Sysctl& sysctl, const Connection& c);
/// Is this an ECN-setup SYN that the host answers with ECE? One that is itself marked ECT comes
/// from a stack that does not keep to the RFC. Linux tcp_ecn_create_request().
bool ecn_granted(const Sysctl& sysctl, const PathInfo& path, const wire::Packet& syn);
/// An ECN-setup SYN-ACK: ECE without CWR. A peer that reflects all flags has no ECN.
bool ecn_agreed(const wire::TcpHeader& syn_ack);

// --- sending
/// Marks a segment of an ECN connection: new data is ECT(0), and tells CWR once where that is owed;
/// ACKs, retransmissions and probes are not (RFC 3168 §6.1.4, §6.1.5). All of them echo ECE.
void ecn_mark(Connection& c, wire::Packet& packet, bool new_data);

// --- receiving
/// The IP header's mark of arriving data, in the window. Linux __tcp_ecn_check_ce().
void ecn_data_arrived(Connection& c, wire::Ecn mark);
/// CWR on data: the sender has answered, the echo ends. Linux tcp_ecn_accept_cwr().
void ecn_take_cwr(Connection& c, const wire::TcpHeader& h);
/// The peer echoes congestion. Linux tcp_ecn_rcv_ecn_echo().
bool ecn_echoed(const Connection& c, const wire::TcpHeader& h);

}  // namespace netsim::tcp
