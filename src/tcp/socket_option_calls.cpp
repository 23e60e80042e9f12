// setsockopt(2) and getsockopt(2): names, ranges and rounding as Linux has them.
#include <algorithm>
#include <array>

#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/fastopen_options.hpp"
#include "tcp/fastopen_passive.hpp"
#include "tcp/input.hpp"
#include "tcp/output.hpp"
#include "tcp/pacing.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/sockets.hpp"
#include "tcp/stack.hpp"

namespace netsim {

std::string_view to_string(SocketOption option) {
    static constexpr auto kNames = std::to_array<std::string_view>({"SO_REUSEADDR",
                                                                    "SO_REUSEPORT",
                                                                    "SO_KEEPALIVE",
                                                                    "SO_LINGER",
                                                                    "SO_RCVBUF",
                                                                    "SO_SNDBUF",
                                                                    "SO_RCVLOWAT",
                                                                    "SO_MAX_PACING_RATE",
                                                                    "SO_ERROR",
                                                                    "TCP_NODELAY",
                                                                    "TCP_CORK",
                                                                    "TCP_MAXSEG",
                                                                    "TCP_KEEPIDLE",
                                                                    "TCP_KEEPINTVL",
                                                                    "TCP_KEEPCNT",
                                                                    "TCP_SYNCNT",
                                                                    "TCP_LINGER2",
                                                                    "TCP_DEFER_ACCEPT",
                                                                    "TCP_QUICKACK",
                                                                    "TCP_USER_TIMEOUT",
                                                                    "TCP_WINDOW_CLAMP",
                                                                    "IP_BIND_ADDRESS_NO_PORT",
                                                                    "IP_LOCAL_PORT_RANGE",
                                                                    "TCP_INQ",
                                                                    "SO_OOBINLINE",
                                                                    "SO_ZEROCOPY",
                                                                    "SO_TIMESTAMPING",
                                                                    "IP_RECVERR",
                                                                    "IP_TOS",
                                                                    "IP_TTL",
                                                                    "IP_MTU_DISCOVER",
                                                                    "IP_FREEBIND",
                                                                    "SO_PRIORITY",
                                                                    "SO_MARK",
                                                                    "TCP_NOTSENT_LOWAT",
                                                                    "TCP_FASTOPEN",
                                                                    "TCP_FASTOPEN_CONNECT",
                                                                    "TCP_FASTOPEN_NO_COOKIE"});
    static_assert(kNames.size() == static_cast<std::size_t>(SocketOption::kCount));
    return kNames[static_cast<std::size_t>(option)];
}

}  // namespace netsim

namespace netsim::tcp {

namespace {

/// TCP_DEFER_ACCEPT's seconds as SYN-ACK retransmissions. Linux secs_to_retrans().
std::uint8_t seconds_to_retransmissions(std::int64_t seconds) {
    std::uint8_t count = 0;
    std::int64_t period = 1;
    for (std::int64_t covered = 0; covered < seconds && count < 255; covered += period) {
        if (count > 0) {
            period = std::min<std::int64_t>(period * 2, 120);
        }
        ++count;
    }
    return count;
}

std::int64_t retransmissions_to_seconds(std::uint8_t count) {
    std::int64_t total = 0;
    std::int64_t period = 1;
    for (std::uint8_t i = 0; i < count; ++i) {
        total += period;
        period = std::min<std::int64_t>(period * 2, 120);
    }
    return total;
}

bool in_range(std::int64_t value, std::int64_t low, std::int64_t high) {
    return value >= low && value <= high;
}

/// Either end may be 0, for the host's; else they must be in order.
bool port_range_is_sane(std::int64_t value) {
    const std::int64_t low = value & 0xffff;
    const std::int64_t high = value >> 16;
    return in_range(value, 0, 0xffffffff) && (low == 0 || high == 0 || low <= high);
}

/// The options that are plain values. False: out of range.
bool store(SocketOptions& opt, const Sysctl& sysctl, SocketOption option, std::int64_t value) {
    constexpr std::int64_t kIntMax = 2147483647;
    const auto u32 = [&] { return static_cast<std::uint32_t>(value); };
    switch (option) {
        case SocketOption::kSO_REUSEADDR:
            opt.reuse_addr = value != 0;
            return true;
        case SocketOption::kSO_REUSEPORT:
            opt.reuse_port = value != 0;
            return true;
        case SocketOption::kSO_KEEPALIVE:
            opt.keepalive = value != 0;
            return true;
        case SocketOption::kSO_LINGER:
            opt.linger = static_cast<std::int32_t>(std::clamp<std::int64_t>(value, -1, kIntMax));
            return true;
        case SocketOption::kSO_RCVBUF:
            opt.rcvbuf = static_cast<std::uint32_t>(std::max<std::int64_t>(
                2304, 2 * std::clamp<std::int64_t>(value, 0, sysctl.rmem_max)));
            return true;
        case SocketOption::kSO_SNDBUF:
            opt.sndbuf = static_cast<std::uint32_t>(std::max<std::int64_t>(
                4608, 2 * std::clamp<std::int64_t>(value, 0, sysctl.wmem_max)));
            return true;
        case SocketOption::kSO_RCVLOWAT:
            opt.rcvlowat = static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 1, kIntMax));
            return true;
        case SocketOption::kSO_MAX_PACING_RATE:
            opt.max_pacing_rate = static_cast<std::uint64_t>(value);  // -1: unlimited
            return value >= -1;
        case SocketOption::kTCP_NODELAY:
            opt.nodelay = value != 0;
            return true;
        case SocketOption::kTCP_CORK:
            opt.cork = value != 0;
            return true;
        case SocketOption::kTCP_MAXSEG:
            opt.maxseg = static_cast<std::uint16_t>(value & 0xffff);
            return value == 0 || in_range(value, 88, 32767);
        case SocketOption::kTCP_KEEPIDLE:
            opt.keepidle = static_cast<std::uint16_t>(value & 0xffff);
            return in_range(value, 1, 32767);
        case SocketOption::kTCP_KEEPINTVL:
            opt.keepintvl = static_cast<std::uint16_t>(value & 0xffff);
            return in_range(value, 1, 32767);
        case SocketOption::kTCP_KEEPCNT:
            opt.keepcnt = static_cast<std::uint8_t>(value & 0xff);
            return in_range(value, 1, 127);
        case SocketOption::kTCP_SYNCNT:
            opt.syncnt = static_cast<std::uint8_t>(value & 0xff);
            return in_range(value, 1, 127);
        case SocketOption::kTCP_LINGER2:
            opt.linger2 =
                value > 120 ? 120 : static_cast<std::int32_t>(std::max<std::int64_t>(value, -1));
            return true;
        case SocketOption::kTCP_DEFER_ACCEPT:
            opt.defer_accept = seconds_to_retransmissions(value);
            return true;
        case SocketOption::kTCP_USER_TIMEOUT:
            opt.user_timeout_ms = u32();
            return in_range(value, 0, kIntMax);
        case SocketOption::kTCP_WINDOW_CLAMP:
            opt.window_clamp = value == 0 ? 0 : std::max(u32(), 1152U);
            return in_range(value, 0, kIntMax);
        case SocketOption::kIP_BIND_ADDRESS_NO_PORT:
            opt.bind_address_no_port = value != 0;
            return true;
        case SocketOption::kIP_LOCAL_PORT_RANGE:
            opt.local_port_range = u32();
            return port_range_is_sane(value);
        case SocketOption::kTCP_INQ:
            opt.inq = value != 0;
            return in_range(value, 0, 1);
        case SocketOption::kSO_OOBINLINE:
            opt.oob_inline = value != 0;
            return true;
        case SocketOption::kSO_ZEROCOPY:
            opt.zerocopy = value != 0;
            return in_range(value, 0, 1);
        case SocketOption::kIP_RECVERR:
            opt.recverr = value != 0;
            return true;
        case SocketOption::kIP_TOS:
            opt.tos = static_cast<std::uint8_t>(value & 0xfc);  // TCP's ECN keeps its two bits
            return true;
        case SocketOption::kIP_TTL:
            opt.ttl = static_cast<std::uint8_t>(value == -1 ? 0 : value & 0xff);
            return value == -1 || in_range(value, 1, 255);
        case SocketOption::kIP_MTU_DISCOVER:
            opt.mtu_discover = static_cast<std::uint8_t>(value & 0xff);
            return in_range(value, 0, 5);
        case SocketOption::kIP_FREEBIND:
            opt.freebind = value != 0;
            return true;
        case SocketOption::kSO_PRIORITY:
            opt.priority = static_cast<std::uint8_t>(value & 0xff);
            return in_range(value, 0, 6);
        case SocketOption::kSO_MARK:
            opt.mark = u32();
            return in_range(value, 0, 0xffffffff);
        case SocketOption::kTCP_NOTSENT_LOWAT:
            opt.notsent_lowat = u32();
            return in_range(value, 0, 0xffffffff);
        case SocketOption::kTCP_FASTOPEN:
            opt.fastopen = static_cast<std::uint32_t>(std::min(value, sysctl.somaxconn));
            return in_range(value, 0, kIntMax);
        case SocketOption::kTCP_FASTOPEN_CONNECT:
            opt.fastopen_connect = value != 0;
            return in_range(value, 0, 1);
        case SocketOption::kTCP_FASTOPEN_NO_COOKIE:
            opt.fastopen_no_cookie = value != 0;
            return in_range(value, 0, 1);
        case SocketOption::kSO_TIMESTAMPING:
        case SocketOption::kTCP_QUICKACK:
        case SocketOption::kSO_ERROR:
        case SocketOption::kCount:
            return false;
    }
    return false;
}

Result<std::int64_t> load(const SocketOptions& opt, const Sysctl& sysctl, SocketOption option) {
    switch (option) {
        case SocketOption::kSO_REUSEADDR:
            return opt.reuse_addr ? 1 : 0;
        case SocketOption::kSO_REUSEPORT:
            return opt.reuse_port ? 1 : 0;
        case SocketOption::kSO_KEEPALIVE:
            return opt.keepalive ? 1 : 0;
        case SocketOption::kSO_LINGER:
            return opt.linger;
        case SocketOption::kSO_RCVBUF:
            return opt.rcvbuf != 0 ? std::int64_t{opt.rcvbuf} : sysctl.tcp_rmem[1];
        case SocketOption::kSO_SNDBUF:
            return opt.sndbuf != 0 ? std::int64_t{opt.sndbuf} : sysctl.tcp_wmem[1];
        case SocketOption::kSO_RCVLOWAT:
            return opt.rcvlowat;
        case SocketOption::kSO_MAX_PACING_RATE:
            return static_cast<std::int64_t>(opt.max_pacing_rate);
        case SocketOption::kTCP_NODELAY:
            return opt.nodelay ? 1 : 0;
        case SocketOption::kTCP_CORK:
            return opt.cork ? 1 : 0;
        case SocketOption::kTCP_MAXSEG:
            return opt.maxseg != 0 ? opt.maxseg : 536;
        case SocketOption::kTCP_KEEPIDLE:
            return opt.keepidle != 0 ? opt.keepidle : sysctl.tcp_keepalive_time;
        case SocketOption::kTCP_KEEPINTVL:
            return opt.keepintvl != 0 ? opt.keepintvl : sysctl.tcp_keepalive_intvl;
        case SocketOption::kTCP_KEEPCNT:
            return opt.keepcnt != 0 ? opt.keepcnt : sysctl.tcp_keepalive_probes;
        case SocketOption::kTCP_SYNCNT:
            return opt.syncnt != 0 ? opt.syncnt : sysctl.tcp_syn_retries;
        case SocketOption::kTCP_LINGER2:
            return opt.linger2 != 0 ? std::int64_t{opt.linger2} : sysctl.tcp_fin_timeout;
        case SocketOption::kTCP_DEFER_ACCEPT:
            return retransmissions_to_seconds(opt.defer_accept);
        case SocketOption::kTCP_USER_TIMEOUT:
            return opt.user_timeout_ms;
        case SocketOption::kTCP_WINDOW_CLAMP:
            return opt.window_clamp;
        case SocketOption::kIP_BIND_ADDRESS_NO_PORT:
            return opt.bind_address_no_port ? 1 : 0;
        case SocketOption::kIP_LOCAL_PORT_RANGE:
            return opt.local_port_range;
        case SocketOption::kTCP_INQ:
            return opt.inq ? 1 : 0;
        case SocketOption::kSO_OOBINLINE:
            return opt.oob_inline ? 1 : 0;
        case SocketOption::kSO_ZEROCOPY:
            return opt.zerocopy ? 1 : 0;
        case SocketOption::kSO_TIMESTAMPING:
            return opt.timestamping;
        case SocketOption::kIP_RECVERR:
            return opt.recverr ? 1 : 0;
        case SocketOption::kIP_TOS:
            return opt.tos;
        case SocketOption::kIP_TTL:
            return opt.ttl != 0 ? opt.ttl : sysctl.ip_default_ttl;
        case SocketOption::kIP_MTU_DISCOVER:
            return opt.mtu_discover;
        case SocketOption::kIP_FREEBIND:
            return opt.freebind ? 1 : 0;
        case SocketOption::kSO_PRIORITY:
            return opt.priority;
        case SocketOption::kSO_MARK:
            return opt.mark;
        case SocketOption::kTCP_NOTSENT_LOWAT:
            return opt.notsent_lowat;
        case SocketOption::kTCP_FASTOPEN:
            return opt.fastopen;
        case SocketOption::kTCP_FASTOPEN_CONNECT:
            return opt.fastopen_connect ? 1 : 0;
        case SocketOption::kTCP_FASTOPEN_NO_COOKIE:
            return opt.fastopen_no_cookie ? 1 : 0;
        case SocketOption::kTCP_QUICKACK:
        case SocketOption::kSO_ERROR:
        case SocketOption::kCount:
            break;
    }
    return fail(Errno::kENOPROTOOPT);
}

/// What an option does at once to a live connection.
void apply(Context& cx, Connection& c, SocketOption option, std::int64_t value) {
    switch (option) {
        case SocketOption::kSO_KEEPALIVE:
            if (value != 0 && c.synchronized()) {
                arm_keepalive(cx, c);
            } else if (value == 0) {
                c.deadlines.clear(Timer::kKeepalive);
            }
            break;
        case SocketOption::kTCP_KEEPIDLE:
            if (c.opt->keepalive && c.synchronized()) {
                arm_keepalive(cx, c);
            }
            break;
        case SocketOption::kTCP_NODELAY:
            if (value != 0) {  // what was held back goes, even corked
                c.nagle_push = true;
                push_pending(cx, c);
            }
            break;
        case SocketOption::kTCP_CORK:
            if (value == 0) {
                c.nagle_push = c.nagle_push || c.opt->nodelay;
                push_pending(cx, c);
            }
            break;
        case SocketOption::kSO_MAX_PACING_RATE:
            limit_pacing(c);
            break;
        case SocketOption::kSO_RCVBUF:
            if (c.synchronized()) {
                c.rcvbuf = c.opt->rcvbuf;
            }
            break;
        case SocketOption::kSO_SNDBUF:
            if (c.synchronized()) {
                c.sndbuf = c.opt->sndbuf;
                write_space(cx, c);
            }
            break;
        case SocketOption::kTCP_NOTSENT_LOWAT:
            if (c.synchronized()) {
                write_space(cx, c);
            }
            break;
        case SocketOption::kTCP_WINDOW_CLAMP:
            if (c.synchronized() && c.opt->window_clamp != 0) {
                set_window_clamp(c, c.opt->window_clamp);
            }
            break;
        case SocketOption::kTCP_QUICKACK:
            set_quickack(cx, c, value);
            break;
        default:
            break;
    }
}

}  // namespace

Result<void> Stack::set_option(SocketId socket, SocketOption option, std::int64_t value, Time now,
                               Outbox& out) {
    StackState& s = *state_;
    Connection* c = find_connection(s, socket);
    Listener* listener = find_any_listener(s, socket);
    if (c == nullptr && listener == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (option == SocketOption::kSO_ERROR || option == SocketOption::kCount) {
        return fail(Errno::kENOPROTOOPT);
    }
    if (const Errno refused = refuse_fast_open_option(s, c, option); refused != Errno::kOk) {
        return fail(refused);
    }
    SharedOptions& shared = c != nullptr ? c->opt : listener->opt;
    if (option == SocketOption::kSO_TIMESTAMPING) {
        return c != nullptr ? set_timestamping(*c, static_cast<std::uint32_t>(value))
                            : Result<void>(fail(Errno::kEINVAL));
    }
    if (option != SocketOption::kTCP_QUICKACK) {
        SocketOptions changed = *shared;
        if (!store(changed, s.sysctl, option, value)) {
            return fail(Errno::kEINVAL);
        }
        shared.edit() = changed;
    }
    const SocketOptions& opt = *shared;
    if (option == SocketOption::kTCP_FASTOPEN) {
        draw_fast_open_key(s);
        if (listener != nullptr) {
            listener->fast_open.most = opt.fastopen;
        }
    }
    for (BoundPort& b : s.bound) {
        if (b.socket == socket) {
            b.reuse_addr = opt.reuse_addr;
            b.reuse_port = opt.reuse_port;
        }
    }
    if (c != nullptr) {
        Context cx{s, now, out};
        apply(cx, *c, option, value);
    }
    return {};
}

Result<std::int64_t> Stack::get_option(SocketId socket, SocketOption option) {
    StackState& s = *state_;
    Connection* c = find_connection(s, socket);
    const Listener* listener = find_any_listener(s, socket);
    if (c == nullptr && listener == nullptr) {
        return fail(Errno::kEBADF);
    }
    if (option == SocketOption::kSO_ERROR) {
        return c == nullptr ? 0 : static_cast<std::int64_t>(std::exchange(c->error, Errno::kOk));
    }
    if (c != nullptr && c->state != State::kClosed) {
        if (option == SocketOption::kTCP_MAXSEG) {
            return c->snd_mss;
        }
        if (option == SocketOption::kSO_RCVBUF && c->rcvbuf != 0) {
            return c->rcvbuf;
        }
        if (option == SocketOption::kSO_SNDBUF && c->sndbuf != 0) {
            return c->sndbuf;
        }
        if (option == SocketOption::kTCP_WINDOW_CLAMP) {
            return c->window_clamp;
        }
        if (option == SocketOption::kTCP_QUICKACK) {
            return c->ack.pingpong < s.sysctl.tcp_pingpong_thresh ? 1 : 0;
        }
    }
    if (listener != nullptr && option == SocketOption::kTCP_FASTOPEN) {
        return listener->fast_open.most;  // bit 0x400 sets it as well
    }
    return load(c != nullptr ? *c->opt : *listener->opt, s.sysctl, option);
}

}  // namespace netsim::tcp
