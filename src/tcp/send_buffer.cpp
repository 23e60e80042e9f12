// When the application may write.
#include "tcp/send_buffer.hpp"

#include <algorithm>
#include <bit>

#include "tcp/actions.hpp"
#include "tcp/skb.hpp"
#include "tcp/write_queue.hpp"

namespace netsim::tcp {
namespace {

std::uint64_t notsent_limit(const Connection& c, const Sysctl& sysctl) {
    return c.opt->notsent_lowat != 0 ? c.opt->notsent_lowat
                                     : static_cast<std::uint64_t>(sysctl.tcp_notsent_lowat);
}

/// Linux tcp_should_expand_sndbuf(): not what the application chose, nor where cwnd is full anyway.
bool should_grow(const Connection& c) {
    return c.opt->sndbuf == 0 && c.packets_in_flight() < c.sending().cc.cwnd;
}

}  // namespace

std::uint32_t wmem_queued(const Connection& c) {
    const Sending& tx = c.sending();
    const bool syn = c.state == State::kSynSent && !c.connect_deferred();
    const bool bare_fin = fin_waits(c) && tx.unsent.empty();
    const std::uint32_t skbs =
        tx.unsent.size() + tx.sent_skbs + (syn ? 1U : 0U) + (bare_fin ? 1U : 0U);
    return tx.unsent_bytes + tx.sent_bytes + skbs * kSkbTruesize;
}

bool memory_free(const Connection& c, const Sysctl& sysctl) {
    return wmem_queued(c) < c.sndbuf && c.sending().unsent_bytes < notsent_limit(c, sysctl);
}

bool writable(const Connection& c, const Sysctl& sysctl) {
    const std::uint32_t used = wmem_queued(c);
    return used < c.sndbuf && c.sndbuf - used >= used / 2 &&
           (std::uint64_t{c.sending().unsent_bytes} << 1U) < notsent_limit(c, sysctl);
}

void expand_send_buffer(Connection& c, const Sysctl& sysctl) {
    const std::uint32_t mss = std::max<std::uint32_t>(c.options.mss, c.snd_mss);
    const std::uint32_t per_segment = std::bit_ceil(mss + kMaxTcpHeader + kSharedInfo) + kSkb;
    const std::uint32_t segments =
        std::max({c.sending().cc.cwnd, kInitialCwnd, std::uint32_t{c.reordering} + 1});
    const std::uint64_t wanted =
        std::uint64_t{c.algorithm().windows_buffered()} * segments * per_segment;
    if (c.sndbuf < wanted) {
        const auto most = static_cast<std::uint64_t>(sysctl.tcp_wmem[2]);
        c.sndbuf = static_cast<std::uint32_t>(std::min(wanted, most));
    }
}

void check_space(Context& cx, Connection& c) {
    if (!c.out_event_wanted) {
        return;
    }
    if (should_grow(c)) {
        expand_send_buffer(c, cx.s.sysctl);
        c.edit_sending().cc.full_at = cx.now;
    }
    write_space(cx, c);
}

void write_space(Context& cx, Connection& c) {
    if (!writable(c, cx.s.sysctl)) {
        return;
    }
    c.out_event_wanted = false;
    update_chrono(c, cx.now);
    notify(cx, c, poll::kOut);
}

}  // namespace netsim::tcp
