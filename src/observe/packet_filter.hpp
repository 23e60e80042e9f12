// A useful part of tcpdump's filter language (pcap-filter(7)), and words of netsim's own:
//   [src|dst] host NAME|IP   [src|dst] net PREFIX   [tcp|udp] [src|dst] port N|NAME, portrange A-B
//   ip tcp udp icmp   less N, greater N   A == B of len, tcp[13], ip[2:2], & | + ...   tcp-syn ...
//   syn fin rst ack data (segments)   drop (dropped packets)   node NAME (where it happens)
// joined by and, or (of equal rank, from left to right, as tcpdump's), not and parentheses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netsim/address.hpp"
#include "sim/trace.hpp"
#include "wire/payload.hpp"

namespace netsim::observe {

/// Which names a filter may use. A host of several addresses stands several times; a node without
/// an address (0.0.0.0) can only be used after "node".
using KnownNames = std::vector<std::pair<std::string, Ipv4>>;

class PacketFilter {
 public:
    /// Throws InputError with the column of the offending word and the nearest known one. Blank
    /// text matches everything. `store`: real payload, for tcp[20] and the like; else it is zeros.
    explicit PacketFilter(std::string_view text, const KnownNames& names = {},
                          const wire::ByteStore* store = nullptr);

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
        kIp,
        kProtocol,
        kFlag,
        kData,
        kDrop,
        kNode,
        kNumber,    // pushes `value`
        kLength,    // pushes the packet's
        kOctets,    // pops an index, pushes the number there: `protocol`[index:size]
        kOperator,  // pops two, pushes one
        kCompare,   // pops two, and is a condition
    };

    enum class Side : std::uint8_t { kEither, kSource, kDestination, kBoth };

    /// One step of the expression in postfix order.
    struct Step {
        Test test = Test::kAnd;
        Side side = Side::kEither;
        std::uint8_t protocol = 0;     // 0: any; kOctets: 0 is ip
        char symbol = 0;               // operators: + - * / % & | ^ { } ; comparisons: = ! < > l g
        std::uint16_t number = 0;      // port (the lowest), flag, or size
        std::uint16_t number_max = 0;  // port
        std::uint32_t value = 0;
        std::vector<Ipv4> addresses{};  // of a host
        Prefix prefix{};
        std::string name{};
    };

 private:
    std::vector<Step> steps_;
    const wire::ByteStore* store_;
};

}  // namespace netsim::observe
