// The packets of a queue by flow, so that a flow's are found without a look at all the others: each
// knows the one before it in its chain. Packets have numbers that count all there ever were; one
// that has left the queue ends its chain.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "net/link.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

inline Flow flow_of(const wire::Packet& p) {
    return {p.source, p.destination, p.tcp.source_port, p.tcp.destination_port};
}

inline std::uint32_t tcp_payload(const wire::Packet& p) {
    return p.protocol == wire::Protocol::kTcp ? p.tcp.payload.length : 0;
}

class FlowChains {
 public:
    /// `gone`: a number that is not in the queue any more.
    explicit FlowChains(std::uint32_t gone) { last_.fill(gone); }

    /// The last of a chain in which all of this flow stand, and perhaps others.
    std::uint32_t last(const Flow& flow) const { return last_[chain_of(flow)]; }

    /// Adds one: the one before it.
    std::uint32_t add(const Flow& flow, std::uint32_t number) {
        return std::exchange(last_[chain_of(flow)], number);
    }

 private:
    static std::size_t chain_of(const Flow& f) {
        const std::uint32_t ports = (std::uint32_t{f.source_port} << 16U) | f.destination_port;
        return ((f.source.bits ^ f.destination.bits ^ ports) * 0x9e3779b9U) >> 24U;
    }

    std::array<std::uint32_t, 256> last_;
};

}  // namespace netsim::net
