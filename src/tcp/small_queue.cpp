// How much a connection has in its host's link.
#include "tcp/small_queue.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/autocork.hpp"
#include "tcp/skb.hpp"
#include "tcp/tso.hpp"

namespace netsim::tcp {

namespace {

/// DIVERGES: what the link will have sent in so short a time counts as sent. Nobody sees that wait
/// (devices tell of what they have sent no sooner), and on fast links a timer for every few packets
/// would cost as much as they do.
constexpr Duration kCompletion = std::chrono::microseconds(20);

/// Linux tcp_small_queue_check(). The sysctl is for those that nothing paces.
std::uint64_t small_queue_limit(const Context& cx, const Connection& c, std::uint32_t length,
                                unsigned shift) {
    std::uint64_t limit = std::max<std::uint64_t>(2 * (std::uint64_t{length} + kSkbTruesize),
                                                  c.pacing_rate >> kPacingShift);
    if (!c.paced) {
        limit = std::min(limit, static_cast<std::uint64_t>(cx.s.sysctl.tcp_limit_output_bytes));
    }
    return limit << shift;
}

/// No more than this can be in the link, whatever it sends how fast: what has not been
/// acknowledged.
std::uint64_t memory_in_flight(const Connection& c) {
    const Sending& tx = c.sending();
    const std::uint64_t copies = tx.retrans_out;
    return tx.sent_bytes + copies * c.snd_mss + (tx.sent.size() + copies) * kSkbTruesize;
}

}  // namespace

bool small_queue_holds(Context& cx, Connection& c, std::uint32_t length, unsigned shift) {
    const std::uint64_t limit = small_queue_limit(cx, c, length, shift);
    // With at most one skb in flight the next one goes: a completion may be late.
    if (c.sending().sent_skbs <= 1 || memory_in_flight(c) <= limit) {
        return false;
    }
    const InLink waiting = in_link(cx.s.paths, c, cx.out.packets, limit);
    if (waiting.within_at == kNever || waiting.within_at - cx.now < kCompletion) {
        return false;
    }
    c.tsq_throttled = true;
    if (waiting.within_at < c.deadlines.get(Timer::kPacing)) {
        arm_exactly(cx, c, Timer::kPacing, waiting.within_at);
    }
    return true;
}

}  // namespace netsim::tcp
