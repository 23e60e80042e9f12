// What TCP Fast Open (RFC 7413) keeps beside a connection, a listener and a host. Data only;
// fastopen_active and fastopen_passive act on it.
#pragma once

#include <cstdint>
#include <deque>

#include <absl/container/flat_hash_map.h>

#include "base/slab.hpp"
#include "netsim/time.hpp"
#include "tcp/fastopen_cookie.hpp"

namespace netsim::tcp {

struct Listener;

/// Bits of net.ipv4.tcp_fastopen.
namespace fastopen_bit {
inline constexpr std::int64_t kClient = 0x1;
inline constexpr std::int64_t kServer = 0x2;
inline constexpr std::int64_t kClientNoCookie = 0x4;
inline constexpr std::int64_t kServerNoCookie = 0x200;
inline constexpr std::int64_t kAllListeners = 0x400;
}  // namespace fastopen_bit

/// Why an active open did without: tcpi_fastopen_client_fail, Linux enum tcp_fastopen_client_fail.
enum class FastOpenFail : std::uint8_t {
    kUnspecified,
    kCookieUnavailable,  // the SYN could only ask for one
    kDataNotAcked,       // the SYN-ACK took the SYN without its data
    kSynRetransmitted,   // answered was a later SYN, which has no data
};

/// The option as a SYN or SYN-ACK carries it: with an empty cookie it asks for one.
struct FastOpenOption {
    bool present = false;
    bool experimental = false;  // kind 254 with the magic 0xF989 instead of kind 34
    wire::FastOpenCookie cookie;
};

/// Of one connection, made when it first has to do with Fast Open.
struct FastOpenState {
    // --- active
    bool deferred = false;        // connected in name: the SYN waits for the first write
    bool syn_option = false;      // our SYN carried the option (syn_fastopen)
    bool syn_option_exp = false;  // ... in its experimental form
    bool syn_data = false;        // our SYN carried data
    bool empty_data = false;      // it could have, but the write was empty
    bool data_acked = false;      // SYN data was acknowledged, or came (syn_data_acked)
    bool after_pause = false;     // first one after a blackhole pause: success ends the count
    FastOpenFail fail = FastOpenFail::kUnspecified;

    // --- passive
    bool awaits_ack = false;  // SYN-RECEIVED or FIN-WAIT-1 before the handshake's last ACK
    std::uint8_t num_timeout = 0;
    Id<Listener> listener{};  // whose slot it takes
    Time syn_ack_at{};
    std::uint32_t syn_ack_window = 0;  // what the first SYN-ACK offered, and each copy of it

    // --- TCP_FASTOPEN_KEY, until listen() takes it along
    FastOpenKeys keys;
};

/// Of one listener: Linux struct fastopen_queue.
struct FastOpenQueue {
    std::uint32_t most = 0;     // max_qlen; 0: Fast Open is off
    std::uint32_t pending = 0;  // qlen: children before their last ACK, and slots kept after a RST
    std::deque<Time> kept;      // until when each slot that a RST emptied stays taken
    FastOpenKeys keys;          // its own; count 0: the host's
};

/// What a host remembers of a server: Linux struct tcp_fastopen_metrics.
struct FastOpenPeer {
    wire::FastOpenCookie cookie;  // length 0: none
    bool experimental = false;
    std::uint8_t try_experimental = 0;  // 1: ask in the experimental form next, 2: that failed too
    std::uint16_t mss = 0;              // the server's, from its last SYN-ACK
};

/// Of a host.
struct FastOpenHost {
    absl::flat_hash_map<std::uint64_t, FastOpenPeer> peers;  // by local and remote address
    // Middleboxes that swallow Fast Open connections (tfo_active_disable_times and _stamp).
    std::uint32_t pauses = 0;
    Time paused_at{};
    std::int64_t pause_setting = 0;  // the sysctl's value when the count began
};

}  // namespace netsim::tcp
