// A full socket: everything but listeners, half-open requests and TIME-WAIT. RFC 9293 §3.3.1's
// variables by their names, Linux's tcp_sock for the rest. Data only: the files named for events
// and states act on it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "netsim/result.hpp"
#include "netsim/time.hpp"
#include "tcp/chrono.hpp"
#include "tcp/congestion.hpp"
#include "tcp/endpoint_key.hpp"
#include "tcp/error_queue.hpp"
#include "tcp/fastopen.hpp"
#include "tcp/md5_keys.hpp"
#include "tcp/mtu_search.hpp"
#include "tcp/rate_sample.hpp"
#include "tcp/request_sock.hpp"
#include "tcp/ring.hpp"
#include "tcp/rtt.hpp"
#include "tcp/shared_options.hpp"
#include "tcp/socket_info.hpp"
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

/// Each timer's deadline; the stack is told the earliest. Linux shares one timer between RTO, probe
/// of a zero window and reordering, hence one deadline and a `RetransmitTimer` that says which.
enum class Timer : std::uint8_t {
    kRetransmit,
    kDelack,
    kKeepalive,
    kCompressedAck,
    kPacing,
    kCount
};

enum class RetransmitTimer : std::uint8_t { kNone, kRto, kProbe0, kReorder, kLossProbe };

class Deadlines {
 public:
    Time get(Timer t) const { return at_[static_cast<std::size_t>(t)]; }

    /// `due`: what was asked for; the host's timer wheel may round it up to `at`.
    void set(Timer t, Time at, Time due) {
        at_[static_cast<std::size_t>(t)] = at;
        const std::int64_t us = (at - due).count() / 1000;
        rounded_us_[static_cast<std::size_t>(t)] =
            static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 0, 0xffffffff));
    }

    /// To the microsecond.
    Time due(Timer t) const {
        const Time at = at_[static_cast<std::size_t>(t)];
        return at == kNever
                   ? at
                   : at - std::chrono::microseconds(rounded_us_[static_cast<std::size_t>(t)]);
    }

    void clear(Timer t) { at_[static_cast<std::size_t>(t)] = kNever; }

    bool armed(Timer t) const { return get(t) != kNever; }

    Time earliest() const { return *std::min_element(at_.begin(), at_.end()); }

    void clear_all() { at_.fill(kNever); }

 private:
    std::array<Time, static_cast<std::size_t>(Timer::kCount)> at_{kNever, kNever, kNever, kNever,
                                                                  kNever};
    std::array<std::uint32_t, static_cast<std::size_t>(Timer::kCount)> rounded_us_{};
};

/// When the stack's calendar of deadlines looks at the connection.
struct Looks {
    Time next = kNever;   // no later than the earliest deadline
    Time later = kNever;  // and then: an entry left from before
};

/// Delayed acknowledgement, as Linux's icsk_ack.
struct AckPolicy {
    Duration ato{0};
    Time last_data_at{};     // lrcvtime: in jiffies, where the host has them
    Time timer_at = kNever;  // when the delayed ACK is due; its timer may fire later
    std::uint16_t rcv_mss = 536;
    std::uint16_t last_seg_size = 0;
    std::uint8_t quick = 0;  // ACKs still to be sent at once
    std::uint8_t pingpong = 0;
    bool always_quick = false;  // the route says so (RTAX_QUICKACK)
    bool scheduled = false;     // an ACK is owed
    bool now = false;           // ... and must not wait
    bool pushed = false;        // a small segment came, or one with PSH
    bool pushed_twice = false;
    bool no_memory = false;  // a segment found no room: the next window is 0
};

/// Dynamic right-sizing of the receive buffer: what the application reads per round trip.
struct ReceiveTuning {
    std::uint32_t space = 0;  // read in the best round so far (rcvq_space)
    wire::SeqNum seq;         // this round began here
    Time since{};
    std::uint32_t rtt8_us = 0;  // the receiver's idea of the RTT, 8 times (rcv_rtt_est)
    wire::SeqNum rtt_seq;       // a window's worth ends here
    Time rtt_since = kNever;
    std::uint32_t last_tsecr = 0;  // one sample per echoed timestamp
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

struct Connection {
    FourTuple tuple;  // first: the demultiplexer reads it
    State state = State::kClosed;
    Errno error = Errno::kOk;       // sk_err: pending, read once
    Errno soft_error = Errno::kOk;  // sk_err_soft: reported if retries run out

    // --- what it is
    std::uint32_t index = kNoIndex;   // its own, in the slab
    SocketId socket;                  // none before accept() and after close()
    std::uint32_t parent = kNoIndex;  // the listener whose accept queue holds it
    bool in_table : 1 = false;        // demultiplexed by its tuple
    bool orphan : 1 = false;          // no descriptor
    bool bound_port : 1 = false;      // by bind(), not by connect()
    bool bound_address : 1 = false;
    bool port_named : 1 = false;        // ... and the application chose it (SOCK_BINDPORT_LOCK)
    bool send_shutdown : 1 = false;     // no more data from the application
    bool receive_shutdown : 1 = false;  // the peer's FIN, or shutdown(SHUT_RD)
    bool reset : 1 = false;             // ended by RST: reads give ECONNRESET once
    bool fin_queued : 1 = false;        // the FIN has a sequence number, sent or not
    bool fin_sent : 1 = false;
    bool fin_received : 1 = false;   // in order: reads end with 0 (SOCK_DONE)
    bool predicted : 1 = false;      // header prediction is on (pred_flags is not 0)
    bool passive : 1 = false;        // made by a listener
    bool connecting : 1 = false;     // connect() has not yet reported its outcome (SS_CONNECTING)
    bool was_open : 1 = false;       // reached ESTABLISHED: connect() can say EISCONN only
    bool write_pending : 1 = false;  // a blocking write waits for the handshake (sk_write_pending)
    bool out_event_wanted : 1 = false;   // the send buffer was full: tell when there is room
    bool ecn_seen : 1 = false;           // the peer marks what it sends (TCP_ECN_SEEN)
    bool ecn_demand_cwr : 1 = false;     // ECE until the peer says CWR
    bool nagle_push : 1 = false;         // what is queued goes, corked or not (TCP_NAGLE_PUSH)
    bool attempted : 1 = false;          // connect() has been tried: all but the options is used
    bool ecn_queue_cwr : 1 = false;      // cwnd has been reduced: the next new data says CWR
    bool owned : 1 = false;              // a process holds the socket (sock_owned_by_user())
    bool has_route_metrics : 1 = false;  // PathInfo::route
    bool tsq_throttled : 1 = false;      // waits for a TX completion (TSQ_THROTTLED)
    Negotiated options;

    // --- send sequence variables, RFC 9293 §3.3.1
    wire::SeqNum iss;
    wire::SeqNum snd_una;
    wire::SeqNum snd_nxt;
    wire::SeqNum snd_wl1;
    wire::SeqNum write_seq;        // after the last byte (or FIN) the application queued
    std::uint32_t snd_wnd = 0;     // bytes
    std::uint32_t max_window = 0;  // the largest the peer ever offered
    wire::SeqNum snd_sml;          // end of the last small segment sent (Minshall)
    wire::SeqNum pushed_seq;       // what is before it has been marked PSH
    std::uint16_t snd_mss = 536;   // data bytes per segment, options taken off
    std::uint16_t advmss = 1460;   // what our SYN said
    std::uint32_t path_mtu = 1500;

    // --- receive sequence variables
    wire::SeqNum irs;
    wire::SeqNum rcv_nxt;
    wire::SeqNum rcv_wup;              // rcv_nxt when the window was last advertised
    wire::SeqNum copied_seq;           // what the application has read up to
    std::uint32_t rcv_wnd = 0;         // as of rcv_wup, bytes
    std::uint32_t rcv_ssthresh = 0;    // limit of the window now
    std::uint32_t window_clamp = 0;    // limit of the window ever
    std::uint32_t rcvbuf = 0;          // sk_rcvbuf
    std::uint32_t rmem_alloc = 0;      // of it taken by received and by out-of-order packets
    std::uint8_t scaling_ratio = 128;  // 256ths of the buffer that are window
    std::uint32_t sndbuf = 0;          // sk_sndbuf: memory, send_buffer.hpp

    // --- timestamps, RFC 7323
    std::uint32_t ts_offset = 0;
    std::uint32_t ts_recent = 0;
    std::uint32_t ts_recent_stamp_s = 0;

    // --- queues
    Ring<UnsentChunk> unsent;
    Ring<SentSegment> sent;
    Ring<ReceivedSegment> received;
    std::unique_ptr<Reassembly> reassembly;
    std::unique_ptr<Urgent> urgent;      // met urgent data
    std::unique_ptr<ErrorQueue> errors;  // asked for timestamps or zero-copy
    std::uint32_t unsent_bytes = 0;
    std::uint32_t sent_bytes = 0;  // payload on `sent`
    std::uint32_t sent_skbs = 0;   // skbs these are in: those not `joined`, and the first
    std::uint32_t received_bytes = 0;

    // --- the streams, and the proof that what arrives is what was sent
    wire::StreamId tx_stream = 0;
    std::uint64_t tx_offset = 0;  // of the next byte to be written
    wire::PayloadRef rx_last;     // the last range taken in order
    bool rx_started = false;

    // --- recovery
    Rtt rtt;
    wire::SeqNum rtt_seq;  // the next round trip begins when this is acknowledged
    Congestion cc;
    DeliveryRate rate;
    std::uint64_t pacing_rate = 0;  // bytes/s, sizes the bursts (sk_pacing_rate); 0: not known
    CaState ca_state = CaState::kOpen;
    std::uint32_t sacked_out = 0;  // segments; without SACK: duplicate ACKs
    std::uint32_t lost_out = 0;
    std::uint32_t retrans_out = 0;
    std::uint32_t prior_cwnd = 0;  // PRR, RFC 6937
    std::uint32_t prr_delivered = 0;
    std::uint32_t prr_out = 0;
    wire::SeqNum high_seq;            // snd_nxt when recovery began
    wire::SeqNum highest_sacked;      // end of the highest segment SACKed, while sacked_out > 0
    wire::SeqNum retransmit_hint;     // what was lost before it has been sent again
    std::uint32_t delivered = 0;      // segments known to have arrived, spurious copies included
    std::uint32_t lost_total = 0;     // segments ever marked lost
    std::uint32_t transmissions = 0;  // segments with data sent, again or not
    std::uint32_t dsack_dups = 0;     // segments the peer reports as received twice
    std::uint32_t reord_seen = 0;     // times reordering was noticed
    std::uint16_t reordering = 3;     // segments that may overtake one
    bool paced = false;               // bursts wait for their time (sk_pacing_status)
    bool sack_reneged = false;        // the receiver took SACKs back in this loss episode
    bool frto = false;  // F-RTO is testing whether the timeout was spurious (RFC 5682)
    Rack rack;
    Undo undo;
    LossProbe tlp;
    std::uint32_t retrans_total = 0;
    std::uint32_t bytes_retrans = 0;
    Time first_retrans_at = kNever;  // retrans_stamp: bounds tcp_retries2, tells originals
    std::uint8_t retransmits = 0;    // icsk_retransmits: expiries in a row
    std::uint8_t backoff = 0;
    std::uint32_t probing_since_ms = 0;  // icsk_probes_tstamp: clock_ms() + 1; 0: not probing
    std::uint8_t probes = 0;             // zero-window probes unanswered
    std::uint8_t keepalive_probes = 0;
    std::uint8_t syn_retransmits = 0;  // of our SYN or SYN-ACK, for TCP_INFO and statistics
    RetransmitTimer retransmit_timer = RetransmitTimer::kNone;

    // --- acknowledging
    AckPolicy ack;
    Time last_ack_at{};   // rcv_tstamp: when the peer was last heard
    Time last_sent_at{};  // lsndtime: data
    Time next_send_at{};  // tcp_wstamp_ns: the last transmission, and its time in the pacer
    std::uint32_t last_oow_ms = 0;  // rate limit of ACKs for invalid segments
    std::uint32_t last_challenge_ms = 0;

    ReceiveTuning tuning;
    Time segment_at{};  // tcp_mstamp: when a segment last came or went

    // --- timers
    Deadlines deadlines;
    Looks looks;

    // --- counters for TCP_INFO
    std::uint64_t bytes_acked = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint32_t segs_in = 0;
    std::uint32_t segs_out = 0;
    Time created_at{};
    ChronoStats chrono;

    SharedOptions opt;
    std::unique_ptr<FastOpenState> fast_open;  // of the few that have to do with it
    std::unique_ptr<MtuSearch> mtu;            // probes its path, or was told of it
    std::unique_ptr<Md5Keys> md5;              // signs its segments (TCP_MD5SIG)

    std::uint32_t packets_out() const { return sent.size(); }

    /// Segments presumed in the network (RFC 6675 pipe, counted as Linux counts).
    std::uint32_t packets_in_flight() const {
        return packets_out() + retrans_out - sacked_out - lost_out;
    }

    wire::SeqNum window_end() const { return snd_una + snd_wnd; }

    /// Linux tcp_receive_window(): what of the advertised window is left.
    std::uint32_t receive_window() const {
        const std::int32_t left = (rcv_wup + rcv_wnd) - rcv_nxt;
        return left < 0 ? 0 : static_cast<std::uint32_t>(left);
    }

    /// A Fast Open child before the handshake's last ACK: it may read and write already. Linux
    /// fastopen_rsk.
    bool awaits_handshake_ack() const { return fast_open && fast_open->awaits_ack; }

    /// The SYN of a Fast Open waits for the first write (Linux DEFER_CONNECT).
    bool connect_deferred() const { return fast_open && fast_open->deferred; }

    /// RFC 9293's synchronized states.
    bool synchronized() const {
        return state != State::kClosed && state != State::kSynSent && state != State::kSynReceived;
    }
};

}  // namespace netsim::tcp
