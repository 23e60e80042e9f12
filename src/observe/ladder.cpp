// Collecting: a segment is known by its uid from the host that makes it to the last node it
// reaches.
#include "observe/ladder.hpp"

namespace netsim::observe {

bool Ladder::keep() {
    ++order_;
    if (messages_.size() + notes_.size() < records_max_) {
        return true;
    }
    ++not_kept_;
    return false;
}

void Ladder::name(sim::NodeId node, std::string_view text) {
    names_.try_emplace(node, text);
}

bool Ladder::is_node(sim::NodeId node, const std::string& name) const {
    const auto found = names_.find(node);
    return found != names_.end() && found->second == name;
}

void Ladder::on_packet(const sim::PacketRecord& record) {
    constexpr unsigned kNodeShift = 40;  // of wire::Packet::uid
    const wire::Packet& packet = *record.packet;
    if (packet.protocol != wire::Protocol::kTcp) {
        return;
    }
    if (record.event == sim::PacketEvent::kReceived) {
        arrived(record);
    } else if (record.event == sim::PacketEvent::kDropped) {
        const auto found = by_uid_.find(packet.uid);
        if (found != by_uid_.end()) {
            Message& message = messages_[found->second];
            message.dropped = true;
            message.drop_node = record.node;
            message.reason = record.reason;
        }
    } else if (record.event == sim::PacketEvent::kSent &&
               (packet.uid >> kNodeShift) == record.node && !by_uid_.contains(packet.uid)) {
        if (keep()) {
            name(record.node, record.node_name);
            by_uid_.emplace(packet.uid, messages_.size());
            Message message;
            message.packet = packet;
            message.sent = record.at;
            message.sent_order = order_;
            messages_.push_back(std::move(message));
        }
    }
}

void Ladder::arrived(const sim::PacketRecord& record) {
    const auto found = by_uid_.find(record.packet->uid);
    if (found == by_uid_.end()) {
        return;
    }
    name(record.node, record.node_name);
    Message* message = &messages_[found->second];
    if (message->seen_order != 0 && message->seen_node == record.node) {
        if (!keep()) {
            return;
        }
        Message copy;
        copy.packet = *record.packet;
        copy.copy = true;
        messages_.push_back(std::move(copy));
        message = &messages_.back();
    } else {
        ++order_;
    }
    message->seen = record.at;
    message->seen_order = order_;
    message->seen_node = record.node;
}

void Ladder::on_state(const sim::StateRecord& record) {
    if (keep()) {
        name(record.node, record.node_name);
        notes_.push_back(Note{.at = record.at,
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
        notes_.push_back(Note{.at = record.at,
                              .order = order_,
                              .node = record.node,
                              .local = record.local,
                              .remote = record.remote,
                              .is_state = false,
                              .from = {},
                              .text = std::string(record.text)});
    }
}

}  // namespace netsim::observe
