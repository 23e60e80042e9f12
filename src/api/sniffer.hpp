// Somebody who watches one node's packets and may act on them: calls a function, as an event of
// that node, for each packet that matches.
#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "netsim/segment.hpp"
#include "observe/packet_filter.hpp"
#include "sim/simulation.hpp"
#include "sim/trace.hpp"

namespace netsim {

SeenPacket seen(Time at, const wire::Packet& packet);

/// What a host sends and receives, what a router receives. The function runs after the event in
/// which the packet was seen, at the same time: it may send.
class Sniffer final : public sim::Tracer, public sim::EventTarget {
 public:
    using Function = std::function<void(const SeenPacket&)>;

    Sniffer(sim::Simulation& sim, sim::NodeId node, bool forwards, observe::PacketFilter filter,
            Function function)
        : sim_(sim),
          node_(node),
          forwards_(forwards),
          filter_(std::move(filter)),
          function_(std::move(function)) {}

    void on_packet(const sim::PacketRecord& record) override;
    void fire(std::uint64_t argument) override;

 private:
    sim::Simulation& sim_;
    sim::NodeId node_;
    bool forwards_;
    observe::PacketFilter filter_;
    Function function_;
    std::deque<SeenPacket> seen_;  // each has its event
};

}  // namespace netsim
