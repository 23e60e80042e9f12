// Records are sorted as they come; what they lead to lies in connections.cpp and queues.cpp.
#include "report/recorder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "host/host.hpp"
#include "net/link.hpp"
#include "observe/drop_words.hpp"
#include "report/layout.hpp"
#include "tcp/mib.hpp"

namespace netsim::report {
namespace {

constexpr Duration kFinest = std::chrono::microseconds(100);
constexpr int kSamplesPerBin = 4;
constexpr std::size_t kBinsLeast = 100;
constexpr std::size_t kCellsMax = 400000;  // of all tracks
constexpr std::size_t kDropSlotsMax = 300;
constexpr std::size_t kNodesMax = 2000;  // listed

std::size_t scaled(std::size_t count, double share) {
    return std::max<std::size_t>(4, static_cast<std::size_t>(static_cast<double>(count) * share));
}

ConnectionLimits limits_of(double share) {
    ConnectionLimits limits;
    limits.live = scaled(limits.live, share);
    limits.first = scaled(limits.first, share);
    limits.unusual = scaled(limits.unusual, share);
    limits.ordinary = scaled(limits.ordinary, share);
    return limits;
}

/// "rule: 3rd S." and "rule: 4th S." count together.
std::string_view counted_reason(std::string_view reason) {
    constexpr std::size_t kHead = 6;  // "rule: "
    const bool numbered = reason.starts_with("rule: ") && reason.size() > kHead &&
                          reason[kHead] >= '0' && reason[kHead] <= '9';
    return numbered ? to_string(DropReason::kRule) : reason;
}

/// "eth3": 3.
std::optional<std::size_t> interface_number(std::string_view name) {
    constexpr std::string_view kPrefix = "eth";
    std::size_t number = 0;
    if (!name.starts_with(kPrefix)) {
        return std::nullopt;
    }
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + kPrefix.size(), end, number);
    return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace

Recorder::Recorder(double share)
    : axis_(kFinest, kBinsMax),
      connections_(nodes_, limits_of(share)),
      queues_(nodes_),
      transitions_(coverage_.edges().size()),
      next_sample_(Time{} + kFinest / kSamplesPerBin - Duration{1}) {}

void Recorder::add_link(net::Link& link) {
    links_.push_back(&link);
    queues_.add_link(link);
}

void Recorder::note_attacker(sim::NodeId node) {
    if (const auto index = nodes_.find(node)) {
        nodes_[*index].attacks = true;
    }
}

void Recorder::place(sim::NodeId node, double latitude, double longitude) {
    if (const auto index = nodes_.find(node)) {
        nodes_[*index].place = std::pair(latitude, longitude);
    }
}

void Recorder::on_packet(const sim::PacketRecord& record) {
    if (!too_many_hops_) {
        note_hop(record);
    }
    switch (record.event) {
        case sim::PacketEvent::kSent:
            if (sim::uid_maker(record.packet->uid) != record.node) {
                return;
            }
            return connections_.is_uncounted_flood(*record.packet) ? connections_.count_flood()
                                                                   : connections_.sent(record);
        case sim::PacketEvent::kReceived:
            if (!nodes_.is_host(record.node)) {
                return;
            }
            if (connections_.is_uncounted_flood(*record.packet)) {
                return handshakes_[3].add(axis_, record.at, 1);
            }
            syn_arrives(record);
            return connections_.arrived(record);
        case sim::PacketEvent::kDropped:
            count_drop(record);
            return connections_.is_uncounted_flood(*record.packet) ? void()
                                                                   : connections_.dropped(record);
        case sim::PacketEvent::kDuplicated:
            return connections_.copied(record);
    }
}

void Recorder::syn_arrives(const sim::PacketRecord& record) {
    const wire::Packet& packet = *record.packet;
    if (packet.protocol != wire::Protocol::kTcp || !packet.tcp.syn() || packet.tcp.ack_flag()) {
        return;
    }
    const auto maker = nodes_.find(sim::uid_maker(packet.uid));
    const bool attack = (maker && nodes_[*maker].attacks) || !nodes_.knows(packet.source);
    handshakes_.at(attack ? 3 : 2).add(axis_, record.at, 1);
}

void Recorder::on_state(const sim::StateRecord& record) {
    const std::optional<std::size_t> row = coverage_.row_of(record);
    if (!row) {
        return;
    }
    ++transitions_[*row];
    const tcp::Transition& change = coverage_.edges()[*row].transition;
    if (change.to == tcp::State::kEstablished && change.from == tcp::State::kSynReceived) {
        const bool attack = !nodes_.knows(record.remote.address);
        handshakes_.at(attack ? 1 : 0).add(axis_, record.at, 1);
    } else if (change.to == tcp::State::kListen) {
        listens(record);
    }
    const auto maker = nodes_.find(record.node);
    if (change.to != tcp::State::kSynSent || !maker || !nodes_[*maker].attacks) {
        connects_.state(record, change);  // how long an attacker waits tells nothing
    }
    connections_.state(record, static_cast<int>(*row));
}

void Recorder::listens(const sim::StateRecord& record) {
    if (const auto node = nodes_.find(record.node)) {
        queues_.add_listener(*node, record.local);
    }
}

void Recorder::on_call(const sim::CallRecord& record) {
    connections_.call(record);
}

/// Which link lost it; nothing: a node did.
std::optional<std::size_t> Recorder::link_of_drop(const sim::PacketRecord& record) const {
    const auto node = nodes_.find(record.node);
    const auto number = interface_number(record.interface_name);
    if (!node || !number || !observe::is_link_drop(record.reason)) {
        return std::nullopt;
    }
    const std::vector<net::Interface>& interfaces = nodes_[*node].node->interfaces();
    const net::LinkDirection* out = *number < interfaces.size() ? interfaces[*number].out : nullptr;
    for (std::size_t i = 0; i < links_.size(); ++i) {
        if (&links_[i]->direction(0) == out || &links_[i]->direction(1) == out) {
            return i;
        }
    }
    return std::nullopt;
}

Recorder::DropSlot& Recorder::drop_slot(const sim::PacketRecord& record) {
    const std::size_t number = observe::is_link_drop(record.reason)
                                   ? interface_number(record.interface_name).value_or(0) + 1
                                   : 0;
    const std::string_view reason = counted_reason(record.reason);
    const auto found = drop_index_.find(DropKey{record.node, number, reason});
    if (found != drop_index_.end()) {
        return drops_[found->second];
    }
    if (drops_.size() >= kDropSlotsMax) {
        return drops_.back();
    }
    DropSlot& slot = drops_.emplace_back();
    const bool last = drops_.size() == kDropSlotsMax;
    slot.node = last ? std::nullopt : nodes_.find(record.node);
    slot.link = last ? std::nullopt : link_of_drop(record);
    slot.reason = last ? "other reasons" : std::string(reason);
    if (!last) {
        drop_index_.emplace(DropKey{record.node, number, slot.reason}, drops_.size() - 1);
    }
    return slot;
}

/// Most drops are for the reason of the one before.
void Recorder::count_drop(const sim::PacketRecord& record) {
    const bool same = last_drop_.slot != nullptr && last_drop_.node == record.node &&
                      last_drop_.slot->reason == record.reason &&
                      last_drop_.interface == record.interface_name;
    if (!same) {
        last_drop_ = {&drop_slot(record), record.node, std::string(record.interface_name)};
    }
    DropSlot& slot = *last_drop_.slot;
    ++slot.count;
    slot.tally.add(axis_, record.at, 1);
}

/// Every packet on every link, as long as there are few.
void Recorder::note_hop(const sim::PacketRecord& record) {
    if (record.event == sim::PacketEvent::kSent) {
        if (hops_.size() >= kHopsMax) {
            too_many_hops_ = true;
            hops_ = {};
            open_hops_ = {};
            return;
        }
        const auto node = nodes_.find(record.node);
        const auto number = interface_number(record.interface_name);
        if (!node || !number || *number >= nodes_[*node].node->interfaces().size()) {
            return;
        }
        const net::LinkDirection* out = nodes_[*node].node->interfaces()[*number].out;
        PacketHop hop;
        hop.sent = record.at;
        for (std::size_t i = 0; i < links_.size(); ++i) {
            for (const unsigned d : {0U, 1U}) {
                if (&links_[i]->direction(d) == out) {
                    hop.link = i;
                    hop.direction = d;
                }
            }
        }
        hop.flags = hop_word(*record.packet);
        open_hops_.insert_or_assign(record.packet->uid, hops_.size());
        hops_.push_back(std::move(hop));
        return;
    }
    const auto found = open_hops_.find(record.packet->uid);
    if (found == open_hops_.end() || hops_[found->second].arrives != kNever) {
        return;
    }
    if (record.event == sim::PacketEvent::kReceived) {
        hops_[found->second].arrives = record.at;
    } else if (record.event == sim::PacketEvent::kDropped) {
        hops_[found->second].lost = true;
    }
}

void Recorder::sample(Time now) {
    if (queues_.tracks() > 0) {
        const std::size_t bins = std::clamp(kCellsMax / queues_.tracks(), kBinsLeast, kBinsMax);
        if (bins < kBinsMax) {
            axis_.limit(bins);
        }
    }
    queues_.sample(axis_, now);
    const Duration step = axis_.interval() / kSamplesPerBin;
    next_sample_ =
        Time{} + step * ((now.time_since_epoch() + Duration{1}) / step + 1) - Duration{1};
}

Case Recorder::view(Time now, const std::vector<const Series*>& recorded) {
    queues_.sample(axis_, now);
    Case out;
    put_topology(out);
    put_series(out, now);
    for (const Series* series : recorded) {
        if (!series->values.empty()) {
            out.series.push_back(curve_of(*series, kBinsMax));
        }
    }
    put_drops(out, now);
    out.transitions = transitions_;
    put_counters(out);
    connections_.put(out);
    connects_.put(out);
    out.packets = hops_;
    if (too_many_hops_) {
        out.thinned.push_back("single packets are not listed: there were more than " +
                              std::to_string(kHopsMax));
    }
    if (queues_.listeners_left_out() > 0) {
        out.thinned.push_back("queues of " + std::to_string(Queues::kListenersMax) +
                              " listeners are drawn, those of " +
                              std::to_string(queues_.listeners_left_out()) + " are not");
    }
    return out;
}

void Recorder::put_topology(Case& into) const {
    into.nodes_total = nodes_.size();
    into.links_total = links_.size();
    for (std::size_t i = 0; i < std::min(nodes_.size(), kNodesMax); ++i) {
        PlacedNode node;
        node.name = nodes_[i].node->name();
        node.host = nodes_[i].host != nullptr;
        node.address = to_string(nodes_[i].address);
        into.nodes.push_back(std::move(node));
    }
    std::vector<std::pair<std::size_t, std::size_t>> edges;
    for (const net::Link* link : links_) {
        const std::size_t a = nodes_.find(link->a().id()).value_or(0);
        const std::size_t b = nodes_.find(link->b().id()).value_or(0);
        if (a >= kNodesMax || b >= kNodesMax) {
            continue;
        }
        edges.emplace_back(a, b);
        PlacedLink& placed = into.links.emplace_back();
        placed.name = link->name();
        placed.a = a;
        placed.b = b;
        for (const unsigned d : {0U, 1U}) {
            const net::LinkDirection& direction = link->direction(d);
            placed.directions.at(d) = {direction.options().rate_bps, direction.options().delay,
                                       direction.stats().sent_packets, direction.stats().sent_bytes,
                                       direction.stats().dropped_total()};
        }
    }
    std::vector<std::optional<std::pair<double, double>>> places;
    for (std::size_t i = 0; i < into.nodes.size(); ++i) {
        places.push_back(nodes_[i].place);
    }
    const std::vector<Spot> spots = lay_out(places, edges);
    for (std::size_t i = 0; i < into.nodes.size(); ++i) {
        into.nodes[i].x = spots[i].x;
        into.nodes[i].y = spots[i].y;
        into.nodes[i].geographic = spots[i].geographic;
    }
    if (nodes_.size() > kNodesMax) {
        into.thinned.push_back(std::to_string(kNodesMax) + " of " + std::to_string(nodes_.size()) +
                               " nodes are drawn");
    }
}

void Recorder::put_counters(Case& into) const {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].host == nullptr) {
            continue;
        }
        std::vector<std::pair<std::string, std::uint64_t>> values;
        for (std::size_t m = 0; m < tcp::kMibCount; ++m) {
            const auto counter = static_cast<tcp::Mib>(m);
            if (const std::uint64_t value = nodes_[i].host->mibs().get(counter); value != 0) {
                values.emplace_back(tcp::describe(counter).name, value);
            }
        }
        if (!values.empty()) {
            into.counters.emplace_back(i, std::move(values));
        }
    }
}

void Recorder::put_drops(Case& into, Time now) {
    for (DropSlot& slot : drops_) {
        DropCurve& curve = into.drops.emplace_back();
        curve.node = slot.node;
        curve.link = slot.link;
        curve.reason = slot.reason;
        curve.count = slot.count;
        curve.interval = to_seconds(axis_.interval());
        static_cast<void>(axis_.bin(now));
        curve.counts = slot.tally.sums(axis_);
    }
    std::stable_sort(into.drops.begin(), into.drops.end(),
                     [](const DropCurve& a, const DropCurve& b) { return a.count > b.count; });
}

void Recorder::put_series(Case& into, Time now) {
    constexpr std::array<const char*, 4> kNames{"legitimate", "attack", "SYNs legitimate",
                                                "SYNs attack"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        // Beside an attack's SYNs stands what it made of them, if it is nothing.
        const bool attacked = handshakes_.at(3).total() > 0;
        if (handshakes_.at(i).total() > 0 || i == 0 || (i == 1 && attacked)) {
            Curve curve;
            curve.name = kNames.at(i);
            curve.group = i < 2 ? "handshakes" : "syns";
            curve.unit = "1/s";
            put_rates(curve, handshakes_.at(i).sums(axis_), axis_, now);
            into.series.push_back(std::move(curve));
        }
    }
    queues_.put(into, axis_, now);
}

}  // namespace netsim::report
