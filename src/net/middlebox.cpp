// What Honda et al., "Is it still possible to extend TCP?" (IMC 2011) found on real paths.
// DIVERGES: a stripped option makes the segment shorter; many boxes write NOPs in its place.
#include "net/middlebox.hpp"

#include <algorithm>
#include <array>

#include "netsim/result.hpp"

namespace netsim::net {
namespace {

constexpr std::uint8_t kBothFastOpen = wire::option::kFastOpen | wire::option::kFastOpenExp;

static_assert(tcp_option::kMss == wire::option::kMss &&
              tcp_option::kWindowScale == wire::option::kWindowScale &&
              tcp_option::kSackPermitted == wire::option::kSackPermitted &&
              tcp_option::kTimestamps == wire::option::kTimestamps &&
              tcp_option::kSack == wire::option::kSack &&
              tcp_option::kFastOpen == wire::option::kFastOpen &&
              tcp_option::kMd5 == wire::option::kMd5);

/// Of the API's bits, those of segments.
std::uint8_t segment_bits(std::uint8_t options) {
    return (options & tcp_option::kFastOpen) != 0 ? options | kBothFastOpen : options;
}

std::string option_names(std::uint8_t options) {
    constexpr std::array<std::pair<std::uint8_t, std::string_view>, 8> kOptionNames{{
        {wire::option::kMss, "mss"},
        {wire::option::kWindowScale, "window-scale"},
        {wire::option::kSackPermitted, "sack-permitted"},
        {wire::option::kTimestamps, "timestamps"},
        {wire::option::kSack, "sack"},
        {wire::option::kFastOpen, "fastopen"},
        {wire::option::kFastOpenExp, "fastopen"},
        {wire::option::kMd5, "md5"},
    }};
    std::string text;
    for (const auto& [bit, name] : kOptionNames) {
        if ((options & bit) != 0) {
            text += text.empty() ? "" : ",";
            text += name;
        }
    }
    return text;
}

bool lists(const std::vector<std::uint32_t>& wanted, std::uint32_t one) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), one) != wanted.end();
}

/// The union's other members move when one of them goes.
void strip_options(wire::TcpHeader& tcp, std::uint8_t gone) {
    if ((gone & wire::option::kMd5) != 0 && tcp.has_option(wire::option::kSack)) {
        const std::array<wire::SeqRange, 2> blocks = tcp.digest.beside;
        tcp.sack = {blocks[0], blocks[1]};
    }
    if ((gone & wire::option::kSack) != 0) {
        tcp.sack_count = 0;
    }
    tcp.options &= static_cast<std::uint8_t>(~gone);
}

}  // namespace

std::vector<std::uint32_t> interface_indices(const Node& node,
                                             const std::vector<std::string>& names) {
    std::vector<std::uint32_t> indices;
    const auto& known = node.interfaces();
    for (const std::string& name : names) {
        const auto found = std::find_if(known.begin(), known.end(),
                                        [&](const Interface& i) { return i.name == name; });
        if (found == known.end()) {
            std::string all;
            for (const Interface& i : known) {
                all += (all.empty() ? "" : ", ") + i.name;
            }
            throw InputError("\"" + name + "\" is no interface of " + node.name() +
                             " (there are: " + all + ")");
        }
        indices.push_back(static_cast<std::uint32_t>(found - known.begin()));
    }
    return indices;
}

Middlebox::Middlebox(const Node& node, const MiddleboxOptions& options, const std::string& stream)
    : options_(options),
      in_(interface_indices(node, options.in)),
      out_(interface_indices(node, options.out)),
      rng_(node.fabric().sim.rng(stream)) {
    constexpr std::uint16_t kMssLeast = 48;  // TCP_MIN_MSS
    if (options.clamp_mss && *options.clamp_mss < kMssLeast) {
        throw InputError("clamp_mss is " + std::to_string(*options.clamp_mss) +
                         ", it must be at least 48");
    }
    options_.strip_options = segment_bits(options.strip_options);
    options_.drop_options = segment_bits(options.drop_options);
}

bool Middlebox::concerns(const wire::Packet& packet, std::uint32_t in, std::uint32_t out) const {
    return lists(in_, in) && lists(out_, out) &&
           (!options_.source || options_.source->contains(packet.source)) &&
           (!options_.destination || options_.destination->contains(packet.destination));
}

std::string Middlebox::drop_reason(const wire::Packet& packet) const {
    if (packet.protocol == wire::Protocol::kIcmp) {
        const auto& types = options_.drop_icmp_types;
        const bool drops = options_.drop_icmp ||
                           std::find(types.begin(), types.end(), packet.icmp.type) != types.end();
        return drops ? "middlebox: ICMP" : "";
    }
    if (packet.protocol != wire::Protocol::kTcp) {
        return {};
    }
    if (const std::uint8_t offence = packet.tcp.options & options_.drop_options; offence != 0) {
        return "middlebox: option " + option_names(offence);
    }
    if (options_.syn_data == MiddleboxOptions::SynData::kDrop && packet.tcp.syn() &&
        packet.tcp.payload.length > 0) {
        return "middlebox: data in a SYN";
    }
    return {};
}

void Middlebox::rewrite(wire::Packet& packet) {
    wire::TcpHeader& tcp = packet.tcp;
    if (const std::uint8_t gone = tcp.options & options_.strip_options; gone != 0) {
        strip_options(tcp, gone);
        ++stats_.stripped;
    }
    if (options_.syn_data == MiddleboxOptions::SynData::kStrip && tcp.syn() &&
        tcp.payload.length > 0) {
        tcp.payload.length = 0;
        tcp.flags &= static_cast<std::uint16_t>(~wire::flag::kPsh);
        ++stats_.data_stripped;
    }
    if (options_.clamp_mss && tcp.has_option(wire::option::kMss) && tcp.mss > *options_.clamp_mss) {
        tcp.mss = *options_.clamp_mss;
        ++stats_.clamped;
    }
}

/// A connection's numbers are shifted from its SYN on, or not at all.
void Middlebox::choose_shift(const wire::Packet& packet, const Conntrack::Tracking& tracking) {
    CtEntry* entry = tracking.entry;
    if (options_.rewrite_seq && entry != nullptr && !entry->confirmed && !entry->shifted &&
        packet.tcp.syn()) {
        entry->seq_shift = {rng_.u32(), rng_.u32()};
        entry->shifted = true;
        ++stats_.rewritten;
    }
}

std::string Middlebox::meddle(wire::Packet& packet, std::uint32_t in, std::uint32_t out,
                              const Conntrack::Tracking& tracking) {
    if (!concerns(packet, in, out)) {
        return {};
    }
    std::string reason = drop_reason(packet);
    if (!reason.empty()) {
        ++stats_.dropped;
        return reason;
    }
    if (packet.protocol == wire::Protocol::kTcp) {
        rewrite(packet);
        choose_shift(packet, tracking);
    }
    return {};
}

void shift_seq(wire::Packet& packet, const Conntrack::Tracking& tracking, std::uint32_t invalid) {
    if (packet.protocol != wire::Protocol::kTcp) {
        return;
    }
    packet.tcp.seq +=
        tracking.entry != nullptr ? tracking.entry->seq_shift.at(tracking.direction) : invalid;
}

void unshift_ack(wire::Packet& packet, const Conntrack::Found& found) {
    if (found.entry == nullptr || !found.entry->shifted || !packet.tcp.ack_flag()) {
        return;
    }
    packet.tcp.ack += 0U - found.entry->seq_shift.at(1U - found.direction);
}

}  // namespace netsim::net
