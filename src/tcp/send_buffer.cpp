// When the application may write.
#include "tcp/send_buffer.hpp"

#include <algorithm>
#include <bit>

#include "tcp/skb.hpp"

namespace netsim::tcp {
namespace {

constexpr std::uint32_t kHeaderMost = 320;  // MAX_TCP_HEADER

std::uint64_t notsent_limit(const Connection& c, const Sysctl& sysctl) {
    return c.opt->notsent_lowat != 0 ? c.opt->notsent_lowat
                                     : static_cast<std::uint64_t>(sysctl.tcp_notsent_lowat);
}

std::uint64_t queued(const Connection& c) {
    return std::uint64_t{c.unsent_bytes} + c.sent_bytes;
}

}  // namespace

bool memory_free(const Connection& c, const Sysctl& sysctl) {
    return queued(c) < c.sndbuf && c.unsent_bytes < notsent_limit(c, sysctl);
}

bool writable(const Connection& c, const Sysctl& sysctl) {
    const std::uint64_t used = queued(c);
    return used < c.sndbuf && c.sndbuf - used >= used / 2 &&
           (std::uint64_t{c.unsent_bytes} << 1U) < notsent_limit(c, sysctl);
}

std::uint32_t wanted_send_buffer(const Connection& c) {
    const std::uint32_t mss = std::max<std::uint32_t>(c.options.mss, c.snd_mss);
    const std::uint32_t per_segment = std::bit_ceil(mss + kHeaderMost + kSharedInfo) + kSkb;
    return c.cc.algorithm->windows_buffered() * std::max(c.cc.cwnd, kInitialCwnd) * per_segment;
}

}  // namespace netsim::tcp
