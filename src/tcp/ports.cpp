// Local ports.
#include "tcp/ports.hpp"

#include <algorithm>

#include "tcp/actions.hpp"

namespace netsim::tcp {

namespace {

bool addresses_meet(Ipv4 a, Ipv4 b) {
    return a.is_any() || b.is_any() || a == b;
}

/// Does a connection or TIME-WAIT record on this port stand in the way? They do unless both it and
/// the new socket have SO_REUSEADDR. Walks all records: bind() is rare, connections are many.
bool used_by_connection(const StackState& s, Endpoint local, bool reuse) {
    for (std::uint32_t i = 0; i < s.connections.end_index(); ++i) {
        if (!s.connections.live(i)) {
            continue;
        }
        const Connection& c = s.connections.at(i);
        if (c.in_table && c.tuple.local_port == local.port &&
            addresses_meet(c.tuple.local, local.address) && !(reuse && c.opt.reuse_addr)) {
            return true;
        }
    }
    for (std::uint32_t i = 0; i < s.time_waits.end_index(); ++i) {
        if (!s.time_waits.live(i)) {
            continue;
        }
        const TimeWait& tw = s.time_waits.at(i);
        if (tw.tuple.local_port == local.port && addresses_meet(tw.tuple.local, local.address) &&
            !(reuse && tw.reuse_addr)) {
            return true;
        }
    }
    return false;
}

bool bound_by_someone(const StackState& s, std::uint16_t port) {
    return std::any_of(s.bound.begin(), s.bound.end(),
                       [&](const BoundPort& b) { return b.local.port == port; });
}

/// May this connect take over the TIME-WAIT record? Linux tcp_twsk_unique().
bool may_reuse(const StackState& s, const TimeWait& tw, bool chosen_by_bind, Time now) {
    if (tw.ts_recent_stamp_s == 0 || (tw.fin_wait_2 && !chosen_by_bind)) {
        return false;
    }
    if (chosen_by_bind) {
        return true;
    }
    const std::int64_t mode = s.sysctl.tcp_tw_reuse;
    const bool loopback = tw.tuple.local.is_loopback() || tw.tuple.local == tw.tuple.remote;
    if (mode == 0 || (mode == 2 && !loopback)) {
        return false;
    }
    const Time entered = tw.link.deadline - kTimeWaitLength;
    return now - entered > std::chrono::milliseconds(s.sysctl.tcp_tw_reuse_delay);
}

}  // namespace

bool can_bind(const StackState& s, Endpoint local, const SocketOptions& opt) {
    for (const BoundPort& other : s.bound) {
        if (other.local.port != local.port || !addresses_meet(other.local.address, local.address)) {
            continue;
        }
        const bool both_reuse_addr = opt.reuse_addr && other.reuse_addr && !other.listening;
        const bool both_reuse_port = opt.reuse_port && other.reuse_port;
        if (!both_reuse_addr && !both_reuse_port) {
            return false;
        }
    }
    return !used_by_connection(s, local, opt.reuse_addr);
}

std::optional<std::uint16_t> choose_bind_port(StackState& s, Ipv4 address,
                                              const SocketOptions& opt) {
    const auto low = static_cast<std::uint32_t>(s.sysctl.ip_local_port_range[0]);
    const auto high = static_cast<std::uint32_t>(s.sysctl.ip_local_port_range[1]);
    const std::uint32_t range = high - low + 1;
    const auto start = static_cast<std::uint32_t>(s.rng.below(range)) | 1U;
    for (const std::uint32_t parity : {1U, 0U}) {
        for (std::uint32_t i = 0; i < range; i += 2) {
            const std::uint32_t offset = ((start ^ 1U ^ parity) + i) % (range + range % 2);
            if (offset >= range) {
                continue;
            }
            const auto port = static_cast<std::uint16_t>(low + offset);
            if (can_bind(s, {address, port}, opt)) {
                return port;
            }
        }
    }
    return std::nullopt;
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
                                                 std::optional<OldIncarnation>& old) {
    StackState& s = cx.s;
    const auto low = static_cast<std::uint32_t>(s.sysctl.ip_local_port_range[0]);
    const auto high = static_cast<std::uint32_t>(s.sysctl.ip_local_port_range[1]);
    std::uint32_t range = high - low + 1;
    if (range > 1) {
        range &= ~1U;
    }
    // The seed changes every ten seconds (Linux inet_sk_port_offset()); the counter moves with each
    // use.
    const auto epoch = static_cast<std::uint32_t>(to_ns(cx.now) / 10'000'000'000);
    const std::uint64_t hash =
        siphash_4u32(s.secrets.port, local.bits, remote.address.bits, remote.port, epoch);
    std::uint32_t& counter = s.port_offsets[static_cast<std::size_t>(hash >> 56U)];
    const std::uint32_t start =
        static_cast<std::uint32_t>((std::uint64_t{counter} + (hash & 0xffffffffU)) % range) & ~1U;
    for (const std::uint32_t parity : {0U, 1U}) {
        for (std::uint32_t i = 0; i < range; i += 2) {
            const std::uint32_t offset = (start + parity + i) % range;
            const auto port = static_cast<std::uint16_t>(low + offset);
            if (!s.bound.empty() && bound_by_someone(s, port)) {
                continue;
            }
            if (claim_tuple(cx, {local, remote.address, port, remote.port}, false, old)) {
                counter += (i + 2) & ~1U;
                return port;
            }
        }
    }
    return std::nullopt;
}

}  // namespace netsim::tcp
