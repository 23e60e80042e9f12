// The four-tuple that names a connection, seen from this host.
#pragma once

#include <compare>
#include <cstdint>

#include "netsim/address.hpp"
#include "wire/packet.hpp"

namespace netsim::tcp {

struct FourTuple {
    Ipv4 local;
    Ipv4 remote;
    std::uint16_t local_port = 0;
    std::uint16_t remote_port = 0;

    friend constexpr bool operator==(const FourTuple&, const FourTuple&) = default;

    constexpr Endpoint local_endpoint() const { return {local, local_port}; }

    constexpr Endpoint remote_endpoint() const { return {remote, remote_port}; }
};

static_assert(sizeof(FourTuple) == 12);

/// The tuple of an arriving packet: its destination is local.
constexpr FourTuple tuple_of(const wire::Packet& packet) {
    return {packet.destination, packet.source, packet.tcp.destination_port, packet.tcp.source_port};
}

/// Mixes all 96 bits; two multiplications. Order of a hash table never shows, so this may change.
constexpr std::uint64_t hash_of(const FourTuple& t) {
    const std::uint64_t a = (std::uint64_t{t.local.bits} << 32U) | t.remote.bits;
    const std::uint64_t b = (std::uint64_t{t.local_port} << 16U) | t.remote_port;
    std::uint64_t h = (a ^ (b * 0x9e3779b97f4a7c15ULL)) * 0xbf58476d1ce4e5b9ULL;
    h ^= h >> 29U;
    h *= 0x94d049bb133111ebULL;
    return h ^ (h >> 32U);
}

/// Which record a table entry names: kind and slab index in one word.
enum class RecordKind : std::uint8_t { kConnection = 0, kRequest = 1, kTimeWait = 2 };

class RecordRef {
 public:
    constexpr RecordRef() = default;

    constexpr RecordRef(RecordKind kind, std::uint32_t index)
        : word_((static_cast<std::uint32_t>(kind) << 30U) | index) {}

    constexpr RecordKind kind() const { return static_cast<RecordKind>(word_ >> 30U); }

    constexpr std::uint32_t index() const { return word_ & 0x3fffffffU; }

    /// Both in one number below 2^32 - 1, as a table keeps them.
    constexpr std::uint32_t word() const { return word_; }

    static constexpr RecordRef from_word(std::uint32_t word) {
        return RecordRef(static_cast<RecordKind>(word >> 30U), word & 0x3fffffffU);
    }

    friend constexpr bool operator==(RecordRef, RecordRef) = default;

 private:
    std::uint32_t word_ = 0;
};

}  // namespace netsim::tcp
