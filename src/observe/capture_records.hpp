// A capture's frames as a ladder's records: packets seen at several places are put together, nodes
// get names, states are inferred.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "observe/capture_reader.hpp"
#include "observe/ladder_rows.hpp"

namespace netsim::observe {

/// What a capture holds besides what is drawn.
struct CaptureCounts {
    std::uint64_t frames = 0;
    std::uint64_t drawable = 0;  // TCP over IPv4, and ICMP errors about it
    std::uint64_t ipv6 = 0;
    std::uint64_t other = 0;       // other protocols
    std::uint64_t unreadable = 0;  // cut off in the headers, fragments, damaged
    std::uint64_t beyond = 0;      // past kCaptureSegmentsMax
    std::map<std::uint32_t, std::uint64_t> unknown_links;  // link type: frames
};

class CaptureRecords {
 public:
    explicit CaptureRecords(const CaptureReader& reader);

    void add(const CapturedFrame& frame);
    /// After the last frame: names and connections.
    void finish();
    /// Adds the notes of a connection's states. O(messages).
    void infer_states(const LadderChoice& choice);

    const LadderRecords& records() const { return records_; }

    /// In order of first segment; left is who opened.
    const std::vector<LadderChoice>& connections() const { return connections_; }

    const CaptureCounts& counts() const { return counts_; }

 private:
    /// What is the same of one packet at every place.
    using Key = std::tuple<Endpoint, Endpoint, std::uint8_t, std::uint16_t, std::uint32_t,
                           std::uint32_t, std::uint32_t, std::uint32_t>;

    struct Seen {
        std::set<std::uint64_t> places;
        std::string last_inbound;  // node of the last arrival with nothing sent on after it
    };

    static Key key_of(const wire::Packet& packet);
    std::string node_of_interface(std::uint32_t interface) const;
    std::size_t find_or_add(const wire::Packet& packet, const CapturedFrame& frame,
                            std::uint64_t place);
    void note_drop(LadderMessage& message, const CapturedFrame& frame, const std::string& node);
    sim::NodeId node_named(const std::string& name);
    std::string name_of(Ipv4 address) const;
    void name_nodes();
    void find_connections();

    const CaptureReader& reader_;
    bool own_;  // netsim's: interfaces are NODE.NAME, directions are given
    LadderRecords records_;
    std::vector<Seen> seen_;  // per message
    std::map<Key, std::vector<std::size_t>> by_key_;
    std::map<Ipv4, std::string> names_;
    std::map<std::string, sim::NodeId> ids_;
    std::vector<LadderChoice> connections_;
    CaptureCounts counts_;
    Time zero_{};
    std::uint64_t order_ = 0;
};

}  // namespace netsim::observe
