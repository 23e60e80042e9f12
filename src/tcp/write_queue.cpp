// What was written, as chunks that segments are cut from.
#include "tcp/write_queue.hpp"

#include <algorithm>

namespace netsim::tcp {

void append_written(Connection& c, const wire::PayloadRef& payload) {
    if (!c.unsent.empty() && !c.unsent.back().sealed &&
        c.unsent.back().payload.continued_by(payload)) {
        c.unsent.back().payload.length += payload.length;
        c.unsent.back().push = false;
    } else {
        c.nagle_push = false;  // tcp_skb_entail()
        c.unsent.push_back({payload, false, false, false});
    }
}

void append_pieces(Connection& c, const wire::PayloadRef& payload,
                   std::span<const std::uint32_t> pieces) {
    constexpr std::uint32_t kFragments = 17;
    constexpr std::uint32_t kPage = 4096;
    std::uint32_t at = 0;
    std::uint32_t used = 0;
    for (std::size_t i = 0; at < payload.length; ++i) {
        const std::uint32_t left = payload.length - at;
        const std::uint32_t piece = i < pieces.size() ? std::min(pieces[i], left) : left;
        const std::uint32_t pages = (piece + kPage - 1) / kPage;
        if (used > 0 && used + pages > kFragments) {
            c.unsent.back().push = true;
            c.unsent.back().sealed = true;
            used = 0;
        }
        if (piece > 0) {
            append_written(c, payload.slice(at, piece));
        }
        used += pages;
        at += piece;
    }
}

}  // namespace netsim::tcp
