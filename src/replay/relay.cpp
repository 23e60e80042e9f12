// The relay: fates, injected packets, and the translation between the model's numbers and the
// recording's.
#include "replay/relay.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.hpp"
#include "net/link.hpp"
#include "replay/scheduling.hpp"

namespace netsim::replay {

using wire::Packet;
using wire::SeqNum;
namespace flag = wire::flag;

namespace {

constexpr std::uint64_t kInjectBit = std::uint64_t{1} << 63U;
constexpr std::uint32_t kToClient = 0;  // interfaces
constexpr std::uint32_t kToServer = 1;

std::uint16_t flags_from(const std::string& letters) {
    std::uint16_t flags = 0;
    for (const char c : letters) {
        switch (c) {
            case 'F':
                flags |= flag::kFin;
                break;
            case 'S':
                flags |= flag::kSyn;
                break;
            case 'R':
                flags |= flag::kRst;
                break;
            case 'P':
                flags |= flag::kPsh;
                break;
            case '.':
                flags |= flag::kAck;
                break;
            case 'U':
                flags |= flag::kUrg;
                break;
            case 'E':
                flags |= flag::kEce;
                break;
            case 'W':
                flags |= flag::kCwr;
                break;
            default:
                break;
        }
    }
    return flags;
}

FlowKey recorded_key(const RecordedPacket& p) {
    return p.to_server ? FlowKey{p.source, p.source_port, p.destination_port}
                       : FlowKey{p.destination, p.destination_port, p.source_port};
}

/// The numbers of "ts 21 0", "mss 1460".
std::vector<std::int64_t> numbers_of(const std::string& option) {
    std::vector<std::int64_t> out;
    for (std::size_t i = option.find(' '); i != std::string::npos; i = option.find(' ', i + 1)) {
        std::int64_t value = 0;
        std::from_chars(option.data() + i + 1, option.data() + option.size(), value);
        out.push_back(value);
    }
    return out;
}

/// "sack 7241:8689 10137:11585"
std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks_of(const std::string& option) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> out;
    const char* end = option.data() + option.size();
    for (std::size_t i = option.find(' '); i != std::string::npos; i = option.find(' ', i + 1)) {
        std::int64_t from = 0;
        std::int64_t to = 0;
        const auto first = std::from_chars(option.data() + i + 1, end, from);
        if (first.ec == std::errc{} && first.ptr != end && *first.ptr == ':' &&
            std::from_chars(first.ptr + 1, end, to).ec == std::errc{}) {
            out.emplace_back(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to));
        }
    }
    return out;
}

}  // namespace

Time to_model(Milliseconds t) {
    return Time(kTimeBase) + Duration(static_cast<std::int64_t>(std::llround(t * 1e6)));
}

Milliseconds to_recorded(Time t) {
    return static_cast<double>((t - Time(kTimeBase)).count()) / 1e6;
}

Relay::Relay(net::Fabric& fabric, const Recording& recording)
    : net::Node(fabric, "relay"), recording_(recording) {
    for (const RecordedPacket& p : recording.packets) {
        if (p.icmp) {
            continue;
        }
        const FlowKey key = recorded_key(p);
        if (std::find(unclaimed_.begin(), unclaimed_.end(), key) == unclaimed_.end()) {
            unclaimed_.push_back(key);
        }
        if (p.fate != Fate::kInjected) {
            scripts_[p.to_server ? 1 : 0][key].script.push_back(&p);
        }
    }
}

void Relay::start() {
    for (std::size_t i = 0; i < recording_.packets.size(); ++i) {
        const RecordedPacket& p = recording_.packets[i];
        if (p.fate == Fate::kInjected && p.received) {
            fabric().sim.schedule(to_model(*p.received), id(), *this, kInjectBit | i);
        }
    }
}

Relay::Flow* Relay::find_flow(Ipv4 client, std::uint16_t model_port, std::uint16_t server_port) {
    const auto it = by_model_.find({client, model_port, server_port});
    return it == by_model_.end() ? nullptr : &flows_[it->second];
}

std::uint16_t Relay::recorded_port(Ipv4 client, std::uint16_t model_port,
                                   std::uint16_t server_port) const {
    const auto it = by_model_.lower_bound({client, model_port, server_port});
    const bool found = it != by_model_.end() && it->first.client == client &&
                       it->first.client_port == model_port &&
                       (server_port == 0 || it->first.server_port == server_port);
    return found ? flows_[it->second].recorded.client_port : model_port;
}

/// A flow seen for the first time is the recorded one with the same ports, else (ports are random)
/// the next one with the same addresses.
Relay::Flow& Relay::flow_of(const Packet& packet, bool to_server) {
    const FlowKey key =
        to_server
            ? FlowKey{packet.source, packet.tcp.source_port, packet.tcp.destination_port}
            : FlowKey{packet.destination, packet.tcp.destination_port, packet.tcp.source_port};
    if (Flow* known = find_flow(key.client, key.client_port, key.server_port)) {
        return *known;
    }
    auto match = std::find(unclaimed_.begin(), unclaimed_.end(), key);
    if (match == unclaimed_.end()) {
        match = std::find_if(unclaimed_.begin(), unclaimed_.end(), [&](const FlowKey& k) {
            return k.client == key.client && k.server_port == key.server_port;
        });
    }
    Flow flow;
    flow.model_port = key.client_port;
    flow.recorded = match == unclaimed_.end() ? key : *match;
    if (match != unclaimed_.end()) {
        unclaimed_.erase(match);
    }
    for (const std::size_t d : {0U, 1U}) {
        const auto script = scripts_[d].find(flow.recorded);
        if (script != scripts_[d].end()) {
            flow.direction[d].script = script->second.script;
        }
    }
    by_model_[key] = flows_.size();
    flows_.push_back(std::move(flow));
    return flows_.back();
}

void Relay::note_numbers(Flow& flow, bool to_server, const wire::TcpHeader& h) {
    Direction& d = flow.direction[to_server ? 1 : 0];
    if (h.syn() && (d.isns.empty() || d.isns.back() != h.seq)) {
        d.isns.push_back(h.seq);
    }
    if (h.has_option(wire::option::kTimestamps) && !d.first_ts) {
        d.first_ts = h.tsval;
    }
}

SentPacket Relay::describe(Flow& flow, bool to_server, const Packet& packet) {
    const wire::TcpHeader& h = packet.tcp;
    Direction& mine = flow.direction[to_server ? 1 : 0];
    const Direction& theirs = flow.direction[to_server ? 0 : 1];
    SentPacket out{};
    out.at = to_recorded(fabric().sim.now());
    out.to_server = to_server;
    out.flow = flow.recorded;
    out.packet = packet;
    for (auto isn = mine.isns.rbegin(); isn != mine.isns.rend(); ++isn) {
        out.seq_by_incarnation.push_back(h.seq - *isn);
    }
    if (mine.isns.empty()) {
        out.seq_by_incarnation.push_back(h.seq.raw());
    }
    for (auto isn = theirs.isns.rbegin(); isn != theirs.isns.rend(); ++isn) {
        out.ack_by_incarnation.push_back(h.ack - *isn);
    }
    out.tsval = static_cast<std::int32_t>(h.tsval - mine.first_ts.value_or(0));
    out.tsecr = h.tsecr == 0 ? 0 : static_cast<std::int32_t>(h.tsecr - theirs.first_ts.value_or(0));
    if (mine.next < mine.script.size()) {
        out.expected = mine.script[mine.next++];
    }
    return out;
}

/// The relay is a process too: it reads a packet some time after it was sent, and one after
/// another. What was sent in one go gets the recorded spacing.
Time Relay::read_at(bool to_server, const RecordedPacket* expected) {
    constexpr Milliseconds kOneGo = 1;
    Reading& last = last_read_[to_server ? 1 : 0];
    Time at = fabric().sim.now();
    if (expected != nullptr && expected->sent - to_recorded(at) <= kLongestWake) {
        at = std::max(at, to_model(expected->sent));
    }
    if (expected != nullptr && last.packet != nullptr) {
        const Milliseconds gap = expected->sent - last.packet->sent;
        if (gap > 0 && gap <= kOneGo) {
            at = std::max(at, last.at + Duration(static_cast<std::int64_t>(gap * 1e6)));
        }
    }
    last = {at, expected};
    return at;
}

void Relay::receive(wire::PacketPtr packet, std::uint32_t interface) {
    const bool to_server = interface == kToClient;  // it came from the client
    if (packet->protocol != wire::Protocol::kTcp) {
        return;
    }
    Flow& flow = flow_of(*packet, to_server);
    note_numbers(flow, to_server, packet->tcp);
    Direction& d = flow.direction[to_server ? 1 : 0];
    const RecordedPacket* last = d.script.empty() ? nullptr : d.script.back();
    sent_.push_back(describe(flow, to_server, *packet));
    memory_.push_back(*packet);
    // What the recording does not have shares the fate of the last it has.
    const RecordedPacket* fate = sent_.back().expected != nullptr ? sent_.back().expected : last;
    if (fate != nullptr && fate->fate == Fate::kDropped) {
        return;
    }
    double delay = recording_.one_way_delay;
    if (sent_.back().expected != nullptr && fate->received) {
        delay = std::max(*fate->received - fate->sent, 0.0);  // the relay's own slackness included
    }
    const Time now = read_at(to_server, sent_.back().expected);
    Time at = now + Duration(static_cast<std::int64_t>(delay * 1e6));
    // Only what was delayed on purpose arrives out of order.
    constexpr double kSlackness = 4;
    Time& latest = last_delivery_[to_server ? 1 : 0];
    if (delay < recording_.one_way_delay + kSlackness) {
        latest = at = std::max(at, latest);
    }
    deliver_at(at, *packet, to_server ? kToServer : kToClient);
}

void Relay::deliver_at(Time at, const Packet& packet, std::uint32_t interface) {
    fabric().sim.schedule(at, id(), *this, pending_.size());
    pending_.push_back({packet, interface});
}

void Relay::fire(std::uint64_t argument) {
    if ((argument & kInjectBit) != 0) {
        const RecordedPacket& in = recording_.packets[argument & ~kInjectBit];
        return in.icmp ? inject_icmp(in) : inject(in);
    }
    const Pending& p = pending_[argument];
    interfaces()[p.interface].out->transmit(fabric().packets.make(p.packet));
}

namespace {

/// The relay dropped this very packet before: it has only been delayed.
bool held_back(const Recording& recording, const RecordedPacket& in) {
    return std::any_of(
        recording.packets.begin(), recording.packets.end(), [&](const RecordedPacket& other) {
            return other.fate == Fate::kDropped && other.to_server == in.to_server &&
                   recorded_key(other) == recorded_key(in) && other.flags == in.flags &&
                   other.seq == in.seq && other.ack == in.ack && other.length == in.length &&
                   other.options == in.options && other.sent <= in.sent;
        });
}

}  // namespace

/// A packet the experiment made by hand or held back, in the model's numbers.
void Relay::inject(const RecordedPacket& in) {
    const FlowKey key = recorded_key(in);
    Packet p{};
    p.source = in.source;
    p.destination = in.destination;
    wire::TcpHeader& h = p.tcp;
    h.source_port = in.source_port;
    h.destination_port = in.destination_port;
    h.flags = flags_from(in.flags);
    h.window = static_cast<std::uint16_t>(in.window);
    h.payload.length = in.length;
    Flow* flow = nullptr;
    for (Flow& f : flows_) {
        if (f.recorded == key) {
            flow = &f;
        }
    }
    const std::size_t mine = in.to_server ? 1 : 0;
    std::uint32_t isn = 0;
    std::uint32_t other_isn = 0;
    if (flow != nullptr) {
        (in.to_server ? h.source_port : h.destination_port) = flow->model_port;
        isn = flow->direction[mine].isns.empty() ? 0 : flow->direction[mine].isns.back().raw();
        other_isn = flow->direction[1 - mine].isns.empty()
                        ? 0
                        : flow->direction[1 - mine].isns.back().raw();
    }
    const bool live = flow != nullptr && !flow->direction[0].isns.empty();
    h.seq = SeqNum(static_cast<std::uint32_t>(in.seq) + (in.seq_absolute ? 0 : isn));
    if (in.ack) {
        // An absolute ACK number of a live connection was chosen relative to numbers the recording
        // does not tell; the experiments use it for an ACK that is far too old.
        constexpr std::uint32_t kFarTooOld = 1U << 20U;
        h.ack = !in.ack_absolute ? SeqNum(static_cast<std::uint32_t>(*in.ack) + other_isn)
                : live           ? SeqNum(other_isn + 1 - kFarTooOld)
                                 : SeqNum(static_cast<std::uint32_t>(*in.ack));
    }
    for (const std::string& option : in.options) {
        const std::vector<std::int64_t> n = numbers_of(option);
        if (option.starts_with("mss") && !n.empty()) {
            h.options |= wire::option::kMss;
            h.mss = static_cast<std::uint16_t>(n[0]);
        } else if (option.starts_with("sackOK")) {
            h.options |= wire::option::kSackPermitted;
        } else if (option.starts_with("wscale") && !n.empty()) {
            h.options |= wire::option::kWindowScale;
            h.window_scale = static_cast<std::uint8_t>(n[0]);
        } else if (option.starts_with("sack ")) {
            h.options |= wire::option::kSack;
            for (const auto& [begin, end] : blocks_of(option)) {
                if (h.sack_count < h.sack.size()) {
                    h.sack[h.sack_count++] = {SeqNum(begin + other_isn), SeqNum(end + other_isn)};
                }
            }
        } else if (option.starts_with("ts") && n.size() == 2 && flow != nullptr) {
            h.options |= wire::option::kTimestamps;
            h.tsval = static_cast<std::uint32_t>(n[0]) + flow->direction[mine].first_ts.value_or(0);
            h.tsecr =
                static_cast<std::uint32_t>(n[1]) + flow->direction[1 - mine].first_ts.value_or(0);
        }
    }
    const bool late = held_back(recording_, in);
    for (const Packet& old : memory_) {  // a repetition carries the same bytes
        if (old.source == p.source && old.tcp.source_port == h.source_port &&
            old.tcp.seq == h.seq && old.tcp.payload.length == in.length) {
            if (late && old.tcp.flags == h.flags) {  // the model's own packet, only later
                h = old.tcp;
                break;
            }
            h.payload = old.tcp.payload;
        }
    }
    Flow& noted = flow_of(p, in.to_server);
    if (noted.direction[mine]
            .isns.empty()) {  // a forged SYN does not move a live connection's numbers
        note_numbers(noted, in.to_server, h);
    }
    p.uid = fabric().sim.next_uid(id());
    interfaces()[in.to_server ? kToServer : kToClient].out->transmit(fabric().packets.make(p));
}

/// What an ICMP error is about: the router that dropped packets answered one after another; else
/// the last packet the other side sent.
const Packet* Relay::culprit(const RecordedPacket& icmp) const {
    const auto answered = [](const RecordedPacket& p) {
        return p.fate == Fate::kDropped && p.note.find("ICMP") != std::string::npos;
    };
    std::size_t before = 0;  // errors that went the same way
    for (const RecordedPacket& p : recording_.packets) {
        before += p.icmp && p.to_server == icmp.to_server && p.number < icmp.number ? 1U : 0U;
    }
    const Packet* last = nullptr;
    for (const SentPacket& s : sent_) {
        if (s.to_server == icmp.to_server) {
            continue;
        }
        last = &s.packet;
        if (s.expected != nullptr && answered(*s.expected) && before-- == 0) {
            return last;
        }
    }
    return last;
}

void Relay::inject_icmp(const RecordedPacket& in) {
    const Packet* about = culprit(in);
    if (about == nullptr) {
        return;
    }
    Packet p{};
    p.source = in.source;
    p.destination = about->source;
    p.protocol = wire::Protocol::kIcmp;
    p.icmp = wire::IcmpHeader{};
    p.icmp.type = in.icmp_type;
    p.icmp.code = in.icmp_code;
    p.icmp.mtu = in.icmp_mtu;
    p.icmp.quoted.source = about->source;
    p.icmp.quoted.destination = about->destination;
    p.icmp.quoted.protocol = wire::Protocol::kTcp;
    p.icmp.quoted.source_port = about->tcp.source_port;
    p.icmp.quoted.destination_port = about->tcp.destination_port;
    p.icmp.quoted.seq = about->tcp.seq.raw();
    p.uid = fabric().sim.next_uid(id());
    interfaces()[in.to_server ? kToServer : kToClient].out->transmit(fabric().packets.make(p));
}

std::vector<const RecordedPacket*> Relay::missing() const {
    std::vector<const RecordedPacket*> out;
    for (const RecordedPacket& p : recording_.packets) {
        if (p.icmp || p.fate == Fate::kInjected) {
            continue;
        }
        const bool came = std::any_of(sent_.begin(), sent_.end(),
                                      [&](const SentPacket& s) { return s.expected == &p; });
        if (!came) {
            out.push_back(&p);
        }
    }
    return out;
}

}  // namespace netsim::replay
