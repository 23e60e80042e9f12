// The receiving half of a connection: windows, delayed ACKs, reassembly, FIN. Linux tcp_input.c's
// roles.
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// What a connection needs once it is ESTABLISHED: MSS, buffers, keepalive. Linux
/// tcp_finish_connect(), tcp_init_transfer().
void finish_open(Context& cx, Connection& c);
/// Congestion control counts its round trips, and recovery its holes, from here.
void begin_round_trips(Connection& c);

/// The seventh step of RFC 9293 §3.10.7.4: the segment text, and the eighth: its FIN.
void take_text(Context& cx, Connection& c, const wire::Packet& packet);

/// What a SYN or SYN-ACK of Fast Open brings along: to be read, not yet acknowledged. Linux
/// tcp_fastopen_add_skb().
void take_syn_payload(Context& cx, Connection& c, const wire::Packet& packet);

/// Takes in-order bytes for the application, and checks that they are the bytes the peer sent
/// there.
void accept_payload(Context& cx, Connection& c, const wire::PayloadRef& payload,
                    const PacketMemory& memory);

/// Switches header prediction on where nothing stands against it. Linux tcp_fast_path_check().
void predict_headers(Connection& c);

/// Keepalive probes start counting from `now` (SO_KEEPALIVE switched on, or established with it).
void arm_keepalive(Context& cx, Connection& c);

}  // namespace netsim::tcp
