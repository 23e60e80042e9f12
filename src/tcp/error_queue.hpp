// What a socket's error queue holds (recvmsg with MSG_ERRQUEUE): zero-copy completions and send
// timestamps. A side record: only sockets that asked for either have one. Linux
// skbuff.c:msg_zerocopy_realloc(), __skb_tstamp_tx().
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "netsim/result.hpp"
#include "netsim/time.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

struct Connection;
struct Context;

/// Linux's sock_extended_err, and the time of a timestamp.
struct ErrorMessage {
    enum class Origin : std::uint8_t { kIcmp = 2, kTimestamping = 4, kZerocopy = 5 };

    std::uint32_t error = 0;  // ee_errno
    Origin origin = Origin::kZerocopy;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t info = 0;
    std::uint32_t data = 0;
    std::uint32_t length = 0;  // octets of the packet that come along
    std::optional<Time> stamp;
};

/// SO_TIMESTAMPING's flags that TCP acts on, with Linux's values.
namespace timestamping {
inline constexpr std::uint32_t kTxSoftware = 2;
inline constexpr std::uint32_t kSoftware = 16;
inline constexpr std::uint32_t kOptId = 128;
inline constexpr std::uint32_t kTxSched = 256;
inline constexpr std::uint32_t kTxAck = 512;
inline constexpr std::uint32_t kOptTsonly = 2048;
inline constexpr std::uint32_t kOptIdTcp = 65536;
inline constexpr std::uint32_t kSupported =
    kTxSoftware | kSoftware | kOptId | kTxSched | kTxAck | kOptTsonly | kOptIdTcp;
}  // namespace timestamping

struct ErrorQueue {
    /// A byte whose fate is reported: the last of one send().
    struct Mark {
        wire::SeqNum end;         // after the byte
        std::uint32_t flags = 0;  // timestamping
        bool sent = false;
    };

    /// A send() without a copy: its number, and where its bytes end.
    struct Zerocopy {
        wire::SeqNum end;
        std::uint32_t id = 0;
    };

    std::deque<ErrorMessage> messages;
    std::deque<Mark> marks;
    std::deque<Zerocopy> zerocopies;
    std::uint32_t next_zerocopy = 0;
    wire::SeqNum key_base;  // SOF_TIMESTAMPING_OPT_ID counts from here
};

/// setsockopt(SO_TIMESTAMPING). Linux sock_set_timestamping().
Result<void> set_timestamping(Connection& c, std::uint32_t flags);

/// A send() ended at write_seq: asks for its timestamps and its zero-copy number.
void mark_send(Connection& c, bool zerocopy);
/// A send() without a copy ended at `end`: asks for its number.
void mark_zerocopy(Connection& c, wire::SeqNum end);
/// A segment with these bytes leaves. Linux skb_tx_timestamp().
void stamp_transmit(Context& cx, Connection& c, wire::SeqNum seq, std::uint32_t length);
/// snd_una moved: timestamps of the ACK, completions.
void complete_acked(Context& cx, Connection& c);
/// The write queue is thrown away: what waited for it is complete as well.
void complete_all(Context& cx, Connection& c);
/// An ICMP error for a socket with IP_RECVERR. Linux ip_icmp_error().
void queue_icmp_error(Context& cx, Connection& c, Errno error, std::uint8_t type, std::uint8_t code,
                      std::uint32_t info);

}  // namespace netsim::tcp
