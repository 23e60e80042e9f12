// What a few connections keep of their path's MTU: what the search for it has found (RFC 4821;
// Linux icsk_mtup), and until when a router's word counts (RFC 1191). Data only; path_mtu acts on
// it.
#pragma once

#include <cstdint>

#include "netsim/time.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

/// All sizes are of IP packets, in octets.
struct MtuSearch {
    bool enabled = false;           // packets larger than search_low are tried
    std::uint32_t search_high = 0;  // the most the path could take
    std::uint32_t search_low = 0;   // the most it is known to take; limits the MSS
    std::uint32_t probe_size = 0;   // of the probe in flight; 0: none
    wire::SeqRange probe;           // what that carries
    Time begun_at{};                // when this search began (probe_timestamp)
    Time mtu_until = kNever;        // when Connection::path_mtu is asked for again (dst.expires)
};

}  // namespace netsim::tcp
