// Connections as a run goes on: their segments from the host that made them to where they end,
// their states and calls. Bounded: of many connections the first, the unusual ones and a sample
// stay, of long ones the first and the last segments. Spoofed SYNs make no connection beyond a
// sample.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "report/model.hpp"
#include "report/nodes.hpp"
#include "sim/trace.hpp"
#include "wire/packet.hpp"

namespace netsim::report {

struct ConnectionLimits {
    std::size_t live = 3000;     // not over yet; later ones are counted only
    std::size_t first = 60;      // of those that are over
    std::size_t unusual = 400;   // ... with losses, resets, time-outs
    std::size_t ordinary = 400;  // ... of the others
    std::size_t raw = 20;        // whose SYN no socket sent: forged, a flood's
    std::size_t segments_first = 60;
    std::size_t segments_last = 20;
    std::size_t notes = 60;  // states and calls of each
};

class ConnectionLog {
 public:
    ConnectionLog(const NodeTable& nodes, const ConnectionLimits& limits);
    ~ConnectionLog();
    ConnectionLog(const ConnectionLog&) = delete;
    ConnectionLog& operator=(const ConnectionLog&) = delete;
    ConnectionLog(ConnectionLog&&) = delete;
    ConnectionLog& operator=(ConnectionLog&&) = delete;

    /// A flood's SYN from a spoofed address, of which there may be millions: is it not one of the
    /// sample? Then nothing need be looked up.
    bool is_uncounted_flood(const wire::Packet& packet) const {
        const bool syn =
            packet.protocol == wire::Protocol::kTcp &&
            (packet.tcp.flags & (wire::flag::kSyn | wire::flag::kAck)) == wire::flag::kSyn;
        return syn && raw_ >= limits_.raw && (packet.uid & kOrdinal) > last_raw_ && floods(packet);
    }

    void count_flood() { ++half_open_from_; }

    /// By the node that made it, for the first time.
    void sent(const sim::PacketRecord& record);
    /// At a host.
    void arrived(const sim::PacketRecord& record);
    void dropped(const sim::PacketRecord& record);
    void copied(const sim::PacketRecord& record);
    /// `edge`: of tcp::transitions(), or -1.
    void state(const sim::StateRecord& record, int edge);
    void call(const sim::CallRecord& record);

    /// Into connections, their totals and `thinned`.
    void put(Case& into) const;

 private:
    struct Key {
        std::uint64_t a = 0;
        std::uint64_t b = 0;

        friend bool operator==(const Key&, const Key&) = default;

        template <typename H>
        friend H AbslHashValue(H h, const Key& key) {
            return H::combine(std::move(h), key.a, key.b);
        }
    };

    struct Tracked;
    struct Segment;

    struct Place {
        std::uint32_t slot = 0;
        std::uint64_t id = 0;
        std::uint64_t number = 0;
    };

    struct Rank {
        std::uint64_t priority = 0;
        std::uint32_t slot = 0;

        friend bool operator>(const Rank& a, const Rank& b) { return a.priority > b.priority; }
    };

    using Tier = std::priority_queue<Rank, std::vector<Rank>, std::greater<>>;

    static constexpr std::uint64_t kOrdinal = (std::uint64_t{1} << sim::kUidNodeShift) - 1;

    /// Is its maker an attacker, and its source another's address?
    bool floods(const wire::Packet& packet) const {
        const auto maker = nodes_.find(sim::uid_maker(packet.uid));
        return maker && nodes_[*maker].attacks && nodes_[*maker].address != packet.source;
    }

    static Key key_of(Endpoint x, Endpoint y);
    Tracked* find(Endpoint x, Endpoint y);
    Tracked* begin(Endpoint from, Endpoint to, sim::NodeId node);
    Tracked* begin_raw(const wire::Packet& packet, sim::NodeId maker, bool own_address);
    void append(Tracked& to, const sim::PacketRecord& record, std::size_t end);
    void icmp_sent(const sim::PacketRecord& record);
    Segment* segment_of(std::uint64_t uid);
    /// A text that segments refer to; 0 is the empty one.
    std::uint32_t word(std::string_view text);
    void settle(Tracked& over);
    void rank(Tier& tier, std::size_t most, Tracked& over);
    void forget(Tracked& gone);
    ConnectionView view(const Tracked& one) const;
    SegmentView view(const Tracked& one, const Segment& segment) const;
    void put_calls(const Tracked& one, std::size_t listed, ConnectionView& into) const;

    const NodeTable& nodes_;
    ConnectionLimits limits_;
    absl::flat_hash_map<Key, std::uint32_t> by_ends_;  // looked up, never walked
    absl::flat_hash_map<std::uint64_t, Place> by_uid_;
    std::vector<std::unique_ptr<Tracked>> tracked_;
    std::vector<std::string> words_{std::string()};
    std::map<std::string, std::uint32_t, std::less<>> word_index_;
    std::vector<std::uint32_t> free_;
    std::size_t live_ = 0;
    std::size_t raw_ = 0;
    std::uint64_t last_raw_ = 0;  // the highest ordinal of their uids
    std::size_t first_ = 0;
    Tier unusual_;
    Tier ordinary_;
    std::uint64_t begun_ = 0;      // ids given
    std::uint64_t not_kept_ = 0;   // of those, no longer there
    std::uint64_t untracked_ = 0;  // there was no room
    std::uint64_t half_open_from_ = 0;

    struct OpenCall {
        sim::NodeId node = 0;
        Endpoint local;
        Time at{};
        std::string text;
    };

    std::vector<OpenCall> open_calls_;  // of sockets without a peer: listen()
};

}  // namespace netsim::report
