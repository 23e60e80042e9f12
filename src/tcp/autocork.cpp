// When a write waits for the link.
#include "tcp/autocork.hpp"

#include "tcp/actions.hpp"
#include "tcp/output.hpp"
#include "tcp/skb.hpp"
#include "tcp/tso.hpp"

namespace netsim::tcp {

TxQueue Paths::tx_queue(const FourTuple& /*connection*/, std::span<const wire::Packet> /*next*/,
                        const TxLimit& /*limit*/) const {
    return {};
}

InLink in_link(const Paths& paths, const Connection& c, std::span<const wire::Packet> next,
               std::uint64_t limit) {
    const TxQueue queue = paths.tx_queue(c.tuple, next, {limit, kSkbTruesize});
    return {queue.payload + queue.packets * kSkbTruesize, queue.first_done, queue.within_at};
}

bool autocork(Context& cx, Connection& c) {
    if (cx.s.sysctl.tcp_autocorking == 0 || c.sending().sent.empty() ||
        c.sending().unsent.empty()) {
        return false;
    }
    const UnsentChunk& tail = c.sending().unsent.back();
    if (tail.sealed || tail.payload.length >= size_goal(c, current_mss(c))) {
        return false;
    }
    const InLink waiting = in_link(cx.s.paths, c, cx.out.packets);
    if (waiting.memory <= tail.payload.length + kSkbTruesize) {
        return false;
    }
    if (!c.tsq_throttled) {
        c.tsq_throttled = true;
        cx.s.mib.add(Mib::kTcpExtTCPAutoCorking);
    }
    if (waiting.first_done < c.deadlines.get(Timer::kPacing)) {
        arm_exactly(cx, c, Timer::kPacing, waiting.first_done);
    }
    return true;
}

}  // namespace netsim::tcp
