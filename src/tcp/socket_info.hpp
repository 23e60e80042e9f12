// A snapshot of one endpoint, for views (ss, netstat, /proc/net/tcp), reports and tests. Read from
// the endpoint when asked for, never stored.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/result.hpp"
#include "netsim/socket.hpp"
#include "netsim/time.hpp"

namespace netsim::tcp {

/// RFC 9293 §3.3.2. Values are Linux's (include/net/tcp_states.h), as /proc/net/tcp prints them.
enum class State : std::uint8_t {
    kEstablished = 1,
    kSynSent = 2,
    kSynReceived = 3,
    kFinWait1 = 4,
    kFinWait2 = 5,
    kTimeWait = 6,
    kClosed = 7,
    kCloseWait = 8,
    kLastAck = 9,
    kListen = 10,
    kClosing = 11,
};

/// RFC's spelling: "SYN-RECEIVED". ss: "SYN-RECV". netstat: "SYN_RECV".
std::string_view rfc_name(State state);
std::string_view ss_name(State state);
std::string_view netstat_name(State state);

/// Which of the three endpoint types (design §3.2), or a listener.
enum class EndpointKind : std::uint8_t { kListener, kRequest, kConnection, kTimeWait };

/// ss -o's words.
enum class TimerKind : std::uint8_t { kOff, kOn, kKeepalive, kTimeWait, kPersist, kDelack };

/// How an endpoint came into its state and what will take it out of it: what explanations say.
/// Times are kNever where there is none, or where the record does not keep it.
struct SocketHistory {
    bool passive = false;           // a listener made it: the peer opened
    bool in_accept_queue = false;   // open, and nobody has called accept()
    bool last_ack_refused = false;  // of a request: it came, and could not be used
    bool deferred = false;          // of a request: ... as TCP_DEFER_ACCEPT waits for data
    bool closed_here = false;       // the application called close() or shutdown(SHUT_WR)
    bool fin_sent = false;
    bool fin_received = false;
    bool reset = false;             // ended by a RST or given up
    Errno error = Errno::kOk;       // what the next call will report
    Errno soft_error = Errno::kOk;  // an ICMP error, reported if retries run out
    Time since = kNever;            // the state was entered (CoarseTime, connection.hpp)
    std::string_view write_timer;   // "retransmission", "window probe", "reordering", "loss probe"
    Time write_at = kNever;
    Time delack_at = kNever;
    Time keepalive_at = kNever;
    Time record_at = kNever;  // TIME-WAIT and an orphan's FIN-WAIT-2: the record goes
    Time retransmitting_since = kNever;
    Time gives_up_at = kNever;        // if the peer stays silent
    std::uint32_t retransmits = 0;    // expiries in a row; of a request: SYN-ACKs repeated
    std::uint32_t window_probes = 0;  // unanswered
    std::uint32_t keepalive_probes = 0;
    std::uint32_t syn_retransmits = 0;  // of its own SYN or SYN-ACK
    std::uint32_t syn_queue_limit = 0;  // listeners
    Time last_cookie_at = kNever;       // listeners
};

struct SocketInfo {
    EndpointKind kind = EndpointKind::kConnection;
    SocketId id;  // none for requests and TIME_WAIT records
    State state = State::kClosed;
    Endpoint local;
    Endpoint remote;
    std::uint64_t recv_queue = 0;  // listener: accept queue length
    std::uint64_t send_queue = 0;  // listener: backlog in force
    TimerKind timer = TimerKind::kOff;
    Duration timer_left{0};
    std::uint32_t retransmits = 0;  // what ss shows beside the timer
    bool orphan = false;            // no descriptor any more
    bool bound = false;             // the local port came by bind(2)
    std::uint32_t syn_queue = 0;    // listener only: half-open requests
    std::uint32_t syn_queue_young = 0;

    // connections only: tcp_info
    std::uint32_t snd_cwnd = 0;  // segments
    std::uint32_t snd_ssthresh = 0;
    std::uint32_t snd_mss = 0;
    std::uint32_t rcv_mss = 0;
    Duration rto{0};
    Duration srtt{0};
    Duration rttvar{0};
    Duration ato{0};
    std::uint32_t unacked = 0;
    std::uint32_t sacked = 0;
    std::uint32_t lost = 0;
    std::uint32_t retrans = 0;
    std::uint32_t retrans_total = 0;
    std::uint32_t reordering = 0;
    std::uint32_t reord_seen = 0;
    std::uint32_t delivered = 0;
    std::uint32_t dsack_dups = 0;
    std::uint64_t bytes_retrans = 0;
    std::uint64_t pacing_rate = 0;  // bytes/s
    Duration min_rtt{0};
    std::uint64_t max_pacing_rate = 0;  // bytes/s; 0: no limit
    std::uint64_t delivery_rate = 0;    // bytes/s
    bool delivery_rate_app_limited = false;
    std::uint32_t delivered_ce = 0;
    std::uint64_t bbr_bandwidth = 0;  // bytes/s; the bbr_ ones with BBR only
    Duration bbr_min_rtt{0};
    std::uint32_t bbr_pacing_gain = 0;  // in 1/256
    std::uint32_t bbr_cwnd_gain = 0;
    std::uint32_t backoff = 0;
    std::uint32_t probes = 0;
    std::uint64_t notsent = 0;  // bytes written and not sent once
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_acked = 0;
    std::uint64_t bytes_received = 0;
    std::uint32_t segs_out = 0;
    std::uint32_t segs_in = 0;
    std::uint32_t snd_wnd = 0;
    std::uint32_t rcv_wnd = 0;
    Duration busy{0};
    Duration rwnd_limited{0};
    Duration sndbuf_limited{0};
    std::uint32_t advmss = 0;
    std::uint32_t path_mtu = 0;
    std::uint32_t rcv_ssthresh = 0;
    std::uint32_t rcvbuf = 0;
    std::uint32_t sndbuf = 0;
    std::uint32_t rmem_alloc = 0;   // of rcvbuf: memory of what was received and not read
    std::uint32_t wmem_queued = 0;  // of sndbuf: memory of what was written and not acknowledged
    std::uint32_t wmem_alloc = 0;   // memory of data the host's link has not sent yet
    std::uint32_t fwd_alloc = 0;    // reserved beyond these, in whole pages (sk_forward_alloc)
    Duration last_data_sent{0};
    Duration last_data_received{0};
    Duration last_ack_received{0};
    std::uint8_t snd_wscale = 0;
    std::uint8_t rcv_wscale = 0;
    bool timestamps = false;
    bool sack = false;
    bool window_scale = false;
    bool ecn = false;
    bool ecn_seen = false;                  // the peer marks what it sends
    bool syn_data = false;                  // TCPI_OPT_SYN_DATA: data in a SYN was acknowledged
    std::uint8_t fastopen_client_fail = 0;  // FastOpenFail
    std::string_view congestion_control;    // "reno"
    std::string_view ca_state;              // "Open"

    SocketHistory history;
};

/// What earlier connections learnt about a peer (Linux tcp_metrics).
struct PeerInfo {
    Ipv4 address;
    Duration age{0};  // of the round-trip time
    Duration rtt{0};  // 0: not known, so the peer is not "proven"
    std::uint16_t fastopen_mss = 0;
    std::vector<std::uint8_t> fastopen_cookie{};
};

}  // namespace netsim::tcp
