// The channel and its two ends.
#include "support/abused_channel.hpp"

#include <algorithm>
#include <ostream>

#include "base/check.hpp"
#include "support/tcp_bench.hpp"
#include "wire/codec.hpp"

namespace netsim::tcp {

using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t kServerPort = 80;
constexpr std::uint16_t kClientPort = 40000;
constexpr Duration kDelay = 5ms;

Sysctl settings(const Trouble& t) {
    Sysctl s;
    s.tcp_sack = t.sack ? 1 : 0;
    s.tcp_timestamps = t.timestamps ? 1 : 0;
    s.tcp_window_scaling = t.window_scaling ? 1 : 0;
    if (t.tiny_buffers) {
        s.tcp_rmem = {2304, 2304, 6000};
        s.tcp_wmem = {4608, 4608, 20000};
    }
    return s;
}

/// The clock at which a SYN from `from` to `to` would make the ISN of the end at `at` be `iss`: the
/// ISN is a keyed hash plus a clock of 64 ns (RFC 6528). A stack with the same secrets is asked.
Duration clock_for(std::uint32_t iss, const Trouble& trouble, Ipv4 address, std::uint64_t seed,
                   bool active) {
    Side probe(address, trouble, seed);
    const SocketId s = *probe.stack.socket();
    if (active) {
        CHECK(probe.stack.bind(s, {address, kClientPort}));
        static_cast<void>(probe.stack.connect(s, {kPeer, kServerPort}, Time{}, probe.out));
    } else {
        CHECK(probe.stack.bind(s, {address, kServerPort}));
        CHECK(probe.stack.listen(s, 1, Time{}, probe.out));
        wire::Packet p{};
        p.source = kLocal;
        p.destination = address;
        p.tcp.source_port = kClientPort;
        p.tcp.destination_port = kServerPort;
        p.tcp.flags = wire::flag::kSyn;
        probe.stack.segment_arrives(p, Time{}, probe.out);
    }
    CHECK(probe.out.packets.size() == 1);
    return Duration(std::int64_t{iss - probe.out.packets[0].tcp.seq.raw()} * 64);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Trouble& t) {
    return out << "loss " << t.loss << " duplicate " << t.duplicate << " corrupt " << t.corrupt
               << " jitter " << t.jitter_ms << " ms iss " << t.iss << " mtu " << t.mtu
               << (t.sack ? " sack" : "") << (t.timestamps ? " timestamps" : "")
               << (t.window_scaling ? " wscale" : "") << (t.tiny_buffers ? " tiny buffers" : "")
               << " seed " << t.seed;
}

PathInfo Side::Home::path(Ipv4 destination) const {
    static_cast<void>(destination);
    return {Errno::kOk, address, mtu};
}

Side::Side(Ipv4 address, const Trouble& trouble, std::uint64_t seed)
    : stack(home, settings(trouble), Rng(seed, "side")) {
    home.address = address;
    home.mtu = trouble.mtu;
}

void Side::write(std::uint32_t count, Time now) {
    if (!socket) {
        return;
    }
    const auto room = stack.send_room(socket);
    if (!room || *room == 0) {
        return;
    }
    auto cursor = stack.send_cursor(socket);
    if (cursor.stream == 0) {
        cursor = {stack.new_synthetic_stream(), 0, 0};
        stack.set_send_stream(socket, cursor.stream);
    }
    const auto taken = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, *room));
    sent += stack.send(socket, {cursor.offset, cursor.stream, taken}, now, out).value_or(0);
}

void Side::read(std::uint64_t most, Time now) {
    if (!socket) {
        return;
    }
    std::vector<wire::PayloadRef> ranges;
    const auto got = stack.receive(socket, most, now, out, ranges);
    std::uint64_t in_ranges = 0;
    for (const wire::PayloadRef& range : ranges) {
        if (reads == 0) {
            reads = range.stream;
        }
        strangers += range.stream == reads && range.offset == received + in_ranges ? 0U : 1U;
        in_ranges += range.length;
    }
    strangers += in_ranges == got.value_or(0) ? 0U : 1U;
    received += in_ranges;
}

void Side::set(SocketOption option, std::int64_t value, Time now) {
    if (socket) {
        static_cast<void>(stack.set_option(socket, option, value, now, out));
    }
}

void Side::shut(Shutdown how, Time now) {
    if (socket) {
        static_cast<void>(stack.shutdown(socket, how, now, out));
    }
}

void Side::close(Time now) {
    if (socket) {
        static_cast<void>(stack.close(socket, now, out));
        socket = {};
    }
}

void Side::close_listener(Time now) {
    if (listener) {
        static_cast<void>(stack.close(listener, now, out));
        listener = {};
    }
}

std::size_t Side::records(Time now) const {
    std::size_t count = 0;
    stack.for_each_socket(now, [&](const SocketInfo& info) {
        count += info.kind == EndpointKind::kListener ? 0U : 1U;
    });
    return count;
}

AbusedChannel::AbusedChannel(const Trouble& trouble)
    : trouble_(trouble),
      rng_(trouble.seed, "channel"),
      sides_{std::make_unique<Side>(kLocal, trouble, trouble.seed),
             std::make_unique<Side>(kPeer, trouble, trouble.seed + 1)} {
    Side& b = side(true);
    b.listener = *b.stack.socket();
    CHECK(b.stack.bind(b.listener, {kPeer, kServerPort}));
    CHECK(b.stack.listen(b.listener, 4, now_, b.out));
    Side& a = side(false);
    a.ahead = clock_for(trouble.iss, trouble, kLocal, trouble.seed, true);
    a.socket = *a.stack.socket();
    CHECK(a.stack.bind(a.socket, {kLocal, kClientPort}));
    CHECK(!a.stack.connect(a.socket, {kPeer, kServerPort}, now_at(a), a.out));
    drain();
}

void AbusedChannel::put_on_wire(const wire::Packet& packet) {
    const std::size_t from = packet.source == kLocal ? 0 : 1;
    if (packet.tcp.syn() && !iss_known_[from]) {
        iss_known_[from] = true;
        iss_seen_[from] = packet.tcp.seq.raw();
    }
    if (fate_ == Fate::kDies || (fate_ == Fate::kStays && rng_.chance(trouble_.loss))) {
        return;
    }
    if (fate_ == Fate::kStays && rng_.chance(trouble_.corrupt)) {
        wire::Packet spoilt = packet;
        const std::uint64_t octets = std::min<std::uint64_t>(packet.length(), 255);
        spoilt.corrupted = static_cast<std::uint8_t>(1 + rng_.below(octets));
        CHECK(!wire::decode(wire::encode(spoilt)));  // a checksum tells, and the host drops it
        return;
    }
    const int copies = fate_ == Fate::kStays && rng_.chance(trouble_.duplicate) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
        const std::int64_t extra =
            fate_ == Fate::kStays ? rng_.between(0, trouble_.jitter_ms) : std::int64_t{0};
        wire_.emplace(now_ + kDelay + std::chrono::milliseconds(extra), packet);
    }
}

void AbusedChannel::arrives(const wire::Packet& packet) {
    Side& to = side(packet.destination != kLocal);
    if (packet.destination == kPeer && to.ahead == Duration{0}) {
        // Its first segment, a SYN: the clock is set for the ISN, nothing has read it yet.
        to.ahead = clock_for(trouble_.iss, trouble_, kPeer, trouble_.seed + 1, false) -
                   now_.time_since_epoch();
        while (to.ahead <= Duration{0}) {
            to.ahead += Duration((std::int64_t{1} << 32) * 64);
        }
    }
    to.stack.segment_arrives(packet, now_at(to), to.out);
}

void AbusedChannel::run(Duration by) {
    const Time until = now_ + by;
    for (;;) {
        Time next = wire_.empty() ? kNever : wire_.begin()->first;
        for (const auto& s : sides_) {
            const Time due = s->stack.next_deadline();
            if (due != kNever) {
                next = std::min(next, due - s->ahead);
            }
        }
        if (next > until) {
            break;
        }
        now_ = std::max(now_, next);
        for (const auto& s : sides_) {
            s->stack.timers_expire(now_at(*s), s->out);
        }
        if (!wire_.empty() && wire_.begin()->first <= now_) {
            const wire::Packet p = wire_.begin()->second;
            wire_.erase(wire_.begin());
            arrives(p);
        }
        drain();
    }
    now_ = until;
}

void AbusedChannel::drain() {
    Side& b = side(true);
    if (!b.socket && b.listener) {
        b.socket = b.stack.accept(b.listener).value_or(SocketId{});
    }
    for (const auto& s : sides_) {
        if (reading_) {
            s->read(1U << 30U, now_at(*s));
        }
        for (const wire::Packet& p : s->out.packets) {
            put_on_wire(p);
        }
        s->out.packets.clear();
        s->out.events.clear();
        s->stack.check_invariants();
    }
}

}  // namespace netsim::tcp
