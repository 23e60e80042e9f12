// Urgent data: a pointer into the stream (RFC 9293 §3.8.5), of which Linux, as BSD, makes one byte
// out of band (RFC 6093 §3). A side record: only connections that meet it have one.
#pragma once

#include <cstdint>
#include <vector>

#include "netsim/result.hpp"
#include "wire/packet.hpp"

namespace netsim::tcp {

struct Connection;
struct Context;

struct Urgent {
    /// Linux urg_data.
    enum class Receive : std::uint8_t { kNone, kNotYet, kValid, kRead };

    bool sending = false;  // snd_up is ahead of snd_una
    wire::SeqNum snd_up;   // SND.UP: after the last urgent byte
    Receive receive = Receive::kNone;
    wire::SeqNum urg_seq;  // of the byte out of band
};

/// A write with MSG_OOB ended at write_seq. Linux tcp_mark_urg().
void mark_urgent(Connection& c);
/// Sets URG and the pointer where the segment lies before it. Linux __tcp_transmit_skb().
void set_urgent(const Connection& c, wire::TcpHeader& h);
/// snd_una moved. Linux tcp_clean_rtx_queue().
void urgent_acked(Connection& c);
/// RFC 9293 §3.10.7.4, sixth step. Linux tcp_urg().
void take_urgent(Context& cx, Connection& c, const wire::TcpHeader& h);

/// How many of the next `most` bytes may be read at once, and whether the byte out of band is to be
/// passed over first.
struct UrgentLimit {
    std::uint32_t bytes = 0;
    bool skip = false;
};

UrgentLimit limit_at_urgent(const Connection& c, wire::SeqNum at, std::uint32_t most);
/// copied_seq moved: beyond the byte, it is forgotten.
void forget_read_urgent(Connection& c);
/// recv(MSG_OOB): 1, or EINVAL when there is none, EAGAIN while it is on its way.
Result<std::uint64_t> receive_urgent(Connection& c, bool peek);

}  // namespace netsim::tcp
