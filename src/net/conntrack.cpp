// The table: found by either direction's tuple, in chained buckets as Linux's,
// so that what an early drop reaches is the same.
#include "net/conntrack.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace netsim::net {
namespace {

constexpr Duration kUdpStreamAfter = std::chrono::seconds(2);
constexpr std::size_t kEvictionRange = 8;  // buckets: Linux NF_CT_EVICTION_RANGE

bool is_echo(std::uint8_t type) {
    return type == wire::icmp::kEchoRequest || type == wire::icmp::kEchoReply;
}

std::uint64_t mixed(std::uint64_t word) {
    word = (word ^ (word >> 32U)) * 0xd6e8feb86659fd93U;
    word = (word ^ (word >> 32U)) * 0xd6e8feb86659fd93U;
    return word ^ (word >> 32U);
}

}  // namespace

std::optional<CtTuple> tuple_of(const wire::Packet& packet) {
    CtTuple tuple{packet.source, packet.destination, 0, 0, packet.protocol, 0};
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            tuple.source_port = packet.tcp.source_port;
            tuple.destination_port = packet.tcp.destination_port;
            return tuple;
        case wire::Protocol::kUdp:
            tuple.source_port = packet.udp.source_port;
            tuple.destination_port = packet.udp.destination_port;
            return tuple;
        case wire::Protocol::kIcmp:
            break;
    }
    if (!is_echo(packet.icmp.type)) {
        return std::nullopt;
    }
    tuple.source_port = tuple.destination_port = packet.icmp.echo_id;
    tuple.icmp_type = packet.icmp.type;
    return tuple;
}

std::optional<CtTuple> quoted_tuple(const wire::IcmpHeader::Quoted& quoted) {
    CtTuple tuple{quoted.source,           quoted.destination, quoted.source_port,
                  quoted.destination_port, quoted.protocol,    0};
    if (quoted.protocol == wire::Protocol::kIcmp) {  // type and code, id: see icmp.cpp
        tuple.icmp_type = static_cast<std::uint8_t>(quoted.source_port >> 8U);
        tuple.source_port = tuple.destination_port = static_cast<std::uint16_t>(quoted.seq >> 16U);
        if (!is_echo(tuple.icmp_type)) {
            return std::nullopt;
        }
    }
    return tuple;
}

CtTuple inverse(const CtTuple& tuple) {
    CtTuple back{tuple.destination, tuple.source,   tuple.destination_port,
                 tuple.source_port, tuple.protocol, 0};
    if (tuple.protocol == wire::Protocol::kIcmp) {
        back.icmp_type = tuple.icmp_type == wire::icmp::kEchoRequest ? wire::icmp::kEchoReply
                                                                     : wire::icmp::kEchoRequest;
    }
    return back;
}

Conntrack::Conntrack(const ConntrackSettings& settings, std::uint64_t seed)
    : settings_(settings), seed_(seed) {}

std::size_t Conntrack::bucket_of(const CtTuple& tuple) const {
    const std::uint64_t addresses =
        (std::uint64_t{tuple.source.bits} << 32U) | tuple.destination.bits;
    const std::uint64_t rest = (std::uint64_t{tuple.source_port} << 32U) |
                               (std::uint64_t{tuple.destination_port} << 16U) |
                               (static_cast<std::uint64_t>(tuple.protocol) << 8U) | tuple.icmp_type;
    return static_cast<std::size_t>(mixed(mixed(seed_ ^ addresses) ^ rest) % heads_.size());
}

/// The buckets are made with the first connection, and anew when
/// nf_conntrack_buckets changed.
void Conntrack::resize_if_asked() {
    const auto wanted = static_cast<std::size_t>(settings_.buckets);
    if (heads_.size() == wanted) [[likely]] {
        return;
    }
    heads_.assign(wanted, kEnd);
    for (std::uint32_t i = 0; i < entries_.end_index(); ++i) {
        if (entries_.live(i) && entries_.at(i).confirmed) {
            link(entries_.at(i), kOriginal);
            link(entries_.at(i), kReply);
        }
    }
}

void Conntrack::link(CtEntry& entry, Direction direction) {
    std::uint32_t& head = heads_[bucket_of(entry.tuple[direction])];
    entry.next[direction] = head;
    head = entry.slot * 2 + direction;
}

void Conntrack::unlink(CtEntry& entry, Direction direction) {
    std::uint32_t* at = &heads_[bucket_of(entry.tuple[direction])];
    while (*at != entry.slot * 2 + direction) {
        CHECK(*at != kEnd);
        at = &entries_.at(*at / 2).next[*at % 2];
    }
    *at = entry.next[direction];
}

Conntrack::Found Conntrack::find(const CtTuple& tuple) {
    if (heads_.empty()) {
        return {};
    }
    std::uint32_t at = heads_[bucket_of(tuple)];
    while (at != kEnd) {
        CtEntry& entry = entries_.at(at / 2);
        if (entry.tuple[at % 2] == tuple) {
            return {&entry, static_cast<Direction>(at % 2)};
        }
        at = entry.next[at % 2];
    }
    return {};
}

void Conntrack::kill(CtEntry& entry) {
    if (entry.confirmed) {
        unlink(entry, kOriginal);
        unlink(entry, kReply);
    }
    --live_;
    entries_.erase(entries_.id_at(entry.slot));
}

// --- the calendar: each entry stands in it at least as early as it expires

void Conntrack::calendar_add(CtEntry& entry) {
    const auto later = [](const Due& a, const Due& b) {
        return a.at != b.at ? a.at > b.at : a.id.index > b.id.index;
    };
    if (due_.size() > 2 * entries_.size() + 64) {  // many were shortened: throw away what is void
        std::erase_if(due_, [this](const Due& due) {
            const CtEntry* one = entries_.find(due.id);
            return one == nullptr || one->queued != due.at;
        });
        std::make_heap(due_.begin(), due_.end(), later);
    }
    entry.queued = entry.expires;
    due_.push_back({entry.expires, entries_.id_at(entry.slot)});
    std::push_heap(due_.begin(), due_.end(), later);
}

void Conntrack::refresh(CtEntry& entry, Time expires) {
    entry.expires = expires;
    if (entry.confirmed && expires < entry.queued) {
        calendar_add(entry);
    }
}

void Conntrack::purge(Time now) {
    const auto later = [](const Due& a, const Due& b) {
        return a.at != b.at ? a.at > b.at : a.id.index > b.id.index;
    };
    while (!due_.empty() && due_.front().at <= now) {
        std::pop_heap(due_.begin(), due_.end(), later);
        const Due due = due_.back();
        due_.pop_back();
        CtEntry* entry = entries_.find(due.id);
        if (entry == nullptr || entry->queued != due.at) {
            continue;
        }
        if (entry->expires <= now) {
            kill(*entry);
        } else {
            calendar_add(*entry);
        }
    }
}

// --- a packet

/// Linux early_drop(): makes room by connections that are not assured, or
/// closing, in the buckets near this one's.
bool Conntrack::early_drop(const CtTuple& tuple) {
    std::size_t bucket = bucket_of(tuple);
    for (std::size_t i = 0; i < kEvictionRange; ++i, bucket = (bucket + 1) % heads_.size()) {
        std::uint64_t dropped = 0;
        for (std::uint32_t at = heads_[bucket]; at != kEnd;) {
            CtEntry& entry = entries_.at(at / 2);
            const bool closing =
                entry.protocol() == wire::Protocol::kTcp && tcp_track_can_drop_early(entry.tcp);
            if (entry.assured && !closing) {
                at = entry.next[at % 2];
                continue;
            }
            kill(entry);
            ++dropped;
            at = heads_[bucket];  // the chain has changed
        }
        if (dropped > 0) {
            stats_.early_drop += dropped;
            return true;
        }
    }
    return false;
}

CtEntry* Conntrack::create(const CtTuple& tuple, Time now) {
    if (settings_.max != 0 && live_ + 1 > static_cast<std::uint64_t>(settings_.max) &&
        !early_drop(tuple)) {
        ++stats_.drop;
        return nullptr;
    }
    const Id<CtEntry> id = entries_.emplace();
    CtEntry& entry = entries_.at(id.index);
    entry.slot = id.index;
    entry.tuple = {tuple, inverse(tuple)};
    entry.expires = now;
    entry.udp_stream_at = now + kUdpStreamAfter;
    ++live_;
    return &entry;
}

void Conntrack::update_udp(CtEntry& entry, Time now) {
    const bool stream = entry.seen_reply && now > entry.udp_stream_at;
    const std::int64_t seconds = stream ? settings_.udp_timeout_stream : settings_.udp_timeout;
    refresh(entry, now + std::chrono::seconds(seconds));
    entry.assured = entry.assured || stream;
}

TcpTrackResult Conntrack::update(CtEntry& entry, Direction direction, const wire::Packet& packet,
                                 Time now) {
    using Kind = TcpTrackResult::Kind;
    switch (packet.protocol) {
        case wire::Protocol::kIcmp:
            refresh(entry, now + std::chrono::seconds(settings_.icmp_timeout));
            return {};
        case wire::Protocol::kUdp:
            update_udp(entry, now);
            return {};
        case wire::Protocol::kTcp:
            break;
    }
    if (!entry.confirmed && !tcp_track_begins(entry.tcp, packet.tcp, settings_)) {
        return {Kind::kInvalid};
    }
    const TcpTrackContext context{
        entry.seen_reply, entry.assured,
        std::chrono::duration_cast<std::chrono::seconds>(entry.expires - now).count()};
    TcpTrackResult result = tcp_track(entry.tcp, direction, packet.tcp, context, settings_);
    if (result.timeout) {
        refresh(entry, now + std::chrono::seconds(*result.timeout));
    }
    entry.assured = entry.assured || result.assured;
    return result;
}

Conntrack::Tracking Conntrack::track_icmp_error(const wire::Packet& packet) {
    const std::optional<CtTuple> about = quoted_tuple(packet.icmp.quoted);
    if (about) {
        // The quoted packet went the other way: its connection's other direction
        // sends this.
        if (const Found found = find(inverse(*about)); found.entry != nullptr) {
            return {found.entry, found.direction, ct_state::kRelated};
        }
    }
    ++stats_.invalid;
    return {};
}

Conntrack::Tracking Conntrack::resolve(const wire::Packet& packet, const CtTuple& tuple, Time now) {
    Found found = find(tuple);
    if (found.entry == nullptr) {
        const bool answer =
            packet.protocol == wire::Protocol::kIcmp && packet.icmp.type == wire::icmp::kEchoReply;
        if (answer) {
            return {};  // an echo begins with the request
        }
        found = {create(tuple, now), kOriginal};
        if (found.entry == nullptr) {
            return {nullptr, kOriginal, ct_state::kInvalid, true};
        }
    }
    const bool established = found.direction == kReply || found.entry->seen_reply;
    return {found.entry, found.direction, established ? ct_state::kEstablished : ct_state::kNew};
}

/// Linux nf_conntrack_in()
Conntrack::Tracking Conntrack::track(const wire::Packet& packet, Time now) {
    resize_if_asked();
    purge(now);
    if (packet.corrupted != 0) {  // nf_conntrack_checksum
        ++stats_.invalid;
        return {};
    }
    const std::optional<CtTuple> tuple = tuple_of(packet);
    if (!tuple) {
        return track_icmp_error(packet);
    }
    for (;;) {
        Tracking tracking = resolve(packet, *tuple, now);
        if (tracking.entry == nullptr) {
            stats_.invalid += tracking.full ? 0U : 1U;
            return tracking;
        }
        const TcpTrackResult result = update(*tracking.entry, tracking.direction, packet, now);
        switch (result.kind) {
            case TcpTrackResult::Kind::kRepeat:
                kill(*tracking.entry);
                continue;
            case TcpTrackResult::Kind::kInvalid:
                ++stats_.invalid;
                discard(tracking);
                return {};
            case TcpTrackResult::Kind::kKill:
            case TcpTrackResult::Kind::kAccept:
                break;
        }
        ++tracking.entry->packets[tracking.direction];
        tracking.entry->bytes[tracking.direction] += packet.length();
        if (result.kind == TcpTrackResult::Kind::kKill) {
            tracking.over = true;
            return tracking;
        }
        tracking.entry->seen_reply = tracking.entry->seen_reply || tracking.direction == kReply;
        return tracking;
    }
}

Conntrack::Tracking Conntrack::look(const wire::Packet& packet, Time now) {
    purge(now);
    const std::optional<CtTuple> tuple = tuple_of(packet);
    const std::optional<CtTuple> about = tuple ? std::nullopt : quoted_tuple(packet.icmp.quoted);
    if (!tuple && !about) {
        return {};
    }
    const Found found = find(tuple ? *tuple : inverse(*about));
    if (found.entry == nullptr) {
        return {};
    }
    const bool established = found.direction == kReply || found.entry->seen_reply;
    const std::uint8_t state = about         ? ct_state::kRelated
                               : established ? ct_state::kEstablished
                                             : ct_state::kNew;
    return {found.entry, found.direction, state};
}

bool Conntrack::confirm(const Tracking& tracking, Time now) {
    if (tracking.entry == nullptr) {
        return true;
    }
    CtEntry& entry = *tracking.entry;
    if (tracking.over) {
        kill(entry);
        return true;
    }
    if (entry.confirmed) {
        return true;
    }
    if (taken(entry.tuple[kOriginal]) || taken(entry.tuple[kReply])) {
        ++stats_.insert_failed;
        kill(entry);
        return false;
    }
    entry.confirmed = true;
    link(entry, kOriginal);
    link(entry, kReply);
    if (entry.expires < now) {
        entry.expires = now;
    }
    calendar_add(entry);
    return true;
}

void Conntrack::discard(const Tracking& tracking) {
    if (tracking.entry != nullptr && (!tracking.entry->confirmed || tracking.over)) {
        kill(*tracking.entry);
    }
}

void Conntrack::set_closing(CtEntry& entry, Time now) {
    if (entry.confirmed && entry.protocol() == wire::Protocol::kTcp &&
        entry.tcp.state != TcpTrackState::kClose) {
        entry.tcp.state = TcpTrackState::kClose;
        refresh(entry, now + std::chrono::seconds(settings_.tcp_timeout_close));
    }
}

void Conntrack::flush() {
    for (std::uint32_t i = 0; i < entries_.end_index(); ++i) {
        if (entries_.live(i)) {
            kill(entries_.at(i));
        }
    }
}

void Conntrack::for_each(Time now, const std::function<void(const CtEntry&)>& visit) {
    purge(now);
    for (std::uint32_t i = 0; i < entries_.end_index(); ++i) {
        if (entries_.live(i) && entries_.at(i).confirmed) {
            visit(entries_.at(i));
        }
    }
}

}  // namespace netsim::net
