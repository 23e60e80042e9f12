// The words follow tcpdump 4.99's print-tcp.c, print-icmp.c and print-sll.c.
#include "observe/tcpdump.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "observe/drop_words.hpp"
#include "observe/services.hpp"
#include "wire/codec.hpp"

namespace netsim::observe {
namespace {

namespace option = wire::option;

using Out = std::back_insert_iterator<std::string>;

void put_timestamps_and_sack_permitted(std::string& out, const wire::TcpHeader& tcp) {
    const bool timestamps = tcp.has_option(option::kTimestamps);
    if (tcp.has_option(option::kSackPermitted)) {
        out += timestamps ? "sackOK," : "nop,nop,sackOK,";
    } else if (timestamps) {
        out += "nop,nop,";
    }
    if (timestamps) {
        fmt::format_to(Out(out), "TS val {} ecr {},", tcp.tsval, tcp.tsecr);
    }
}

void put_sack(std::string& out, const wire::TcpHeader& tcp, std::uint32_t shift) {
    fmt::format_to(Out(out), "nop,nop,sack {} ", unsigned{tcp.sack_count});
    for (std::size_t i = 0; i < tcp.sack_count; ++i) {
        fmt::format_to(Out(out), "{{{}:{}}}", tcp.sack.at(i).begin.raw() - shift,
                       tcp.sack.at(i).end.raw() - shift);
    }
    out += ',';
}

void put_fast_open(std::string& out, const wire::TcpHeader& tcp) {
    const bool experimental = tcp.has_option(option::kFastOpenExp);
    out += experimental ? "exp-tfo" : "tfo ";
    if (tcp.cookie.length == 0) {
        out += " cookiereq";
    } else {
        out += " cookie ";
        for (std::size_t i = 0; i < tcp.cookie.length; ++i) {
            fmt::format_to(Out(out), "{:02x}", tcp.cookie.bytes.at(i));
        }
    }
    const unsigned length = (experimental ? 4U : 2U) + tcp.cookie.length;
    for (unsigned i = length; i % 4 != 0; ++i) {
        out += ",nop";
    }
    out += ',';
}

/// A record of a drop does not say which way the packet was going: links drop what leaves, and a
/// node that did not make the packet drops what came in.
bool is_inbound(const sim::PacketRecord& record) {
    if (record.event != sim::PacketEvent::kDropped) {
        return record.event == sim::PacketEvent::kReceived;
    }
    return !is_link_drop(record.reason) && sim::uid_maker(record.packet->uid) != record.node;
}

}  // namespace

/// In the order they stand on the wire, padding included: see wire/encode.cpp.
std::string options_text(const wire::TcpHeader& tcp, std::uint32_t sack_shift) {
    std::string out;
    if (tcp.has_option(option::kMd5)) {
        out += "nop,nop,md5 can't check - ";
        for (const std::uint8_t octet : tcp.digest.bytes) {
            fmt::format_to(Out(out), "{:02x}", octet);
        }
        out += ',';
    }
    if (tcp.has_option(option::kMss)) {
        fmt::format_to(Out(out), "mss {},", tcp.mss);
    }
    put_timestamps_and_sack_permitted(out, tcp);
    if (tcp.has_option(option::kWindowScale)) {
        fmt::format_to(Out(out), "nop,wscale {},", unsigned{tcp.window_scale});
    }
    if (tcp.has_option(option::kSack) && tcp.sack_count > 0) {
        put_sack(out, tcp, sack_shift);
    } else if ((tcp.options & (option::kFastOpen | option::kFastOpenExp)) != 0) {
        put_fast_open(out, tcp);
    }
    if (!out.empty()) {
        out.pop_back();
    }
    return out;
}

std::string format_time(Time at) {
    const std::int64_t ns = to_ns(at);
    constexpr std::int64_t kSecond = 1'000'000'000;
    return fmt::format("{}.{:09}", ns / kSecond, ns % kSecond);
}

std::string flag_letters(std::uint16_t flags) {
    constexpr std::array<std::pair<std::uint16_t, char>, 9> kLetters{{
        {wire::flag::kFin, 'F'},
        {wire::flag::kSyn, 'S'},
        {wire::flag::kRst, 'R'},
        {wire::flag::kPsh, 'P'},
        {wire::flag::kAck, '.'},
        {wire::flag::kUrg, 'U'},
        {wire::flag::kEce, 'E'},
        {wire::flag::kCwr, 'W'},
        {wire::flag::kAe, 'e'},
    }};
    std::string text;
    for (const auto& [bit, letter] : kLetters) {
        if ((flags & bit) != 0) {
            text += letter;
        }
    }
    return text.empty() ? "none" : text;
}

TcpdumpText::Shift TcpdumpText::shift_of(const wire::Packet& packet) {
    const wire::TcpHeader& tcp = packet.tcp;
    if (options_.absolute || !tcp.ack_flag()) {
        return {};
    }
    Key key{Endpoint{packet.source, tcp.source_port},
            Endpoint{packet.destination, tcp.destination_port}};
    const bool reverse = key.destination < key.source;
    if (reverse) {
        std::swap(key.source, key.destination);
    }
    const std::uint32_t seq = tcp.seq.raw();
    const std::uint32_t ack = tcp.ack.raw() - 1;
    const auto [found, fresh] = connections_.try_emplace(key);
    Base& base = found->second;
    if (fresh) {
        oldest_.push_back(key);
    }
    if (fresh || tcp.syn()) {
        base = reverse ? Base{ack, seq} : Base{seq, ack};
        const std::uint32_t sack = reverse ? base.seq : base.ack;
        if (connections_.size() > kConnectionsMax) {
            connections_.erase(oldest_.front());
            oldest_.pop_front();
        }
        return Shift{0, 0, sack};
    }
    return reverse ? Shift{base.ack, base.seq, base.seq} : Shift{base.seq, base.ack, base.ack};
}

std::string TcpdumpText::name(Ipv4 address) const {
    const std::string named = options_.name_of ? options_.name_of(address) : std::string();
    return named.empty() ? to_string(address) : named;
}

std::string TcpdumpText::endpoint(Ipv4 address, std::uint16_t port) const {
    return name(address) + '.' + port_name(port, !options_.services);
}

/// "IP ", and with -v what stands in the header, on a line of its own.
std::string TcpdumpText::ip_header(const wire::Packet& packet) const {
    if (!options_.verbose) {
        return "IP ";
    }
    const unsigned tos = (unsigned{packet.dscp} << 2U) | static_cast<unsigned>(packet.ecn);
    constexpr std::array<std::string_view, 4> kEcn{"", ",ECT(1)", ",ECT(0)", ",CE"};
    const std::string_view protocol = packet.protocol == wire::Protocol::kTcp   ? "TCP (6)"
                                      : packet.protocol == wire::Protocol::kUdp ? "UDP (17)"
                                                                                : "ICMP (1)";
    return fmt::format(
        "IP (tos 0x{:x}{}, ttl {}, id {}, offset 0, flags [{}], proto {}, length {})"
        "\n    ",
        tos, kEcn.at(static_cast<std::size_t>(packet.ecn)), unsigned{packet.ttl}, packet.id,
        packet.dont_fragment ? "DF" : "none", protocol, packet.length());
}

/// Of a TCP segment, with -v.
std::string TcpdumpText::checksum(const wire::Packet& packet) const {
    if (!options_.verbose) {
        return {};
    }
    wire::Packet intact = packet;
    intact.corrupted = 0;
    const auto field = [&](const wire::Packet& one) {
        constexpr std::size_t kAt = wire::kIpHeaderLength + 16;
        const std::vector<std::uint8_t> bytes = wire::encode(one, options_.store);
        return (unsigned{bytes[kAt]} << 8U) | bytes[kAt + 1];
    };
    const unsigned right = field(intact);
    const unsigned is = packet.corrupted == 0 ? right : field(packet);
    return is == right ? fmt::format(", cksum 0x{:04x} (correct)", is)
                       : fmt::format(", cksum 0x{:04x} (incorrect -> 0x{:04x})", is, right);
}

std::string TcpdumpText::unreachable(const wire::IcmpHeader& icmp) const {
    const std::string to = name(icmp.quoted.destination);
    switch (icmp.code) {
        case wire::icmp::kNetUnreachable:
            return fmt::format("net {} unreachable", to);
        case wire::icmp::kHostUnreachable:
            return fmt::format("host {} unreachable", to);
        case wire::icmp::kProtocolUnreachable:
            return fmt::format("{} protocol {} unreachable", to,
                               static_cast<unsigned>(icmp.quoted.protocol));
        case wire::icmp::kPortUnreachable:
            if (icmp.quoted.protocol == wire::Protocol::kIcmp) {
                return fmt::format("{} protocol 1 port {} unreachable", to,
                                   icmp.quoted.destination_port);
            }
            return fmt::format("{} {} port {} unreachable", to,
                               icmp.quoted.protocol == wire::Protocol::kTcp ? "tcp" : "udp",
                               icmp.quoted.destination_port);
        case wire::icmp::kFragmentationNeeded:
            if (icmp.mtu == 0) {
                return fmt::format("{} unreachable - need to frag", to);
            }
            return fmt::format("{} unreachable - need to frag (mtu {})", to, icmp.mtu);
        case wire::icmp::kAdminProhibited:
            return fmt::format("host {} unreachable - admin prohibited filter", to);
        default:
            return fmt::format("{} unreachable - #{}", to, unsigned{icmp.code});
    }
}

std::string TcpdumpText::icmp(const wire::Packet& packet) const {
    const wire::IcmpHeader& header = packet.icmp;
    std::string what;
    switch (header.type) {
        case wire::icmp::kEchoRequest:
        case wire::icmp::kEchoReply:
            what = fmt::format("echo {}, id {}, seq {}",
                               header.type == wire::icmp::kEchoRequest ? "request" : "reply",
                               header.echo_id, header.echo_seq);
            break;
        case wire::icmp::kDestinationUnreachable:
            what = unreachable(header);
            break;
        case wire::icmp::kTimeExceeded:
            what = header.code == 0 ? "time exceeded in-transit" : "ip reassembly time exceeded";
            break;
        case wire::icmp::kParameterProblem:
            what = "parameter problem - octet 0";
            break;
        default:
            what = fmt::format("type-#{}", unsigned{header.type});
            break;
    }
    return fmt::format("{}{} > {}: ICMP {}, length {}", ip_header(packet), name(packet.source),
                       name(packet.destination), what, packet.length() - wire::kIpHeaderLength);
}

std::string TcpdumpText::tcp(const wire::Packet& packet) {
    const wire::TcpHeader& tcp = packet.tcp;
    const Shift shift = shift_of(packet);
    std::string out = fmt::format("{}{} > {}: Flags [{}]{}", ip_header(packet),
                                  endpoint(packet.source, tcp.source_port),
                                  endpoint(packet.destination, tcp.destination_port),
                                  flag_letters(tcp.flags), checksum(packet));
    const std::uint32_t length = tcp.payload.length;
    const std::uint32_t seq = tcp.seq.raw() - shift.seq;
    if (length > 0) {
        fmt::format_to(Out(out), ", seq {}:{}", seq, seq + length);
    } else if (tcp.any(wire::flag::kSyn | wire::flag::kFin | wire::flag::kRst)) {
        fmt::format_to(Out(out), ", seq {}", seq);
    }
    if (tcp.ack_flag()) {
        fmt::format_to(Out(out), ", ack {}", tcp.ack.raw() - shift.ack);
    }
    fmt::format_to(Out(out), ", win {}", tcp.window);
    if (tcp.any(wire::flag::kUrg)) {
        fmt::format_to(Out(out), ", urg {}", tcp.urgent);
    }
    const std::string options = options_text(tcp, shift.sack);
    if (!options.empty()) {
        fmt::format_to(Out(out), ", options [{}]", options);
    }
    fmt::format_to(Out(out), ", length {}", length);
    return out;
}

std::string TcpdumpText::packet(const wire::Packet& packet) {
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            return tcp(packet);
        case wire::Protocol::kUdp:
            return fmt::format("{}{} > {}: {}UDP, length {}", ip_header(packet),
                               endpoint(packet.source, packet.udp.source_port),
                               endpoint(packet.destination, packet.udp.destination_port),
                               options_.verbose ? "[udp sum ok] " : "", packet.udp.payload.length);
        case wire::Protocol::kIcmp:
            break;
    }
    return icmp(packet);
}

std::string TcpdumpText::line(const sim::PacketRecord& record, bool interfaces) {
    std::string out = format_time(record.at) + ' ';
    if (interfaces) {
        std::string place(record.node_name);
        if (!record.interface_name.empty()) {
            place += '.';
            place += record.interface_name;
        }
        fmt::format_to(Out(out), "{:<5} {:<3} ", place, is_inbound(record) ? "In" : "Out");
    }
    out += packet(*record.packet);
    if (record.event == sim::PacketEvent::kDropped) {
        out += " dropped: ";
        out += record.reason;
    } else if (record.event == sim::PacketEvent::kDuplicated) {
        out += " duplicated";
        if (!record.reason.empty()) {
            out += ": ";
            out += record.reason;
        }
    }
    return out;
}

}  // namespace netsim::observe
