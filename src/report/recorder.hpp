// Watches one network and keeps what a report shows of it, in bounded memory however long the run
// is. It only looks: packets, states and calls come as records, gauges are read between events.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "netsim/series.hpp"
#include "observe/state_coverage.hpp"
#include "report/bins.hpp"
#include "report/connections.hpp"
#include "report/connects.hpp"
#include "report/model.hpp"
#include "report/nodes.hpp"
#include "report/queues.hpp"
#include "sim/trace.hpp"

namespace netsim::net {
class Link;
}

namespace netsim::report {

class Recorder final : public sim::Tracer {
 public:
    static constexpr std::size_t kBinsMax = 1200;
    static constexpr std::size_t kHopsMax = 4000;

    /// `share`: of what a run alone may keep; less where a script runs many networks.
    explicit Recorder(double share = 1);

    // --- the network, as it grows; what is given must stay
    void add_node(const KnownNode& node) { nodes_.add(node); }

    void add_link(net::Link& link);

    void add_pool(Prefix pool) { nodes_.add_pool(pool); }

    /// A flood is sent from this node.
    void note_attacker(sim::NodeId node);
    /// Latitude and longitude.
    void place(sim::NodeId node, double latitude, double longitude);

    // --- what happens
    void on_packet(const sim::PacketRecord& record) override;
    void on_state(const sim::StateRecord& record) override;
    void on_call(const sim::CallRecord& record) override;

    // --- gauges
    Time next_sample() const { return next_sample_; }

    /// At next_sample(), between two events.
    void sample(Time now);

    /// All so far. `recorded`: the network's own series.
    Case view(Time now, const std::vector<const Series*>& recorded);

 private:
    struct DropSlot {
        std::optional<std::size_t> node{};
        std::optional<std::size_t> link{};
        std::string reason;
        std::uint64_t count = 0;
        Tally tally{};
    };

    struct LastDrop {
        DropSlot* slot = nullptr;
        sim::NodeId node = 0;
        std::string interface {};
    };

    using DropKey = std::tuple<std::size_t, std::size_t, std::string_view>;

    void syn_arrives(const sim::PacketRecord& record);
    void count_drop(const sim::PacketRecord& record);
    DropSlot& drop_slot(const sim::PacketRecord& record);
    std::optional<std::size_t> link_of_drop(const sim::PacketRecord& record) const;
    void note_hop(const sim::PacketRecord& record);
    void listens(const sim::StateRecord& record);
    void put_topology(Case& into) const;
    void put_counters(Case& into) const;
    void put_drops(Case& into, Time now);
    void put_series(Case& into, Time now);

    TimeAxis axis_;
    NodeTable nodes_;
    std::vector<net::Link*> links_;
    ConnectionLog connections_;
    Connects connects_;
    Queues queues_;
    observe::StateCoverage coverage_;
    std::vector<std::uint64_t> transitions_;
    std::deque<DropSlot> drops_;  // their reasons are keys
    absl::flat_hash_map<DropKey, std::size_t> drop_index_;
    LastDrop last_drop_;
    std::array<Tally, 4> handshakes_;  // made: legitimate, attack; SYNs: legitimate, attack
    std::vector<PacketHop> hops_;
    absl::flat_hash_map<std::uint64_t, std::size_t> open_hops_;
    bool too_many_hops_ = false;
    Time next_sample_{};
};

/// Of a series of a script: at most `points` points.
Curve curve_of(const Series& series, std::size_t points);
/// Half as many points.
void fold(Curve& curve);
void fold(DropCurve& curve);

}  // namespace netsim::report
