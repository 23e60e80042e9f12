// Which packets a link's rule means, and what becomes of them.
#include "net/link_rule.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/units.hpp"
#include "net/link.hpp"
#include "net/packet_log.hpp"
#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr Duration kRuleDelayMax = std::chrono::hours(24);

std::uint16_t parse_flag_letters(const std::string& letters) {
    static constexpr std::string_view kLetters = "FSRP.UEWe";  // in the bits' order
    if (letters == "none") {
        return 0;
    }
    std::uint16_t bits = 0;
    for (const char letter : letters) {
        const std::size_t bit = kLetters.find(letter);
        if (bit == std::string_view::npos) {
            throw InputError("flags: \"" + letters + "\": '" + letter +
                             "' is no flag (allowed: F S R P . U E W as tcpdump writes them, \".\" "
                             "is ACK; or \"none\")");
        }
        bits = static_cast<std::uint16_t>(bits | (1U << bit));
    }
    return bits;
}

template <typename T, typename Value>
bool allows(const std::optional<T>& wanted, Value value) {
    return !wanted || wanted->contains(value);
}

std::string_view word_of(IpProtocol protocol) {
    switch (protocol) {
        case IpProtocol::kTcp:
            return "TCP segment";
        case IpProtocol::kUdp:
            return "UDP datagram";
        case IpProtocol::kIcmp:
            return "ICMP message";
        case IpProtocol::kAny:
            break;
    }
    return "packet";
}

}  // namespace

FlagTest::FlagTest(const FlagMatch& match, std::uint16_t looked_at)
    : bits_(parse_flag_letters(match.letters)),
      mask_(looked_at | bits_),
      how_(match.how),
      any_(match.letters.empty()) {}

bool FlagTest::matches(const wire::Packet& packet) const {
    if (any_) {
        return true;
    }
    if (packet.protocol != wire::Protocol::kTcp) {
        return false;
    }
    switch (how_) {
        case FlagMatch::How::kExactly:
            return (packet.tcp.flags & mask_) == bits_;
        case FlagMatch::How::kAllOf:
            return packet.tcp.has(bits_);
        case FlagMatch::How::kAnyOf:
            break;
    }
    return packet.tcp.any(bits_);
}

std::uint16_t source_port(const wire::Packet& packet) {
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            return packet.tcp.source_port;
        case wire::Protocol::kUdp:
            return packet.udp.source_port;
        case wire::Protocol::kIcmp:
            break;
    }
    return 0;
}

std::uint16_t destination_port(const wire::Packet& packet) {
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            return packet.tcp.destination_port;
        case wire::Protocol::kUdp:
            return packet.udp.destination_port;
        case wire::Protocol::kIcmp:
            break;
    }
    return 0;
}

std::string ordinal(std::uint64_t n) {
    const bool teen = n % 100 >= 11 && n % 100 <= 13;
    const char* const ending = teen          ? "th"
                               : n % 10 == 1 ? "st"
                               : n % 10 == 2 ? "nd"
                               : n % 10 == 3 ? "rd"
                                             : "th";
    return std::to_string(n) + ending;
}

LinkRuleState::LinkRuleState(const LinkRule& rule, std::string stream)
    : rule_(rule), flags_(rule.flags), stream_(std::move(stream)) {}

bool LinkRuleState::matches(const wire::Packet& packet) const {
    if (!flags_.matches(packet)) {
        return false;
    }
    if (rule_.protocol != IpProtocol::kAny &&
        static_cast<std::uint8_t>(rule_.protocol) != static_cast<std::uint8_t>(packet.protocol)) {
        return false;
    }
    const bool tcp = packet.protocol == wire::Protocol::kTcp;
    if (rule_.data && (!tcp || *rule_.data != (packet.tcp.payload.length > 0))) {
        return false;
    }
    if (!allows(rule_.source, packet.source) || !allows(rule_.destination, packet.destination)) {
        return false;
    }
    const std::uint16_t from = source_port(packet);
    const std::uint16_t to = destination_port(packet);
    return (!rule_.port || rule_.port->contains(from) || rule_.port->contains(to)) &&
           allows(rule_.source_port, from) && allows(rule_.destination_port, to);
}

bool LinkRuleState::meet(const wire::Packet& packet, const sim::Simulation& sim) {
    if (!matches(packet)) {
        return false;
    }
    ++matched_;
    if (matched_ < rule_.nth || (rule_.count && hits_ >= *rule_.count)) {
        return false;
    }
    if (rule_.probability >= 1) {
        return true;
    }
    if (!rng_) {
        rng_ = sim.rng(stream_);
    }
    return rng_->chance(rule_.probability);
}

std::string LinkRuleState::reason() const {
    if (!rule_.comment.empty()) {
        return "rule: " + rule_.comment;
    }
    std::string text = "rule: " + ordinal(matched_) + ' ';
    if (!flags_.any()) {
        text += rule_.flags.letters;
        if (rule_.data) {
            text += *rule_.data ? " with data" : " without data";
        }
        return text;
    }
    if (rule_.data) {
        return text + (*rule_.data ? "segment with data" : "segment without data");
    }
    return text.append(word_of(rule_.protocol));
}

void check(const LinkRule& rule) {
    static_cast<void>(FlagTest(rule.flags));
    if (rule.direction && *rule.direction > 1) {
        throw InputError("a link's direction is 0 (a to b) or 1 (b to a)");
    }
    if (rule.nth == 0) {
        throw InputError("nth is 0, it must be at least 1: the first that matches");
    }
    if (rule.count && *rule.count == 0) {
        throw InputError("count is 0, it must be at least 1 (or \"all\")");
    }
    if (!(rule.probability >= 0 && rule.probability <= 1)) {
        throw InputError("probability is " + format_number(rule.probability) +
                         ", it must lie between 0 and 1");
    }
    if (rule.copy && !rule.delay) {
        throw InputError("copy needs a delay: by how much the copy comes later");
    }
    if (rule.delay && (*rule.delay < Duration::zero() || *rule.delay > kRuleDelayMax)) {
        throw InputError("delay is " + format_duration(*rule.delay) +
                         ", it must lie between 0 and 24 hours");
    }
    const bool tcp = rule.protocol == IpProtocol::kAny || rule.protocol == IpProtocol::kTcp;
    if (!tcp && (!rule.flags.letters.empty() || rule.data)) {
        throw InputError("flags and data are TCP's: the rule names another protocol");
    }
    for (const auto& ports : {rule.port, rule.source_port, rule.destination_port}) {
        if (ports && ports->first > ports->last) {
            throw InputError("ports " + std::to_string(ports->first) + "-" +
                             std::to_string(ports->last) + " are no range");
        }
    }
}

// --- in the link

void LinkDirection::add_rule(std::shared_ptr<LinkRuleState> rule) {
    rules_.push_back(std::move(rule));
    set_options(options_);
}

void LinkDirection::remove_rule(const LinkRuleState& rule) {
    std::erase_if(rules_, [&](const auto& one) { return one.get() == &rule; });
    set_options(options_);
}

/// Each rule counts what matches it; the first whose turn it is decides.
void LinkDirection::meet_rules(wire::PacketPtr packet, Time departs) {
    LinkRuleState* decides = nullptr;
    for (const auto& rule : rules_) {
        if (rule->meet(*packet, fabric_.sim) && decides == nullptr) {
            decides = rule.get();
        }
    }
    if (decides == nullptr) {
        return impair_and_launch(std::move(packet), departs);
    }
    decides->count_hit();
    const LinkRule& rule = decides->rule();
    const std::string reason = decides->reason();
    if (!rule.delay) {
        return drop(std::move(packet), DropReason::kRule, reason);
    }
    if (packet->protocol == wire::Protocol::kTcp && fabric_.bytes != nullptr) {
        fabric_.bytes->keep(packet->tcp.payload.stream);
    }
    const Time late = departs + options_.delay + *rule.delay;
    if (rule.copy) {
        duplicate_late(*packet, late, reason);
        return impair_and_launch(std::move(packet), departs);
    }
    put_in_flight(std::move(packet), late);
}

void LinkDirection::duplicate_late(const wire::Packet& packet, Time arrives,
                                   std::string_view reason) {
    wire::PacketPtr copy = fabric_.packets.make(packet);
    ++stats_.sent_packets;
    stats_.sent_bytes += copy->length();
    ++stats_.duplicated;
    trace_packet(fabric_, from_, from_.interfaces()[from_if_].name, sim::PacketEvent::kDuplicated,
                 *copy, reason);
    put_in_flight(std::move(copy), arrives);
}

}  // namespace netsim::net
