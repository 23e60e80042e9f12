// Automatic corking: while data of a connection still waits in its host's link, a segment that is
// not full waits with it for more, until the first of that data has left. Linux
// tcp_should_autocork(), TSQ_THROTTLED, sysctl tcp_autocorking.
#pragma once

#include <span>

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// sk_wmem_alloc: the memory of data handed to the link and not sent, each packet in an skb of its
/// own, as a device without TSO has it; what stands in `next` counts as handed over.
struct InLink {
    std::uint32_t memory = 0;
    Time first_done = kNever;
    Time within_at = kNever;  // when it will be `limit` or less; kNever: it is
};

InLink in_link(const Paths& paths, const Connection& c, std::span<const wire::Packet> next,
               std::uint64_t limit = ~std::uint64_t{0});

/// Holds the end of the write queue back, if more may join it. True: it waits for a TX completion,
/// which does as the pacing timer does (both are tcp_tsq_handler()).
bool autocork(Context& cx, Connection& c);

}  // namespace netsim::tcp
