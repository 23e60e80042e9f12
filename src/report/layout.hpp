// Where nodes are drawn: the same places on every machine. Geographic where coordinates are known,
// else linked nodes pull and all push.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wire/packet.hpp"

namespace netsim::report {

struct Spot {
    double x = 0;  // 0 to 1, y downwards
    double y = 0;
    bool geographic = false;
};

/// `places`: latitude and longitude, where known. `edges`: indices of nodes.
std::vector<Spot> lay_out(const std::vector<std::optional<std::pair<double, double>>>& places,
                          const std::vector<std::pair<std::size_t, std::size_t>>& edges);

/// What a packet on a link is called: tcpdump's flags, "ICMP", "UDP".
std::string hop_word(const wire::Packet& packet);

}  // namespace netsim::report
