// Receive memory, window growth and buffer tuning.
#include "tcp/receive_buffer.hpp"

#include <algorithm>
#include <bit>

#include "tcp/output.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/skb.hpp"

namespace netsim::tcp {

using wire::SeqNum;

namespace {

// x86-64 with 64-byte cache lines: what each packet costs beside its bytes.
constexpr std::uint32_t kHeadroom = 64;             // NET_SKB_PAD
constexpr std::uint32_t kLargestChunk = 8 * kPage;  // PAGE_ALLOC_COSTLY_ORDER
constexpr std::uint32_t kCollapsedMost = kPage - kSharedInfo;
constexpr std::uint32_t kLinearMost = kPage - kHeadroom - kSharedInfo;  // SKB_MAX_HEAD()
constexpr unsigned kRatioShift = 8;                                     // TCP_RMEM_TO_WIN_SCALE

/// The buffer for `bytes` of head, and what of it is left after them.
PacketMemory linear_memory(std::uint32_t bytes) {
    const std::uint32_t wanted = (bytes + 63) / 64 * 64 + kSharedInfo;
    const std::uint32_t buffer = wanted <= kSmallHead ? kSmallHead : std::bit_ceil(wanted);
    return {buffer + kSkb, buffer - kSharedInfo - bytes};
}

bool rcvbuf_locked(const Connection& c) {
    return c.opt->rcvbuf != 0;
}

std::uint32_t most_rcvbuf(const Context& cx) {
    return static_cast<std::uint32_t>(cx.s.sysctl.tcp_rmem[2]);
}

std::uint32_t space_from_window(const Connection& c, std::uint64_t window) {
    const std::uint64_t space = (window << kRatioShift) / c.scaling_ratio;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(space, 0xffffffffU));
}

/// Linux tcp_clamp_window(): the buffer overflows.
void clamp_window(Context& cx, Connection& c) {
    c.ack.quick = 0;
    if (c.rcvbuf < most_rcvbuf(cx) && !rcvbuf_locked(c)) {
        c.rcvbuf = std::min(c.rmem_alloc, most_rcvbuf(cx));
    }
    if (c.rmem_alloc > c.rcvbuf) {
        c.rcv_ssthresh = std::min(c.window_clamp, 2U * data_advmss(c));
    }
}

/// Linux tcp_collapse(): copies what wastes memory into full buffers of a page. The queue keeps its
/// ranges; only their memory changes.
void collapse_received(Context& cx, Connection& c) {
    std::uint32_t first = 0;
    while (first < c.receiving().received.size() &&
           window_from_space(c, c.receiving().received[first].memory.truesize) <=
               c.receiving().received[first].payload.length) {
        ++first;
    }
    std::uint32_t room = 0;
    std::uint32_t bytes = 0;
    for (std::uint32_t i = first; i < c.receiving().received.size(); ++i) {
        bytes += c.receiving().received[i].payload.length;
    }
    for (std::uint32_t i = first; i < c.receiving().received.size(); ++i) {
        ReceivedSegment& segment = c.edit_receiving().received[i];
        c.rmem_alloc -= segment.memory.truesize;
        if (segment.memory.truesize != 0) {
            cx.s.mib.add(Mib::kTcpExtTCPRcvCollapsed);
        }
        segment.memory = {};
        // The buffers' memory is held by the ranges that begin in them.
        for (std::uint32_t left = segment.payload.length; left > 0;) {
            if (room == 0) {
                room = std::min(bytes, kCollapsedMost);
                segment.memory.truesize += linear_memory(room).truesize;
            }
            const std::uint32_t taken = std::min(left, room);
            left -= taken;
            room -= taken;
            bytes -= taken;
        }
        c.rmem_alloc += segment.memory.truesize;
    }
}

/// Linux tcp_prune_ofo_queue(): drops what is furthest from being in order, an eighth of the buffer
/// at least.
void prune_out_of_order(Context& cx, Connection& c, SeqNum incoming) {
    if (!c.rare().reassembly || c.rare().reassembly->queue.empty()) {
        return;
    }
    Reassembly& r = *c.rare().reassembly;
    auto goal = static_cast<std::int64_t>(c.rcvbuf >> 3U);
    bool pruned = false;
    while (!r.queue.empty() && !after(incoming, r.queue.back().seq)) {
        goal -= r.queue.back().memory.truesize;
        c.rmem_alloc -= r.queue.back().memory.truesize;
        r.queue.pop_back();
        pruned = true;
        if (goal <= 0) {
            if (c.rmem_alloc <= c.rcvbuf) {
                break;
            }
            goal = c.rcvbuf >> 3U;
        }
    }
    if (pruned) {
        cx.s.mib.add(Mib::kTcpExtOfoPruned);
        r.sack_count = 0;
    }
}

/// Linux tcp_prune_queue(). False: nothing more can be done.
bool prune_queues(Context& cx, Connection& c, SeqNum incoming) {
    cx.s.mib.add(Mib::kTcpExtPruneCalled);
    clamp_window(cx, c);
    if (c.rmem_alloc <= c.rcvbuf) {
        return true;
    }
    collapse_received(cx, c);
    if (c.rmem_alloc <= c.rcvbuf) {
        return true;
    }
    prune_out_of_order(cx, c, incoming);
    if (c.rmem_alloc <= c.rcvbuf) {
        return true;
    }
    cx.s.mib.add(Mib::kTcpExtRcvPruned);
    c.predicted = false;
    return false;
}

/// Linux __tcp_grow_window(): a segment that wastes memory still opens a small window.
bool affordable(const Context& cx, const Connection& c, std::uint32_t length,
                std::uint32_t truesize) {
    std::uint32_t cost = window_from_space(c, truesize) >> 1U;
    std::uint32_t window = window_from_space(c, most_rcvbuf(cx)) >> 1U;
    while (c.rcv_ssthresh <= window) {
        if (cost <= length) {
            return true;
        }
        cost >>= 1U;
        window >>= 1U;
    }
    return false;
}

/// Linux tcp_rcv_rtt_update(). `by_window`: a sample that can only be too long.
void take_receive_rtt(Connection& c, std::uint32_t us, bool by_window) {
    ReceiveTuning& t = c.edit_receiving().tuning;
    if (t.rtt8_us == 0 || us * 8ULL < t.rtt8_us) {
        t.rtt8_us = static_cast<std::uint32_t>(std::min<std::uint64_t>(us * 8ULL, 0xffffffffU));
    } else if (!by_window && c.rcv_nxt == c.copied_seq) {
        t.rtt8_us = t.rtt8_us - (t.rtt8_us >> 3U) + us;
    }
}

/// Linux tcp_rcvbuf_grow(): `read` bytes in the last round, so the next may bring twice that, and
/// more while the sender's rate still rises.
void grow_buffer(Context& cx, Connection& c, std::uint32_t read) {
    const std::uint32_t before_read = std::max(c.rcvq_space, 1U);
    c.rcvq_space = read;
    if (cx.s.sysctl.tcp_moderate_rcvbuf == 0 || rcvbuf_locked(c)) {
        return;
    }
    std::uint64_t window = std::uint64_t{read} * 2;
    if (read > before_read) {
        window += 2 * (window * (read - before_read) / before_read);
    }
    if (c.rare().reassembly && !c.rare().reassembly->queue.empty()) {
        window += c.rare().reassembly->queue.back().end.raw() - c.rcv_nxt.raw();
    }
    const std::uint32_t buffer = std::min(space_from_window(c, window), most_rcvbuf(cx));
    if (buffer > c.rcvbuf) {
        c.rcvbuf = buffer;
        c.window_clamp = window_from_space(c, buffer);
    }
}

}  // namespace

bool merge_memory(PacketMemory& tail, std::uint32_t length) {
    if (length > tail.tailroom) {
        return false;
    }
    tail.tailroom -= length;
    return true;
}

PacketMemory packet_memory(std::uint32_t ip_length) {
    if (kHeadroom + ip_length < kPage) {
        return linear_memory(kHeadroom + ip_length);
    }
    // One page is filled first. Its bytes keep the others from changing hands later
    // (skb_head_is_locked()).
    PacketMemory memory = linear_memory(kHeadroom + kLinearMost);
    std::uint32_t chunk = kLargestChunk;
    for (std::uint32_t left = ip_length - kLinearMost; left > 0; left -= std::min(left, chunk)) {
        while (chunk > kPage && (left + kPage - 1) / kPage * kPage < chunk) {
            chunk /= 2;
        }
        memory.truesize += chunk;
    }
    return memory;
}

PacketMemory packet_memory(const wire::TcpHeader& h) {
    const std::uint32_t options = h.has_option(wire::option::kTimestamps) ? 12U : 0U;
    const std::uint32_t sacks = h.sack_count > 0 ? 4U + 8U * h.sack_count : 0U;
    return packet_memory(wire::kIpHeaderLength + wire::kTcpHeaderLength + options + sacks +
                         h.payload.length);
}

std::uint32_t window_from_space(const Connection& c, std::uint32_t space) {
    return static_cast<std::uint32_t>((std::uint64_t{space} * c.scaling_ratio) >> kRatioShift);
}

std::uint32_t free_window(const StackState& s, const Connection& c) {
    const std::uint64_t used = c.rmem_alloc + (c.owned ? backlog_memory(s, c) : 0);
    return used < c.rcvbuf ? window_from_space(c, static_cast<std::uint32_t>(c.rcvbuf - used)) : 0;
}

std::uint32_t memory_at_hand(const Connection& c) {
    return (0U - (c.rmem_alloc + wmem_queued(c))) % kPage;
}

std::uint32_t data_advmss(const Connection& c) {
    return c.advmss - (c.options.tstamp_ok ? 12U : 0U);
}

void init_receive_buffer(Context& cx, Connection& c) {
    const std::uint32_t advmss = data_advmss(c);
    c.rcvbuf =
        c.opt->rcvbuf != 0 ? c.opt->rcvbuf : static_cast<std::uint32_t>(cx.s.sysctl.tcp_rmem[1]);
    const std::uint32_t full = window_from_space(c, c.rcvbuf);
    c.window_clamp = std::min(c.window_clamp, full);
    if (c.window_clamp > 2 * advmss && c.window_clamp + advmss > full) {
        // One segment is kept back for data beyond the window's edge.
        c.window_clamp = std::max(2 * advmss, full - std::min(full, advmss));
    }
    c.rcv_ssthresh = std::min(c.rcv_wnd, c.window_clamp);
    c.rcvq_space = std::min({c.rcv_ssthresh, c.rcv_wnd, 10U * advmss});
    if (c.has_receiving()) {
        Receiving& rx = c.edit_receiving();
        rx.tuning.seq = c.copied_seq;
        rx.tuning.since = cx.now;
        rx.segment_at = cx.now;
    }
    const std::uint32_t hint =
        std::min({advmss, std::uint32_t{c.snd_mss}, c.rcv_wnd / 2, std::uint32_t{536}});
    c.ack.rcv_mss = static_cast<std::uint16_t>(std::max(hint, 88U));
}

void set_window_clamp(Connection& c, std::uint32_t clamp) {
    constexpr std::uint32_t kLeast = 1152;  // SOCK_MIN_RCVBUF / 2
    clamp = std::max(clamp, kLeast);
    if (clamp < c.window_clamp) {
        c.rcv_ssthresh = std::min(c.rcv_ssthresh, clamp);
    } else if (clamp > c.window_clamp) {
        c.rcv_ssthresh = std::max(std::min(c.rcv_wnd, clamp), c.rcv_ssthresh);
    }
    c.window_clamp = clamp;
}

bool make_receive_room(Context& cx, Connection& c, SeqNum seq) {
    return c.rmem_alloc <= c.rcvbuf || prune_queues(cx, c, seq);
}

void queue_received(Context& cx, Connection& c, const wire::PayloadRef& payload,
                    PacketMemory memory) {
    Receiving& rx = c.edit_receiving();
    if (!rx.received.empty() && merge_memory(rx.received.back().memory, payload.length)) {
        cx.s.mib.add(Mib::kTcpExtTCPRcvCoalesce);
        if (rx.received.back().payload.continued_by(payload)) {
            rx.received.back().payload.length += payload.length;
            return;
        }
        // One packet, two streams of bytes: its memory goes with the later one.
        memory = std::exchange(rx.received.back().memory, {});
        rx.received.push_back({payload, memory});
        return;
    }
    c.rmem_alloc += memory.truesize;
    rx.received.push_back({payload, memory});
}

void queue_received_fin(Context& cx, Connection& c, PacketMemory memory) {
    if (c.receiving().received.empty()) {
        c.rmem_alloc += memory.truesize;  // it stays until the socket goes
    } else {
        cx.s.mib.add(Mib::kTcpExtTCPRcvCoalesce);
    }
}

void release_received(Connection& c) {
    c.rmem_alloc -= c.receiving().received.front().memory.truesize;
    c.edit_receiving().received.pop_front();
}

void measure_segment(Connection& c, const wire::TcpHeader& h) {
    AckPolicy& ack = c.ack;
    const std::uint32_t length = h.gso_size != 0 ? h.gso_size : h.payload.length;
    const std::uint32_t last = std::exchange(ack.last_seg_size, std::uint16_t{0});
    if (length >= ack.rcv_mss) {
        if (length != ack.rcv_mss) {
            const std::uint64_t ratio =
                (std::uint64_t{h.payload.length} << kRatioShift) / packet_memory(h).truesize;
            const auto bounded =
                static_cast<std::uint8_t>(std::clamp<std::uint64_t>(ratio, 1, 255));
            if (std::exchange(c.scaling_ratio, bounded) != bounded) {
                set_window_clamp(c, window_from_space(c, c.rcvbuf));
                c.rcvq_space = std::min(c.rcvq_space, c.window_clamp);
            }
        }
        ack.rcv_mss = static_cast<std::uint16_t>(std::min(length, data_advmss(c)));
        if ((h.flags & wire::flag::kPsh) != 0) {  // likely the end of a write
            ack.pushed = true;
        }
        return;
    }
    // SACK blocks make segments of one sender differ: sizes are compared without them.
    const std::uint32_t sacks = h.sack_count > 0 ? 4U + 8U * h.sack_count : 0U;
    const std::uint32_t options = h.has_option(wire::option::kTimestamps) ? 12U : 0U;
    const std::uint32_t with_options = length + sacks + options;
    constexpr std::uint16_t kRemnant =
        wire::flag::kFin | wire::flag::kUrg | wire::flag::kSyn | wire::flag::kPsh;
    if (with_options >= 536 || (with_options >= 88 && (h.flags & kRemnant) == 0)) {
        const std::uint32_t bare = with_options - (c.options.tstamp_ok ? 12U : 0U);
        ack.last_seg_size = static_cast<std::uint16_t>(bare);
        if (bare == last) {
            ack.rcv_mss = static_cast<std::uint16_t>(bare);
            return;
        }
    }
    ack.pushed_twice = ack.pushed_twice || ack.pushed;
    ack.pushed = true;
}

void measure_receive_rtt(Context& cx, Connection& c) {
    ReceiveTuning& t = c.edit_receiving().tuning;
    if (t.rtt_since != kNever) {
        if (before(c.rcv_nxt, t.rtt_seq)) {
            return;
        }
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(cx.now - t.rtt_since);
        take_receive_rtt(c, static_cast<std::uint32_t>(std::max<std::int64_t>(us.count(), 1)),
                         true);
    }
    t.rtt_seq = c.rcv_nxt + c.rcv_wnd;
    t.rtt_since = cx.now;
}

void measure_receive_rtt_by_timestamp(Context& cx, Connection& c, const wire::TcpHeader& h) {
    if (!c.options.tstamp_ok || !h.has_option(wire::option::kTimestamps) ||
        h.tsecr == c.last_tsecr) {
        return;
    }
    c.last_tsecr = h.tsecr;
    if (h.seg_len() < c.ack.rcv_mss) {
        return;
    }
    const std::uint32_t ms = timestamp(c, cx.now) - h.tsecr;
    constexpr std::uint32_t kImplausible = 2'147'483;  // ms: beyond this it does not fit in 31 bits
    if (ms > 0 && ms < kImplausible) {
        take_receive_rtt(c, ms * 1000U, false);
    }
}

void grow_receive_window(Context& cx, Connection& c, std::uint32_t length, std::uint32_t truesize) {
    const std::uint32_t most = std::min(c.window_clamp, free_window(cx.s, c));
    if (c.rcv_ssthresh >= most) {
        return;
    }
    std::uint32_t step = 0;
    if (window_from_space(c, truesize) <= length) {
        step = 2 * data_advmss(c);
    } else if (affordable(cx, c, length, truesize)) {
        step = 2U * c.ack.rcv_mss;
    }
    if (step == 0) {
        return;
    }
    step = std::max(step, 2 * length);
    c.rcv_ssthresh += std::min(most - c.rcv_ssthresh, step);
    c.ack.quick |= 1U;  // the sender should learn of it
}

void tune_receive_buffer(Context& cx, Connection& c) {
    ReceiveTuning& t = c.edit_receiving().tuning;
    if (t.rtt8_us == 0 ||
        c.receiving().segment_at - t.since < std::chrono::microseconds(t.rtt8_us >> 3U)) {
        return;
    }
    const std::uint32_t read = c.copied_seq.raw() - t.seq.raw();
    const std::uint32_t waiting = c.rcv_nxt.raw() - c.copied_seq.raw();
    if (read > waiting && read - waiting > c.rcvq_space) {
        grow_buffer(cx, c, read - waiting);
    }
    t.seq = c.copied_seq;
    t.since = c.receiving().segment_at;
}

void grow_buffer_for_gap(Context& cx, Connection& c) {
    if (c.socket) {  // not before accept(), not for orphans
        grow_buffer(cx, c, c.rcvq_space);
    }
}

}  // namespace netsim::tcp
