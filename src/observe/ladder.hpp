// What ladders are drawn from: segments from the host that made them to the last node they reached,
// state changes and calls. Collected while a simulation runs (here) or read from a capture
// (capture_ladder.hpp); made into rows by ladder_rows.hpp; drawn as text, Mermaid or SVG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "netsim/address.hpp"
#include "netsim/ladder.hpp"
#include "netsim/time.hpp"
#include "sim/trace.hpp"
#include "wire/packet.hpp"

namespace netsim::observe {

struct LadderEnd {
    std::string name;
    Ipv4 address;
};

/// A packet's way from the node that made it. Orders number all records, as they came.
struct LadderMessage {
    wire::Packet packet{};  // as it was made
    Endpoint seen_source;   // as it last arrived: not the same behind a NAT
    Endpoint seen_destination;
    Time sent{};
    Time seen{};  // last arrival at a node
    std::uint64_t sent_order = 0;
    std::uint64_t seen_order = 0;  // 0: nowhere yet
    sim::NodeId maker = 0;
    sim::NodeId seen_node = 0;
    sim::NodeId drop_node = 0;
    std::uint8_t seen_ttl = 0;  // there: tells a copy from one that goes on
    bool dropped = false;
    bool copy = false;         // a link's duplicate: only its arrival is known
    bool once = false;         // a capture saw it at one place only: `sent` is when
    bool options_cut = false;  // by the capture's snap length
    std::string reason;
};

struct LadderNote {
    Time at{};
    std::uint64_t order = 0;
    sim::NodeId node = 0;
    Endpoint local;
    Endpoint remote;
    bool is_state = false;
    std::string from;  // of a state change
    std::string text;  // the new state, or the call
};

struct LadderRecords {
    std::vector<LadderMessage> messages;
    std::vector<LadderNote> notes;
    std::map<sim::NodeId, std::string> names;

    bool is_node(sim::NodeId node, const std::string& name) const {
        const auto found = names.find(node);
        return found != names.end() && found->second == name;
    }
};

Endpoint source_endpoint(const wire::Packet& packet);  // of TCP; else port 0
Endpoint destination_endpoint(const wire::Packet& packet);

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

    /// The TCP connections between two hosts, in order of their first segment. InputError if
    /// `options.connection` is more than there are, or no connection has `options.port`.
    std::string draw(const LadderEnd& left, const LadderEnd& right,
                     const LadderOptions& options = {}) const;

    /// Pairs of the hosts given that have a connection, most segments first, then earliest first.
    std::vector<LadderPair> pairs(const std::vector<LadderEnd>& hosts) const;

    const LadderRecords& records() const { return records_; }

 private:
    bool keep();
    void sent(const sim::PacketRecord& record);
    void arrived(const sim::PacketRecord& record);
    void dropped(const sim::PacketRecord& record);
    void name(sim::NodeId node, std::string_view text);
    LadderMessage* add_copy(std::vector<std::size_t>& those);

    std::size_t records_max_;
    std::uint64_t order_ = 0;
    std::uint64_t not_kept_ = 0;
    LadderRecords records_;
    // A packet and its copies, in order of arrival. Looked up, never walked.
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> by_uid_;
};

}  // namespace netsim::observe
