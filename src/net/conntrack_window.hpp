// The windows that connection tracking infers, after G. van Rooij, "Real Stateful TCP Packet
// Filtering in IP Filter" (SANE 2000): Linux tcp_in_window(). Internal to conntrack_tcp.
#pragma once

#include <cstdint>

#include "net/conntrack_settings.hpp"
#include "net/conntrack_tcp.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

namespace track {

enum Seen : std::uint8_t { kSynSeen, kSynAckSeen, kFinSeen, kAckSeen, kRstSeen, kNoneSeen };

// of a side
inline constexpr std::uint8_t kHasScale = 0x01;
inline constexpr std::uint8_t kHasSack = 0x02;
inline constexpr std::uint8_t kCloseBegan = 0x04;  // its FIN was the first
inline constexpr std::uint8_t kLiberal = 0x08;
inline constexpr std::uint8_t kUnacknowledged = 0x10;
inline constexpr std::uint8_t kHasAckMax = 0x20;
// of last_flags
inline constexpr std::uint8_t kMayBeChallenged =
    0x40;  // by an ACK that answers a SYN (RFC 5961 §4)
inline constexpr std::uint8_t kSimultaneous = 0x80;

}  // namespace track

inline bool seq_before(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) < 0;
}

inline bool seq_after(std::uint32_t a, std::uint32_t b) {
    return seq_before(b, a);
}

inline std::uint32_t at_least_one(std::uint32_t window) {
    return window == 0 ? 1 : window;
}

/// Linux tcp_options(): a segment without options says nothing new.
void note_options(TcpTrack::Side& side, const wire::TcpHeader& tcp);

enum class Fits : std::uint8_t { kYes, kPassed, kNo };  // kPassed: let by, but nothing learnt

/// One segment against what both sides have said, and what it says itself.
Fits tcp_track_window(TcpTrack& track, unsigned direction, const wire::TcpHeader& tcp,
                      track::Seen kind, const ConntrackSettings& settings);

}  // namespace netsim::net
