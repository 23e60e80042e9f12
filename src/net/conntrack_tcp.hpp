// TCP as connection tracking sees it: the state a middle node infers, and which packets fit into
// the windows it saw. Linux nf_conntrack_proto_tcp.c; its states are not RFC 9293's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/conntrack_settings.hpp"
#include "netsim/time.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

enum class TcpTrackState : std::uint8_t {
    kNone,
    kSynSent,      // a SYN was seen
    kSynRecv,      // a SYN-ACK
    kEstablished,  // the ACK of it
    kFinWait,      // a FIN
    kCloseWait,    // the ACK of it
    kLastAck,      // the FIN of the other side
    kTimeWait,     // the last ACK
    kClose,        // a RST
    kSynSent2,     // a SYN of the other side: a simultaneous open
    kCount
};

std::string_view to_string(TcpTrackState state);  // "SYN_SENT"

struct TcpTrack {
    /// What one side has said: Linux struct ip_ct_tcp_state.
    struct Side {
        std::uint32_t end = 0;         // highest seq + len it sent
        std::uint32_t end_max = 0;     // highest it may send: ack + window of the other
        std::uint32_t window_max = 0;  // largest window it offered
        std::uint32_t ack_max = 0;     // highest it acknowledged
        std::uint8_t scale = 0;
        std::uint8_t flags = 0;
    };

    std::array<Side, 2> side{};
    std::uint32_t last_seq = 0;
    std::uint32_t last_ack = 0;
    std::uint32_t last_end = 0;
    std::uint16_t last_window = 0;
    TcpTrackState state = TcpTrackState::kNone;
    std::uint8_t last_kind = 0;  // of packet
    std::uint8_t last_direction = 0;
    std::uint8_t last_scale = 0;
    std::uint8_t last_flags = 0;
    std::uint8_t retransmissions = 0;
};

struct TcpTrackResult {
    enum class Kind : std::uint8_t {
        kAccept,
        kInvalid,
        kRepeat,  // the entry is over: the packet begins another
        kKill,    // accepted, and the entry is over
    };

    Kind kind = Kind::kAccept;
    std::optional<std::int64_t> timeout{};  // seconds, from now; none: as it was
    bool assured = false;
};

/// May this segment begin a connection? Then `track` is its beginning.
bool tcp_track_begins(TcpTrack& track, const wire::TcpHeader& tcp,
                      const ConntrackSettings& settings);

/// What the table must know besides.
struct TcpTrackContext {
    bool seen_reply = false;  // before this packet
    bool assured = false;
    std::int64_t seconds_left = 0;
};

/// A segment of a tracked connection, in `direction` 0 (of who began) or 1.
TcpTrackResult tcp_track(TcpTrack& track, unsigned direction, const wire::TcpHeader& tcp,
                         const TcpTrackContext& context, const ConntrackSettings& settings);

/// Is it closing, so that the table may let it go when it is full?
bool tcp_track_can_drop_early(const TcpTrack& track);

}  // namespace netsim::net
