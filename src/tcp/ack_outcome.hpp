// What one acknowledgement told: the FLAG_ bits of Linux's tcp_ack(), by name.
#pragma once

#include <cstdint>

#include "netsim/time.hpp"
#include "tcp/rate_sample.hpp"
#include "wire/packet.hpp"

namespace netsim::tcp {

struct AckOutcome {
    const wire::TcpHeader* header = nullptr;
    std::uint32_t acked = 0;       // segments taken off the queue
    std::uint32_t delivered = 0;   // segments newly known to have arrived
    std::uint32_t lost = 0;        // segments newly marked lost
    RateSample rate;               // of what arrived
    std::uint32_t duplicates = 0;  // 1: RFC 5681's duplicate ACK
    bool advanced = false;         // snd_una moved
    bool carries_data = false;
    bool window_updated = false;    // it may set the window, even to what it was
    bool data_acked = false;        // something left the queue
    bool data_sacked = false;       // something was newly SACKed
    bool original_arrived = false;  // never retransmitted, sent before the episode began
    bool retransmission_acked = false;
    bool dsack = false;  // it reports a duplicate we may have caused
    bool dsack_of_probe = false;
    bool reneging = false;            // the head was SACKed, and still is not acknowledged
    bool lost_again = false;          // a retransmission was found lost
    bool set_timer = false;           // the timer starts anew
    bool ece = false;                 // the peer echoes congestion (RFC 3168)
    bool predicted = false;           // it came by the fast path
    bool maybe_delayed = false;       // a lone small segment: the peer may have waited with its ACK
    Time first_sacked_sent = kNever;  // when the first newly SACKed one was sent
    Duration rtt{0};                  // of the last segment; 0: no sample

    bool forward_progress() const { return data_acked || data_sacked; }

    /// It brings something besides repeating itself (FLAG_NOT_DUP).
    bool new_information() const { return carries_data || window_updated || data_acked; }
};

}  // namespace netsim::tcp
