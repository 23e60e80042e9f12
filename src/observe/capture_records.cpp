// Orders leave room for the notes of inferred states after each event.
#include "observe/capture_records.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "observe/capture_ladder.hpp"
#include "observe/capture_link.hpp"
#include "observe/inferred_states.hpp"
#include "wire/codec.hpp"

namespace netsim::observe {
namespace {

constexpr std::uint64_t kOrderStep = 4;
/// Simulated time starts at 1970: such times stay as they are, those of real clocks start at 0.
constexpr Time kRealClock = Time(std::chrono::hours(24 * 365));
constexpr std::size_t kSameMax = 64;  // packets that look the same and are not yet everywhere
constexpr Duration kJourneyMax = std::chrono::seconds(120);
constexpr std::string_view kDropMark = "dropped: ";
constexpr std::string_view kDropInterface = "dropped";

bool drawable(const wire::Packet& packet) {
    if (packet.protocol == wire::Protocol::kTcp) {
        return true;
    }
    return packet.protocol == wire::Protocol::kIcmp &&
           packet.icmp.type != wire::icmp::kEchoRequest &&
           packet.icmp.type != wire::icmp::kEchoReply &&
           packet.icmp.quoted.protocol == wire::Protocol::kTcp;
}

struct CaptureEvent {
    std::uint64_t order = 0;
    Time at{};
    std::size_t message = 0;
    std::size_t side = 0;
    bool arrival = false;
};

}  // namespace

CaptureRecords::CaptureRecords(const CaptureReader& reader)
    : reader_(reader), own_(reader.application() == "netsim") {}

CaptureRecords::Key CaptureRecords::key_of(const wire::Packet& packet) {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    std::uint32_t third = 0;
    std::uint32_t length = 0;
    if (packet.protocol == wire::Protocol::kTcp) {
        first = packet.tcp.seq.raw();
        second = packet.tcp.ack.raw();
        third = (std::uint32_t{packet.tcp.flags} << 16U) | packet.tcp.window;
        length = packet.tcp.payload.length;
    } else {
        first = packet.icmp.quoted.seq;
        second = (std::uint32_t{packet.icmp.quoted.source_port} << 16U) |
                 packet.icmp.quoted.destination_port;
        third = (std::uint32_t{packet.icmp.type} << 8U) | packet.icmp.code;
    }
    return {source_endpoint(packet),
            destination_endpoint(packet),
            static_cast<std::uint8_t>(packet.protocol),
            packet.id,
            first,
            second,
            third,
            length};
}

/// "web" of "web.eth0"; host names may contain dots. Empty: not netsim's.
std::string CaptureRecords::node_of_interface(std::uint32_t interface) const {
    const std::string& name = reader_.interfaces()[interface].name;
    const std::size_t dot = name.rfind('.');
    return own_ && dot != std::string::npos ? name.substr(0, dot) : std::string();
}

void CaptureRecords::add(const CapturedFrame& frame) {
    const std::uint32_t link_type = reader_.interfaces()[frame.interface].link_type;
    if (counts_.frames++ == 0 && frame.at > kRealClock) {
        zero_ = frame.at;
    }
    if (!is_known_link_type(link_type)) {
        ++counts_.unknown_links[link_type];
        return;
    }
    const LinkPayload payload = link_payload(link_type, frame.bytes);
    if (payload.what != NetworkLayer::kIpv4) {
        ++(payload.what == NetworkLayer::kIpv6     ? counts_.ipv6
           : payload.what == NetworkLayer::kCutOff ? counts_.unreadable
                                                   : counts_.other);
        return;
    }
    const std::uint32_t on_wire =
        std::max<std::uint32_t>(frame.length, payload.header) - payload.header;
    const auto decoded =
        wire::decode(payload.bytes, {.checksums = false, .wire_length = std::max(on_wire, 1U)});
    if (!decoded) {
        const bool foreign = decoded.error().reason.starts_with("unsupported");
        ++(foreign ? counts_.other : counts_.unreadable);
        return;
    }
    if (!drawable(decoded->packet)) {
        ++counts_.other;
        return;
    }
    if (records_.messages.size() >= kCaptureSegmentsMax) {
        ++counts_.beyond;
        return;
    }
    ++counts_.drawable;
    const std::uint64_t place = (std::uint64_t{frame.interface} << 32U) | payload.device;
    const std::size_t index = find_or_add(decoded->packet, frame, place);
    LadderMessage& message = records_.messages[index];
    message.options_cut = message.options_cut || decoded->options_cut;
    if (frame.comment.starts_with(kDropMark)) {
        note_drop(records_.messages[index], frame, node_of_interface(frame.interface));
    }
}

/// The message this frame is another sight of, or a new one.
std::size_t CaptureRecords::find_or_add(const wire::Packet& packet, const CapturedFrame& frame,
                                        std::uint64_t place) {
    const Time at{std::max(frame.at - zero_, Duration{0})};
    const std::string node = node_of_interface(frame.interface);
    const std::string& interface = reader_.interfaces()[frame.interface].name;
    const bool drops = !node.empty() && interface.substr(node.size() + 1) == kDropInterface;
    std::vector<std::size_t>& same = by_key_[key_of(packet)];
    order_ += kOrderStep;
    const std::size_t oldest = same.size() - std::min(same.size(), kSameMax);
    for (std::size_t i = oldest; i < same.size(); ++i) {
        const std::size_t index = same[i];
        LadderMessage& message = records_.messages[index];
        Seen& seen = seen_[index];
        if (at - message.sent > kJourneyMax || message.dropped ||
            !seen.places.insert(place).second) {
            continue;
        }
        if (drops) {
            return index;
        }
        const bool onwards = !node.empty() && frame.direction == CaptureDirection::kOutbound;
        if (onwards) {
            seen.last_inbound.clear();
        } else {
            message.seen = at;
            message.seen_order = order_;
            seen.last_inbound = node;
        }
        return index;
    }
    same.push_back(records_.messages.size());
    LadderMessage message;
    message.packet = packet;
    message.packet.uid = records_.messages.size() + 1;
    message.seen_source = source_endpoint(packet);
    message.seen_destination = destination_endpoint(packet);
    message.sent = at;
    message.sent_order = order_;
    records_.messages.push_back(std::move(message));
    Seen seen;
    seen.places.insert(place);
    if (!node.empty() && frame.direction == CaptureDirection::kOutbound) {
        names_.try_emplace(packet.source, node);
    } else if (frame.direction == CaptureDirection::kInbound) {
        seen.last_inbound = node;
    }
    seen_.push_back(std::move(seen));
    return same.back();
}

void CaptureRecords::note_drop(LadderMessage& message, const CapturedFrame& frame,
                               const std::string& node) {
    message.dropped = true;
    message.reason = frame.comment.substr(kDropMark.size());
    if (!node.empty()) {
        message.drop_node = node_named(node);
    }
}

sim::NodeId CaptureRecords::node_named(const std::string& name) {
    const auto [found, fresh] = ids_.try_emplace(name, static_cast<sim::NodeId>(ids_.size() + 1));
    if (fresh) {
        records_.names.emplace(found->second, name);
    }
    return found->second;
}

std::string CaptureRecords::name_of(Ipv4 address) const {
    const auto found = names_.find(address);
    return found == names_.end() ? to_string(address) : found->second;
}

void CaptureRecords::finish() {
    name_nodes();
    find_connections();
}

void CaptureRecords::name_nodes() {
    // Who never sends is known by where packets for it end.
    for (std::size_t i = 0; i < records_.messages.size(); ++i) {
        if (!seen_[i].last_inbound.empty()) {
            names_.try_emplace(records_.messages[i].packet.destination, seen_[i].last_inbound);
        }
    }
    for (std::size_t i = 0; i < records_.messages.size(); ++i) {
        LadderMessage& message = records_.messages[i];
        message.maker = node_named(name_of(message.packet.source));
        if (message.seen_order != 0) {
            const std::string& node = seen_[i].last_inbound;
            message.seen_node =
                node_named(node.empty() ? name_of(message.packet.destination) : node);
        } else {
            message.once = true;
        }
    }
}

void CaptureRecords::find_connections() {
    std::map<std::pair<Endpoint, Endpoint>, std::size_t> known;
    for (const LadderMessage& message : records_.messages) {
        if (message.packet.protocol != wire::Protocol::kTcp) {
            continue;
        }
        Endpoint left = source_endpoint(message.packet);
        Endpoint right = destination_endpoint(message.packet);
        if (!known.try_emplace(std::minmax(left, right), connections_.size()).second) {
            continue;
        }
        // Who opened stands on the left; without its SYN, the side of the higher port.
        const wire::TcpHeader& tcp = message.packet.tcp;
        const bool answer = tcp.syn() ? tcp.ack_flag() : left.port < right.port;
        if (answer) {
            std::swap(left, right);
        }
        connections_.push_back({{LadderEnd{name_of(left.address), left.address},
                                 LadderEnd{name_of(right.address), right.address}},
                                {LadderView{left, right}, LadderView{right, left}}});
    }
}

void CaptureRecords::infer_states(const LadderChoice& choice) {
    std::vector<CaptureEvent> events;
    for (std::size_t i = 0; i < records_.messages.size(); ++i) {
        const LadderMessage& message = records_.messages[i];
        const auto way = ladder_way(records_, message, choice);
        if (!way || message.packet.protocol != wire::Protocol::kTcp) {
            continue;
        }
        const bool arrives =
            message.once ? !message.dropped : message.seen_order != 0 && message.reason.empty();
        if (!way->middle) {
            events.push_back({message.sent_order, message.sent, i, way->from, false});
        }
        if (arrives) {
            events.push_back({message.once ? message.sent_order + 1 : message.seen_order,
                              message.once ? message.sent : message.seen, i, 1 - way->from, true});
        }
    }
    std::stable_sort(
        events.begin(), events.end(),
        [](const CaptureEvent& a, const CaptureEvent& b) { return a.order < b.order; });
    InferredStates states;
    for (const CaptureEvent& event : events) {
        const wire::TcpHeader& tcp = records_.messages[event.message].packet.tcp;
        const auto change =
            event.arrival ? states.gets(event.side, tcp) : states.sends(event.side, tcp);
        if (change) {
            const LadderView& view = choice.views.at(event.side);
            const std::string from = change->from.empty() ? "" : '~' + std::string(change->from);
            records_.notes.push_back(
                LadderNote{.at = event.at,
                           .order = event.order + (event.arrival ? 2 : 1),
                           .node = node_named(choice.hosts.at(event.side).name),
                           .local = view.local,
                           .remote = view.remote,
                           .is_state = true,
                           .from = from,
                           .text = '~' + std::string(change->to)});
        }
    }
}

}  // namespace netsim::observe
