// Packets as text, option by option.
#include "packetdrill/packet_text.hpp"

#include <fmt/format.h>

namespace netsim::packetdrill {
namespace {

namespace option = wire::option;
using Kind = Option::Kind;

std::string flag_text(std::uint16_t flags) {
    constexpr std::string_view kLetters = "FSRP.UEWA";
    std::string out;
    // The dot last, as tcpdump and scripts write it.
    for (const std::size_t bit : {0U, 1U, 2U, 3U, 5U, 6U, 7U, 8U, 4U}) {
        if ((flags & (1U << bit)) != 0) {
            out += kLetters[bit];
        }
    }
    return out.empty() ? "-" : out;
}

std::string hex_text(const std::vector<std::uint8_t>& bytes) {
    std::string out;
    for (const std::uint8_t b : bytes) {
        out += fmt::format("{:02x}", b);
    }
    return out;
}

std::string ecn_text(EcnMark mark) {
    switch (mark) {
        case EcnMark::kUnchecked:
            break;
        case EcnMark::kNone:
            return "[noecn] ";
        case EcnMark::kEct0:
            return "[ect0] ";
        case EcnMark::kEct1:
            return "[ect1] ";
        case EcnMark::kEct01:
            return "[ect01] ";
        case EcnMark::kCe:
            return "[ce] ";
    }
    return "";
}

std::string range_text(std::uint32_t seq, std::uint32_t length) {
    return fmt::format("{}:{}({})", seq, seq + length, length);
}

Option plain(Kind kind, std::uint32_t value = 0, std::uint32_t echo = 0) {
    Option o;
    o.kind = kind;
    o.value = value;
    o.echo = echo;
    return o;
}

}  // namespace

// Linux tcp_options_write(): MD5, MSS, timestamps (with SACK-permitted in their padding), SACK-
// permitted alone, window scale, SACK blocks, Fast Open.
std::vector<Option> options_of(const wire::TcpHeader& h) {
    std::vector<Option> all;
    const auto pad = [&](int n) { all.insert(all.end(), static_cast<std::size_t>(n), Option{}); };
    if (h.has_option(option::kMd5)) {
        pad(2);
        Option o = plain(Kind::kMd5);
        o.cookie.assign(h.digest.bytes.begin(), h.digest.bytes.end());
        all.push_back(std::move(o));
    }
    if (h.has_option(option::kMss)) {
        all.push_back(plain(Kind::kMss, h.mss));
    }
    const bool sack_permitted = h.has_option(option::kSackPermitted);
    if (h.has_option(option::kTimestamps)) {
        if (sack_permitted) {
            all.push_back(plain(Kind::kSackPermitted));
        } else {
            pad(2);
        }
        all.push_back(plain(Kind::kTimestamps, h.tsval, h.tsecr));
    } else if (sack_permitted) {
        pad(2);
        all.push_back(plain(Kind::kSackPermitted));
    }
    if (h.has_option(option::kWindowScale)) {
        pad(1);
        all.push_back(plain(Kind::kWindowScale, h.window_scale));
    }
    if (h.has_option(option::kSack)) {
        pad(2);
        Option o = plain(Kind::kSack);
        o.sack.assign(h.sack.begin(), h.sack.begin() + h.sack_count);
        all.push_back(std::move(o));
    } else if ((h.options & (option::kFastOpen | option::kFastOpenExp)) != 0) {
        const bool experimental = h.has_option(option::kFastOpenExp);
        Option o = plain(experimental ? Kind::kFastOpenExp : Kind::kFastOpen);
        const std::size_t length = std::min<std::size_t>(h.cookie.length, h.cookie.bytes.size());
        for (std::size_t i = 0; i < length; ++i) {
            o.cookie.push_back(h.cookie.bytes[i]);
        }
        all.push_back(std::move(o));
        const std::size_t used = (experimental ? 4U : 2U) + length;
        pad(static_cast<int>((4U - used % 4U) % 4U));
    }
    return all;
}

std::string option_text(const Option& o) {
    switch (o.kind) {
        case Kind::kMss:
            return fmt::format("mss {}", o.value);
        case Kind::kNop:
            return "nop";
        case Kind::kEnd:
            return "eol";
        case Kind::kSackPermitted:
            return "sackOK";
        case Kind::kWindowScale:
            return fmt::format("wscale {}", o.value);
        case Kind::kTimestamps:
            return fmt::format("TS val {} ecr {}", o.value, o.echo);
        case Kind::kSack: {
            std::string out = "sack";
            for (const wire::SeqRange& block : o.sack) {
                out += fmt::format(" {}:{}", block.begin.raw(), block.end.raw());
            }
            return out;
        }
        case Kind::kFastOpen:
            return o.cookie.empty() ? "FO" : "FO " + hex_text(o.cookie);
        case Kind::kFastOpenExp:
            return o.cookie.empty() ? "FOEXP" : "FOEXP " + hex_text(o.cookie);
        case Kind::kMd5:
            return o.cookie.empty() ? "md5" : "md5 " + hex_text(o.cookie);
        case Kind::kAccEcn: {
            std::string out = "ECN";
            for (const AccEcnCounter& counter : o.counters) {
                out += fmt::format(" {} {}", counter.name, counter.value);
            }
            return out;
        }
    }
    return "?";
}

std::size_t option_length(const Option& o) {
    switch (o.kind) {
        case Kind::kNop:
        case Kind::kEnd:
            return 1;
        case Kind::kSackPermitted:
            return 2;
        case Kind::kWindowScale:
            return 3;
        case Kind::kMss:
            return 4;
        case Kind::kTimestamps:
            return 10;
        case Kind::kSack:
            return 2 + 8 * o.sack.size();
        case Kind::kFastOpen:
            return 2 + o.cookie.size();
        case Kind::kFastOpenExp:
            return 4 + o.cookie.size();
        case Kind::kMd5:
            return 18;
        case Kind::kAccEcn:
            return 2 + 3 * o.counters.size();
    }
    return 0;
}

std::string options_text(const std::vector<Option>& options) {
    std::string out = "<";
    for (const Option& o : options) {
        out += (out.size() > 1 ? "," : "") + option_text(o);
    }
    return out + ">";
}

void shift_sacks(std::vector<Option>& options, std::uint32_t by) {
    for (Option& o : options) {
        for (wire::SeqRange& block : o.sack) {
            block = {block.begin - by, block.end - by};
        }
    }
}

std::string packet_text(const Flow& flow, const wire::Packet& packet, bool inbound) {
    const wire::TcpHeader& h = packet.tcp;
    const std::uint32_t base = flow.base();
    const bool bare_reset = h.rst() && h.ack_flag() && h.seq.raw() == 0;
    const std::uint32_t theirs = flow.remote_base(h.syn());
    const std::uint32_t seq = bare_reset ? h.seq.raw() : h.seq.raw() - (inbound ? theirs : base);
    std::string out = inbound ? "< " : "> ";
    if (packet.ecn != wire::Ecn::kNotEct) {
        out += packet.ecn == wire::Ecn::kCe     ? "[ce] "
               : packet.ecn == wire::Ecn::kEct0 ? "[ect0] "
                                                : "[ect1] ";
    }
    out += flag_text(h.flags) + " " + range_text(seq, h.payload.length);
    if (h.ack_flag()) {
        out += fmt::format(" ack {}", h.ack.raw() - (inbound ? base : theirs));
    }
    out += fmt::format(" win {}", h.window);
    if (h.urgent != 0) {
        out += fmt::format(" urg {}", h.urgent);
    }
    std::vector<Option> options = options_of(h);
    shift_sacks(options, inbound ? base : theirs);
    return options.empty() ? out : out + " " + options_text(options);
}

std::string line_text(const PacketLine& line) {
    std::string out = (line.inbound ? "< " : "> ") + ecn_text(line.ecn);
    if (const auto* icmp = std::get_if<IcmpLine>(&line.content)) {
        return out + fmt::format("icmp type {} code {} mtu {} quoting {}", icmp->type, icmp->code,
                                 icmp->mtu, icmp->quoted_seq);
    }
    if (const auto* udp = std::get_if<UdpLine>(&line.content)) {
        return out + fmt::format("udp ({})", udp->length);
    }
    const TcpLine& tcp = std::get<TcpLine>(line.content);
    out += flag_text(tcp.flags) + " " + range_text(tcp.seq, tcp.length);
    if (tcp.ack) {
        out += fmt::format(" ack {}", *tcp.ack);
    }
    if (tcp.window) {
        out += fmt::format(" win {}", *tcp.window);
    }
    if (tcp.urgent) {
        out += fmt::format(" urg {}", *tcp.urgent);
    }
    if (tcp.any_options) {
        return out + " <...>";
    }
    return tcp.options.empty() ? out : out + " " + options_text(tcp.options);
}

}  // namespace netsim::packetdrill
