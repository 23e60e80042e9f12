// A sequence diagram in text: two hosts, their states and calls in the margins, an arrow per
// segment. Drops end in an x with their reason, retransmissions say (again), copies made by a link
// (copy), long silences are one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/time.hpp"
#include "sim/trace.hpp"
#include "wire/packet.hpp"

namespace netsim::observe {

struct LadderEnd {
    std::string name;
    Ipv4 address;
};

struct LadderOptions {
    std::size_t width = 100;  // columns; brought into 80..120
    bool absolute = false;    // sequence numbers as sent, not relative to the first
    bool utf8 = false;
    std::size_t connections_max = 4;  // drawn; the others are counted
};

/// Collects what ladders need; draws any two hosts' connections afterwards.
class Ladder final : public sim::Tracer {
 public:
    static constexpr std::size_t kRecordsMax = 20000;

    /// After `records_max` segments, state changes and calls only their number is kept, and draw()
    /// says so: a ladder is about how things began.
    explicit Ladder(std::size_t records_max = kRecordsMax) : records_max_(records_max) {}

    void on_packet(const sim::PacketRecord& record) override;
    void on_state(const sim::StateRecord& record) override;
    void on_call(const sim::CallRecord& record) override;

    /// The TCP connections between two hosts, in order of their first segment.
    std::string draw(const LadderEnd& left, const LadderEnd& right,
                     const LadderOptions& options = {}) const;

    /// A segment's way from the host that made it. Orders number all records, as they came.
    struct Message {
        wire::Packet packet{};
        Time sent{};
        Time seen{};  // last arrival at a node
        std::uint64_t sent_order = 0;
        std::uint64_t seen_order = 0;  // 0: nowhere yet
        sim::NodeId seen_node = 0;
        sim::NodeId drop_node = 0;
        bool dropped = false;
        bool copy = false;  // a link's duplicate: only its arrival is known
        std::string reason;
    };

    struct Note {
        Time at{};
        std::uint64_t order = 0;
        sim::NodeId node = 0;
        Endpoint local;
        Endpoint remote;
        bool is_state = false;
        std::string from;  // of a state change
        std::string text;  // the new state, or the call
    };

    const std::vector<Message>& messages() const { return messages_; }

    const std::vector<Note>& notes() const { return notes_; }

    bool is_node(sim::NodeId node, const std::string& name) const;

 private:
    bool keep();
    void arrived(const sim::PacketRecord& record);
    void name(sim::NodeId node, std::string_view text);

    std::size_t records_max_;
    std::uint64_t order_ = 0;
    std::uint64_t not_kept_ = 0;
    std::vector<Message> messages_;
    std::vector<Note> notes_;
    std::map<sim::NodeId, std::string> names_;
    std::unordered_map<std::uint64_t, std::size_t> by_uid_;  // looked up, never walked
};

}  // namespace netsim::observe
