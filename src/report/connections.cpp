// Collecting. Each connection has a slot; its two ends' addresses lead to it, behind a NAT those of
// either side.
#include "report/connections.hpp"

#include <algorithm>

#include "netsim/link.hpp"
#include "observe/ladder_labels.hpp"
#include "report/tracked.hpp"

namespace netsim::report {
namespace {

constexpr std::size_t kOpenCallsMax = 100;
constexpr std::size_t kUsualSegments = 12;
constexpr std::size_t kWordsMax = 5000;  // "rule: 3rd S.", "rule: 4th S."...

/// SplitMix64: which connections stay is a sample, and the same one each time.
std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

bool is_over(std::string_view state) {
    return state.empty() || state == "CLOSED" || state == "TIME-WAIT" || state == "LISTEN";
}

Endpoint source_of(const wire::Packet& packet) {
    return {packet.source, packet.tcp.source_port};
}

Endpoint destination_of(const wire::Packet& packet) {
    return {packet.destination, packet.tcp.destination_port};
}

}  // namespace

ConnectionLog::ConnectionLog(const NodeTable& nodes, const ConnectionLimits& limits)
    : nodes_(nodes), limits_(limits) {
    static_cast<void>(word(to_string(DropReason::kRule)));  // what later ones may be called
    static_cast<void>(word("dropped"));
}

ConnectionLog::~ConnectionLog() = default;

ConnectionLog::Key ConnectionLog::key_of(Endpoint x, Endpoint y) {
    const std::uint64_t a = (std::uint64_t{x.address.bits} << 16U) | x.port;
    const std::uint64_t b = (std::uint64_t{y.address.bits} << 16U) | y.port;
    return {std::min(a, b), std::max(a, b)};
}

ConnectionLog::Tracked* ConnectionLog::find(Endpoint x, Endpoint y) {
    const auto found = by_ends_.find(key_of(x, y));
    return found == by_ends_.end() ? nullptr : tracked_[found->second].get();
}

/// Null: there is no room for another one.
ConnectionLog::Tracked* ConnectionLog::begin(Endpoint from, Endpoint to, sim::NodeId node) {
    if (live_ >= limits_.live) {
        ++untracked_;
        return nullptr;
    }
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(tracked_.size()));
        tracked_.emplace_back();
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    ++live_;
    tracked_[slot] = std::make_unique<Tracked>();
    Tracked& one = *tracked_[slot];
    one.slot = slot;
    one.id = ++begun_;
    one.segments.reserve(kUsualSegments);
    one.states.reserve(kUsualSegments);
    one.ends[0].node = nodes_.find(node);
    one.ends[0].local = from;
    one.ends[1].node = nodes_.owner(to.address);
    one.ends[1].local = to;
    one.keys.push_back(key_of(from, to));
    by_ends_.insert_or_assign(one.keys.front(), slot);
    return &one;
}

ConnectionLog::Tracked* ConnectionLog::begin_raw(const wire::Packet& packet, sim::NodeId maker,
                                                 bool own_address) {
    ++half_open_from_;
    if (raw_ >= limits_.raw) {
        return nullptr;
    }
    Tracked* one = begin(source_of(packet), destination_of(packet), maker);
    if (one != nullptr) {
        ++raw_;
        last_raw_ = std::max(last_raw_, packet.uid & kOrdinal);
        if (!own_address) {
            one->ends[0].node = nodes_.owner(packet.source);
        }
    }
    return one;
}

void ConnectionLog::sent(const sim::PacketRecord& record) {
    const wire::Packet& packet = *record.packet;
    if (packet.protocol == wire::Protocol::kIcmp) {
        return icmp_sent(record);
    }
    if (packet.protocol != wire::Protocol::kTcp) {
        return;
    }
    const Endpoint source = source_of(packet);
    Tracked* one = find(source, destination_of(packet));
    if (one == nullptr) {
        if (!packet.tcp.syn() || packet.tcp.ack_flag()) {
            return;
        }
        const auto maker = nodes_.find(record.node);
        const bool own = maker && nodes_.makes(*maker, packet.source);
        if (own && untracked_ + not_kept_ > 0 && !nodes_[*maker].attacks) {
            return;  // again the SYN of one there was no room for
        }
        one = begin_raw(packet, record.node, own);
        if (one == nullptr) {
            return;
        }
    }
    append(*one, record, one->side_of(source));
}

/// An error about one of its segments.
void ConnectionLog::icmp_sent(const sim::PacketRecord& record) {
    const wire::Packet& packet = *record.packet;
    const wire::IcmpHeader& icmp = packet.icmp;
    const bool error = icmp.type != wire::icmp::kEchoRequest && icmp.type != wire::icmp::kEchoReply;
    if (!error || icmp.quoted.protocol != wire::Protocol::kTcp) {
        return;
    }
    Tracked* one = find({icmp.quoted.source, icmp.quoted.source_port},
                        {icmp.quoted.destination, icmp.quoted.destination_port});
    if (one != nullptr) {
        const auto maker = nodes_.find(record.node);
        const std::size_t end = maker && maker == one->ends[0].node   ? 0
                                : maker && maker == one->ends[1].node ? 1
                                                                      : 2;
        one->unusual = true;
        append(*one, record, end);
    }
}

void ConnectionLog::append(Tracked& to, const sim::PacketRecord& record, std::size_t end) {
    const wire::Packet& packet = *record.packet;
    const std::uint64_t number = to.total++;
    Segment* segment = nullptr;
    if (to.segments.size() < limits_.segments_first + limits_.segments_last) {
        segment = &to.segments.emplace_back();
    } else {
        segment = &to.segments[to.place(number, limits_)];
        by_uid_.erase(segment->uid);
        *segment = Segment{};
    }
    segment->uid = packet.uid;
    segment->number = number;
    segment->sent = record.at;
    segment->end = static_cast<std::uint8_t>(end);
    segment->maker = sim::uid_maker(packet.uid);
    if (packet.protocol == wire::Protocol::kTcp) {
        segment->tcp = packet.tcp;
        segment->again = end < 2 && to.note_sent(packet.tcp, end);
        to.unusual = to.unusual || segment->again;
    } else {
        segment->icmp = word(observe::icmp_label(packet.icmp));
    }
    by_uid_.insert_or_assign(packet.uid, Place{to.slot, to.id, number});
}

ConnectionLog::Segment* ConnectionLog::segment_of(std::uint64_t uid) {
    const auto found = by_uid_.find(uid);
    if (found == by_uid_.end()) {
        return nullptr;
    }
    const Place place = found->second;
    Tracked* one = tracked_[place.slot].get();
    if (one == nullptr || one->id != place.id) {
        return nullptr;
    }
    Segment& segment = one->segments[one->place(place.number, limits_)];
    return segment.uid == uid ? &segment : nullptr;
}

std::uint32_t ConnectionLog::word(std::string_view text) {
    const auto found = word_index_.find(text);
    if (found != word_index_.end()) {
        return found->second;
    }
    if (words_.size() >= kWordsMax) {
        return text.starts_with("rule: ") ? word(to_string(DropReason::kRule)) : word("dropped");
    }
    words_.emplace_back(text);
    const auto index = static_cast<std::uint32_t>(words_.size() - 1);
    word_index_.emplace(words_.back(), index);
    return index;
}

void ConnectionLog::arrived(const sim::PacketRecord& record) {
    const wire::Packet& packet = *record.packet;
    Segment* segment = segment_of(packet.uid);
    if (segment == nullptr || segment->seen != kNever) {
        return;
    }
    segment->seen = record.at;
    if (packet.protocol != wire::Protocol::kTcp || segment->end > 1) {
        return;
    }
    Tracked& one = *tracked_[by_uid_.find(packet.uid)->second.slot];
    Tracked::End& to = one.ends.at(1U - segment->end);
    const Endpoint local = destination_of(packet);
    const Key key = key_of(local, source_of(packet));
    if (local != to.local || key != one.keys.front()) {  // translated on its way
        if (!one.opened_at_both) {
            to.local = local;
            to.node = nodes_.find(record.node);
        }
        if (one.keys.size() < 4 && by_ends_.try_emplace(key, one.slot).second) {
            one.keys.push_back(key);
        }
    }
    one.opened_at_both = true;
}

void ConnectionLog::dropped(const sim::PacketRecord& record) {
    Segment* segment = segment_of(record.packet->uid);
    if (segment == nullptr) {
        return;
    }
    tracked_[by_uid_.find(record.packet->uid)->second.slot]->unusual = true;
    segment->dropped = true;
    segment->drop_node = record.node;
    segment->reason = word(record.reason);
}

void ConnectionLog::copied(const sim::PacketRecord& record) {
    if (Segment* segment = segment_of(record.packet->uid)) {
        segment->copied = true;
    }
}

void ConnectionLog::state(const sim::StateRecord& record, int edge) {
    const bool connects = record.from == "CLOSED" && record.to == "SYN-SENT";
    Tracked* one = find(record.local, record.remote);
    if (connects && (one == nullptr || !one->ends.at(one->side_of(record.local)).state.empty())) {
        one = begin(record.local, record.remote, record.node);
    }
    if (one == nullptr) {
        return;
    }
    const std::size_t end = one->side_of(record.local);
    std::string_view& now = one->ends.at(end).state;
    if (!now.empty() && now != record.from && record.from != "LISTEN") {
        return;  // of the connection before, with the same ports
    }
    now = record.to;
    one->ends.at(end).cause = record.cause;
    one->ends.at(end).before = record.from;
    if (one->states.size() < limits_.notes) {
        one->states.push_back({end, record.at, record.from, record.to, edge});
    }
    if (is_over(one->ends[0].state) && is_over(one->ends[1].state)) {
        settle(*one);
    }
}

void ConnectionLog::call(const sim::CallRecord& record) {
    if (record.remote == Endpoint{}) {
        if (open_calls_.size() < kOpenCallsMax) {
            open_calls_.push_back({record.node, record.local, record.at, std::string(record.text)});
        }
        return;
    }
    Tracked* one = find(record.local, record.remote);
    if (one != nullptr && one->calls.size() < limits_.notes) {
        one->calls.push_back({one->side_of(record.local), record.at, std::string(record.text)});
    }
}

/// It is over: does it stay? Once only; what comes later still belongs to it.
void ConnectionLog::settle(Tracked& over) {
    if (over.settled) {
        return;
    }
    over.settled = true;
    --live_;
    if (first_ < limits_.first) {
        ++first_;
    } else if (over.unusual) {
        rank(unusual_, limits_.unusual, over);
    } else {
        rank(ordinary_, limits_.ordinary, over);
    }
}

void ConnectionLog::rank(Tier& tier, std::size_t most, Tracked& over) {
    tier.push({mix(over.id), over.slot});
    if (tier.size() > most) {
        const std::uint32_t loser = tier.top().slot;
        tier.pop();
        forget(*tracked_[loser]);
    }
}

void ConnectionLog::forget(Tracked& gone) {
    for (const Key& key : gone.keys) {
        const auto found = by_ends_.find(key);
        if (found != by_ends_.end() && found->second == gone.slot) {
            by_ends_.erase(found);
        }
    }
    for (const Segment& segment : gone.segments) {
        by_uid_.erase(segment.uid);
    }
    ++not_kept_;
    const std::uint32_t slot = gone.slot;
    tracked_[slot].reset();
    free_.push_back(slot);
}

void ConnectionLog::put(Case& into) const {
    std::vector<const Tracked*> all;
    for (const auto& one : tracked_) {
        if (one != nullptr) {
            all.push_back(one.get());
        }
    }
    std::sort(all.begin(), all.end(),
              [](const Tracked* a, const Tracked* b) { return a->id < b->id; });
    std::size_t cut = 0;
    for (const Tracked* one : all) {
        into.connections.push_back(view(*one));
        put_calls(*one, all.size(), into.connections.back());
        cut += one->total > one->segments.size() ? 1U : 0U;
    }
    into.connections_total = begun_ + untracked_;
    into.half_open_from = half_open_from_;
    if (cut > 0) {
        into.thinned.push_back("of " + std::to_string(cut) +
                               (cut == 1 ? " connection" : " connections") + " the first " +
                               std::to_string(limits_.segments_first) + " and the last " +
                               std::to_string(limits_.segments_last) + " segments are listed");
    }
}

/// What a listener called belongs to each connection it made, as far as one can look at them all.
void ConnectionLog::put_calls(const Tracked& one, std::size_t listed, ConnectionView& into) const {
    constexpr std::size_t kFew = 8;
    into.calls = one.calls;
    for (const OpenCall& call : open_calls_) {
        for (const std::size_t end : {std::size_t{0}, std::size_t{1}}) {
            const Tracked::End& at = one.ends.at(end);
            const bool owns = at.node && nodes_.find(call.node) == at.node &&
                              (call.local.port == 0 || call.local.port == at.local.port);
            if (owns && listed <= kFew) {
                into.calls.push_back({end, call.at, call.text});
                break;
            }
        }
    }
    std::stable_sort(into.calls.begin(), into.calls.end(),
                     [](const Call& a, const Call& b) { return a.at < b.at; });
}

}  // namespace netsim::report
