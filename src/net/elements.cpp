// Netfilter's hooks, and the priorities within them: tracking first, then what
// changes packets, then the filter; the connection is confirmed last.
#include "net/elements.hpp"

#include <utility>

namespace netsim::net {

Firewall& Elements::set_firewall(const FirewallOptions& options) {
    firewall_ = std::make_unique<Firewall>(node_, log_, options);
    if (options.conntrack) {
        need_conntrack();
    }
    track_if_needed();
    return *firewall_;
}

Conntrack& Elements::need_conntrack() {
    if (conntrack_ == nullptr) {
        Rng seed = node_.fabric().sim.rng("node/" + node_.name() + "/conntrack");
        conntrack_ = std::make_unique<Conntrack>(settings_, seed.u64());
    }
    return *conntrack_;
}

void Elements::power_off() {
    ++boots_;
    log_ = {};
    if (firewall_ != nullptr) {
        firewall_->restart();
    }
    if (conntrack_ != nullptr) {
        Rng seed = node_.fabric().sim.rng("node/" + node_.name() + "/conntrack/boot " +
                                          std::to_string(boots_));
        conntrack_ = std::make_unique<Conntrack>(settings_, seed.u64());
    }
}

Nat& Elements::set_nat(const NatOptions& options, Ipv4 own) {
    nat_ = std::make_unique<Nat>(node_, own, options);
    need_conntrack();
    return *nat_;
}

std::shared_ptr<Middlebox> Elements::add_middlebox(const MiddleboxOptions& options) {
    const std::string stream =
        "node/" + node_.name() + "/middlebox/" + std::to_string(middleboxes_made_ + 1);
    auto box = std::make_shared<Middlebox>(node_, options, stream);
    ++middleboxes_made_;
    if (options.rewrite_seq) {
        need_conntrack();
        shifts_ = true;
    }
    middleboxes_.push_back(box);
    return box;
}

void Elements::remove_middlebox(const Middlebox& box) {
    std::erase_if(middleboxes_, [&](const auto& one) { return one.get() == &box; });
}

void Elements::track_if_needed() {
    if (firewall_ != nullptr && firewall_->needs_conntrack()) {
        need_conntrack();
    }
}

HookVerdict Elements::stopped(Passage& passage, HookVerdict verdict) {
    if (verdict.rejected && verdict.reject == RejectWith::kTcpReset && passage.tracked &&
        passage.tracking.entry != nullptr) {
        conntrack_->set_closing(*passage.tracking.entry, node_.fabric().sim.now());
    }
    forget(passage);
    return verdict;
}

void Elements::forget(const Passage& passage) {
    if (passage.tracked) {
        conntrack_->discard(passage.tracking);
    }
}

HookVerdict Elements::track(const wire::Packet& packet, Passage& passage) {
    if (conntrack_ == nullptr) {
        return {};
    }
    const Time now = node_.fabric().sim.now();
    // What comes back over lo was tracked on its way out.
    const bool seen = passage.in == kLoopbackInterface;
    passage.tracking = seen ? conntrack_->look(packet, now) : conntrack_->track(packet, now);
    passage.tracked = true;
    if (passage.tracking.full) {
        log_.warn(now, "nf_conntrack: nf_conntrack: table full, dropping packet");
        return {false, DropReason::kConntrack, "nf_conntrack: table full"};
    }
    return {};
}

HookVerdict Elements::filter(const wire::Packet& packet, Passage& passage, Chain chain) {
    if (firewall_ == nullptr) {
        return {};
    }
    const std::uint8_t state = passage.tracked ? passage.tracking.state : std::uint8_t{0};
    FilterVerdict verdict = firewall_->decide({packet, chain, passage.in, passage.out, state},
                                              node_.fabric().sim.now());
    if (verdict.target == Target::kAccept) {
        return {};
    }
    return stopped(passage, {false, DropReason::kFirewall, std::move(verdict.reason),
                             verdict.target == Target::kReject, verdict.reject});
}

HookVerdict Elements::confirm(const Passage& passage) {
    if (!passage.tracked || conntrack_->confirm(passage.tracking, node_.fabric().sim.now())) {
        return {};
    }
    return {false, DropReason::kConntrack, "nf_conntrack: tuple in use"};
}

HookVerdict Elements::before_routing(wire::Packet& packet, Passage& passage) {
    if (shifts_ && packet.protocol == wire::Protocol::kTcp) {
        unshift_ack(packet, conntrack_->find(*tuple_of(packet)));
    }
    HookVerdict verdict = track(packet, passage);
    if (shifts_ && passage.tracking.entry == nullptr && packet.protocol == wire::Protocol::kTcp) {
        const Conntrack::Found found = conntrack_->find(*tuple_of(packet));
        if (found.entry != nullptr) {
            passage.seq_shift = found.entry->seq_shift.at(found.direction);
        }
    }
    if (verdict.passes && nat_ != nullptr) {
        nat_->map_destination(packet, passage.tracking);
        translate_destination(packet, passage.tracking);
    }
    return verdict;
}

HookVerdict Elements::into_node(const wire::Packet& packet, Passage& passage) {
    if (owns(packet.destination) && nat_->swallows(passage.tracking)) {
        return stopped(passage, {false, DropReason::kNat, "NAT: no mapping"});
    }
    HookVerdict verdict = filter(packet, passage, Chain::kInput);
    return verdict.passes ? confirm(passage) : verdict;
}

HookVerdict Elements::through_node(wire::Packet& packet, Passage& passage) {
    for (const auto& box : middleboxes_) {
        std::string reason = box->meddle(packet, passage.in, passage.out, passage.tracking);
        if (!reason.empty()) {
            return stopped(passage, {false, DropReason::kMiddlebox, std::move(reason)});
        }
    }
    HookVerdict verdict = filter(packet, passage, Chain::kForward);
    if (verdict.passes && shifts_) {
        shift_seq(packet, passage.tracking, passage.seq_shift);
    }
    return verdict;
}

HookVerdict Elements::out_of_node(wire::Packet& packet, Passage& passage) {
    HookVerdict verdict = track(packet, passage);
    if (verdict.passes && nat_ != nullptr) {
        translate_destination(packet, passage.tracking);
    }
    return verdict.passes ? filter(packet, passage, Chain::kOutput) : verdict;
}

HookVerdict Elements::after_routing(wire::Packet& packet, Passage& passage) {
    if (nat_ != nullptr) {
        if (!nat_->map_source(packet, passage.tracking, passage.in, passage.out, *conntrack_)) {
            return stopped(passage, {false, DropReason::kNat, "NAT: no free port"});
        }
        translate_source(packet, passage.tracking);
    }
    return confirm(passage);
}

HookVerdict Elements::into_host(const wire::Packet& packet, Passage& passage) {
    HookVerdict verdict = track(packet, passage);
    return verdict.passes ? into_node(packet, passage) : verdict;
}

HookVerdict Elements::out_of_host(const wire::Packet& packet, Passage& passage) {
    HookVerdict verdict = track(packet, passage);
    if (verdict.passes) {
        verdict = filter(packet, passage, Chain::kOutput);
    }
    return verdict.passes ? confirm(passage) : verdict;
}

}  // namespace netsim::net
