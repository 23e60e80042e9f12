// Collecting: a packet is known by its uid from the node that makes it to the last one it reaches.
#include "observe/ladder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "netsim/result.hpp"
#include "observe/drop_words.hpp"
#include "observe/ladder_draw.hpp"
#include "observe/ladder_rows.hpp"

namespace netsim {

LadderFormat parse_ladder_format(std::string_view text) {
    constexpr std::array<std::string_view, 3> kNames{"text", "mermaid", "svg"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames.at(i) == text) {
            return static_cast<LadderFormat>(i);
        }
    }
    throw InputError(fmt::format("unknown format of a ladder \"{}\"{} (known: {})", text,
                                 did_you_mean(text, kNames), join(kNames)));
}

}  // namespace netsim

namespace netsim::observe {
namespace {

bool is_icmp_error(const wire::Packet& packet) {
    return packet.protocol == wire::Protocol::kIcmp &&
           packet.icmp.type != wire::icmp::kEchoRequest &&
           packet.icmp.type != wire::icmp::kEchoReply;
}

/// What a ladder can draw: a segment, or an ICMP error about one.
bool is_drawn(const wire::Packet& packet) {
    return packet.protocol == wire::Protocol::kTcp ||
           (is_icmp_error(packet) && packet.icmp.quoted.protocol == wire::Protocol::kTcp);
}

}  // namespace

Endpoint source_endpoint(const wire::Packet& packet) {
    const bool tcp = packet.protocol == wire::Protocol::kTcp;
    return {packet.source, tcp ? packet.tcp.source_port : std::uint16_t{0}};
}

Endpoint destination_endpoint(const wire::Packet& packet) {
    const bool tcp = packet.protocol == wire::Protocol::kTcp;
    return {packet.destination, tcp ? packet.tcp.destination_port : std::uint16_t{0}};
}

bool Ladder::keep() {
    ++order_;
    if (records_.messages.size() + records_.notes.size() < records_max_) {
        return true;
    }
    ++not_kept_;
    return false;
}

void Ladder::name(sim::NodeId node, std::string_view text) {
    records_.names.try_emplace(node, text);
}

void Ladder::on_packet(const sim::PacketRecord& record) {
    if (!is_drawn(*record.packet)) {
        return;
    }
    switch (record.event) {
        case sim::PacketEvent::kSent:
            return sent(record);
        case sim::PacketEvent::kReceived:
            return arrived(record);
        case sim::PacketEvent::kDropped:
            return dropped(record);
        case sim::PacketEvent::kDuplicated:
            break;
    }
}

void Ladder::sent(const sim::PacketRecord& record) {
    const wire::Packet& packet = *record.packet;
    if (sim::uid_maker(packet.uid) != record.node || by_uid_.contains(packet.uid) || !keep()) {
        return;
    }
    name(record.node, record.node_name);
    by_uid_[packet.uid].push_back(records_.messages.size());
    LadderMessage message;
    message.packet = packet;
    message.maker = record.node;
    message.seen_source = source_endpoint(packet);
    message.seen_destination = destination_endpoint(packet);
    message.sent = record.at;
    message.sent_order = order_;
    records_.messages.push_back(std::move(message));
}

/// Of a packet and its copies that one is dropped which came last to where it happens.
void Ladder::dropped(const sim::PacketRecord& record) {
    const auto found = by_uid_.find(record.packet->uid);
    if (found == by_uid_.end()) {
        return;
    }
    LadderMessage* message = nullptr;
    for (const std::size_t i : found->second) {
        LadderMessage& one = records_.messages[i];
        const bool here = one.seen_order == 0 || one.seen_node == record.node;
        if (here && (message == nullptr || one.seen_order > message->seen_order)) {
            message = &one;
        }
    }
    if (message != nullptr) {
        name(record.node, record.node_name);
        message->dropped = true;
        message->drop_node = record.node;
        message->reason = drop_words(record.reason);
    }
}

LadderMessage* Ladder::add_copy(std::vector<std::size_t>& those) {
    if (!keep()) {
        return nullptr;
    }
    LadderMessage copy;
    copy.packet = records_.messages[those.front()].packet;
    copy.maker = records_.messages[those.front()].maker;
    copy.copy = true;
    those.push_back(records_.messages.size());
    records_.messages.push_back(std::move(copy));
    return &records_.messages.back();
}

void Ladder::arrived(const sim::PacketRecord& record) {
    const auto found = by_uid_.find(record.packet->uid);
    if (found == by_uid_.end()) {
        return;
    }
    name(record.node, record.node_name);
    const std::uint8_t ttl = record.packet->ttl;
    LadderMessage* message = nullptr;
    for (const std::size_t i : found->second) {
        LadderMessage& one = records_.messages[i];
        if (one.seen_order == 0 || ttl < one.seen_ttl ||
            (ttl == one.seen_ttl && one.seen_node != record.node)) {
            message = &one;
            ++order_;
            break;
        }
    }
    if (message == nullptr) {
        message = add_copy(found->second);
        if (message == nullptr) {
            return;
        }
    }
    message->seen_source = source_endpoint(*record.packet);
    message->seen_destination = destination_endpoint(*record.packet);
    message->seen = record.at;
    message->seen_order = order_;
    message->seen_node = record.node;
    message->seen_ttl = ttl;
}

void Ladder::on_state(const sim::StateRecord& record) {
    if (keep()) {
        name(record.node, record.node_name);
        records_.notes.push_back(LadderNote{.at = record.at,
                                            .order = order_,
                                            .node = record.node,
                                            .local = record.local,
                                            .remote = record.remote,
                                            .is_state = true,
                                            .from = std::string(record.from),
                                            .text = std::string(record.to)});
    }
}

void Ladder::on_call(const sim::CallRecord& record) {
    if (keep()) {
        name(record.node, record.node_name);
        records_.notes.push_back(LadderNote{.at = record.at,
                                            .order = order_,
                                            .node = record.node,
                                            .local = record.local,
                                            .remote = record.remote,
                                            .is_state = false,
                                            .from = {},
                                            .text = std::string(record.text)});
    }
}

std::string Ladder::draw(const LadderEnd& left, const LadderEnd& right,
                         const LadderOptions& options) const {
    std::vector<LadderViews> all = ladder_connections(records_, left, right);
    LadderPicture picture;
    if (all.empty()) {
        picture.notes.push_back(
            fmt::format("no TCP segment between {} and {}", left.name, right.name));
    }
    std::vector<LadderChoice> choices;
    for (LadderViews& views : all) {
        choices.push_back({{left, right}, views});
    }
    for (const LadderChoice& choice : chosen_connections(picture, choices, options)) {
        picture.connections.push_back(ladder_rows(records_, choice, options));
    }
    if (not_kept_ > 0) {
        picture.notes.push_back(
            fmt::format("({} later records not kept: limit {})", not_kept_, records_max_));
    }
    return draw_ladder(picture, options);
}

std::vector<LadderPair> Ladder::pairs(const std::vector<LadderEnd>& hosts) const {
    std::map<Ipv4, const std::string*> names;
    for (const LadderEnd& host : hosts) {
        names.emplace(host.address, &host.name);
    }
    using Hosts = std::pair<std::string, std::string>;
    std::vector<LadderPair> pairs;
    std::map<Hosts, std::size_t> index;
    std::set<std::pair<Endpoint, Endpoint>> connections;
    for (const LadderMessage& message : records_.messages) {
        const auto source = names.find(message.packet.source);
        const auto destination = names.find(message.packet.destination);
        if (message.packet.protocol != wire::Protocol::kTcp || source == names.end() ||
            destination == names.end() || *source->second == *destination->second) {
            continue;
        }
        const Hosts key = std::minmax(*source->second, *destination->second);
        const auto [found, fresh] = index.try_emplace(key, pairs.size());
        if (fresh) {
            pairs.push_back({*source->second, *destination->second, 0, 0});
        }
        LadderPair& pair = pairs[found->second];
        ++pair.segments;
        const Endpoint a = source_endpoint(message.packet);
        const Endpoint b = destination_endpoint(message.packet);
        pair.connections += connections.insert(std::minmax(a, b)).second ? 1U : 0U;
    }
    std::stable_sort(pairs.begin(), pairs.end(), [](const LadderPair& a, const LadderPair& b) {
        return a.segments > b.segments;
    });
    return pairs;
}

}  // namespace netsim::observe
