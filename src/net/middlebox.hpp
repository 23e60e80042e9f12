// A box in the way that strips, drops and rewrites what hosts say to each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/conntrack.hpp"
#include "net/node.hpp"
#include "netsim/elements.hpp"
#include "netsim/rng.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

/// Indices of the interfaces of these names. Throws InputError naming those there are.
std::vector<std::uint32_t> interface_indices(const Node& node,
                                             const std::vector<std::string>& names);

class Middlebox {
 public:
    /// Throws InputError. `stream`: the name of its random stream.
    Middlebox(const Node& node, const MiddleboxOptions& options, const std::string& stream);

    /// Empty: the packet goes on, perhaps changed; else why it is dropped.
    std::string meddle(wire::Packet& packet, std::uint32_t in, std::uint32_t out,
                       const Conntrack::Tracking& tracking);

    const MiddleboxStats& stats() const { return stats_; }

 private:
    bool concerns(const wire::Packet& packet, std::uint32_t in, std::uint32_t out) const;
    std::string drop_reason(const wire::Packet& packet) const;
    void rewrite(wire::Packet& packet);
    void choose_shift(const wire::Packet& packet, const Conntrack::Tracking& tracking);

    MiddleboxOptions options_;
    std::vector<std::uint32_t> in_;
    std::vector<std::uint32_t> out_;
    Rng rng_;
    MiddleboxStats stats_;
};

/// What a shifted connection's acknowledgements mean before the shift; SACK blocks stay as they
/// are. For packets that come in, before they are tracked.
void unshift_ack(wire::Packet& packet, const Conntrack::Found& found);
/// For packets that go out; `invalid`: the shift of one that is not tracked.
void shift_seq(wire::Packet& packet, const Conntrack::Tracking& tracking, std::uint32_t invalid);

}  // namespace netsim::net
