// The write queue's chunks: which bytes may share a segment. Linux tcp_sendmsg_locked().
#pragma once

#include <cstdint>
#include <span>

#include "tcp/connection.hpp"
#include "tcp/sysctl.hpp"

namespace netsim::tcp {

/// A FIN that has not left waits behind the data.
inline bool fin_waits(const Connection& c) {
    return c.fin_queued && !c.fin_sent;
}

inline bool anything_unsent(const Connection& c) {
    return !c.sending().unsent.empty() || fin_waits(c);
}

/// A new chunk at the end. Linux tcp_skb_entail().
void entail(Connection& c, const wire::PayloadRef& payload);
/// Each piece of memory is a fragment of its own, and an skb has 17 (MAX_SKB_FRAGS): one that is
/// full ends with PSH. How much was taken: no skb begins without room. Linux
/// skb_zerocopy_iter_stream().
std::uint32_t append_pieces(Connection& c, const Sysctl& sysctl, const wire::PayloadRef& payload,
                            std::span<const std::uint32_t> pieces);

}  // namespace netsim::tcp
