// What stands in the way of packets: rules of links that drop, delay or copy chosen packets, and
// firewalls of routers and hosts. Plain values; LinkRef and NodeRef of network.hpp take them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/time.hpp"

namespace netsim {

enum class IpProtocol : std::uint8_t { kAny = 0, kIcmp = 1, kTcp = 6, kUdp = 17 };

/// TCP flags as tcpdump's letters say them: F S R P . (ACK) U E (ECE) W (CWR), "none" for none.
struct FlagMatch {
    enum class How : std::uint8_t { kExactly, kAllOf, kAnyOf };

    std::string letters{};  // empty: any flags, and packets that are not TCP
    How how = How::kExactly;
};

/// Ports, both included.
struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 65535;

    friend constexpr bool operator==(PortRange, PortRange) = default;

    constexpr bool contains(std::uint16_t port) const { return port >= first && port <= last; }
};

/// A rule of a link: of the packets that match, those from the nth on, `count` of them, are
/// dropped, or delayed, or copied. It is met behind the queue, where the loss model is: what the
/// queue has no room for does not count. Each rule counts what matches; the first whose turn it is
/// decides.
struct LinkRule {
    // --- which packets; what is not said matches any
    std::optional<unsigned> direction{};  // 0: a to b, 1: b to a; none: both, counted together
    FlagMatch flags{};
    IpProtocol protocol = IpProtocol::kAny;
    std::optional<Prefix> source{};
    std::optional<Prefix> destination{};
    std::optional<PortRange> port{};  // the source's or the destination's
    std::optional<PortRange> source_port{};
    std::optional<PortRange> destination_port{};
    std::optional<bool> data{};  // TCP segments with payload, or without

    // --- which of those
    std::uint64_t nth = 1;                   // 1: the first after the rule was set
    std::optional<std::uint64_t> count = 1;  // none: all from there on
    double probability = 1;                  // each of these with this chance

    // --- what becomes of them: dropped, unless
    std::optional<Duration> delay{};  // later by this much than without; others overtake it
    bool copy = false;                // it goes its way, and a copy comes later by `delay`

    std::string comment{};  // instead of "3rd S." in "rule: 3rd S."
};

// --- firewalls

/// iptables' chains of its table "filter". A host has no FORWARD.
enum class Chain : std::uint8_t { kInput, kForward, kOutput, kCount };

/// What connection tracking makes of a packet (Linux enum ip_conntrack_info), as bits.
namespace ct_state {
inline constexpr std::uint8_t kInvalid = 1;
inline constexpr std::uint8_t kNew = 2;
inline constexpr std::uint8_t kEstablished = 4;
inline constexpr std::uint8_t kRelated = 8;  // an ICMP error about a tracked packet
}  // namespace ct_state

/// iptables' limit, or hashlimit if per source: a bucket of `burst` tokens, filled at `per_second`,
/// full at first. A packet that finds a token takes it and matches.
struct PacketLimit {
    double per_second = 0;  // > 0
    std::uint32_t burst = 5;
    bool per_source = false;  // a bucket for each source address
    bool above = false;       // those match that find no token
};

enum class Target : std::uint8_t { kNone, kAccept, kDrop, kReject };  // kNone: only counts and logs

/// What REJECT answers with; the names are iptables'.
enum class RejectWith : std::uint8_t {
    kPortUnreachable,
    kTcpReset,  // a TCP segment only
    kHostUnreachable,
    kNetUnreachable,
    kProtoUnreachable,
    kNetProhibited,
    kHostProhibited,
    kAdminProhibited,
};

/// Matches if all that it says matches.
struct FirewallRule {
    std::optional<Chain> chain{};    // none: FORWARD of a router, INPUT of a host
    std::vector<std::string> in{};   // "eth0": one of these; empty: any
    std::vector<std::string> out{};  // of INPUT: none
    IpProtocol protocol = IpProtocol::kAny;
    std::optional<Prefix> source{};
    std::optional<Prefix> destination{};
    std::optional<PortRange> source_port{};  // TCP and UDP
    std::optional<PortRange> destination_port{};
    FlagMatch flags{};                   // exactly: of F S R P A U, and of those named besides
    std::uint8_t states = 0;             // ct_state bits; 0: any
    std::optional<PacketLimit> limit{};  // asked last: a packet that does not match takes no token
    std::optional<std::string> log{};    // LOG's prefix: a line in the kernel log for each match
    Target target = Target::kNone;
    RejectWith reject = RejectWith::kPortUnreachable;
    std::string comment{};
};

struct FirewallOptions {
    /// What becomes of packets that no rule decides about, by chain: kAccept or kDrop.
    std::array<Target, static_cast<std::size_t>(Chain::kCount)> policy{
        Target::kAccept, Target::kAccept, Target::kAccept};
    std::vector<FirewallRule> rules{};
    /// Tracks connections even though no rule asks for their state.
    bool conntrack = false;
};

/// A rule at work, as `iptables -L -v` shows it.
struct FirewallEntry {
    FirewallRule rule{};
    Chain chain = Chain::kForward;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

// --- middleboxes

/// TCP options, as bits.
namespace tcp_option {
inline constexpr std::uint8_t kMss = 0x01;
inline constexpr std::uint8_t kWindowScale = 0x02;
inline constexpr std::uint8_t kSackPermitted = 0x04;
inline constexpr std::uint8_t kTimestamps = 0x08;
inline constexpr std::uint8_t kSack = 0x10;
inline constexpr std::uint8_t kFastOpen = 0x20;  // RFC 7413's kind and the experimental one
inline constexpr std::uint8_t kMd5 = 0x80;
}  // namespace tcp_option

/// A box that meddles with what a router forwards; all that it is told, in this order.
struct MiddleboxOptions {
    // --- which packets; what is not said: all
    std::vector<std::string> in{};  // "eth0": come in there
    std::vector<std::string> out{};
    std::optional<Prefix> source{};
    std::optional<Prefix> destination{};

    // --- drops
    std::uint8_t drop_options = 0;  // segments that carry one of these
    enum class SynData : std::uint8_t { kPass, kStrip, kDrop };
    SynData syn_data = SynData::kPass;  // a SYN's data (Fast Open)
    bool drop_icmp = false;             // all ICMP
    std::vector<std::uint8_t> drop_icmp_types{};

    // --- rewrites
    std::uint8_t strip_options = 0;
    std::optional<std::uint16_t> clamp_mss{};  // a larger MSS option is lowered to this
    /// Sequence numbers are shifted by a random number for each direction of a connection, but
    /// not those of SACK blocks.
    bool rewrite_seq = false;
};

struct MiddleboxStats {
    std::uint64_t dropped = 0;
    std::uint64_t stripped = 0;  // segments that lost an option
    std::uint64_t data_stripped = 0;
    std::uint64_t clamped = 0;
    std::uint64_t rewritten = 0;  // connections with other sequence numbers
};

// --- NAT

/// Source NAT of connections from inside, destination NAT of forwarded ports.
struct NatOptions {
    std::vector<Prefix> inside{};                  // source addresses that are translated
    std::vector<std::string> inside_interfaces{};  // "eth0": and all that comes in there
    /// Addresses they are translated to; the router answers for all of them. None: its own.
    std::optional<Prefix> outside{};
    /// None: a port stays in its class (below 512, below 1024, above), as Linux chooses.
    std::optional<PortRange> ports{};
    /// Packets from outside that belong to no connection are dropped, else the router answers:
    /// TCP with a RST, UDP with "port unreachable".
    bool silent = false;

    struct Forward {
        IpProtocol protocol = IpProtocol::kTcp;
        std::uint16_t port = 0;  // at the outside address
        Endpoint to{};
    };

    std::vector<Forward> forward{};
};

struct NatStats {
    std::uint64_t mapped = 0;        // connections that were translated
    std::uint64_t port_changed = 0;  // of these, with another port than their own
    std::uint64_t forwarded = 0;     // connections to forwarded ports
    std::uint64_t exhausted = 0;     // packets dropped: no free port
    std::uint64_t unmapped = 0;      // packets from outside without a mapping
};

// --- connection tracking

/// What `conntrack -S` prints, and net.netfilter.nf_conntrack_count.
struct ConntrackStats {
    std::uint64_t count = 0;  // entries now
    std::uint64_t invalid = 0;
    std::uint64_t insert_failed = 0;
    std::uint64_t drop = 0;  // the table was full
    std::uint64_t early_drop = 0;
};

}  // namespace netsim
