// Local ports.
#include "tcp/ports.hpp"

#include <algorithm>
#include <bitset>

#include "tcp/actions.hpp"

namespace netsim::tcp {

namespace {

bool addresses_meet(Ipv4 a, Ipv4 b) {
    return a.is_any() || b.is_any() || a == b;
}

/// What bind(2) compares: the flags of one owner of a port.
struct Owner {
    bool reuse_addr = false;
    bool reuse_port = false;
    bool listening = false;
};

/// How strictly bind(2) looks. A port named by the application is shared with SO_REUSEADDR and
/// SO_REUSEPORT; one the kernel chooses is not, unless ip_autobind_reuse lets a last try.
struct Strictness {
    bool share_addr = true;
    bool share_port = true;
};

/// Linux inet_bind_conflict(), all sockets being one user's.
bool conflict(const Owner& mine, const Owner& other, const Strictness& strict) {
    const bool both_port = mine.reuse_port && other.reuse_port;
    if (mine.reuse_addr && other.reuse_addr && !other.listening) {
        return !strict.share_addr || (!strict.share_port && both_port);
    }
    return !strict.share_port || !both_port;
}

/// Calls `visit` with the port, address and flags of each owner of a port but `self`. Walks all
/// records: bind() is rare, connections are many.
template <typename Visit>
void for_each_owner(const StackState& s, SocketId self, const Visit& visit) {
    for (const BoundPort& b : s.bound) {
        if (b.socket != self) {
            visit(b.local, Owner{b.reuse_addr, b.reuse_port, b.listening});
        }
    }
    for (std::uint32_t i = 0; i < s.connections.end_index(); ++i) {
        if (s.connections.live(i)) {
            const Connection& c = s.connections.at(i);
            const bool in_bound = c.bound_port && c.socket;
            if (c.in_table && !in_bound) {
                visit(c.tuple.local_endpoint(), Owner{c.opt->reuse_addr, c.opt->reuse_port, false});
            }
        }
    }
    for (std::uint32_t i = 0; i < s.time_waits.end_index(); ++i) {
        if (s.time_waits.live(i)) {
            const TimeWait& tw = s.time_waits.at(i);
            visit(tw.tuple.local_endpoint(), Owner{tw.reuse_addr, tw.reuse_port, false});
        }
    }
}

using PortSet = std::bitset<65536>;

/// The ports on which a socket at `address` would meet a conflicting owner.
PortSet ports_in_conflict(const StackState& s, SocketId self, Ipv4 address,
                          const SocketOptions& opt, const Strictness& strict) {
    PortSet taken;
    for_each_owner(s, self, [&](Endpoint local, const Owner& other) {
        if (addresses_meet(local.address, address) &&
            conflict({opt.reuse_addr, opt.reuse_port, false}, other, strict)) {
            taken.set(local.port);
        }
    });
    return taken;
}

struct Range {
    std::uint32_t low = 0;
    std::uint32_t end = 0;  // one past the last port
    bool own = false;       // the socket's IP_LOCAL_PORT_RANGE

    std::uint32_t size() const { return end - low; }

    /// Linux looks at an even number of ports: the last one of an odd range is never chosen.
    std::uint32_t even_size() const { return size() > 1 ? size() & ~1U : size(); }
};

/// Linux inet_sk_get_local_port_range(): each end of the socket's own range counts where it lies
/// within the host's.
Range port_range(const StackState& s, const SocketOptions& opt) {
    auto low = static_cast<std::uint32_t>(s.sysctl.ip_local_port_range[0]);
    auto high = static_cast<std::uint32_t>(s.sysctl.ip_local_port_range[1]);
    const std::uint32_t own_low = opt.local_port_range & 0xffffU;
    const std::uint32_t own_high = opt.local_port_range >> 16U;
    const Range host{low, high + 1, false};
    if (opt.local_port_range == 0) {
        return host;
    }
    const auto within = [&](std::uint32_t port) { return port >= host.low && port < host.end; };
    low = within(own_low) ? own_low : low;
    high = within(own_high) ? own_high : high;
    return {low, high + 1, true};
}

/// One pass of inet_csk_find_open_port() over a range: ports of odd distance first, then even.
std::optional<std::uint16_t> scan_open_port(StackState& s, const Range& range,
                                            const PortSet& taken) {
    const std::uint32_t count = range.even_size();
    const auto start = static_cast<std::uint32_t>(s.rng.below(count)) | 1U;
    for (const std::uint32_t offset : {start, start - 1}) {
        std::uint32_t port = range.low + offset;
        for (std::uint32_t i = 0; i < count; i += 2, port += 2) {
            if (port >= range.end) {
                port -= count;
            }
            const auto candidate = static_cast<std::uint16_t>(port);
            if (!taken.test(port) && !s.sysctl.ip_local_reserved_ports.contains(candidate)) {
                return candidate;
            }
        }
    }
    return std::nullopt;
}

/// May this connect take over the TIME-WAIT record? Linux tcp_twsk_unique().
bool may_reuse(const StackState& s, const TimeWait& tw, bool chosen_by_bind, Time now) {
    if (tw.ts_recent_stamp_s == 0) {
        return false;
    }
    if (chosen_by_bind) {
        return true;
    }
    const bool never = tw.fin_wait_2 || !s.follows(LessonRule::kTwReuse);
    const std::int64_t mode = never ? 0 : s.sysctl.tcp_tw_reuse;
    const bool loopback = tw.tuple.local.is_loopback() || tw.tuple.remote.is_loopback();
    if (mode == 0 || (mode == 2 && !loopback)) {
        return false;
    }
    if (s.sysctl.rules.time_wait_age == Rules::TimeWaitAge::kNextSecond) {
        return clock_s(now) > tw.ts_recent_stamp_s;
    }
    const auto age = static_cast<std::int32_t>(clock_ms(now) - tw.entered_ms);
    return age > s.sysctl.tcp_tw_reuse_delay;
}

}  // namespace

bool can_bind(const StackState& s, SocketId socket, Endpoint local, const SocketOptions& opt) {
    bool free = true;
    for_each_owner(s, socket, [&](Endpoint other, const Owner& owner) {
        if (other.port == local.port && addresses_meet(other.address, local.address) &&
            conflict({opt.reuse_addr, opt.reuse_port, false}, owner, {})) {
            free = false;
        }
    });
    return free;
}

std::optional<std::uint16_t> choose_bind_port(StackState& s, SocketId socket, Ipv4 address,
                                              const SocketOptions& opt) {
    constexpr std::uint32_t kLeastToHalve = 4;
    const Range whole = port_range(s, opt);
    for (const bool relaxed : {false, true}) {
        if (relaxed && s.sysctl.ip_autobind_reuse == 0) {
            break;
        }
        const PortSet taken = ports_in_conflict(s, socket, address, opt, {relaxed, false});
        const bool halves = opt.reuse_addr && whole.size() >= kLeastToHalve;
        const std::uint32_t middle = whole.low + ((whole.size() >> 2U) << 1U);
        const Range lower{whole.low, halves ? middle : whole.end};
        auto port = scan_open_port(s, lower, taken);
        if (!port && halves) {
            port = scan_open_port(s, {middle, whole.end}, taken);
        }
        if (port) {
            return port;
        }
    }
    return std::nullopt;
}

void bind_port(StackState& s, const BoundPort& bound) {
    s.bound.push_back(bound);
    hold_port(s, bound.local.port);
}

void release_bound_port(StackState& s, SocketId socket) {
    std::erase_if(s.bound, [&](const BoundPort& b) {
        if (b.socket != socket) {
            return false;
        }
        let_port_go(s, b.local.port);
        return true;
    });
}

bool claim_tuple(Context& cx, const FourTuple& tuple, bool chosen_by_bind,
                 std::optional<OldIncarnation>& old) {
    StackState& s = cx.s;
    const auto record = find_record(s, tuple);
    if (!record) {
        return true;
    }
    if (record->kind() != RecordKind::kTimeWait) {
        return false;
    }
    const TimeWait& tw = s.time_waits.at(record->index());
    if (!may_reuse(s, tw, chosen_by_bind, cx.now)) {
        return false;
    }
    old = OldIncarnation{tw.snd_nxt + 65535 + 2, tw.ts_recent, tw.ts_recent_stamp_s};
    s.mib.add(Mib::kTcpExtTWRecycled);
    note_change(cx, tuple, tw.fin_wait_2 ? State::kFinWait2 : State::kTimeWait, State::kClosed,
                tw.fin_wait_2 ? Cause::kFinWait2Over : Cause::kTimeWaitOver);
    remove_time_wait(s, record->index());
    return true;
}

std::optional<std::uint16_t> choose_connect_port(Context& cx, Ipv4 local, Endpoint remote,
                                                 const SocketOptions& opt,
                                                 std::optional<OldIncarnation>& old) {
    StackState& s = cx.s;
    const Range range = port_range(s, opt);
    const std::uint32_t step = range.own ? 1 : 2;
    const std::uint32_t count = range.own ? range.size() : range.even_size();
    // Linux secure_ipv4_port_ephemeral(): the seed changes every ten seconds. The low half of the
    // hash names one of the counters (table_perturb), the high half is the start.
    const auto epoch = static_cast<std::uint32_t>(to_ns(cx.now) / 10'000'000'000);
    const std::uint64_t hash =
        siphash_4u32(s.secrets.port, local.bits, remote.address.bits, remote.port, epoch);
    std::uint32_t& perturb = s.port_perturb[static_cast<std::uint16_t>(hash & 0xffffU)];
    std::uint32_t offset = (perturb + static_cast<std::uint32_t>(hash >> 32U)) % count;
    offset = range.own ? offset : offset & ~1U;
    // Ports of the range's lower parity first: bind(0) prefers the others. A socket's own range is
    // tried in one go.
    const std::uint32_t passes = range.own || count == 1 ? 1 : 2;
    for (std::uint32_t pass = 0; pass < passes; ++pass, ++offset) {
        std::uint32_t candidate = range.low + offset;
        for (std::uint32_t i = 0; i < count; i += step, candidate += step) {
            if (candidate >= range.end) {
                candidate -= count;
            }
            const auto port = static_cast<std::uint16_t>(candidate);
            if (s.sysctl.ip_local_reserved_ports.contains(port) || s.port_holders.contains(port)) {
                continue;
            }
            if (claim_tuple(cx, {local, remote.address, port, remote.port}, false, old)) {
                // A little randomness where there is room: the next port is up to eight steps on.
                const auto ahead = static_cast<std::uint32_t>(s.rng.below(8)) * step;
                perturb += std::max(i, ahead) + step;
                return port;
            }
        }
    }
    return std::nullopt;
}

}  // namespace netsim::tcp
