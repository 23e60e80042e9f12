// One direction of a link: queue, serialisation, wire. Drop-tail, serialisation and delay are
// computed when a packet is enqueued; what is in flight stands in one ring ordered by arrival, with
// one pending event per direction. The words and their order are netem's (sch_netem.c).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/link_rule.hpp"
#include "net/node.hpp"
#include "netsim/link.hpp"

namespace netsim::net {

/// What the random streams of a direction are called: "link/<link>/<direction>/loss".
struct LinkLabel {
    std::string link;        // "web-r"; a second link between the same nodes is "web-r#2"
    unsigned direction = 0;  // 0: first node to second, 1: back
};

/// A TCP connection as its packets in one direction name it.
struct Flow {
    Ipv4 source;
    Ipv4 destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;

    friend constexpr bool operator==(const Flow&, const Flow&) = default;
};

/// How much of a flow's data may wait: its bytes, and so much more for each packet.
struct FlowLimit {
    std::uint64_t bytes = ~std::uint64_t{0};
    std::uint32_t per_packet = 0;
};

/// What of a flow's data waits in front of the wire or is being sent.
struct FlowQueue {
    std::uint32_t packets = 0;
    std::uint32_t payload = 0;
    Time first_done = kNever;  // when the first of them will have left
    Time within_at = kNever;   // when so many have left that the limit is kept; kNever: it is
};

class LinkDirection final : public sim::EventTarget {
 public:
    /// From interface `from_if` of `from` to interface `to_if` of `to`. Throws InputError if an
    /// option is out of range. The caller points the interface's `out` here.
    LinkDirection(Fabric& fabric, Node& from, std::uint32_t from_if, Node& to, std::uint32_t to_if,
                  const LinkOptions& options, LinkLabel label);
    /// Named "from-to", or "from-to#2" if `from` has a link to `to` already.
    LinkDirection(Fabric& fabric, Node& from, std::uint32_t from_if, Node& to, std::uint32_t to_if,
                  const LinkOptions& options);
    LinkDirection(const LinkDirection&) = delete;
    LinkDirection& operator=(const LinkDirection&) = delete;
    LinkDirection(LinkDirection&&) = delete;
    LinkDirection& operator=(LinkDirection&&) = delete;
    ~LinkDirection() override;

    /// Takes the packet: it will arrive, or be counted as dropped with a reason.
    void transmit(wire::PacketPtr packet);

    /// Down: what is in flight and what is sent from now on is lost (DropReason::kLinkDown).
    void set_up(bool up);

    bool up() const { return up_; }

    /// Changes the direction's treatment from now on; what is in flight keeps its arrival time.
    void set_options(const LinkOptions& options);

    const LinkOptions& options() const { return options_; }

    /// From now on packets meet this rule too, after those added before.
    void add_rule(std::shared_ptr<LinkRuleState> rule);
    void remove_rule(const LinkRuleState& rule);

    const LinkStats& stats() const { return stats_; }

    /// Waiting or being sent, now.
    std::uint32_t queue_packets() const;
    std::uint64_t queue_bytes() const;

    /// Of this flow, with the packets that will be handed over next. O(its packets), nearly.
    FlowQueue queued(const Flow& flow, std::span<const wire::Packet> next,
                     const FlowLimit& limit) const;

    Node& from() const { return from_; }

    Node& to() const { return to_; }

    std::uint32_t from_interface() const { return from_if_; }

    std::uint32_t to_interface() const { return to_if_; }

    /// "web-r": the link's name, the same in both directions.
    const std::string& name() const { return label_.link; }

    void fire(std::uint64_t argument) override;

 private:
    struct State;

    void admit(wire::PacketPtr packet, std::uint32_t length);
    void launch(wire::PacketPtr packet, Time departs);
    void meet_rules(wire::PacketPtr packet, Time departs);
    void duplicate_late(const wire::Packet& packet, Time arrives, std::string_view reason);
    void impair_and_launch(wire::PacketPtr packet, Time departs);
    Time arrival(Time departs);
    void put_in_flight(wire::PacketPtr packet, Time arrives);
    void arm();
    void look_ahead() const;
    void deliver(wire::PacketPtr packet);
    void drop(wire::PacketPtr packet, DropReason reason, std::string_view text = {});
    bool loses(wire::Packet& packet);
    bool draws_loss();
    bool mark(wire::Packet& packet);

    Fabric& fabric_;
    Node& from_;
    Node& to_;
    std::uint32_t from_if_;
    std::uint32_t to_if_;
    LinkLabel label_;
    LinkOptions options_;
    LinkStats stats_;
    bool up_ = true;
    bool impaired_ = false;  // anything random in options_, or rules
    std::vector<std::shared_ptr<LinkRuleState>> rules_;
    std::unique_ptr<State> state_;
};

/// Both directions, on fresh interfaces of the two nodes.
class Link {
 public:
    /// Adds an interface to each node (with that address, /32, the MTU of its outgoing direction)
    /// and connects them. Throws InputError on bad options or if a and b are one node.
    Link(Fabric& fabric, Node& a, Ipv4 address_a, Node& b, Ipv4 address_b,
         const LinkOptions& a_to_b, const LinkOptions& b_to_a);

    /// What the next link between the two will be called.
    static std::string default_name(const Node& from, const Node& to);

    /// "a-b", "a-b#2" for the second between the two.
    const std::string& name() const { return directions_[0]->name(); }

    Node& a() const { return directions_[0]->from(); }

    Node& b() const { return directions_[0]->to(); }

    /// 0: a to b, 1: b to a.
    LinkDirection& direction(unsigned index) const { return *directions_.at(index); }

    void set_up(bool up);

    bool up() const { return directions_[0]->up() && directions_[1]->up(); }

    /// Changes one direction, and the MTU of the interface it leaves from.
    void set_options(unsigned direction, const LinkOptions& options);

    /// Throws InputError on what makes no sense. The state's counters are current.
    std::shared_ptr<LinkRuleState> add_rule(const LinkRule& rule);
    void remove_rule(const LinkRuleState& rule);

 private:
    unsigned rules_made_ = 0;

    std::array<std::unique_ptr<LinkDirection>, 2> directions_;
};

/// Throws InputError (without a place; the caller adds file:line) when a value is out of range:
/// negative delay, rate 0, probability outside 0..1, jitter > delay, mtu < 68...
void check(const LinkOptions& options);

}  // namespace netsim::net
