// Packets: ECN mark, flags, sequence range, ack, win, urg, options; ICMP errors.
#include <array>
#include <charconv>

#include "base/text.hpp"
#include "packetdrill/parser.hpp"

namespace netsim::packetdrill {
namespace {

namespace flag = wire::flag;
namespace icmp = wire::icmp;

struct Code {
    std::string_view name;
    std::uint8_t type;
    std::uint8_t code;
};

constexpr auto kCodes = std::to_array<Code>({
    {"net_unreachable", icmp::kDestinationUnreachable, icmp::kNetUnreachable},
    {"host_unreachable", icmp::kDestinationUnreachable, icmp::kHostUnreachable},
    {"protocol_unreachable", icmp::kDestinationUnreachable, icmp::kProtocolUnreachable},
    {"port_unreachable", icmp::kDestinationUnreachable, icmp::kPortUnreachable},
    {"frag_needed", icmp::kDestinationUnreachable, icmp::kFragmentationNeeded},
    {"source_route_failed", icmp::kDestinationUnreachable, 5},
    {"net_unreachable_for_tos", icmp::kDestinationUnreachable, 11},
    {"host_unreachable_for_tos", icmp::kDestinationUnreachable, 12},
    {"admin_prohibited", icmp::kDestinationUnreachable, icmp::kAdminProhibited},
    {"ttl_exceeded", icmp::kTimeExceeded, 0},
    {"frag_time_exceeded", icmp::kTimeExceeded, 1},
});

struct Type {
    std::string_view name;
    std::uint8_t type;
};

constexpr auto kTypes = std::to_array<Type>({{"unreachable", icmp::kDestinationUnreachable},
                                             {"time_exceeded", icmp::kTimeExceeded},
                                             {"parameter_problem", icmp::kParameterProblem}});

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

PacketLine Parser::packet() {
    PacketLine line;
    line.inbound = scan_.take("<");
    if (!line.inbound) {
        scan_.need(">");
    }
    std::uint32_t quoted = 0;
    bool quotes = false;
    while (scan_.peek() == '[' || scan_.peek() == '(') {
        const Place where = scan_.place();
        const bool round = scan_.take("(");
        if (!round) {
            scan_.need("[");
        }
        if (scan_.peek() >= '0' && scan_.peek() <= '9') {
            TcpLine range;
            sequence(range);
            quoted = range.seq;
            quotes = true;
        } else {
            if (line.ecn != EcnMark::kUnchecked) {
                scan_.fail_at(where, "a second ECN mark");
            }
            line.ecn = ecn_mark();
        }
        scan_.need(round ? ")" : "]");
    }
    if (scan_.take("icmp")) {
        line.content = icmp_line(quoted);
        if (!line.inbound) {
            scan_.fail("an outbound ICMP packet is not supported: the stack is TCP's");
        }
    } else if (scan_.take("udp")) {
        line.content = udp_line();
    } else if (quotes) {
        scan_.fail("expected icmp after a quoted sequence range");
    } else {
        line.content = tcp_line(line.inbound);
    }
    return line;
}

EcnMark Parser::ecn_mark() {
    const Place where = scan_.place();
    const std::string_view word = scan_.identifier();
    static constexpr auto kMarks =
        std::to_array<std::string_view>({"noecn", "ect0", "ect1", "ect01", "ce"});
    static constexpr auto kValues = std::to_array<EcnMark>(
        {EcnMark::kNone, EcnMark::kEct0, EcnMark::kEct1, EcnMark::kEct01, EcnMark::kCe});
    for (std::size_t i = 0; i < kMarks.size(); ++i) {
        if (word == kMarks[i]) {
            return kValues[i];
        }
    }
    scan_.fail_at(where, "\"" + std::string(word) + "\" is no ECN mark; allowed: " + join(kMarks));
}

std::uint16_t Parser::flags() {
    scan_.at_end();
    const Place where = scan_.place();
    const std::string_view text = scan_.run_of("FSRPUEWA.-01234567");
    if (text == "-") {
        return 0;
    }
    std::uint16_t all = 0;
    bool ace = false;
    for (const char c : text) {
        constexpr std::string_view kLetters = "FSRP.UEWA";  // in the header's order of bits
        const std::size_t bit = kLetters.find(c);
        std::uint16_t bits = 0;
        if (bit != std::string_view::npos) {
            bits = static_cast<std::uint16_t>(1U << bit);
        } else if (c != '-' && !ace) {  // the three bits of ACE as a number, RFC 9768
            const auto n = static_cast<unsigned>(c - '0');
            bits = static_cast<std::uint16_t>(((n & 4U) != 0 ? flag::kAe : 0U) |
                                              ((n & 2U) != 0 ? flag::kCwr : 0U) |
                                              ((n & 1U) != 0 ? flag::kEce : 0U));
            ace = true;
        } else {
            bits = 0xffff;
        }
        if ((all & bits) != 0) {
            scan_.fail_at(where, "\"" + std::string(text) +
                                     "\" are no flags; allowed: letters of " +
                                     std::string(kLetters) + " once each, or -");
        }
        all |= bits;
    }
    if (text.empty()) {
        scan_.fail("expected TCP flags (F S R P . U E W A or -) or icmp");
    }
    return all;
}

void Parser::sequence(TcpLine& tcp) {
    const Place where = scan_.place();
    tcp.seq = scan_.u32("a sequence number");
    scan_.need(":");
    const std::uint32_t end = scan_.u32("a sequence number");
    scan_.need("(");
    tcp.length = scan_.u16("a length");
    scan_.need(")");
    if (tcp.seq + tcp.length != end) {
        scan_.fail_at(where,
                      "the sequence range does not fit its length: " + std::to_string(tcp.seq) +
                          " + " + std::to_string(tcp.length) + " is not " + std::to_string(end));
    }
}

TcpLine Parser::tcp_line(bool inbound) {
    TcpLine tcp;
    tcp.flags = flags();
    sequence(tcp);
    for (;;) {
        const Place where = scan_.place();
        bool again = false;
        if (scan_.take("ack")) {
            again = tcp.ack.has_value();
            tcp.ack = scan_.u32("an acknowledgement number");
        } else if (scan_.take("win")) {
            again = tcp.window.has_value();
            tcp.window = scan_.u16("a window");
        } else if (scan_.take("urg")) {
            again = tcp.urgent.has_value();
            tcp.urgent = scan_.u16("an urgent pointer");
        } else {
            break;
        }
        if (again) {
            scan_.fail_at(where, "given twice");
        }
    }
    if (scan_.peek() == '<') {
        options(tcp, inbound);
    }
    return tcp;
}

void Parser::options(TcpLine& tcp, bool inbound) {
    const Place where = scan_.place();
    scan_.need("<");
    if (scan_.take("...")) {
        tcp.any_options = true;
        if (inbound) {
            scan_.fail_at(where, "<...> is for expected packets; an inbound one needs its options");
        }
    } else if (scan_.peek() != '>') {
        do {
            tcp.options.push_back(option());
        } while (scan_.take(","));
    }
    scan_.need(">");
}

Option Parser::option() {
    using OptionKind = Option::Kind;
    static constexpr auto kNames = std::to_array<std::string_view>(
        {"mss", "nop", "eol", "sackOK", "wscale", "TS", "sack", "FO", "FOEXP", "md5", "ECN"});
    Option o;
    const Place where = scan_.place();
    const std::string name(scan_.identifier());
    if (name == "mss") {
        o.kind = OptionKind::kMss;
        o.value = scan_.u16("an MSS");
    } else if (name == "nop") {
        o.kind = OptionKind::kNop;
    } else if (name == "eol") {
        o.kind = OptionKind::kEnd;
    } else if (name == "sackOK") {
        o.kind = OptionKind::kSackPermitted;
    } else if (name == "wscale") {
        o.kind = OptionKind::kWindowScale;
        o.value = scan_.u16("a shift count");
        if (o.value > 255) {
            scan_.fail_at(where, "wscale must be 0 to 255");
        }
    } else if (name == "TS") {
        o.kind = OptionKind::kTimestamps;
        scan_.need("val");
        o.value = scan_.u32("a timestamp");
        scan_.need("ecr");
        o.echo = scan_.u32("a timestamp");
    } else if (name == "sack") {
        o.kind = OptionKind::kSack;
        while (scan_.peek() >= '0' && scan_.peek() <= '9') {
            const wire::SeqNum begin(scan_.u32("a sequence number"));
            scan_.need(":");
            o.sack.push_back({begin, wire::SeqNum(scan_.u32("a sequence number"))});
        }
        if (o.sack.empty() || o.sack.size() > 4) {
            scan_.fail_at(where, "sack needs one to four blocks BEGIN:END");
        }
    } else if (name == "FO" || name == "FOEXP") {
        o.kind = name == "FO" ? OptionKind::kFastOpen : OptionKind::kFastOpenExp;
        o.cookie = cookie();
    } else if (name == "md5") {
        o.kind = OptionKind::kMd5;
        o.cookie = cookie();
    } else if (name == "ECN") {
        o.kind = OptionKind::kAccEcn;
        o.counters = accecn();
    } else {
        scan_.fail_at(where, "unknown TCP option \"" + name + "\"" + did_you_mean(name, kNames) +
                                 " (options: " + join(kNames) + ")");
    }
    return o;
}

/// `ECN e1b 1 ceb 0 e0b 1`: up to three counters, each once, in any order.
std::vector<AccEcnCounter> Parser::accecn() {
    std::vector<AccEcnCounter> counters;
    while (scan_.next_is("e0b") || scan_.next_is("ceb") || scan_.next_is("e1b")) {
        const Place where = scan_.place();
        AccEcnCounter counter;
        counter.name = std::string(scan_.identifier());
        counter.value = scan_.u32("a count of octets");
        for (const AccEcnCounter& other : counters) {
            if (other.name == counter.name) {
                scan_.fail_at(where, counter.name + " is given twice");
            }
        }
        if (counter.value > 0xffffff) {
            scan_.fail_at(where, "a counter of AccECN has 24 bits: 0 to 16777215");
        }
        counters.push_back(std::move(counter));
    }
    return counters;
}

/// `udp (1000)`
UdpLine Parser::udp_line() {
    constexpr std::uint32_t kMost = 65535U - 28U;  // RFC 768 in an IPv4 packet
    UdpLine line;
    scan_.need("(");
    const Place where = scan_.place();
    line.length = scan_.u16("a length");
    if (line.length > kMost) {
        scan_.fail_at(where, "a datagram carries at most 65507 octets");
    }
    scan_.need(")");
    return line;
}

std::vector<std::uint8_t> Parser::cookie() {
    std::vector<std::uint8_t> bytes;
    if (scan_.peek() == ',' || scan_.peek() == '>') {
        return bytes;
    }
    const Place where = scan_.place();
    std::string hex(
        scan_.run_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"));
    if (const auto defined = settings_.defines.find(hex); defined != settings_.defines.end()) {
        hex = defined->second;
    }
    if (hex.starts_with("0x")) {
        hex = hex.substr(2);
    }
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        const int high = hex_digit(hex[i]);
        const int low = hex_digit(hex[i + 1]);
        if (high < 0 || low < 0) {
            break;
        }
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    if (hex.empty() || bytes.size() * 2 != hex.size() || bytes.size() > 38) {
        scan_.fail_at(where, "expected 1 to 38 bytes in hexadecimal, or a name given by --define");
    }
    return bytes;
}

IcmpLine Parser::icmp_line(std::uint32_t quoted_seq) {
    IcmpLine line;
    line.quoted_seq = quoted_seq;
    const Place where = scan_.place();
    const std::string type(scan_.identifier());
    bool known = false;
    for (const Type& t : kTypes) {
        if (t.name == type) {
            line.type = t.type;
            known = true;
        }
    }
    if (!known) {
        scan_.fail_at(where, "unknown ICMP type \"" + type +
                                 "\"; allowed: unreachable, time_exceeded, parameter_problem");
    }
    if (scan_.peek() >= 'A' && scan_.peek() <= 'z' && !scan_.next_is("mtu") &&
        scan_.peek() != '[') {
        const Place code_place = scan_.place();
        std::string code(scan_.identifier());
        if (const auto defined = settings_.defines.find(code); defined != settings_.defines.end()) {
            code = defined->second;
        }
        bool found = false;
        for (const Code& c : kCodes) {
            if (c.name == code && c.type == line.type) {
                line.code = c.code;
                found = true;
            }
        }
        if (!found) {
            scan_.fail_at(code_place, "unknown ICMP code \"" + code + "\" of type " + type);
        }
    }
    if (scan_.take("mtu")) {
        line.mtu = scan_.u16("an MTU");
    }
    if (scan_.peek() == '[') {
        scan_.need("[");
        TcpLine range;
        sequence(range);
        line.quoted_seq = range.seq;
        scan_.need("]");
    }
    return line;
}

}  // namespace netsim::packetdrill
