// A half-open connection at a listener: a SYN was answered, the handshake's last ACK is awaited.
// Linux struct request_sock, "mini sock to represent a connection request". At most 64 bytes,
// because a flood must cost the simulator what it costs the kernel.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tcp/deadline_list.hpp"
#include "tcp/endpoint_key.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

/// What the SYNs negotiated; also carried in a SYN cookie's timestamp.
struct Negotiated {
    std::uint16_t mss = 536;          // the peer's MSS option (RFC 9293 §3.7.1: 536 if absent)
    std::uint8_t snd_wscale : 4 = 0;  // the peer's shift: of windows it sends
    std::uint8_t rcv_wscale : 4 = 0;  // ours
    bool wscale_ok : 1 = false;
    bool tstamp_ok : 1 = false;
    bool sack_ok : 1 = false;
    bool ecn_ok : 1 = false;  // of a connection in SYN-SENT: our SYN asked for it
};

struct RequestSock {
    FourTuple tuple;
    wire::SeqNum rcv_isn;        // the SYN's sequence number
    wire::SeqNum snt_isn;        // our SYN-ACK's
    std::uint32_t listener = 0;  // index in the stack's listeners
    DeadlineLink link;           // next SYN-ACK retransmission
    std::uint32_t ts_recent = 0;
    std::uint32_t sent_at_us = 0;   // low 32 bits of the microsecond the SYN-ACK left, for the RTT
    std::uint32_t first_tsval = 0;  // the first SYN-ACK's; 0: none (snt_tsval_first)
    std::uint32_t last_oow_ms = 0;  // when a duplicate was last answered (rate limit); 0: never
    Negotiated options;
    std::uint16_t slack_ms = 0;    // by how much the timer wheel is later than the timer is due
    std::uint8_t num_timeout = 0;  // expiries of the SYN-ACK timer
    std::uint8_t num_retrans : 7 = 0;
    bool acked : 1 = false;  // the last ACK came, but could not be used (queue full, deferred)
};

static_assert(sizeof(RequestSock) <= 64 && std::is_trivially_copyable_v<RequestSock>);

}  // namespace netsim::tcp
