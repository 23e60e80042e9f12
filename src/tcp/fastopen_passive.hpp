// Fast Open, the server's side (RFC 7413 §4.2.2): a SYN with a valid cookie makes the child at
// once. Linux tcp_try_fastopen(), tcp_fastopen_create_child(), reqsk_fastopen_remove().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// What becomes of a SYN that a listener is about to queue.
struct FastOpenAnswer {
    bool child = false;     // the connection is made now
    FastOpenOption option;  // what the SYN-ACK says
};

/// Slots, sysctls and cookie decide; counts what it decides.
FastOpenAnswer try_fast_open(Context& cx, Listener& listener, const wire::Packet& syn);

/// Makes the child in SYN-RECEIVED, in the accept queue, with the SYN's data to read; sends its
/// SYN-ACK.
void make_fast_open_child(Context& cx, Listener& listener, const RequestSock& req,
                          const wire::Packet& syn, const FastOpenOption& option);

/// A segment for a child that awaits the handshake's last ACK: Linux tcp_check_req(). True: it is
/// dealt with.
bool guard_fast_open_child(Context& cx, Connection& c, const wire::Packet& packet);

/// The last ACK has come, or the child has ended. `by_reset`: once accepted, its slot stays taken
/// for 60 s, so that a flood of spoofed SYNs cannot turn them over quickly (RFC 7413 §5.1).
void release_fast_open(Context& cx, Connection& c, bool by_reset);

/// The child's SYN-ACK was not acknowledged in time. Linux tcp_fastopen_synack_timer().
void fast_open_syn_ack_timeout(Context& cx, Connection& c);

/// TCP_FASTOPEN on a listener, or listen() with bit 0x400: the host gets a key if it has none.
/// Linux tcp_fastopen_init_key_once().
void draw_fast_open_key(StackState& s);

}  // namespace netsim::tcp
