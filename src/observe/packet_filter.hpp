// A small language for choosing packets, tcpdump's where it has the word:
//   [src|dst] host NAME|IP   [src|dst] port N   [src|dst] net PREFIX   tcp udp icmp
//   syn fin rst ack (flags)  data (payload)     drop (dropped packets) node NAME (where it happens)
// joined by and, or, not and parentheses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netsim/address.hpp"
#include "sim/trace.hpp"

namespace netsim::observe {

/// Which names a filter may use. A host of several addresses stands several times; a node without
/// an address (0.0.0.0) can only be used after "node".
using KnownNames = std::vector<std::pair<std::string, Ipv4>>;

class PacketFilter {
 public:
    /// Throws InputError with the column of the offending word and the nearest known one. Blank
    /// text matches everything.
    explicit PacketFilter(std::string_view text, const KnownNames& names = {});

    bool matches(const sim::PacketRecord& record) const;

    /// Does the text name a node? Then it asks what happens there, not only what is sent.
    bool names_a_node() const;

    enum class Test : std::uint8_t {
        kAnd,
        kOr,
        kNot,
        kHost,
        kPort,
        kNet,
        kProtocol,
        kFlag,
        kData,
        kDrop,
        kNode,
    };

    enum class Side : std::uint8_t { kEither, kSource, kDestination };

    /// One step of the expression in postfix order.
    struct Step {
        Test test = Test::kAnd;
        Side side = Side::kEither;
        std::uint16_t number = 0;       // port, protocol or flag
        std::vector<Ipv4> addresses{};  // of a host
        Prefix prefix{};
        std::string name{};
    };

 private:
    std::vector<Step> steps_;
};

}  // namespace netsim::observe
