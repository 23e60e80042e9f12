// Remarks follow Wireshark's TCP analysis where it has one: duplicate ACK, keep-alive, zero window.
#include "observe/ladder_labels.hpp"

#include <fmt/format.h>

#include <iterator>

namespace netsim::observe {
namespace {

using LabelOut = std::back_insert_iterator<std::string>;

std::string flag_words(const wire::TcpHeader& tcp) {
    constexpr std::array<std::pair<std::uint16_t, const char*>, 9> kWords{{
        {wire::flag::kSyn, "SYN"},
        {wire::flag::kFin, "FIN"},
        {wire::flag::kRst, "RST"},
        {wire::flag::kPsh, "PSH"},
        {wire::flag::kAck, "ACK"},
        {wire::flag::kUrg, "URG"},
        {wire::flag::kEce, "ECE"},
        {wire::flag::kCwr, "CWR"},
        {wire::flag::kAe, "AE"},
    }};
    std::string text;
    for (const auto& [bit, word] : kWords) {
        if (tcp.any(bit)) {
            text += text.empty() ? "" : ",";
            text += word;
        }
    }
    return text.empty() ? "none" : text;
}

std::string syn_options(const wire::TcpHeader& tcp, bool cut) {
    std::string out;
    const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
    if (tcp.has_option(wire::option::kMss)) {
        add(fmt::format("mss {}", tcp.mss));
    }
    if (tcp.has_option(wire::option::kSackPermitted)) {
        add("sackOK");
    }
    if (tcp.has_option(wire::option::kTimestamps)) {
        add(fmt::format("TS {}:{}", tcp.tsval, tcp.tsecr));
    }
    if (tcp.has_option(wire::option::kWindowScale)) {
        add(fmt::format("wscale {}", unsigned{tcp.window_scale}));
    }
    if ((tcp.options & (wire::option::kFastOpen | wire::option::kFastOpenExp)) != 0) {
        add(tcp.cookie.length == 0 ? "tfo request" : "tfo cookie");
    }
    if (tcp.has_option(wire::option::kMd5)) {
        add("md5");
    }
    if (cut) {
        add("cut off");
    }
    return " <" + (out.empty() ? "no options" : out) + '>';
}

/// RFC 9293 3.5.2: a RST for a segment without ACK has sequence number 0. It is on no scale.
bool answers_a_syn(const wire::TcpHeader& tcp) {
    return tcp.rst() && tcp.ack_flag() && tcp.seq.raw() == 0;
}

}  // namespace

LadderLabel LadderLabels::next(const wire::TcpHeader& tcp, std::size_t side, bool options_cut) {
    Direction& own = directions_.at(side);
    Direction& other = directions_.at(1 - side);
    const bool numberless = answers_a_syn(tcp);
    if (tcp.syn() && (!own.base || *own.base != tcp.seq)) {
        own = Direction{.base = tcp.seq, .sent = tcp.seq};
    } else if (!own.base && !numberless) {
        own = Direction{.base = tcp.seq - 1, .sent = tcp.seq};
    }
    if (tcp.syn() && tcp.has_option(wire::option::kWindowScale)) {
        own.scale = tcp.window_scale;
    }
    if (tcp.ack_flag() && !other.base) {
        other = Direction{.base = tcp.ack - 1, .sent = tcp.ack};
    }
    const bool again = tcp.seg_len() > 0 && !wire::after(tcp.end_seq(), own.sent);
    LadderLabel label{text(tcp, side, options_cut), again, again ? "" : remarks(tcp, own, other)};
    if (again || !label.remark.empty()) {
        label.text += " (" + (again ? "again" : label.remark) + ')';
    }
    if (numberless) {
        return label;
    }
    own.sent = wire::later(own.sent, tcp.end_seq());
    own.window = tcp.window;
    if (tcp.ack_flag()) {
        own.acked = tcp.ack;
    }
    return label;
}

std::string LadderLabels::stranger(const wire::TcpHeader& tcp, std::size_t as_side) const {
    return text(tcp, as_side, false);
}

std::string LadderLabels::remarks(const wire::TcpHeader& tcp, Direction& own,
                                  const Direction& other) const {
    const bool bare = tcp.seg_len() == 0 && !tcp.rst() && tcp.ack_flag();
    if (bare && own.acked && tcp.seq == own.sent - 1) {
        return other.acked && other.window == 0 ? "window probe" : "keep-alive";
    }
    const bool same = bare && own.acked && *own.acked == tcp.ack && own.window == tcp.window &&
                      tcp.seq == own.sent && wire::before(tcp.ack, other.sent);
    own.duplicate_acks = same ? own.duplicate_acks + 1 : 0;
    if (same) {
        return fmt::format("dup ACK {}", own.duplicate_acks);
    }
    return tcp.window == 0 && tcp.ack_flag() && !tcp.rst() && !tcp.syn() ? "zero window" : "";
}

std::uint32_t LadderLabels::number(wire::SeqNum seq, std::size_t side) const {
    if (options_.absolute) {
        return seq.raw();
    }
    const std::uint32_t start = options_.start ? options_.start->at(side) : 0;
    return seq.raw() - directions_.at(side).base.value_or(wire::SeqNum()).raw() + start;
}

std::string LadderLabels::text(const wire::TcpHeader& tcp, std::size_t side,
                               bool options_cut) const {
    std::string out =
        fmt::format("{} seq={}", flag_words(tcp), answers_a_syn(tcp) ? 0 : number(tcp.seq, side));
    if (tcp.ack_flag()) {
        fmt::format_to(LabelOut(out), " ack={}", number(tcp.ack, 1 - side));
    }
    if (tcp.payload.length > 0) {
        fmt::format_to(LabelOut(out), " len={}", tcp.payload.length);
    }
    if (options_.windows && !(tcp.rst() && tcp.window == 0)) {
        const Direction& own = directions_.at(side);
        const Direction& other = directions_.at(1 - side);
        const unsigned shift = !tcp.syn() && own.scale && other.scale ? *own.scale : 0U;
        fmt::format_to(LabelOut(out), " win={}", std::uint64_t{tcp.window} << std::min(shift, 14U));
    }
    if (tcp.has_option(wire::option::kSack)) {
        for (std::size_t i = 0; i < tcp.sack_count; ++i) {
            fmt::format_to(LabelOut(out), "{}{}-{}", i == 0 ? " sack=" : ",",
                           number(tcp.sack.at(i).begin, 1 - side),
                           number(tcp.sack.at(i).end, 1 - side));
        }
    }
    if (options_.options && tcp.syn()) {
        out += syn_options(tcp, options_cut);
    }
    return out;
}

std::string icmp_label(const wire::IcmpHeader& icmp) {
    using namespace wire::icmp;  // NOLINT: names of codes
    if (icmp.type == kTimeExceeded) {
        return icmp.code == 0 ? "ICMP time exceeded: TTL ran out" : "ICMP reassembly time exceeded";
    }
    if (icmp.type == kParameterProblem) {
        return "ICMP parameter problem";
    }
    switch (icmp.code) {
        case kNetUnreachable:
            return "ICMP network unreachable";
        case kHostUnreachable:
            return "ICMP host unreachable";
        case kProtocolUnreachable:
            return "ICMP protocol unreachable";
        case kPortUnreachable:
            return "ICMP port unreachable";
        case kFragmentationNeeded:
            return fmt::format("ICMP packet too big, mtu {}", icmp.mtu);
        case kAdminProhibited:
            return "ICMP prohibited by a firewall";
        default:
            return fmt::format("ICMP unreachable, code {}", unsigned{icmp.code});
    }
}

}  // namespace netsim::observe
