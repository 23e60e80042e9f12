// A link between two nodes: what each direction does to packets, in netem's words, and what it
// counted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "netsim/time.hpp"

namespace netsim {

/// `loss gemodel p r 1-h 1-k` of tc-netem(8): a two-state Markov chain. Probabilities, 0 to 1.
struct GilbertElliott {
    double p = 0;          // good -> bad
    double r = 1;          // bad -> good
    double loss_bad = 1;   // netem's 1-h: loss while bad
    double loss_good = 0;  // netem's 1-k: loss while good
};

/// One direction. Defaults: an ideal wire. Probabilities are 0 to 1.
struct LinkOptions {
    std::optional<std::uint64_t> rate_bps{};  // bits per second; none: infinitely fast. Never 0
    Duration delay{0};                        // propagation, >= 0
    Duration jitter{0};           // uniform in [-jitter, +jitter] around delay; <= delay
    bool jitter_reorders = true;  // false: a packet never overtakes the one before it
    double loss = 0;              // independent
    std::optional<GilbertElliott> gemodel{};  // instead of `loss`
    double duplicate = 0;
    double corrupt = 0;             // one damaged octet: the receiver's checksum drops it
    double reorder = 0;             // this share is sent at once, ahead of the delayed ones
    std::uint32_t reorder_gap = 1;  // only every gap-th packet is a candidate (netem's `gap`)
    bool ecn = false;  // what the loss model would lose is marked CE instead, if it is ECT (netem)
    /// A packet that meets this many waiting is marked CE, if it is ECT (fq_codel's and RED's
    /// step).
    std::optional<std::uint32_t> ecn_threshold{};
    std::optional<std::uint32_t> limit_packets{};  // queue limits in front of the wire, drop-tail;
    std::optional<std::uint64_t> limit_bytes{};    // the packet being sent does not count
    std::uint32_t mtu = 1500;                      // octets of IP packet
    double cost = 0;  // routing weight; 0: the delay in nanoseconds (at least 1)
};

/// Why a packet ended before its destination's transport. One counter each.
enum class DropReason : std::uint8_t {
    kQueueFull,     // drop-tail, packets or bytes
    kLoss,          // the link's loss model
    kLinkDown,      // sent into, or in flight on, a link that is down
    kTtlExceeded,   // router: TTL ran out
    kNoRoute,       // router or host: no route to the destination
    kBlackhole,     // a blackhole route
    kMtuExceeded,   // larger than the MTU with DF set
    kNotForMe,      // a host got a packet for another address
    kCorrupted,     // a checksum failed at the receiver
    kCpuBacklog,    // a host's CPU: net.core.netdev_max_backlog
    kHostOff,       // a host without power got it, or had not sent it yet
    kSocketBuffer,  // a UDP socket's receive buffer had no room
    kRule,          // a link's rule (elements.hpp)
    kFirewall,      // a firewall's rule or policy
    kConntrack,     // connection tracking: its table was full, or the connection's tuple taken
    kMiddlebox,     // a middlebox took offence
    kNat,           // NAT: no free port, or no mapping where it is silent
    kNoSocket,      // router: to a port of its own; answered by a RST or an ICMP error
    kCount
};

std::string_view to_string(DropReason reason);  // "queue full", "loss", ...

/// What one direction of a link counted. sent = delivered + dropped + in_flight, at any moment,
/// where sent includes copies made by duplication.
struct LinkStats {
    std::uint64_t sent_packets = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t queue_full_bytes = 0;  // of sent_bytes, what met a full queue
    std::uint64_t delivered_packets = 0;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t corrupted = 0;
    std::uint64_t reordered = 0;
    std::uint64_t marked = 0;     // CE set here (RFC 3168)
    std::uint64_t in_flight = 0;  // queued, being sent, or on the wire
    std::array<std::uint64_t, static_cast<std::size_t>(DropReason::kCount)> dropped{};

    std::uint64_t dropped_total() const {
        std::uint64_t total = 0;
        for (const std::uint64_t n : dropped) {
            total += n;
        }
        return total;
    }
};

}  // namespace netsim
