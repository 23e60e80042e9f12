// Advertised windows.
#include "tcp/receive_window.hpp"

#include <algorithm>

#include "tcp/receive_buffer.hpp"

namespace netsim::tcp {

namespace {

/// To what the field can say, a multiple of 2^scale.
std::uint32_t round_down(std::uint32_t value, unsigned scale) {
    return value >> scale << scale;
}

std::uint32_t round_up(std::uint32_t value, unsigned scale) {
    return round_down(value + (1U << scale) - 1, scale);
}

bool may_shrink(const Context& cx, const Connection& c) {
    return cx.s.sysctl.tcp_shrink_window != 0 && c.options.rcv_wscale != 0;
}

}  // namespace

std::uint32_t window_available(const Context& cx, Connection& c) {
    const unsigned scale = c.options.rcv_wscale;
    const std::uint32_t whole = window_from_space(c, c.rcvbuf);
    const std::uint32_t full = std::min(c.window_clamp, whole);
    const std::uint32_t mss = std::min<std::uint32_t>(c.ack.rcv_mss, full);
    const bool shrink = may_shrink(cx, c);
    std::uint32_t free = free_window(cx.s, c);
    if (full == 0) {
        return 0;
    }
    if (shrink) {
        free = round_down(free, scale);
    }
    if (free < full / 2) {
        c.ack.quick = 0;
        free = round_down(free, scale);
        // RFC 9293 §3.8.6.2.2: rather none than a silly one, and in time, before packets find no
        // memory.
        if (free < whole / 16 || free < mss || (shrink && free < 1U << scale)) {
            return 0;
        }
    }
    if (free > c.rcv_ssthresh) {
        free = shrink ? round_up(c.rcv_ssthresh, scale) : c.rcv_ssthresh;
    }
    if (shrink) {
        return free;
    }
    if (scale != 0) {
        return round_up(free, scale);
    }
    std::uint32_t window = c.rcv_wnd;
    if (window + mss <= free || window > free) {
        window = mss > 0 ? free / mss * mss : free;
    } else if (mss == full && free > window + full / 2) {
        window = free;
    }
    return window;
}

std::uint16_t select_window(Context& cx, Connection& c) {
    if (c.ack.no_memory) {
        c.predicted = false;
        c.rcv_wnd = 0;
        c.rcv_wup = c.rcv_nxt;
        return 0;
    }
    const std::uint32_t current = c.receive_window();
    std::uint32_t window = window_available(cx, c);
    if (window < current && !may_shrink(cx, c)) {  // never shrink (RFC 9293 §3.8.6)
        if (window == 0) {
            cx.s.mib.add(Mib::kTcpExtTCPWantZeroWindowAdv);
        }
        window = round_up(current, c.options.rcv_wscale);
    }
    const std::uint32_t old = std::exchange(c.rcv_wnd, window);
    c.rcv_wup = c.rcv_nxt;
    const std::uint32_t most = 65535U << c.options.rcv_wscale;
    const auto field = static_cast<std::uint16_t>(std::min(window, most) >> c.options.rcv_wscale);
    if (field == 0) {
        c.predicted = false;
        if (old != 0) {
            cx.s.mib.add(Mib::kTcpExtTCPToZeroWindowAdv);
        }
    } else if (old == 0) {
        cx.s.mib.add(Mib::kTcpExtTCPFromZeroWindowAdv);
    }
    return field;
}

}  // namespace netsim::tcp
