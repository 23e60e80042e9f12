// A packet's way through one direction: queue (drop-tail), serialisation, then the wire with its
// impairments. All of it is decided when the packet is handed over; only arrivals are events.
#include "net/link.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.hpp"
#include "base/prefetch.hpp"
#include "base/ring.hpp"
#include "net/arrival_ring.hpp"
#include "net/flow_chains.hpp"
#include "net/packet_log.hpp"
#include "netsim/rng.hpp"

namespace netsim::net {
namespace {

/// The bound where the options set none: about 150 MB of packets in one direction.
constexpr std::size_t kInFlightMax = std::size_t{1} << 20U;

/// So few in flight, and what they lead to, are in the cache.
constexpr std::size_t kFewInFlight = 64;

/// Rounded up to whole nanoseconds: a link never beats its rate.
Duration serialisation_time(std::uint32_t length, std::uint64_t rate_bps) {
    const std::uint64_t bits_e9 = std::uint64_t{length} * 8 * 1'000'000'000U;
    return Duration(static_cast<std::int64_t>((bits_e9 + rate_bps - 1) / rate_bps));
}

bool is_impaired(const LinkOptions& o) {
    return o.loss > 0 || o.gemodel || o.duplicate > 0 || o.corrupt > 0 || o.reorder > 0 ||
           o.jitter > Duration::zero();
}

}  // namespace

struct LinkDirection::State {
    struct Sending {
        Time departs;
        std::uint32_t length;
        std::uint32_t payload;  // of TCP
        Flow flow;
        std::uint32_t previous = 0;  // of its chain
    };

    ArrivalRing in_flight;
    std::uint64_t armed = 0;  // argument of the pending event; older ones are void
    Ring<Sending> sending;    // waiting or being sent, the latter first; only with a rate
    std::uint64_t sending_bytes = 0;
    std::uint32_t first_number = 0;      // of the front of `sending`
    std::unique_ptr<FlowChains> chains;  // of those with data; made when a host first asks
    Time wire_free{};
    Time last_arrival{};
    std::uint32_t not_worth_it = 0;  // look_ahead() rests for so many packets
    bool firing = false;             // fire() arms the next arrival when it is done
    bool bad = false;                // Gilbert-Elliott's state
    std::uint32_t since_reorder = 0;
    // One stream per purpose, made at its first draw: switching one impairment on or off leaves
    // the draws of the others as they were.
    std::optional<Rng> loss;
    std::optional<Rng> gemodel;
    std::optional<Rng> duplicate;
    std::optional<Rng> corrupt;
    std::optional<Rng> reorder;
    std::optional<Rng> jitter;

    /// Forgets what has left by now.
    void advance(Time now) {
        while (!sending.empty() && sending.front().departs <= now) {
            sending_bytes -= sending.pop_front().length;
            ++first_number;
        }
    }

    void chain(std::size_t i) {
        Sending& one = sending[i];
        if (one.payload > 0) {
            one.previous = chains->add(one.flow, first_number + static_cast<std::uint32_t>(i));
        }
    }

    void make_chains() {
        chains = std::make_unique<FlowChains>(first_number - 1);
        for (std::size_t i = 0; i < sending.size(); ++i) {
            chain(i);
        }
    }
};

namespace {

/// A script's error may leave fire() by an exception.
class Firing {
 public:
    explicit Firing(bool& flag) : flag_(flag) { flag_ = true; }

    Firing(const Firing&) = delete;
    Firing& operator=(const Firing&) = delete;
    Firing(Firing&&) = delete;
    Firing& operator=(Firing&&) = delete;

    ~Firing() { flag_ = false; }

 private:
    bool& flag_;
};

Rng& stream(std::optional<Rng>& rng, const Fabric& fabric, const LinkLabel& label,
            const char* purpose) {
    if (!rng) {
        rng = fabric.sim.rng("link/" + label.link + "/" + std::to_string(label.direction) + "/" +
                             purpose);
    }
    return *rng;
}

}  // namespace

LinkDirection::LinkDirection(Fabric& fabric, Node& from, std::uint32_t from_if, Node& to,
                             std::uint32_t to_if, const LinkOptions& options, LinkLabel label)
    : fabric_(fabric),
      from_(from),
      to_(to),
      from_if_(from_if),
      to_if_(to_if),
      label_(std::move(label)),
      state_(std::make_unique<State>()) {
    CHECK(from_if < from.interfaces().size() && to_if < to.interfaces().size());
    set_options(options);
}

LinkDirection::LinkDirection(Fabric& fabric, Node& from, std::uint32_t from_if, Node& to,
                             std::uint32_t to_if, const LinkOptions& options)
    : LinkDirection(fabric, from, from_if, to, to_if, options,
                    LinkLabel{Link::default_name(from, to), 0}) {}

LinkDirection::~LinkDirection() = default;

void LinkDirection::set_options(const LinkOptions& options) {
    check(options);
    options_ = options;
    impaired_ = is_impaired(options) || !rules_.empty();
}

void LinkDirection::set_up(bool up) {
    up_ = up;
    if (up) {
        return;
    }
    ++state_->armed;  // the pending event is void now
    while (!state_->in_flight.empty()) {
        --stats_.in_flight;
        drop(state_->in_flight.pop(), DropReason::kLinkDown);
    }
    state_->first_number += static_cast<std::uint32_t>(state_->sending.size());
    state_->sending.clear();
    state_->sending_bytes = 0;
    state_->wire_free = fabric_.sim.now();
    state_->last_arrival = fabric_.sim.now();
}

std::uint32_t LinkDirection::queue_packets() const {
    state_->advance(fabric_.sim.now());
    return static_cast<std::uint32_t>(state_->sending.size());
}

std::uint64_t LinkDirection::queue_bytes() const {
    state_->advance(fabric_.sim.now());
    return state_->sending_bytes;
}

FlowQueue LinkDirection::queued(const Flow& flow, std::span<const wire::Packet> next,
                                const FlowLimit& limit) const {
    FlowQueue found;
    if (!options_.rate_bps || !up_) {
        return found;
    }
    State& s = *state_;
    const auto note = [&](std::uint32_t payload, Time departs) {  // the later ones first
        ++found.packets;
        found.payload += payload;
        found.first_done = departs;
        const std::uint64_t memory =
            found.payload + std::uint64_t{found.packets} * limit.per_packet;
        if (found.within_at == kNever && memory > limit.bytes) {
            found.within_at = departs;
        }
    };
    const Time now = fabric_.sim.now();
    s.advance(now);
    Time departs = std::max(now, s.wire_free);
    for (const wire::Packet& p : next) {
        departs += serialisation_time(p.length(), *options_.rate_bps);
    }
    for (std::size_t i = next.size(); i-- > 0;) {
        const wire::Packet& p = next[i];
        if (tcp_payload(p) > 0 && flow_of(p) == flow) {
            note(p.tcp.payload.length, departs);
        }
        departs -= serialisation_time(p.length(), *options_.rate_bps);
    }
    if (s.sending.empty()) {
        return found;
    }
    if (!s.chains) {
        s.make_chains();
    }
    // Numbers begin anew after 2^32 packets: what would lead forward is as old as that.
    std::uint32_t number = s.chains->last(flow);
    for (auto behind = static_cast<std::uint32_t>(s.sending.size());
         number - s.first_number < behind;) {
        behind = number - s.first_number;
        const State::Sending& one = s.sending[behind];
        if (one.flow == flow) {
            note(one.payload, one.departs);
        }
        number = one.previous;
    }
    return found;
}

void LinkDirection::transmit(wire::PacketPtr packet) {
    const std::uint32_t length = packet->length();
    ++stats_.sent_packets;
    stats_.sent_bytes += length;
    if (fabric_.tracer != nullptr) [[unlikely]] {
        trace_packet(fabric_, from_, from_.interfaces()[from_if_].name, sim::PacketEvent::kSent,
                     *packet);
    }
    if (!up_) {
        drop(std::move(packet), DropReason::kLinkDown);
    } else if (length > options_.mtu) {
        drop(std::move(packet), DropReason::kMtuExceeded);
    } else {
        admit(std::move(packet), length);
    }
}

/// Drop-tail in front of the wire; the packet being sent does not count against the limits.
void LinkDirection::admit(wire::PacketPtr packet, std::uint32_t length) {
    State& s = *state_;
    const Time now = fabric_.sim.now();
    if (!s.sending.empty()) {
        s.advance(now);
    }
    if (!s.sending.empty()) {
        const std::size_t waiting = s.sending.size() - 1;
        const std::uint64_t waiting_bytes = s.sending_bytes - s.sending.front().length;
        if ((options_.limit_packets && waiting >= *options_.limit_packets) ||
            (options_.limit_bytes && waiting_bytes + length > *options_.limit_bytes)) {
            return drop(std::move(packet), DropReason::kQueueFull);
        }
        if (options_.ecn_threshold && waiting >= *options_.ecn_threshold) {
            mark(*packet);
        }
    }
    if (s.in_flight.size() >= kInFlightMax) {
        return drop(std::move(packet), DropReason::kQueueFull);
    }
    Time departs = std::max(now, s.wire_free);
    if (options_.rate_bps) {
        departs += serialisation_time(length, *options_.rate_bps);
        s.wire_free = departs;
        const std::uint32_t payload = tcp_payload(*packet);
        s.sending.push_back({departs, length, payload, payload > 0 ? flow_of(*packet) : Flow{}});
        if (s.chains) {
            s.chain(s.sending.size() - 1);
        }
        s.sending_bytes += length;
    }
    if (impaired_) [[unlikely]] {
        return meet_rules(std::move(packet), departs);
    }
    Time arrives = departs + options_.delay;
    if (!options_.jitter_reorders) {
        arrives = std::max(arrives, s.last_arrival);
    }
    s.last_arrival = arrives;
    put_in_flight(std::move(packet), arrives);
}

/// As netem_enqueue() counts: a duplicate that is lost leaves one.
void LinkDirection::impair_and_launch(wire::PacketPtr packet, Time departs) {
    State& s = *state_;
    const bool lost = loses(*packet);
    if (options_.duplicate > 0 &&
        stream(s.duplicate, fabric_, label_, "duplicate").chance(options_.duplicate)) {
        wire::PacketPtr copy = fabric_.packets.make(*packet);
        ++stats_.sent_packets;
        stats_.sent_bytes += copy->length();
        ++stats_.duplicated;
        trace_packet(fabric_, from_, from_.interfaces()[from_if_].name,
                     sim::PacketEvent::kDuplicated, *copy);
        if (lost) {
            drop(std::move(packet), DropReason::kLoss);
        } else {
            launch(std::move(packet), departs);
        }
        return launch(std::move(copy), departs);
    }
    if (lost) {
        return drop(std::move(packet), DropReason::kLoss);
    }
    launch(std::move(packet), departs);
}

/// One packet leaves the queue for the wire.
void LinkDirection::launch(wire::PacketPtr packet, Time departs) {
    State& s = *state_;
    if (options_.corrupt > 0) {
        Rng& rng = stream(s.corrupt, fabric_, label_, "corrupt");
        if (rng.chance(options_.corrupt)) {
            // The field has eight bits; a first damage is not undone by a second.
            const std::uint64_t octet = rng.below(std::min(packet->length(), 255U));
            ++stats_.corrupted;
            if (packet->corrupted == 0) {
                packet->corrupted = static_cast<std::uint8_t>(1 + octet);
            }
        }
    }
    const Time arrives = arrival(departs);
    put_in_flight(std::move(packet), arrives);
}

/// When a packet that leaves the queue at `departs` arrives. netem_enqueue(): of those at least
/// `gap` after the last one reordered, the share `reorder` skips the delay.
Time LinkDirection::arrival(Time departs) {
    State& s = *state_;
    if (options_.reorder > 0) {
        if (s.since_reorder + 1 >= options_.reorder_gap &&
            stream(s.reorder, fabric_, label_, "reorder").chance(options_.reorder)) {
            s.since_reorder = 0;
            ++stats_.reordered;
            return departs;
        }
        ++s.since_reorder;
    }
    Time arrives = departs + options_.delay;
    if (options_.jitter > Duration::zero()) {
        const std::int64_t jitter = options_.jitter.count();
        arrives += Duration(stream(s.jitter, fabric_, label_, "jitter").between(-jitter, jitter));
    }
    if (!options_.jitter_reorders) {
        arrives = std::max(arrives, s.last_arrival);
    }
    s.last_arrival = arrives;
    return arrives;
}

/// Congestion is experienced: CE, where the sender can be told (RFC 3168 §5).
bool LinkDirection::mark(wire::Packet& packet) {
    if (packet.ecn == wire::Ecn::kNotEct) {
        return false;
    }
    stats_.marked += packet.ecn == wire::Ecn::kCe ? 0U : 1U;
    packet.ecn = wire::Ecn::kCe;
    return true;
}

bool LinkDirection::loses(wire::Packet& packet) {
    return draws_loss() && !(options_.ecn && mark(packet));
}

/// netem's loss_event() and loss_gilb_ell(): the packet meets the state before its transition.
bool LinkDirection::draws_loss() {
    State& s = *state_;
    if (options_.gemodel) {
        const GilbertElliott& model = *options_.gemodel;
        Rng& rng = stream(s.gemodel, fabric_, label_, "gemodel");
        const bool was_bad = s.bad;
        if (rng.chance(was_bad ? model.r : model.p)) {
            s.bad = !was_bad;
        }
        return rng.chance(was_bad ? model.loss_bad : model.loss_good);
    }
    return options_.loss > 0 && stream(s.loss, fabric_, label_, "loss").chance(options_.loss);
}

void LinkDirection::put_in_flight(wire::PacketPtr packet, Time arrives) {
    ++stats_.in_flight;
    const std::uint64_t order = fabric_.sim.reserve(from_.id());
    const bool first = state_->in_flight.insert(InFlight{arrives, order, std::move(packet)});
    if (first && !state_->firing) {
        arm();
    }
}

/// One valid pending event: the first arrival. An earlier one still queued fires as a no-op.
void LinkDirection::arm() {
    const InFlight& first = state_->in_flight.front();
    fabric_.sim.schedule_reserved(first.at, first.order, *this, ++state_->armed);
}

/// The first packet arrives, and those behind it as long as nothing else comes in between: a
/// direction under load need not go through the event queue for each.
void LinkDirection::fire(std::uint64_t argument) {
    State& s = *state_;
    if (argument != s.armed) {
        return;
    }
    {
        const Firing scope(s.firing);
        do {
            look_ahead();
            deliver(s.in_flight.pop());
        } while (!s.in_flight.empty() &&
                 fabric_.sim.go_on(s.in_flight.front().at, s.in_flight.front().order));
    }
    if (!s.in_flight.empty()) {
        arm();
    }
}

/// Packets that have been on the wire for long are no longer in the cache, nor is what they lead
/// to. Those behind the first are on their way: so each waits for memory while others are dealt
/// with.
void LinkDirection::look_ahead() const {
    constexpr std::size_t kPacket = 12;
    constexpr std::size_t kTable = 8;
    constexpr std::size_t kRecord = 4;
    constexpr std::uint32_t kAskAgain = 256;  // packets later
    const ArrivalRing& ring = state_->in_flight;
    if (ring.size() <= kFewInFlight) {
        return;
    }
    ring.expect(kPacket);
    prefetch_object(ring[kPacket].packet.get());
    if (state_->not_worth_it > 0) {
        --state_->not_worth_it;
        return;
    }
    if (!to_.expect(*ring[kTable].packet, Node::Ahead::kFar)) {
        state_->not_worth_it = kAskAgain;
        return;
    }
    to_.expect(*ring[kRecord].packet, Node::Ahead::kNear);
    to_.expect(*ring[1].packet, Node::Ahead::kNext);
}

void LinkDirection::deliver(wire::PacketPtr packet) {
    --stats_.in_flight;
    ++stats_.delivered_packets;
    stats_.delivered_bytes += packet->length();
    if (fabric_.tracer != nullptr) [[unlikely]] {
        trace_packet(fabric_, to_, to_.interfaces()[to_if_].name, sim::PacketEvent::kReceived,
                     *packet);
    }
    digest_packet(fabric_, to_, *packet, 0);
    to_.receive(std::move(packet), to_if_);
}

void LinkDirection::drop(wire::PacketPtr packet, DropReason reason, std::string_view text) {
    ++stats_.dropped[static_cast<std::size_t>(reason)];
    stats_.queue_full_bytes += reason == DropReason::kQueueFull ? packet->length() : 0;
    log_drop(fabric_, from_, from_.interfaces()[from_if_].name, *packet, reason, text);
}

}  // namespace netsim::net
