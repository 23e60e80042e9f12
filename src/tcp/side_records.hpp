// What a connection needs only once it has data or a FIN to send (Sending), has received data
// (Receiving), or meets what few do (Rare). Connection makes each when it is first written to;
// until then it reads as made here. Data only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "netsim/time.hpp"
#include "tcp/chrono.hpp"
#include "tcp/congestion.hpp"
#include "tcp/error_queue.hpp"
#include "tcp/fastopen.hpp"
#include "tcp/md5_keys.hpp"
#include "tcp/mtu_search.hpp"
#include "tcp/rate_sample.hpp"
#include "tcp/ring.hpp"
#include "tcp/urgent.hpp"
#include "wire/payload.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

/// What the application wrote and has not been sent yet: Linux's skb on the write queue, at most
/// tcp_xmit_size_goal() long.
struct UnsentChunk {
    wire::PayloadRef payload;
    bool push = false;    // the end of a write: the segment that carries the last byte gets PSH
    bool sealed = false;  // MSG_EOR, or out of page fragments: nothing is appended
    bool eor = false;     // MSG_EOR: sent again, it goes alone too
};

/// A segment that was sent and is not yet acknowledged: Linux's skb on the retransmission queue.
struct SentSegment {
    wire::SeqNum seq;
    wire::SeqNum end;
    wire::PayloadRef payload;
    Time sent_at;             // last transmission
    SendStamp stamp;          // of that
    std::uint32_t order = 0;  // Connection::transmissions then: which of two is later
    std::uint16_t flags = 0;  // FIN; PSH at the end of a write, not of a burst
    bool sacked = false;
    bool lost = false;
    bool retransmitted = false;       // the copy last sent is a retransmission in flight
    bool ever_retransmitted = false;  // Karn
    bool joined = false;              // in one skb with the segment before, were this the kernel
    bool eor = false;                 // its skb ended a record (MSG_EOR)
};

/// The buffer a packet came in: what it costs the receive queue (skb->truesize) and how much of a
/// following segment could still be copied into it. receive_buffer.hpp has the sizes.
struct PacketMemory {
    std::uint32_t truesize = 0;
    std::uint32_t tailroom = 0;
};

/// In-order data the application has not read. Its memory is held until its last byte is read.
struct ReceivedSegment {
    wire::PayloadRef payload;
    PacketMemory memory;
};

/// Out-of-order data, kept until the gap before it is filled.
struct OutOfOrder {
    wire::SeqNum seq;
    wire::SeqNum end;  // includes the FIN
    wire::PayloadRef payload;
    PacketMemory memory;
    bool fin = false;
};

/// The out-of-order queue in order of sequence, with the SACK blocks that report it (RFC 2018 §4:
/// the most recent first).
struct Reassembly {
    Ring<OutOfOrder> queue;
    std::array<wire::SeqRange, 4> sacks{};
    std::uint8_t sack_count = 0;
    std::uint8_t duplicate_acks = 0;   // sent at once since rcv_nxt moved (dup_ack_counter)
    std::uint8_t compressed_acks = 0;  // owed, and held back by SACK compression
    wire::SeqNum compressed_rcv_nxt;
    wire::SeqRange dsack;  // to report once (RFC 2883); empty: none
};

/// RACK's variables (RFC 8985 §5.3): the last sent of what has arrived, and how much reordering is
/// allowed for.
struct Rack {
    Duration rtt{0};                    // RACK.rtt
    std::uint32_t order = 0;            // for RACK.xmit_ts and RACK.end_seq: SentSegment::order
    std::uint32_t round_delivered = 0;  // Connection::delivered when the window last grew
    std::uint8_t window_steps = 1;      // reordering window in quarters of the least RTT
    std::uint8_t window_persist = 0;    // recoveries until it falls back to one quarter
    bool advanced = false;              // something newer arrived: look for losses
    bool dsack_seen = false;            // a spurious retransmission was reported in this round
};

/// What a reduction of cwnd needs to be taken back. Linux undo_marker, undo_retrans,
/// prior_ssthresh.
struct Undo {
    wire::SeqNum marker;               // snd_una when the episode began
    bool possible = false;             // the marker is set
    std::int32_t retransmits = -1;     // not yet known to be spurious; -1: none was sent
    std::uint32_t prior_ssthresh = 0;  // 0: cwnd stays reduced
};

/// A tail loss probe under way (RFC 8985 §7.4).
struct LossProbe {
    wire::SeqNum high_seq;  // snd_nxt when it was sent
    bool pending = false;
    bool retransmitted = false;  // it repeated old data
};

/// Of a connection that has something to send, its FIN at least: the queues, what is known of each
/// segment in flight, congestion control, loss recovery, and how fast all that goes.
struct Sending {
    // --- queues
    Ring<SentSegment> sent;
    Ring<UnsentChunk> unsent;
    std::uint32_t unsent_bytes = 0;
    std::uint32_t sent_bytes = 0;  // payload on `sent`
    std::uint32_t sent_skbs = 0;   // skbs these are in: those not `joined`, and the first
    wire::SeqNum snd_sml;          // end of the last small segment sent (Minshall)
    wire::SeqNum pushed_seq;       // what is before it has been marked PSH
    std::uint64_t tx_offset = 0;   // of the stream's next byte to be written
    Time last_sent_at{};           // lsndtime: data
    wire::SeqNum rtt_seq;          // the next round trip begins when this is acknowledged

    // --- congestion control
    Congestion cc;
    CaState ca_state = CaState::kOpen;

    // --- recovery
    bool sack_reneged = false;     // the receiver took SACKs back in this loss episode
    bool frto = false;             // F-RTO is testing whether the timeout was spurious (RFC 5682)
    std::uint32_t sacked_out = 0;  // segments; without SACK: duplicate ACKs
    std::uint32_t lost_out = 0;
    std::uint32_t retrans_out = 0;
    std::uint32_t prior_cwnd = 0;  // PRR, RFC 6937
    std::uint32_t prr_delivered = 0;
    std::uint32_t prr_out = 0;
    wire::SeqNum high_seq;            // snd_nxt when recovery began
    wire::SeqNum highest_sacked;      // end of the highest segment SACKed, while sacked_out > 0
    wire::SeqNum retransmit_hint;     // what was lost before it has been sent again
    std::uint32_t lost_total = 0;     // segments ever marked lost
    std::uint32_t transmissions = 0;  // segments with data sent, again or not
    Rack rack;
    Undo undo;
    LossProbe tlp;
    Time first_retrans_at = kNever;      // retrans_stamp: bounds tcp_retries2, tells originals
    std::uint32_t probing_since_ms = 0;  // icsk_probes_tstamp: clock_ms() + 1; 0: not probing

    // --- measured, or counted for TCP_INFO
    DeliveryRate rate;
    ChronoStats chrono;
    std::uint64_t bytes_acked = 0;
    std::uint64_t bytes_sent = 0;
    std::uint32_t retrans_total = 0;
    std::uint32_t bytes_retrans = 0;
    std::uint32_t dsack_dups = 0;  // segments the peer reports as received twice
    std::uint32_t reord_seen = 0;  // times reordering was noticed

    void recycle() {
        Ring<SentSegment> kept = std::move(sent);
        std::destroy_at(this);
        std::construct_at(this);
        sent = std::move(kept);
        sent.recycle();
    }
};

/// Dynamic right-sizing of the receive buffer: what the application reads per round trip.
struct ReceiveTuning {
    wire::SeqNum seq;  // this round began here
    Time since{};
    std::uint32_t rtt8_us = 0;  // the receiver's idea of the RTT, 8 times (rcv_rtt_est)
    wire::SeqNum rtt_seq;       // a window's worth ends here
    Time rtt_since = kNever;
};

/// Of a connection that has received data.
struct Receiving {
    Ring<ReceivedSegment> received;
    std::uint32_t received_bytes = 0;
    bool rx_started = false;
    wire::PayloadRef
        rx_last;  // the last range taken in order: the proof that the next continues it
    std::uint64_t bytes_received = 0;  // for TCP_INFO
    Time segment_at{};                 // tcp_mstamp: when a segment last came or went
    ReceiveTuning tuning;
    Duration ato{0};             // until a delayed ACK goes
    Time last_data_at = kNever;  // lrcvtime, in jiffies where the host has them; kNever: none came
    Time timer_at = kNever;      // when the delayed ACK is due; its timer may fire later

    void recycle() {
        Ring<ReceivedSegment> kept = std::move(received);
        std::destroy_at(this);
        std::construct_at(this);
        received = std::move(kept);
        received.recycle();
    }
};

/// What few connections ever need.
struct Rare {
    std::unique_ptr<Reassembly> reassembly;
    std::unique_ptr<Urgent> urgent;            // met urgent data
    std::unique_ptr<ErrorQueue> errors;        // asked for timestamps or zero-copy
    std::unique_ptr<FastOpenState> fast_open;  // of the few that have to do with it
    std::unique_ptr<MtuSearch> mtu;            // probes its path, or was told of it
    std::unique_ptr<Md5Keys> md5;              // signs its segments (TCP_MD5SIG)
    std::uint32_t last_oow_ms = 0;             // rate limit of ACKs for invalid segments
    std::uint32_t last_challenge_ms = 0;

    void recycle() { *this = Rare{}; }
};

}  // namespace netsim::tcp
