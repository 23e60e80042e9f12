// The receive buffer as Linux accounts for it: packets cost the memory they came in, the window is
// the share of the buffer that payload has been seen to fill, and both grow with what the
// application reads per round trip. Linux tcp_input.c: tcp_grow_window(), tcp_measure_rcv_mss(),
// tcp_rcv_space_adjust(), tcp_prune_queue().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// What a driver that copies each packet into one buffer allocates for it (tun_alloc_skb(), veth
/// without offloads): 64 bytes of headroom, the packet, skb_shared_info, rounded up to a kmalloc
/// size; what does not fit into a page: pages, in chunks of up to eight.
PacketMemory packet_memory(std::uint32_t ip_length);

/// Do `length` bytes fit into the room that the packet before them has left? They add nothing to
/// its memory then. Linux skb_try_coalesce()
bool merge_memory(PacketMemory& tail, std::uint32_t length);

/// The packet that brought this segment.
PacketMemory packet_memory(const wire::TcpHeader& h);

/// Linux tcp_win_from_space(): the part of `space` bytes of memory that is window.
std::uint32_t window_from_space(const Connection& c, std::uint32_t space);

/// Linux tcp_space(): window that the free memory is worth; the backlog takes some as well.
std::uint32_t free_window(const StackState& s, const Connection& c);

/// Linux sk_forward_alloc: memory is granted in pages; what is left of the last one. A segment that
/// needs more cannot take the fast path.
std::uint32_t memory_at_hand(const Connection& c);

/// The MSS we announced, less the options each segment carries (tp->advmss once established).
std::uint32_t data_advmss(const Connection& c);

/// Linux tcp_init_buffer_space(), tcp_initialize_rcv_mss().
void init_receive_buffer(Context& cx, Connection& c);

/// SO_RCVBUF or TCP_WINDOW_CLAMP set on a live connection. Linux tcp_set_window_clamp().
void set_window_clamp(Connection& c, std::uint32_t clamp);

/// Makes room for a segment at `seq`; false: there is none and it must be dropped. Linux
/// tcp_try_rmem_schedule().
bool make_receive_room(Context& cx, Connection& c, wire::SeqNum seq);

/// Appends in-order payload to the receive queue, into the tail's spare room if it fits. Linux
/// tcp_queue_rcv(), tcp_try_coalesce().
void queue_received(Context& cx, Connection& c, const wire::PayloadRef& payload,
                    PacketMemory memory);
/// The same for a FIN that came alone.
void queue_received_fin(Context& cx, Connection& c, PacketMemory memory);

/// The first received segment has been read to its end.
void release_received(Connection& c);

/// Bytes that arrived: how large the peer's segments are, and how much of their memory is payload.
/// Linux tcp_measure_rcv_mss().
void measure_segment(Connection& c, const wire::TcpHeader& h);

/// Linux tcp_rcv_rtt_measure(), for peers without timestamps.
void measure_receive_rtt(Context& cx, Connection& c);
/// Linux tcp_rcv_rtt_measure_ts()
void measure_receive_rtt_by_timestamp(Context& cx, Connection& c, const wire::TcpHeader& h);

/// A segment came whose memory is well used: the window may open further. Linux
/// tcp_grow_window(). `length`: of the segment in `memory`.
void grow_receive_window(Context& cx, Connection& c, std::uint32_t length, std::uint32_t truesize);

/// The application has read: once per round trip the buffer follows. Linux tcp_rcv_space_adjust().
void tune_receive_buffer(Context& cx, Connection& c);
/// Out-of-order data need room too: the buffer must hold them and what fills the gap.
void grow_buffer_for_gap(Context& cx, Connection& c);

}  // namespace netsim::tcp
