// Segments made by hand (HostRef::send_segment) and packets seen on the way (NodeRef::sniff).
#include "netsim/segment.hpp"

#include <algorithm>
#include <utility>

#include "api/network_impl.hpp"
#include "api/sniffer.hpp"
#include "observe/tcpdump.hpp"
#include "wire/packet.hpp"

namespace netsim {
namespace {

constexpr std::size_t kForgedDataMax = 1460;  // what an Ethernet frame takes

struct FlagLetter {
    char letter;
    std::uint16_t bit;
};

constexpr FlagLetter kFlagLetters[] = {
    {'S', wire::flag::kSyn}, {'F', wire::flag::kFin}, {'R', wire::flag::kRst},
    {'P', wire::flag::kPsh}, {'.', wire::flag::kAck}, {'U', wire::flag::kUrg},
    {'E', wire::flag::kEce}, {'W', wire::flag::kCwr},
};

std::uint16_t flags_of(std::string_view letters) {
    std::uint16_t flags = 0;
    if (letters == "none") {
        return flags;
    }
    for (const char letter : letters) {
        const auto* found =
            std::find_if(std::begin(kFlagLetters), std::end(kFlagLetters),
                         [&](const FlagLetter& known) { return known.letter == letter; });
        if (found == std::end(kFlagLetters)) {
            throw InputError("send_segment: flags: \"" + std::string(letters) +
                             "\": expected letters of S F R P . U E W as in \"S.\", or \"none\"");
        }
        flags |= found->bit;
    }
    return flags;
}

wire::Packet made_by_hand(const ForgedSegment& segment, wire::ByteStore& bytes) {
    if (segment.data.size() > kForgedDataMax) {
        throw InputError("send_segment: data: at most 1460 octets");
    }
    wire::Packet packet{};
    packet.source = segment.source.address;
    packet.destination = segment.destination.address;
    packet.protocol = wire::Protocol::kTcp;
    packet.ttl = segment.ttl;
    packet.tcp = wire::TcpHeader{};
    packet.tcp.source_port = segment.source.port;
    packet.tcp.destination_port = segment.destination.port;
    packet.tcp.flags = flags_of(segment.flags);
    packet.tcp.seq = wire::SeqNum{segment.seq};
    packet.tcp.ack = wire::SeqNum{segment.ack};
    packet.tcp.window = segment.window;
    if (segment.mss) {
        packet.tcp.options |= wire::option::kMss;
        packet.tcp.mss = *segment.mss;
    }
    if (segment.tsval || segment.tsecr) {
        packet.tcp.options |= wire::option::kTimestamps;
        packet.tcp.tsval = segment.tsval.value_or(0);
        packet.tcp.tsecr = segment.tsecr.value_or(0);
    }
    if (!segment.data.empty()) {
        const wire::StreamId stream = bytes.open();
        bytes.append(stream, segment.data);
        packet.tcp.payload = {0, stream, static_cast<std::uint32_t>(segment.data.size())};
    }
    return packet;
}

}  // namespace

SeenPacket seen(Time at, const wire::Packet& packet) {
    SeenPacket is;
    is.at = at;
    is.source = packet.source;
    is.destination = packet.destination;
    is.ttl = packet.ttl;
    switch (packet.protocol) {
        case wire::Protocol::kTcp:
            is.protocol = "tcp";
            is.source_port = packet.tcp.source_port;
            is.destination_port = packet.tcp.destination_port;
            is.length = packet.tcp.payload.length;
            is.flags = observe::flag_letters(packet.tcp.flags);
            is.seq = packet.tcp.seq.raw();
            is.ack = packet.tcp.ack.raw();
            is.window = packet.tcp.window;
            if (packet.tcp.has_option(wire::option::kTimestamps)) {
                is.tsval = packet.tcp.tsval;
                is.tsecr = packet.tcp.tsecr;
            }
            break;
        case wire::Protocol::kUdp:
            is.protocol = "udp";
            is.source_port = packet.udp.source_port;
            is.destination_port = packet.udp.destination_port;
            is.length = packet.udp.payload.length;
            break;
        case wire::Protocol::kIcmp:
            is.protocol = "icmp";
            is.icmp_type = packet.icmp.type;
            is.icmp_code = packet.icmp.code;
            is.length = packet.icmp.echo_length;
            break;
    }
    return is;
}

void Sniffer::on_packet(const sim::PacketRecord& record) {
    const bool wanted = record.event == sim::PacketEvent::kReceived ||
                        (!forwards_ && record.event == sim::PacketEvent::kSent);
    if (record.node != node_ || !wanted || !filter_.matches(record)) {
        return;
    }
    seen_.push_back(seen(record.at, *record.packet));
    sim_.schedule(sim_.now(), node_, *this, 0);
}

void Sniffer::fire(std::uint64_t argument) {
    static_cast<void>(argument);
    const SeenPacket packet = std::move(seen_.front());
    seen_.pop_front();
    function_(packet);
}

void NetworkImpl::sniff(const net::Node& node, std::string_view filter,
                        Sniffer::Function function) {
    sniffers_.push_back(std::make_unique<Sniffer>(sim_, node.id(), node.forwards(),
                                                  observe::PacketFilter(filter, known_names()),
                                                  std::move(function)));
    observe(*sniffers_.back());
}

void NodeRef::sniff(std::string_view filter, std::function<void(const SeenPacket&)> function) {
    net_->sniff(*static_cast<net::Node*>(node_), filter, std::move(function));
}

bool HostRef::send_segment(const ForgedSegment& segment) {
    NetworkImpl::require_power(net_->node_of(*this), "send_segment");
    net_->keep_routes_current();
    auto& host = static_cast<host::Host&>(*static_cast<net::Node*>(node_));
    return host.send_packet(made_by_hand(segment, host.bytes())) == Errno::kOk;
}

}  // namespace netsim
