// What stands in a packet's way inside one node, in the order of Linux's
// netfilter hooks: before routing, into the node, through it, out of it, after
// routing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/conntrack.hpp"
#include "net/firewall.hpp"
#include "net/kernel_log.hpp"
#include "net/middlebox.hpp"
#include "net/nat.hpp"
#include "net/node.hpp"
#include "netsim/elements.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

/// One packet on its way through the node.
struct Passage {
    std::uint32_t in = kNoInterface;  // kNoInterface: the node's own
    std::uint32_t out = kNoInterface;
    Conntrack::Tracking tracking{};
    bool tracked = false;
    std::uint32_t seq_shift = 0;  // of an invalid packet of a shifted connection
};

/// Whether it goes on, else why not and what is answered.
struct HookVerdict {
    bool passes = true;
    DropReason reason = DropReason::kFirewall;
    std::string text{};
    bool rejected = false;
    RejectWith reject = RejectWith::kPortUnreachable;
};

class Elements {
 public:
    explicit Elements(Node& node) : node_(node) {}

    // --- a router's hooks; a packet that does not pass is forgotten by the connection table
    HookVerdict before_routing(wire::Packet& packet, Passage& passage);
    HookVerdict into_node(const wire::Packet& packet, Passage& passage);
    HookVerdict through_node(wire::Packet& packet, Passage& passage);
    HookVerdict out_of_node(wire::Packet& packet, Passage& passage);
    HookVerdict after_routing(wire::Packet& packet, Passage& passage);
    // --- a host's, which changes no packet
    HookVerdict into_host(const wire::Packet& packet, Passage& passage);
    HookVerdict out_of_host(const wire::Packet& packet, Passage& passage);
    /// What is in memory is gone: the connection table, counters, limits and the log. Rules, NAT
    /// and middleboxes stay, as those that start with the system.
    void power_off();
    /// It ended for a reason that is not the elements'.
    void forget(const Passage& passage);

    /// Replaces the firewall there was. Throws InputError.
    Firewall& set_firewall(const FirewallOptions& options);

    /// In place of the NAT there was. `own`: the router's address. Throws InputError.
    Nat& set_nat(const NatOptions& options, Ipv4 own);
    /// Behind those there are. Throws InputError.
    std::shared_ptr<Middlebox> add_middlebox(const MiddleboxOptions& options);
    void remove_middlebox(const Middlebox& box);

    /// Null: none.
    Nat* nat() { return nat_.get(); }

    /// Does the node answer for this address besides its own?
    bool owns(Ipv4 address) const { return nat_ != nullptr && nat_->owns(address); }

    /// Null: none.
    Firewall* firewall() { return firewall_.get(); }

    /// Null: connections are not tracked.
    Conntrack* conntrack() { return conntrack_.get(); }

    /// Tracks connections from now on.
    Conntrack& need_conntrack();
    /// After rules were added.
    void track_if_needed();

    ConntrackSettings& conntrack_settings() { return settings_; }

    KernelLog& log() { return log_; }

 private:
    HookVerdict track(const wire::Packet& packet, Passage& passage);
    HookVerdict filter(const wire::Packet& packet, Passage& passage, Chain chain);
    HookVerdict confirm(const Passage& passage);
    HookVerdict stopped(Passage& passage, HookVerdict verdict);

    Node& node_;
    ConntrackSettings settings_;
    KernelLog log_;
    std::unique_ptr<Firewall> firewall_;
    std::unique_ptr<Conntrack> conntrack_;
    std::unique_ptr<Nat> nat_;
    std::vector<std::shared_ptr<Middlebox>> middleboxes_;
    unsigned middleboxes_made_ = 0;
    unsigned boots_ = 0;
    bool shifts_ = false;  // a middlebox rewrote sequence numbers at some time
};

}  // namespace netsim::net
