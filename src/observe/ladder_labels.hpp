// What stands on a ladder's arrows: flags, numbers, and what is remarkable about a segment.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "netsim/ladder.hpp"
#include "wire/packet.hpp"

namespace netsim::observe {

struct LadderLabel {
    std::string text;    // "PSH,ACK seq=1 ack=1 len=100 (again)"
    bool again = false;  // all it carries was sent before
    std::string remark;  // "dup ACK 2", of what is in the text
};

/// Knows where each direction's numbers began and how far they got.
class LadderLabels {
 public:
    explicit LadderLabels(const LadderOptions& options) : options_(options) {}

    /// Call once per segment, in order of sending. `side`: who sent it.
    LadderLabel next(const wire::TcpHeader& tcp, std::size_t side, bool options_cut = false);
    /// Of a segment that neither end sent (forged, or a firewall's RST): changes nothing.
    std::string stranger(const wire::TcpHeader& tcp, std::size_t as_side) const;

 private:
    struct Direction {
        std::optional<wire::SeqNum> base{};
        wire::SeqNum sent{};  // everything before it was sent
        std::optional<wire::SeqNum> acked{};
        std::uint16_t window = 0;
        std::optional<std::uint8_t> scale{};  // of its SYN
        std::uint32_t duplicate_acks = 0;
    };

    std::string text(const wire::TcpHeader& tcp, std::size_t side, bool options_cut) const;
    std::string remarks(const wire::TcpHeader& tcp, Direction& own, const Direction& other) const;
    std::uint32_t number(wire::SeqNum seq, std::size_t side) const;

    LadderOptions options_;
    std::array<Direction, 2> directions_;
};

/// "ICMP host unreachable", "ICMP too big, mtu 1400".
std::string icmp_label(const wire::IcmpHeader& icmp);

}  // namespace netsim::observe
