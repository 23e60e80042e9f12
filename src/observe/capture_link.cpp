// Link types by the numbers that stand in files (LINKTYPE_*), a few with their BSD aliases.
#include "observe/capture_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace netsim::observe {
namespace {

constexpr std::uint32_t kLinkNull = 0;
constexpr std::uint32_t kLinkEthernet = 1;
constexpr std::uint32_t kLinkRaw = 101;
constexpr std::uint32_t kLinkLoop = 108;
constexpr std::uint32_t kLinkCooked = 113;
constexpr std::uint32_t kLinkIpv4 = 228;
constexpr std::uint32_t kLinkIpv6 = 229;
constexpr std::uint32_t kLinkCooked2 = 276;

constexpr std::array<std::pair<std::uint32_t, std::string_view>, 10> kKnownLinks{{
    {kLinkNull, "BSD loopback"},
    {kLinkEthernet, "Ethernet"},
    {12, "raw IP"},  // DLT_RAW on most systems
    {14, "raw IP"},  // on OpenBSD
    {kLinkRaw, "raw IP"},
    {kLinkLoop, "OpenBSD loopback"},
    {kLinkCooked, "Linux cooked"},
    {kLinkIpv4, "IPv4"},
    {kLinkIpv6, "IPv6"},
    {kLinkCooked2, "Linux cooked v2"},
}};

constexpr std::array<std::pair<std::uint32_t, std::string_view>, 10> kForeignLinks{{
    {6, "token ring"},
    {9, "PPP"},
    {105, "802.11"},
    {119, "802.11 with Prism header"},
    {127, "802.11 with radiotap"},
    {189, "USB"},
    {195, "802.15.4"},
    {220, "USB"},
    {227, "CAN"},
    {251, "Bluetooth LE"},
}};

unsigned big16(std::span<const std::uint8_t> in, std::size_t at) {
    return (unsigned{in[at]} << 8U) | in[at + 1];
}

/// What follows `header` octets, by EtherType; VLAN tags are skipped.
LinkPayload by_ether_type(std::span<const std::uint8_t> frame, std::size_t type_at,
                          std::size_t header) {
    LinkPayload out;
    if (frame.size() < header) {
        out.what = NetworkLayer::kCutOff;
        return out;
    }
    unsigned type = big16(frame, type_at);
    while (type == 0x8100 || type == 0x88a8 || type == 0x9100) {
        if (frame.size() < header + 4) {
            out.what = NetworkLayer::kCutOff;
            return out;
        }
        type = big16(frame, header + 2);
        header += 4;
    }
    out.what = type == 0x0800   ? NetworkLayer::kIpv4
               : type == 0x86dd ? NetworkLayer::kIpv6
                                : NetworkLayer::kOther;
    out.header = static_cast<std::uint32_t>(header);
    out.bytes = frame.subspan(header);
    return out;
}

LinkPayload by_version(std::span<const std::uint8_t> frame, std::size_t header) {
    LinkPayload out;
    if (frame.size() <= header) {
        out.what = NetworkLayer::kCutOff;
        return out;
    }
    const unsigned version = frame[header] / 16U;
    out.what = version == 4   ? NetworkLayer::kIpv4
               : version == 6 ? NetworkLayer::kIpv6
                              : NetworkLayer::kOther;
    out.header = static_cast<std::uint32_t>(header);
    out.bytes = frame.subspan(header);
    return out;
}

/// sll_pkttype: 4 is what this host sent.
CaptureDirection cooked_direction(unsigned type) {
    return type == 4 ? CaptureDirection::kOutbound : CaptureDirection::kInbound;
}

}  // namespace

bool is_known_link_type(std::uint32_t type) {
    return std::any_of(kKnownLinks.begin(), kKnownLinks.end(),
                       [type](const auto& known) { return known.first == type; });
}

std::string link_type_name(std::uint32_t type) {
    for (const auto* const list : {&kKnownLinks, &kForeignLinks}) {
        for (const auto& [number, name] : *list) {
            if (number == type) {
                return fmt::format("{} ({})", number, name);
            }
        }
    }
    return fmt::format("{}", type);
}

std::string known_link_types() {
    return "Ethernet, raw IP, Linux cooked v1 and v2, BSD loopback";
}

LinkPayload link_payload(std::uint32_t type, std::span<const std::uint8_t> frame) {
    LinkPayload out;
    switch (type) {
        case kLinkEthernet:
            return by_ether_type(frame, 12, 14);
        case kLinkCooked:
            out = by_ether_type(frame, 14, 16);
            if (out.what != NetworkLayer::kCutOff) {
                out.direction = cooked_direction(big16(frame, 0));
            }
            return out;
        case kLinkCooked2:
            out = by_ether_type(frame, 0, 20);
            if (out.what != NetworkLayer::kCutOff) {
                out.device = (big16(frame, 4) << 16U) | big16(frame, 6);
                out.direction = cooked_direction(frame[10]);
            }
            return out;
        case kLinkNull:
        case kLinkLoop:
            return by_version(frame, 4);  // the family's number differs from system to system
        default:
            return by_version(frame, 0);
    }
}

}  // namespace netsim::observe
