// What a seed's links and hosts suffer from: some kinds of fault off, others extreme.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "netsim/link.hpp"
#include "swarm/dice.hpp"

namespace netsim::swarm {

/// How strong each kind is with this seed; 0: it does not occur.
struct FaultMix {
    double loss = 0;
    bool bursts = false;
    double duplicate = 0;
    double corrupt = 0;
    double reorder = 0;
    double jitter = 0;       // as a share of the delay
    double link_down = 0;    // chance per link
    double small_queue = 0;  // chance per direction
    double small_mtu = 0;    // chance per link
    double sysctl = 0;       // chance per sysctl and host
};

FaultMix draw_mix(Dice& dice);

/// A direction without faults: rate, delay, queue.
LinkOptions draw_wire(Dice& dice, const FaultMix& mix);

/// The same with faults.
LinkOptions impaired(Dice& dice, const FaultMix& mix, LinkOptions wire);

/// A sysctl and a value for it; often an extreme one.
std::pair<std::string, std::string> draw_sysctl(Dice& dice);
std::size_t sysctl_choices();

}  // namespace netsim::swarm
