// What was written, as chunks that segments are cut from.
#include "tcp/write_queue.hpp"

#include <algorithm>

#include "tcp/send_buffer.hpp"
#include "tcp/skb.hpp"

namespace netsim::tcp {

namespace {

/// To the last chunk if it may grow, else a new one. False: no room for that.
bool append_written(Connection& c, const Sysctl& sysctl, const wire::PayloadRef& payload) {
    Sending& tx = c.edit_sending();
    if (!tx.unsent.empty() && !tx.unsent.back().sealed &&
        tx.unsent.back().payload.continued_by(payload)) {
        tx.unsent.back().payload.length += payload.length;
        tx.unsent.back().push = false;
    } else if (memory_free(c, sysctl)) {
        entail(c, payload);
    } else {
        return false;
    }
    tx.unsent_bytes += payload.length;
    c.write_seq += payload.length;
    return true;
}

}  // namespace

void entail(Connection& c, const wire::PayloadRef& payload) {
    c.nagle_push = false;
    c.edit_sending().unsent.push_back({payload, false, false, false});
}

std::uint32_t append_pieces(Connection& c, const Sysctl& sysctl, const wire::PayloadRef& payload,
                            std::span<const std::uint32_t> pieces) {
    constexpr std::uint32_t kFragments = 17;
    std::uint32_t at = 0;
    std::uint32_t used = 0;
    for (std::size_t i = 0; at < payload.length; ++i) {
        const std::uint32_t left = payload.length - at;
        const std::uint32_t piece = i < pieces.size() ? std::min(pieces[i], left) : left;
        const std::uint32_t pages = (piece + kPage - 1) / kPage;
        if (used > 0 && used + pages > kFragments) {
            c.edit_sending().unsent.back().push = true;
            c.edit_sending().unsent.back().sealed = true;
            used = 0;
        }
        if (piece > 0 && !append_written(c, sysctl, payload.slice(at, piece))) {
            break;
        }
        used += pages;
        at += piece;
    }
    return at;
}

}  // namespace netsim::tcp
