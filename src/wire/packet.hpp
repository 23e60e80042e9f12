// An IPv4 packet as a value: parsed fields in host byte order, no bytes. Bytes exist only in the
// codec (pcapng, raw input). At most two cache lines, trivially copyable.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "netsim/address.hpp"
#include "wire/payload.hpp"
#include "wire/seq.hpp"

namespace netsim::wire {

enum class Protocol : std::uint8_t { kIcmp = 1, kTcp = 6, kUdp = 17 };

/// TCP flags in the header's bit order (RFC 9293 §3.1; AE of RFC 9768 is bit 8).
namespace flag {
inline constexpr std::uint16_t kFin = 0x001;
inline constexpr std::uint16_t kSyn = 0x002;
inline constexpr std::uint16_t kRst = 0x004;
inline constexpr std::uint16_t kPsh = 0x008;
inline constexpr std::uint16_t kAck = 0x010;
inline constexpr std::uint16_t kUrg = 0x020;
inline constexpr std::uint16_t kEce = 0x040;
inline constexpr std::uint16_t kCwr = 0x080;
inline constexpr std::uint16_t kAe = 0x100;
}  // namespace flag

/// Which options a segment carries. They are written in Linux's order: MSS, SACK-permitted,
/// timestamps, window scale, Fast Open; established: timestamps, SACK.
namespace option {
inline constexpr std::uint8_t kMss = 0x01;
inline constexpr std::uint8_t kWindowScale = 0x02;
inline constexpr std::uint8_t kSackPermitted = 0x04;
inline constexpr std::uint8_t kTimestamps = 0x08;
inline constexpr std::uint8_t kSack = 0x10;
inline constexpr std::uint8_t kFastOpen = 0x20;     // kind 34, RFC 7413
inline constexpr std::uint8_t kFastOpenExp = 0x40;  // kind 254, magic 0xF989
inline constexpr std::uint8_t kMd5 = 0x80;          // kind 19, RFC 2385
}  // namespace option

struct FastOpenCookie {
    std::uint8_t length = 0;  // 0: a request
    std::array<std::uint8_t, 16> bytes{};
};

/// The MD5 option's digest, where the 40 octets of options leave room for what else may stand in
/// the same place: two SACK blocks, or a Fast Open cookie of 6 octets.
struct Md5Digest {
    std::array<SeqRange, 2> beside{};
    std::array<std::uint8_t, 16> bytes{};
};

struct TcpHeader {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    SeqNum seq;
    SeqNum ack;
    std::uint16_t flags = 0;
    std::uint16_t window = 0;  // as sent, unscaled
    std::uint16_t urgent = 0;
    std::uint8_t options = 0;  // option:: bits
    std::uint8_t sack_count = 0;
    std::uint16_t mss = 0;
    std::uint8_t window_scale = 0;
    /// The receiving NIC merged segments of this size into one (GRO); 0: one segment. Not on the
    /// wire.
    std::uint16_t gso_size = 0;
    std::uint32_t tsval = 0;
    std::uint32_t tsecr = 0;
    PayloadRef payload;

    // SACK blocks and a Fast Open cookie never travel together: one is for SYNs only.
    union {
        std::array<SeqRange, 4> sack{};
        FastOpenCookie cookie;
        Md5Digest digest;
    };

    constexpr bool has(std::uint16_t bits) const { return (flags & bits) == bits; }

    constexpr bool any(std::uint16_t bits) const { return (flags & bits) != 0; }

    constexpr bool syn() const { return any(flag::kSyn); }

    constexpr bool fin() const { return any(flag::kFin); }

    constexpr bool rst() const { return any(flag::kRst); }

    constexpr bool ack_flag() const { return any(flag::kAck); }

    constexpr bool has_option(std::uint8_t bits) const { return (options & bits) == bits; }

    /// SEG.LEN: payload plus one each for SYN and FIN.
    constexpr std::uint32_t seg_len() const {
        return payload.length + (syn() ? 1U : 0U) + (fin() ? 1U : 0U);
    }

    constexpr SeqNum end_seq() const { return seq + seg_len(); }

    /// Bytes of options on the wire, padded to 4.
    std::uint32_t options_length() const;
};

struct UdpHeader {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    PayloadRef payload;
};

/// ICMP (RFC 792). For errors, what the quoted packet says of itself; for echo, id and sequence.
struct IcmpHeader {
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint16_t mtu = 0;  // type 3 code 4 (RFC 1191)
    std::uint16_t echo_id = 0;
    std::uint16_t echo_seq = 0;
    std::uint32_t echo_length = 0;  // bytes of echo data

    struct Quoted {
        Ipv4 source;
        Ipv4 destination;
        Protocol protocol = Protocol::kTcp;
        std::uint8_t ttl = 0;
        std::uint16_t total_length = 0;
        std::uint16_t id = 0;
        std::uint16_t source_port = 0;
        std::uint16_t destination_port = 0;
        std::uint32_t seq = 0;  // TCP only
    } quoted;
};

namespace icmp {
inline constexpr std::uint8_t kEchoReply = 0;
inline constexpr std::uint8_t kDestinationUnreachable = 3;
inline constexpr std::uint8_t kEchoRequest = 8;
inline constexpr std::uint8_t kTimeExceeded = 11;
inline constexpr std::uint8_t kParameterProblem = 12;
// codes of kDestinationUnreachable
inline constexpr std::uint8_t kNetUnreachable = 0;
inline constexpr std::uint8_t kHostUnreachable = 1;
inline constexpr std::uint8_t kProtocolUnreachable = 2;
inline constexpr std::uint8_t kPortUnreachable = 3;
inline constexpr std::uint8_t kFragmentationNeeded = 4;
inline constexpr std::uint8_t kAdminProhibited = 13;
}  // namespace icmp

/// ECN field of the IP header (RFC 3168).
enum class Ecn : std::uint8_t { kNotEct = 0, kEct1 = 1, kEct0 = 2, kCe = 3 };

struct Packet {
    std::uint64_t uid = 0;  // node that made it << 40 | its counter: names a packet in traces
    Ipv4 source;
    Ipv4 destination;
    std::uint16_t id = 0;
    std::uint8_t ttl = 64;
    Protocol protocol = Protocol::kTcp;
    Ecn ecn = Ecn::kNotEct;
    std::uint8_t dscp = 0;
    bool dont_fragment = true;
    /// 0: intact. Else 1 + the index of the octet a link damaged, counted from the IP header's
    /// start: the first checksum that covers it drops the packet.
    std::uint8_t corrupted = 0;

    union {
        TcpHeader tcp{};
        UdpHeader udp;
        IcmpHeader icmp;
    };

    /// Octets from the IP header's first to the payload's last: what a link carries and an MTU
    /// limits.
    std::uint32_t length() const;
};

static_assert(std::is_trivially_copyable_v<Packet>);
static_assert(sizeof(Packet) <= 128, "a control segment is at most two cache lines");

inline constexpr std::uint32_t kIpHeaderLength = 20;
inline constexpr std::uint32_t kTcpHeaderLength = 20;

class PacketPool;

/// Gives a packet back to the pool it came from.
struct Recycle {
    void operator()(Packet* packet) const;
};

/// A packet on its way: owned by exactly one link, queue or node at a time.
using PacketPtr = std::unique_ptr<Packet, Recycle>;

/// Packets by the chunk; a free list, no allocation in steady state. Must outlive its packets.
class PacketPool {
 public:
    PacketPool() = default;
    PacketPool(const PacketPool&) = delete;
    PacketPool& operator=(const PacketPool&) = delete;
    PacketPool(PacketPool&&) = delete;
    PacketPool& operator=(PacketPool&&) = delete;
    ~PacketPool();

    PacketPtr make(const Packet& value);

    std::size_t in_use() const { return in_use_; }

 private:
    friend struct Recycle;

    struct Slot : Packet {
        Slot() : Packet{} {}  // g++ 12 would delete it for the union's sake

        PacketPool* home = nullptr;
    };

    static constexpr std::size_t kChunk = 512;

    std::vector<std::unique_ptr<std::array<Slot, kChunk>>> chunks_;
    std::vector<Slot*> free_;
    std::size_t in_use_ = 0;
};

}  // namespace netsim::wire
