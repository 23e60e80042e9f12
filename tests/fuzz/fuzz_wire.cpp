// Bytes to a packet and back: as they come, and with their checksums put right, so that the fuzzer
// gets past them. What decodes must encode to bytes that decode to the same.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "wire/codec.hpp"

namespace netsim::wire {
namespace {

void put16(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8U);
    bytes[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

std::uint32_t pseudo_header(const std::vector<std::uint8_t>& ip, std::size_t length) {
    std::uint32_t sum = ip[9] + static_cast<std::uint32_t>(length);
    for (std::size_t i = 12; i < 20; i += 2) {
        sum += (std::uint32_t{ip[i]} << 8U) + ip[i + 1];
    }
    return sum;
}

/// The same packet with a header length, total length and checksums that fit.
std::vector<std::uint8_t> put_right(std::vector<std::uint8_t> bytes) {
    if (bytes.size() < 20 || bytes.size() > kPacketLengthMax) {
        return bytes;
    }
    const std::size_t header =
        std::min<std::size_t>(std::max(bytes[0] & 15U, 5U) * 4, bytes.size());
    bytes[0] = static_cast<std::uint8_t>(0x40U | (header / 4));
    put16(bytes, 2, static_cast<std::uint16_t>(bytes.size()));
    put16(bytes, 10, 0);
    put16(bytes, 10, internet_checksum({bytes.data(), header}));
    const std::span<const std::uint8_t> rest(bytes.data() + header, bytes.size() - header);
    const std::size_t at = bytes[9] == 6 ? 16 : bytes[9] == 17 ? 6 : 2;
    if (rest.size() >= at + 2) {
        put16(bytes, header + at, 0);
        const std::uint32_t sum = bytes[9] == 1 ? 0 : pseudo_header(bytes, rest.size());
        put16(bytes, header + at, internet_checksum(rest, sum));
    }
    return bytes;
}

void check(std::span<const std::uint8_t> bytes) {
    const auto first = decode(bytes);
    if (!first) {
        CHECK(!first.error().reason.empty() && first.error().offset <= bytes.size());
        return;
    }
    CHECK(first->payload.empty() ||
          (first->payload.data() >= bytes.data() &&
           first->payload.data() + first->payload.size() <= bytes.data() + bytes.size()));
    const Packet& p = first->packet;
    if (p.length() > kPacketLengthMax) {
        return;
    }
    const std::vector<std::uint8_t> again = encode(p);
    const auto second = decode(again);
    CHECK(second);
    const Packet& q = second->packet;
    CHECK(p.source == q.source && p.destination == q.destination && p.protocol == q.protocol);
    CHECK(p.length() == q.length());
    if (p.protocol == Protocol::kTcp) {
        CHECK(p.tcp.seq == q.tcp.seq && p.tcp.ack == q.tcp.ack && p.tcp.flags == q.tcp.flags);
        CHECK(p.tcp.options == q.tcp.options && p.tcp.window == q.tcp.window);
        CHECK(p.tcp.payload.length == q.tcp.payload.length);
        CHECK(!p.tcp.has_option(option::kSack) || p.tcp.sack_count == q.tcp.sack_count);
    }
}

}  // namespace
}  // namespace netsim::wire

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netsim::wire::check({data, size});
    const std::vector<std::uint8_t> right =
        netsim::wire::put_right(std::vector<std::uint8_t>(data, data + size));
    netsim::wire::check(right);
    return 0;
}
