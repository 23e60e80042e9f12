// Inbound lines to packets, and packets sent against outbound lines.
#include <fmt/format.h>

#include <algorithm>

#include "packetdrill/packet_text.hpp"
#include "wire/md5.hpp"

namespace netsim::packetdrill {
namespace {

namespace flag = wire::flag;
namespace option = wire::option;
using Kind = Option::Kind;

constexpr wire::StreamId kPeerStream = 0x706b74;

wire::Ecn ecn_of(EcnMark mark) {
    switch (mark) {
        case EcnMark::kCe:
            return wire::Ecn::kCe;
        case EcnMark::kEct1:
            return wire::Ecn::kEct1;
        case EcnMark::kEct0:
        case EcnMark::kEct01:
            return wire::Ecn::kEct0;
        case EcnMark::kNone:
        case EcnMark::kUnchecked:
            break;
    }
    return wire::Ecn::kNotEct;
}

/// A script's TS ecr names a TS val that an earlier line expected.
std::uint32_t live_ecr(const Flow& flow, std::uint32_t ecr, const Settings& settings) {
    const auto found = flow.tsval.find(ecr);
    if (found != flow.tsval.end()) {
        return found->second;
    }
    if (settings.ts_ecr_scaled && flow.first_tsval) {
        return flow.first_tsval->second + (ecr - flow.first_tsval->first);
    }
    throw Mismatch{fmt::format("TS ecr {} names no TS val of an earlier expected packet", ecr)};
}

/// A cookie of another length than RFC 7413 §4.1.1 allows is no option the stack gets to see, as
/// with bytes from the wire (wire/decode.cpp).
void add_cookie(wire::TcpHeader& h, const Option& o) {
    const std::size_t size = o.cookie.size();
    if (size != 0 && (size < 4 || size > 16 || size % 2 != 0)) {
        return;
    }
    if (h.has_option(option::kSack)) {
        throw Mismatch{"a Fast Open option and SACK blocks in one segment are not supported"};
    }
    h.options |= o.kind == Kind::kFastOpen ? option::kFastOpen : option::kFastOpenExp;
    h.cookie = wire::FastOpenCookie{};
    h.cookie.length = static_cast<std::uint8_t>(o.cookie.size());
    std::copy(o.cookie.begin(), o.cookie.end(), h.cookie.bytes.begin());
}

void add_option(const Flow& flow, wire::TcpHeader& h, const Option& o, const Settings& settings) {
    switch (o.kind) {
        case Kind::kNop:
        case Kind::kEnd:
            break;  // padding says nothing to the stack
        case Kind::kMss:
            h.options |= option::kMss;
            h.mss = static_cast<std::uint16_t>(o.value);
            break;
        case Kind::kSackPermitted:
            h.options |= option::kSackPermitted;
            break;
        case Kind::kWindowScale:
            h.options |= option::kWindowScale;
            h.window_scale = static_cast<std::uint8_t>(o.value);
            break;
        case Kind::kTimestamps:
            h.options |= option::kTimestamps;
            h.tsval = o.value;
            h.tsecr = h.ack_flag() && o.echo != 0 ? live_ecr(flow, o.echo, settings) : o.echo;
            break;
        case Kind::kSack:
            if ((h.options & (option::kFastOpen | option::kFastOpenExp)) != 0) {
                throw Mismatch{
                    "a Fast Open option and SACK blocks in one segment are not supported"};
            }
            h.options |= option::kSack;
            h.sack_count = static_cast<std::uint8_t>(o.sack.size());
            for (std::size_t i = 0; i < o.sack.size(); ++i) {
                h.sack[i] = {o.sack[i].begin + flow.base(), o.sack[i].end + flow.base()};
            }
            break;
        case Kind::kFastOpen:
        case Kind::kFastOpenExp:
            add_cookie(h, o);
            break;
        case Kind::kMd5:
            h.options |= option::kMd5;
            if (!o.cookie.empty() && o.cookie.size() != h.digest.bytes.size()) {
                throw Mismatch{"md5: a digest has 16 octets"};
            }
            std::copy(o.cookie.begin(), o.cookie.end(), h.digest.bytes.begin());
            break;
        case Kind::kAccEcn:
            break;  // RFC 9768 is not spoken here: an unknown option is skipped (RFC 9293 §3.1)
    }
}

/// Octets of the options as the script writes them.
std::size_t written_length(const std::vector<Option>& options) {
    std::size_t total = 0;
    for (const Option& o : options) {
        total += option_length(o);
    }
    return total;
}

/// The script's TS val -> the stack's; with --tcp_ts_tick_usecs, does it tick as expected?
std::optional<std::string> match_tsval(Flow& flow, std::uint32_t script, std::uint32_t live,
                                       const Settings& settings) {
    flow.tsval[script] = live;
    if (!flow.first_tsval) {
        flow.first_tsval = {script, live};
        return std::nullopt;
    }
    if (settings.ts_tick == Duration{0}) {
        return std::nullopt;
    }
    const auto script_ticks = static_cast<std::int32_t>(script - flow.first_tsval->first);
    const auto live_ticks = static_cast<std::int32_t>(live - flow.first_tsval->second);
    const std::int64_t apart = std::int64_t{script_ticks} - live_ticks;
    if (settings.ts_tick * (apart < 0 ? -apart : apart) > settings.tolerance + settings.ts_tick) {
        return fmt::format("TS val: expected {} ticks after the first, got {}", script_ticks,
                           live_ticks);
    }
    return std::nullopt;
}

bool same_option(const Option& want, const Option& got) {
    if (want.kind != got.kind) {
        return false;
    }
    switch (want.kind) {
        case Kind::kTimestamps:
            return want.echo == got.echo;
        case Kind::kMd5:
            return want.cookie.empty() || want.cookie == got.cookie;
        case Kind::kAccEcn:
            return want.counters == got.counters;
        default:
            return want.value == got.value && want.sack == got.sack && want.cookie == got.cookie;
    }
}

std::optional<std::string> match_options(Flow& flow, const TcpLine& tcp, const wire::TcpHeader& h,
                                         const Settings& settings) {
    if (tcp.any_options) {
        return std::nullopt;
    }
    std::vector<Option> got = options_of(h);
    shift_sacks(got, flow.remote_base(h.syn()));
    bool same = got.size() == tcp.options.size();
    for (std::size_t i = 0; same && i < got.size(); ++i) {
        same = same_option(tcp.options[i], got[i]);
    }
    if (!same) {
        return "options: expected " + options_text(tcp.options) + ", got " + options_text(got);
    }
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (got[i].kind == Kind::kTimestamps) {
            return match_tsval(flow, tcp.options[i].value, got[i].value, settings);
        }
    }
    return std::nullopt;
}

/// `md5` without a digest: signed with the key that the script has set. Null: there is none, or no
/// option that asks for it.
const tcp::Md5Key* key_asked_for(const Flow& flow, const TcpLine& tcp) {
    const bool asked = std::any_of(tcp.options.begin(), tcp.options.end(), [](const Option& o) {
        return o.kind == Kind::kMd5 && o.cookie.empty();
    });
    return asked ? flow.keys->find(flow.remote.address) : nullptr;
}

std::optional<std::string> match_ecn(EcnMark want, wire::Ecn got) {
    const bool ect = got == wire::Ecn::kEct0 || got == wire::Ecn::kEct1;
    if (want == EcnMark::kUnchecked || (want == EcnMark::kEct01 && ect) ||
        (want != EcnMark::kEct01 && ecn_of(want) == got)) {
        return std::nullopt;
    }
    return fmt::format("ECN bits of the IP header: got {}", static_cast<unsigned>(got));
}

}  // namespace

wire::Packet make_packet(Flow& flow, const PacketLine& line, const TcpLine& tcp,
                         const Settings& settings) {
    wire::Packet p{};
    p.source = flow.remote.address;
    p.destination = flow.local.address;
    p.ecn = ecn_of(line.ecn);
    wire::TcpHeader& h = p.tcp;
    h.source_port = flow.remote.port;
    h.destination_port = flow.local.port;
    h.flags = tcp.flags;
    h.seq = wire::SeqNum(tcp.seq + flow.remote_base(h.syn()));
    if (h.syn() && (h.ack_flag() || !flow.opened_at)) {
        flow.opened_at = tcp.seq;
    }
    if (h.syn() && flow.remote_isn != tcp.seq) {
        flow.remote_isn = tcp.seq;
        flow.renumber = flow.renumber || !h.ack_flag();
    }
    // An ack without the flag means nothing, as in the original.
    if (tcp.ack) {
        h.ack = wire::SeqNum(*tcp.ack + flow.base());
    }
    h.window = tcp.window.value_or(0);
    h.urgent = tcp.urgent.value_or(0);
    for (const Option& o : tcp.options) {
        add_option(flow, h, o, settings);
    }
    if (h.options_length() > 40 || written_length(tcp.options) > 40) {
        throw Mismatch{"the options do not fit into the 40 bytes a TCP header has for them"};
    }
    if (settings.mss != 0 && tcp.length > settings.mss) {
        h.gso_size = static_cast<std::uint16_t>(settings.mss);  // a train, taken as one segment
    }
    if (tcp.length > 0) {
        // Bytes are a function of their place in the stream, however it is cut.
        const std::uint32_t first = flow.remote_isn.value_or(0) + (h.syn() ? 0U : 1U);
        h.payload = {std::uint32_t{h.seq.raw() - first}, kPeerStream, tcp.length};
    }
    if (const tcp::Md5Key* key = key_asked_for(flow, tcp)) {
        h.digest.bytes = wire::tcp_md5_digest(p, nullptr, key->secret);
    }
    return p;
}

std::optional<std::string> difference(Flow& flow, const PacketLine& line, const TcpLine& tcp,
                                      const wire::Packet& first, const wire::Packet& last,
                                      std::uint32_t length, const Settings& settings) {
    const wire::TcpHeader& h = last.tcp;
    if (h.flags != tcp.flags) {
        return "flags differ";
    }
    // Numbering begins at our SYN or SYN-ACK.
    if (h.syn() && (!flow.local_isn || flow.renumber)) {
        flow.local_isn = h.seq.raw();
        flow.shown_isn = tcp.seq;
        flow.renumber = false;
        if (h.ack_flag()) {  // the SYN that this answers has opened the connection
            flow.opened_at = flow.remote_isn;
        }
    }
    // An RST for a segment without ACK has sequence 0 whatever went before (RFC 9293 §3.10.7.1).
    const std::uint32_t raw = first.tcp.seq.raw();
    const bool bare_reset = h.rst() && h.ack_flag() && raw == 0;
    const std::uint32_t seq = bare_reset ? 0 : raw - flow.base() + (h.syn() ? flow.shown_isn : 0U);
    if (seq != tcp.seq) {
        return fmt::format("sequence number: expected {}, got {}", tcp.seq, seq);
    }
    if (length != tcp.length) {
        return fmt::format("length: expected {}, got {}", tcp.length, length);
    }
    const std::uint32_t ack = h.ack.raw() - flow.remote_base(h.syn());
    if (tcp.ack && ack != *tcp.ack) {
        return fmt::format("ack: expected {}, got {}", *tcp.ack, ack);
    }
    if (tcp.window && h.window != *tcp.window) {
        return fmt::format("win: expected {}, got {}", *tcp.window, h.window);
    }
    if (h.urgent != tcp.urgent.value_or(0)) {
        return fmt::format("urg: expected {}, got {}", tcp.urgent.value_or(0), h.urgent);
    }
    if (auto why = match_ecn(line.ecn, last.ecn)) {
        return why;
    }
    if (auto why = match_options(flow, tcp, h, settings)) {
        return why;
    }
    const tcp::Md5Key* key = key_asked_for(flow, tcp);
    if (key != nullptr && h.digest.bytes != wire::tcp_md5_digest(last, nullptr, key->secret)) {
        return "md5: the digest is not the one that the key gives";
    }
    return std::nullopt;
}

}  // namespace netsim::packetdrill
