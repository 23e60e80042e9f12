// Lengths of packets, and the pool they come from.
#include "wire/packet.hpp"

#include "base/check.hpp"

namespace netsim::wire {
namespace {

constexpr std::uint32_t kUdpHeaderLength = 8;
constexpr std::uint32_t kIcmpHeaderLength = 8;
// RFC 792: the header and 64 bits of the datagram. DIVERGES: Linux quotes up to 548 octets; the
// model keeps only what these 28 tell.
constexpr std::uint32_t kQuotedLength = 28;

constexpr std::uint32_t padded(std::uint32_t length) {
    return (length + 3U) & ~3U;
}

}  // namespace

// As Linux's tcp_syn_options() and tcp_established_options() count: each option aligned to 4 by
// itself, SACK-permitted in the timestamps' padding where both are there.
std::uint32_t TcpHeader::options_length() const {
    // Asked for three times on a packet's way: one look-up, and more only for what has no fixed
    // length.
    static constexpr auto kFixed = [] {
        std::array<std::uint8_t, 256> lengths{};
        for (unsigned bits = 0; bits < lengths.size(); ++bits) {
            unsigned length = (bits & option::kMss) != 0 ? 4 : 0;
            if ((bits & option::kTimestamps) != 0) {
                length += 12;
            } else if ((bits & option::kSackPermitted) != 0) {
                length += 4;
            }
            length += (bits & option::kWindowScale) != 0 ? 4 : 0;
            length += (bits & option::kSack) != 0 ? 4 : 0;
            length += (bits & option::kMd5) != 0 ? 20 : 0;
            lengths[bits] = static_cast<std::uint8_t>(length);
        }
        return lengths;
    }();
    std::uint32_t length = kFixed[options];
    if ((options & (option::kSack | option::kFastOpen | option::kFastOpenExp)) == 0) [[likely]] {
        return length;
    }
    if (has_option(option::kSack)) {
        length += 8U * sack_count;
    }
    if (has_option(option::kFastOpen)) {
        length += padded(2U + cookie.length);
    }
    if (has_option(option::kFastOpenExp)) {
        length += padded(4U + cookie.length);
    }
    return length;
}

std::uint32_t Packet::length() const {
    switch (protocol) {
        case Protocol::kTcp:
            return kIpHeaderLength + kTcpHeaderLength + tcp.options_length() + tcp.payload.length;
        case Protocol::kUdp:
            return kIpHeaderLength + kUdpHeaderLength + udp.payload.length;
        case Protocol::kIcmp:
            break;
    }
    const bool echo = icmp.type == icmp::kEchoRequest || icmp.type == icmp::kEchoReply;
    return kIpHeaderLength + kIcmpHeaderLength + (echo ? icmp.echo_length : kQuotedLength);
}

void Recycle::operator()(Packet* packet) const {
    auto* slot = static_cast<PacketPool::Slot*>(packet);
    PacketPool& pool = *slot->home;
    pool.free_.push_back(slot);
    --pool.in_use_;
}

PacketPool::~PacketPool() {
    CHECK(in_use_ == 0);
}

PacketPtr PacketPool::make(const Packet& value) {
    if (free_.empty()) {
        chunks_.push_back(std::make_unique<std::array<Slot, kChunk>>());
        free_.reserve(chunks_.size() * kChunk);
        // Backwards, so that the first packets come from the chunk's front.
        for (std::size_t i = kChunk; i > 0; --i) {
            Slot& slot = (*chunks_.back())[i - 1];
            slot.home = this;
            free_.push_back(&slot);
        }
    }
    Slot* slot = free_.back();
    free_.pop_back();
    ++in_use_;
    static_cast<Packet&>(*slot) = value;
    return PacketPtr(slot);
}

}  // namespace netsim::wire
