// A full socket: everything but listeners, half-open requests and TIME-WAIT. RFC 9293 §3.3.1's
// variables by their names, Linux's tcp_sock for the rest. Data only: the files named for events
// and states act on it. Here is what a connection without data needs; the rest is in three records
// that are made when first written to (decision 11): read by sending(), written by edit_sending().
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "netsim/result.hpp"
#include "netsim/time.hpp"
#include "tcp/deadlines.hpp"
#include "tcp/endpoint_key.hpp"
#include "tcp/lazy.hpp"
#include "tcp/request_sock.hpp"
#include "tcp/rtt.hpp"
#include "tcp/shared_options.hpp"
#include "tcp/side_records.hpp"
#include "tcp/socket_info.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

/// When the stack's calendar of deadlines looks at the connection.
struct Looks {
    Time next = kNever;   // no later than the earliest deadline
    Time later = kNever;  // and then: an entry left from before
};

/// Delayed acknowledgement, as Linux's icsk_ack; its times are in Receiving.
struct AckPolicy {
    std::uint16_t rcv_mss = 536;
    std::uint16_t last_seg_size = 0;
    std::uint8_t quick = 0;  // ACKs still to be sent at once
    std::uint8_t pingpong = 0;
    bool always_quick : 1 = false;  // the route says so (RTAX_QUICKACK)
    bool scheduled : 1 = false;     // an ACK is owed
    bool now : 1 = false;           // ... and must not wait
    bool pushed : 1 = false;        // a small segment came, or one with PSH
    bool pushed_twice : 1 = false;
    bool no_memory : 1 = false;  // a segment found no room: the next window is 0
};

/// A moment in three octets: to the millisecond in the first 8 minutes, then to 4 in a million.
class CoarseTime {
 public:
    CoarseTime() = default;

    explicit CoarseTime(Time at) {
        auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(to_ns(at), 0)) / 1'000'000U;
        std::uint32_t halvings = 0;
        while (ms >= (1U << kBits)) {
            ms >>= 1U;
            ++halvings;
        }
        const auto word = static_cast<std::uint32_t>(ms) | halvings << kBits;
        octets_ = {static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8U),
                   static_cast<std::uint8_t>(word >> 16U)};
    }

    Time time() const {
        const std::uint32_t word = std::uint32_t{octets_[0]} | std::uint32_t{octets_[1]} << 8U |
                                   std::uint32_t{octets_[2]} << 16U;
        const std::uint64_t ms = std::uint64_t{word & ((1U << kBits) - 1U)} << (word >> kBits);
        return Time(std::chrono::milliseconds(ms));
    }

 private:
    static constexpr unsigned kBits = 19;
    std::array<std::uint8_t, 3> octets_{};
};

/// Where the connections of a stack have their records from.
struct RecordPools {
    LazyPool<Sending> sending;
    LazyPool<Receiving> receiving;
    LazyPool<Rare> rare;
    LazyPool<OtherDeadlines> deadlines;
};

/// In the order in which a segment's way through the stack needs it.
struct Connection {
    Connection() = default;

    explicit Connection(RecordPools& pools)
        : deadlines(pools.deadlines),
          sending_(pools.sending),
          receiving_(pools.receiving),
          rare_(pools.rare) {}

    // --- what it is
    FourTuple tuple;  // first: the demultiplexer reads it
    State state = State::kClosed;
    Errno error = Errno::kOk;                        // sk_err: pending, read once
    Errno soft_error = Errno::kOk;                   // sk_err_soft: reported if retries run out
    std::uint8_t congestion = kNoCongestionControl;  // its place in congestion_controls()
    std::uint32_t index = kNoIndex;                  // its own, in the slab
    SocketId socket;                                 // none before accept() and after close()
    std::uint32_t parent = kNoIndex;                 // the listener whose accept queue holds it
    bool in_table : 1 = false;                       // demultiplexed by its tuple
    bool orphan : 1 = false;                         // no descriptor
    bool bound_port : 1 = false;                     // by bind(), not by connect()
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
    bool paced : 1 = false;              // bursts wait for their time (sk_pacing_status)
    Negotiated options;

    // --- send sequence variables, RFC 9293 §3.3.1
    wire::SeqNum iss;
    wire::SeqNum snd_una;
    wire::SeqNum snd_nxt;
    wire::SeqNum snd_wl1;
    wire::SeqNum write_seq;        // after the last byte (or FIN) the application queued
    std::uint32_t snd_wnd = 0;     // bytes
    std::uint32_t max_window = 0;  // the largest the peer ever offered
    std::uint16_t snd_mss = 536;   // data bytes per segment, options taken off
    std::uint16_t advmss = 1460;   // what our SYN said
    std::uint32_t path_mtu = 1500;

    // --- receive sequence variables
    wire::SeqNum irs;
    wire::SeqNum rcv_nxt;
    wire::SeqNum rcv_wup;            // rcv_nxt when the window was last advertised
    wire::SeqNum copied_seq;         // what the application has read up to
    std::uint32_t rcv_wnd = 0;       // as of rcv_wup, bytes
    std::uint32_t rcv_ssthresh = 0;  // limit of the window now
    std::uint32_t window_clamp = 0;  // limit of the window ever
    std::uint32_t rcvbuf = 0;        // sk_rcvbuf
    std::uint32_t rmem_alloc = 0;    // of it taken by received and by out-of-order packets
    std::uint32_t rcvq_space = 0;    // read in the best round trip so far
    std::uint32_t sndbuf = 0;        // sk_sndbuf: memory, send_buffer.hpp

    // --- timestamps, RFC 7323
    std::uint32_t ts_offset = 0;
    std::uint32_t ts_recent = 0;
    std::uint32_t ts_recent_stamp_s = 0;
    std::uint32_t last_tsecr = 0;  // the receiver's RTT: one sample per echoed timestamp

    // --- acknowledging, and what is counted in segments
    AckPolicy ack;
    std::uint32_t handshake_rtt_ns = 0;  // of an active open: RACK's first
    std::uint32_t delivered = 0;         // segments known to have arrived, spurious copies included
    std::uint32_t segs_in = 0;           // for TCP_INFO
    std::uint32_t segs_out = 0;
    wire::StreamId tx_stream = 0;      // what it sends, as the payload of packets names it
    std::uint16_t reordering = 3;      // segments that may overtake one
    std::uint8_t scaling_ratio = 128;  // 256ths of the buffer that are window

    // --- timers
    RetransmitTimer retransmit_timer = RetransmitTimer::kNone;
    std::uint8_t retransmits = 0;  // icsk_retransmits: expiries in a row
    std::uint8_t backoff = 0;
    std::uint8_t probes = 0;  // zero-window probes unanswered
    std::uint8_t keepalive_probes = 0;
    std::uint8_t syn_retransmits = 0;  // of our SYN or SYN-ACK, for TCP_INFO and statistics
    CoarseTime state_since;            // when `state` was entered
    Rtt rtt;
    Deadlines deadlines;
    Looks looks;
    Time opened_at{};     // when connect() was called; once ESTABLISHED, when it became that
    Time last_ack_at{};   // rcv_tstamp: when the peer was last heard
    Time next_send_at{};  // tcp_wstamp_ns: the last transmission, and its time in the pacer
    std::uint64_t pacing_rate = 0;  // bytes/s, sizes the bursts (sk_pacing_rate); 0: not known
    SharedOptions opt;

    // --- the records made when they are first needed
    const Sending& sending() const { return *sending_; }

    const Receiving& receiving() const { return *receiving_; }

    const Rare& rare() const { return *rare_; }

    // Always inlined: on a segment's way they are asked for dozens of times.
    [[gnu::always_inline]] Sending& edit_sending() {
        if (!sending_.made()) [[unlikely]] {
            begin_sending();
        }
        return sending_.own();
    }

    [[gnu::always_inline]] Receiving& edit_receiving() {
        if (!receiving_.made()) [[unlikely]] {
            begin_receiving();
        }
        return receiving_.own();
    }

    Rare& edit_rare() { return rare_.edit(); }

    bool has_sending() const { return sending_.made(); }

    bool has_receiving() const { return receiving_.made(); }

    /// lsndtime: when data were last sent. The silence before the first is none.
    Time last_sent_at() const { return has_sending() ? sending().last_sent_at : opened_at; }

    const CongestionControl& algorithm() const { return congestion_control(congestion); }

    // --- what follows from them
    std::uint32_t packets_out() const { return sending().sent.size(); }

    /// Segments presumed in the network (RFC 6675 pipe, counted as Linux counts).
    std::uint32_t packets_in_flight() const {
        const Sending& tx = sending();
        return tx.sent.size() + tx.retrans_out - tx.sacked_out - tx.lost_out;
    }

    wire::SeqNum window_end() const { return snd_una + snd_wnd; }

    /// Linux tcp_receive_window(): what of the advertised window is left.
    std::uint32_t receive_window() const {
        const std::int32_t left = (rcv_wup + rcv_wnd) - rcv_nxt;
        return left < 0 ? 0 : static_cast<std::uint32_t>(left);
    }

    /// A Fast Open child before the handshake's last ACK: it may read and write already. Linux
    /// fastopen_rsk.
    bool awaits_handshake_ack() const { return rare().fast_open && rare().fast_open->awaits_ack; }

    /// The SYN of a Fast Open waits for the first write (Linux DEFER_CONNECT).
    bool connect_deferred() const { return rare().fast_open && rare().fast_open->deferred; }

    /// RFC 9293's synchronized states.
    bool synchronized() const {
        return state != State::kClosed && state != State::kSynSent && state != State::kSynReceived;
    }

 private:
    /// What has stood still since the connection opened, or its SYN was sent, is put down only now.
    [[gnu::noinline]] void begin_sending();
    [[gnu::noinline]] void begin_receiving();

    Lazy<Sending> sending_;
    Lazy<Receiving> receiving_;
    Lazy<Rare> rare_;
};

static_assert(sizeof(Connection) <= 320);  // five cache lines

}  // namespace netsim::tcp
