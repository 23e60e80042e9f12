// What waits for a process that holds its socket. Linux sk_backlog, tcp_add_backlog(),
// __release_sock(), tcp_release_cb().
#include "tcp/backlog.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/output.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/recovery.hpp"
#include "tcp/segment_arrives.hpp"
#include "tcp/timeouts.hpp"

namespace netsim::tcp {

namespace {

namespace flag = wire::flag;

std::uint8_t bit(Timer timer) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(timer));
}

bool same_options(const wire::TcpHeader& a, const wire::TcpHeader& b) {
    return a.options == b.options && a.tsval == b.tsval && a.tsecr == b.tsecr &&
           a.sack_count == b.sack_count &&
           std::equal(a.sack.begin(), a.sack.begin() + a.sack_count, b.sack.begin());
}

/// Neighbours that differ in nothing but the text they carry.
bool may_merge(const wire::Packet& tail, const wire::Packet& next) {
    const wire::TcpHeader& a = tail.tcp;
    const wire::TcpHeader& b = next.tcp;
    constexpr std::uint16_t kAlone = flag::kSyn | flag::kRst | flag::kUrg;
    constexpr std::uint16_t kEcn = flag::kEce | flag::kCwr;
    const bool contiguous =
        a.payload.length == 0 || b.payload.length == 0 || a.payload.continued_by(b.payload);
    return a.end_seq() == b.seq && tail.ecn == next.ecn && tail.dscp == next.dscp &&
           ((a.flags | b.flags) & kAlone) == 0 && (a.flags & b.flags & flag::kAck) != 0 &&
           ((a.flags ^ b.flags) & kEcn) == 0 && same_options(a, b) && contiguous;
}

/// The memory decides (skb_try_coalesce()): what cannot move into the tail's spare room stays by
/// itself, as full-sized segments of an ordinary MTU do.
bool merge(Context& cx, OwnedSocket& owner, const wire::Packet& packet) {
    if (owner.backlog.empty() || !may_merge(owner.backlog.back().packet, packet)) {
        return false;
    }
    BacklogSegment& tail = owner.backlog.back();
    wire::TcpHeader& a = tail.packet.tcp;
    const wire::TcpHeader& b = packet.tcp;
    const auto size_of = [](const wire::TcpHeader& h) {
        return h.gso_size != 0 ? std::uint32_t{h.gso_size} : h.payload.length;
    };
    const std::uint32_t size = std::max(size_of(a), size_of(b));
    if (!merge_memory(tail.memory, b.payload.length)) {
        return false;
    }
    if (a.payload.length == 0) {
        a.payload = b.payload;
    } else {
        a.payload.length += b.payload.length;
    }
    a.gso_size = static_cast<std::uint16_t>(size);
    a.flags |= b.flags;
    if (!before(b.ack, a.ack)) {
        a.ack = b.ack;
        a.window = b.window;
    }
    cx.s.mib.add(Mib::kTcpExtTCPBacklogCoalesce);
    return true;
}

/// As a segment that arrives now; whoever closed the connection wants no more.
void deliver(Context& cx, Connection& c, const wire::Packet& packet) {
    if (c.state == State::kClosed) {
        return drop(cx, Drop::kNoSocket);
    }
    c.state == State::kSynSent ? in_syn_sent(cx, c, packet) : in_synchronized(cx, c, packet);
}

/// Linux tcp_release_cb()
void run_deferred(Context& cx, Connection& c) {
    OwnedSocket& owner = owner_of(cx.s, c);
    const std::uint8_t timers = std::exchange(owner.timers, std::uint8_t{0});
    for (const Timer timer :
         {Timer::kPacing, Timer::kRetransmit, Timer::kDelack, Timer::kCompressedAck}) {
        // One that was armed anew meanwhile has its time still before it.
        if ((timers & bit(timer)) != 0 && !c.deadlines.armed(timer) && c.state != State::kClosed) {
            timer_due(cx, c, timer);
        }
    }
    if (const auto mtu = std::exchange(owner.path_mtu, std::nullopt)) {
        fit_to_path(cx, c, *mtu);
    }
    if (std::exchange(owner.ack_deferred, false) && c.ack.scheduled && c.state != State::kClosed) {
        send_ack(cx, c);
    }
}

}  // namespace

OwnedSocket& owner_of(StackState& s, const Connection& c) {
    const auto it = std::find_if(s.owned.begin(), s.owned.end(), [&](const OwnedSocket& o) {
        return o.connection.index == c.index;
    });
    CHECK(it != s.owned.end());
    return *it;
}

std::uint64_t backlog_memory(const StackState& s, const Connection& c) {
    const auto it = std::find_if(s.owned.begin(), s.owned.end(), [&](const OwnedSocket& o) {
        return o.connection.index == c.index;
    });
    return it == s.owned.end() ? 0 : it->backlog_memory;
}

void own(StackState& s, Connection& c) {
    CHECK(!c.owned);
    c.owned = true;
    s.owned.emplace_back();
    s.owned.back().connection = s.connections.id_at(c.index);
}

void add_backlog(Context& cx, Connection& c, const wire::Packet& packet) {
    OwnedSocket& owner = owner_of(cx.s, c);
    if (merge(cx, owner, packet)) {
        return;
    }
    constexpr std::uint64_t kHeadroom = 64 * 1024;  // only the owner can make room
    const std::uint64_t most = std::uint64_t{c.rcvbuf} * 2 + c.sndbuf / 2 + kHeadroom;
    if (owner.backlog_memory + c.rmem_alloc > most) {
        cx.s.mib.add(Mib::kTcpExtTCPBacklogDrop);
        return drop(cx, Drop::kBacklog);
    }
    const PacketMemory memory = packet_memory(packet.tcp);
    owner.backlog_memory += memory.truesize;
    owner.backlog.push_back({packet, memory});
}

void process_backlog(Context& cx, Connection& c) {
    OwnedSocket& owner = owner_of(cx.s, c);
    for (std::size_t i = 0; i < owner.backlog.size(); ++i) {
        const wire::Packet packet = owner.backlog[i].packet;
        deliver(cx, c, packet);
    }
    owner.backlog.clear();  // its memory counts until the flush is over
}

void flush_backlog(Context& cx, Connection& c) {
    process_backlog(cx, c);
    owner_of(cx.s, c).backlog_memory = 0;
    run_deferred(cx, c);
}

void release(Context& cx, Connection& c) {
    const std::uint32_t copied = owner_of(cx.s, c).copied;
    if (copied > 0 && c.state != State::kClosed) {
        after_read(cx, c, copied);
    }
    flush_backlog(cx, c);
    c.owned = false;
    std::erase_if(cx.s.owned, [&](const OwnedSocket& o) { return o.connection.index == c.index; });
}

void defer_timer(Context& cx, Connection& c, Timer timer) {
    if (timer == Timer::kKeepalive) {
        constexpr Duration kSoon = std::chrono::milliseconds(50);  // HZ / 20
        return arm(cx, c, Timer::kKeepalive, cx.now + kSoon);
    }
    if (timer == Timer::kDelack) {
        cx.s.mib.add(Mib::kTcpExtDelayedACKLocked);
    }
    owner_of(cx.s, c).timers |= bit(timer);
}

bool defer_ack(Context& cx, const Connection& c) {
    if (!c.owned || cx.s.sysctl.tcp_backlog_ack_defer == 0) {
        return false;
    }
    owner_of(cx.s, c).ack_deferred = true;
    return true;
}

}  // namespace netsim::tcp
