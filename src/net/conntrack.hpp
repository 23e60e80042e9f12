// Connection tracking: Linux nf_conntrack_core.c with its TCP, UDP and ICMP. A
// table of connections that is bounded by nf_conntrack_max. Nothing is
// scheduled: what has expired is taken out before the table is next looked at,
// so that an idle run ends although a connection would last for days.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/slab.hpp"
#include "net/conntrack_settings.hpp"
#include "net/conntrack_tcp.hpp"
#include "netsim/address.hpp"
#include "netsim/elements.hpp"
#include "netsim/time.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

/// One direction of a connection. ICMP echo: the id stands for both ports, and
/// `icmp_type` tells the question from the answer.
struct CtTuple {
    Ipv4 source;
    Ipv4 destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    wire::Protocol protocol = wire::Protocol::kTcp;
    std::uint8_t icmp_type = 0;

    friend constexpr bool operator==(const CtTuple&, const CtTuple&) = default;
};

/// None for ICMP that is no echo.
std::optional<CtTuple> tuple_of(const wire::Packet& packet);
/// That of the packet an ICMP error is about, as it was on its way.
std::optional<CtTuple> quoted_tuple(const wire::IcmpHeader::Quoted& quoted);
/// The direction back.
CtTuple inverse(const CtTuple& tuple);

struct CtEntry {
    std::array<CtTuple, 2> tuple;  // kOriginal, kReply
    Time expires{};
    Time queued = kNever;  // where it stands in the calendar
    std::array<std::uint64_t, 2> packets{};
    std::array<std::uint64_t, 2> bytes{};
    std::array<std::uint32_t, 2> next{};  // in their buckets
    bool confirmed = false;               // in the table
    bool seen_reply = false;
    bool assured = false;                      // not dropped early
    Time udp_stream_at{};                      // from when on an answered UDP exchange is a stream
    std::array<std::uint32_t, 2> seq_shift{};  // added to what each direction sends (middlebox)
    bool shifted = false;
    TcpTrack tcp;
    std::uint32_t slot = 0;  // in the slab

    wire::Protocol protocol() const { return tuple[0].protocol; }
};

class Conntrack {
 public:
    enum Direction : std::uint8_t { kOriginal = 0, kReply = 1 };

    /// What a packet is to the table. Ends with confirm() or discard().
    struct Tracking {
        CtEntry* entry = nullptr;  // none: invalid
        Direction direction = kOriginal;
        std::uint8_t state = ct_state::kInvalid;
        bool full = false;  // no room: to be dropped
        bool over = false;  // the packet ends the connection: it goes with confirm()
    };

    /// `seed`: of its hash.
    Conntrack(const ConntrackSettings& settings, std::uint64_t seed);

    Tracking track(const wire::Packet& packet, Time now);
    /// The same without any effect, of a packet that was tracked already.
    Tracking look(const wire::Packet& packet, Time now);
    /// The packet goes on: a new connection enters the table. False if its tuples
    /// are taken (insert_failed): it is to be dropped.
    bool confirm(const Tracking& tracking, Time now);
    /// The packet was dropped: a new connection is forgotten.
    void discard(const Tracking& tracking);

    /// Looks only.
    struct Found {
        CtEntry* entry = nullptr;
        Direction direction = kOriginal;
    };

    Found find(const CtTuple& tuple);

    /// Is it taken by a connection of the table?
    bool taken(const CtTuple& tuple) { return find(tuple).entry != nullptr; }

    /// A RST was made for it: nf_conntrack_tcp_set_closing().
    void set_closing(CtEntry& entry, Time now);
    /// `conntrack -F`
    void flush();

    void purge(Time now);

    const ConntrackStats& stats(Time now) {
        purge(now);
        stats_.count = live_;
        return stats_;
    }

    /// In order of creation, nearly: places are used again.
    void for_each(Time now, const std::function<void(const CtEntry&)>& visit);

    const ConntrackSettings& settings() const { return settings_; }

 private:
    struct Due {
        Time at;
        Id<CtEntry> id;
    };

    static constexpr std::uint32_t kEnd = 0xffffffffU;

    std::size_t bucket_of(const CtTuple& tuple) const;
    CtEntry* create(const CtTuple& tuple, Time now);
    bool early_drop(const CtTuple& tuple);
    void link(CtEntry& entry, Direction direction);
    void unlink(CtEntry& entry, Direction direction);
    void kill(CtEntry& entry);
    void refresh(CtEntry& entry, Time expires);
    void calendar_add(CtEntry& entry);
    Tracking track_icmp_error(const wire::Packet& packet);
    Tracking resolve(const wire::Packet& packet, const CtTuple& tuple, Time now);
    TcpTrackResult update(CtEntry& entry, Direction direction, const wire::Packet& packet,
                          Time now);
    void update_udp(CtEntry& entry, Time now);
    void resize_if_asked();

    const ConntrackSettings& settings_;
    std::uint64_t seed_;
    std::vector<std::uint32_t> heads_;  // index * 2 + direction; made with the first connection
    Slab<CtEntry> entries_;
    std::uint64_t live_ = 0;  // entries, those not confirmed yet included
    std::vector<Due> due_;    // a heap, the earliest first; lazy
    ConntrackStats stats_;
};

}  // namespace netsim::net
