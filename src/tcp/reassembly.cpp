// The out-of-order queue and its SACK blocks.
#include "tcp/reassembly.hpp"

#include <algorithm>

#include "tcp/actions.hpp"
#include "tcp/delayed_ack.hpp"
#include "tcp/input.hpp"
#include "tcp/receive_buffer.hpp"

namespace netsim::tcp {

using wire::SeqNum;
using wire::SeqRange;

namespace {

Reassembly& reassembly_of(Connection& c) {
    if (!c.rare().reassembly) {
        c.edit_rare().reassembly = std::make_unique<Reassembly>();
    }
    return *c.rare().reassembly;
}

/// Linux tcp_dsack_extend(): one report per ACK, so ranges that touch become one.
void extend_dsack(Context& cx, Connection& c, SeqRange duplicate) {
    Reassembly& r = reassembly_of(c);
    if (r.dsack.empty()) {
        set_dsack(cx, c, duplicate);
    } else if (!after(duplicate.begin, r.dsack.end) && !after(r.dsack.begin, duplicate.end)) {
        r.dsack.begin = earlier(r.dsack.begin, duplicate.begin);
        r.dsack.end = later(r.dsack.end, duplicate.end);
    }
}

/// RFC 2018 §4: the block that this segment made or grew comes first. Linux
/// tcp_sack_new_ofo_skb().
void note_sack(Context& cx, Connection& c, SeqRange range) {
    Reassembly& r = *c.rare().reassembly;
    constexpr std::uint8_t kExpected = 2;  // blocks a peer is sure to see in one ACK
    std::uint8_t place = 0;
    while (place < r.sack_count &&
           (after(range.begin, r.sacks[place].end) || after(r.sacks[place].begin, range.end))) {
        ++place;
    }
    if (place >= kExpected) {
        send_compressed_ack(cx, c);
    }
    std::uint8_t kept = 0;
    std::array<SeqRange, 4> blocks{};
    for (std::uint8_t i = 0; i < r.sack_count; ++i) {
        const SeqRange old = r.sacks[i];
        if (!after(old.begin, range.end) && !before(old.end, range.begin)) {
            range.begin = earlier(range.begin, old.begin);
            range.end = later(range.end, old.end);
        } else if (kept < 3) {
            blocks[kept++] = old;
        }
    }
    r.sacks[0] = range;
    std::copy_n(blocks.begin(), kept, r.sacks.begin() + 1);
    r.sack_count = static_cast<std::uint8_t>(kept + 1);
}

/// Blocks at or below rcv_nxt have been acknowledged. Linux tcp_sack_remove().
void trim_sacks(Connection& c) {
    Reassembly& r = *c.rare().reassembly;
    std::uint8_t kept = 0;
    for (std::uint8_t i = 0; i < r.sack_count; ++i) {
        if (after(r.sacks[i].begin, c.rcv_nxt)) {
            r.sacks[kept++] = r.sacks[i];
        }
    }
    r.sack_count = r.queue.empty() ? std::uint8_t{0} : kept;
}

/// Takes the entries out that `piece`, at place `at`, covers, and reports what they had already.
void remove_covered(Context& cx, Connection& c, std::uint32_t at) {
    Reassembly& r = *c.rare().reassembly;
    while (at + 1 < r.queue.size() && after(r.queue[at].end, r.queue[at + 1].seq)) {
        const OutOfOrder& next = r.queue[at + 1];
        if (before(r.queue[at].end, next.end)) {
            return extend_dsack(cx, c, {next.seq, r.queue[at].end});
        }
        extend_dsack(cx, c, {next.seq, next.end});
        cx.s.mib.add(Mib::kTcpExtTCPOFOMerge);
        c.rmem_alloc -= next.memory.truesize;
        r.queue.erase(at + 1);
    }
}

/// Does `piece` continue `before` and fit into its spare room? Linux tcp_ooo_try_coalesce().
bool append_to(Context& cx, OutOfOrder& tail, const OutOfOrder& piece) {
    const bool joins = tail.end == piece.seq && !tail.fin &&
                       piece.payload.length <= tail.memory.tailroom &&
                       tail.payload.continued_by(piece.payload);
    if (!joins) {
        return false;
    }
    tail.memory.tailroom -= piece.payload.length;
    tail.payload.length += piece.payload.length;
    tail.end = piece.end;
    tail.fin = piece.fin;
    cx.s.mib.add(Mib::kTcpExtTCPRcvCoalesce);
    return true;
}

enum class Insertion : std::uint8_t {
    kKnown,   // all of it was there
    kMerged,  // into the packet before it
    kQueued,  // in its own memory
};

/// Puts `piece` where it belongs; its own memory is still to be counted. Sequence numbers may
/// overlap: what is there twice is sorted out when it becomes in order.
Insertion insert_piece(Context& cx, Connection& c, const OutOfOrder& piece) {
    Reassembly& r = *c.rare().reassembly;
    std::uint32_t at = r.queue.size();
    while (at > 0 && after(r.queue[at - 1].seq, piece.seq)) {
        --at;
    }
    if (at > 0) {
        OutOfOrder& previous = r.queue[at - 1];
        if (before(piece.seq, previous.end)) {
            if (!after(piece.end, previous.end)) {
                cx.s.mib.add(Mib::kTcpExtTCPOFOMerge);
                set_dsack(cx, c, {piece.seq, piece.end});
                drop(cx, Drop::kOfoMerge);
                return Insertion::kKnown;
            }
            if (previous.seq == piece.seq) {  // the longer one replaces it
                extend_dsack(cx, c, {previous.seq, previous.end});
                cx.s.mib.add(Mib::kTcpExtTCPOFOMerge);
                c.rmem_alloc -= previous.memory.truesize;
                previous = piece;
                remove_covered(cx, c, at - 1);
                return Insertion::kQueued;
            }
            set_dsack(cx, c, {piece.seq, previous.end});
        } else if (append_to(cx, previous, piece)) {
            return Insertion::kMerged;
        }
    }
    r.queue.insert(at, piece);
    remove_covered(cx, c, at);
    return Insertion::kQueued;
}

}  // namespace

void set_dsack(Context& cx, Connection& c, SeqRange duplicate) {
    if (!c.options.sack_ok || cx.s.sysctl.tcp_dsack == 0 || duplicate.empty()) {
        return;
    }
    cx.s.mib.add(before(duplicate.begin, c.rcv_nxt) ? Mib::kTcpExtTCPDSACKOldSent
                                                    : Mib::kTcpExtTCPDSACKOfoSent);
    reassembly_of(c).dsack = duplicate;
}

void queue_out_of_order(Context& cx, Connection& c, const wire::TcpHeader& h) {
    const PacketMemory memory = packet_memory(h);
    if (!make_receive_room(cx, c, h.seq)) {
        cx.s.mib.add(Mib::kTcpExtTCPOFODrop);
        return drop(cx, Drop::kOfoDrop);
    }
    Reassembly& r = reassembly_of(c);
    measure_segment(c, h);
    c.predicted = false;
    c.ack.scheduled = true;
    cx.s.mib.add(Mib::kTcpExtTCPOFOQueue);
    const bool first = r.queue.empty();
    if (first) {
        r.sack_count = 0;
    }
    const Insertion how = insert_piece(cx, c, {h.seq, h.end_seq(), h.payload, memory, h.fin()});
    if (c.options.sack_ok) {
        note_sack(cx, c, {h.seq, h.end_seq()});
        // Without SACK a window that stays the same makes duplicate ACKs countable. The window
        // grows before the memory is counted (tcp_data_queue_ofo()).
        if (how != Insertion::kKnown) {
            grow_receive_window(cx, c, h.payload.length, memory.truesize);
        }
    }
    if (how == Insertion::kQueued) {
        c.rmem_alloc += memory.truesize;
    }
    grow_buffer_for_gap(cx, c);
}

bool drain_reassembly(Context& cx, Connection& c) {
    Reassembly& r = *c.rare().reassembly;
    const SeqNum known_before = c.rcv_nxt;
    bool fin = false;
    while (!fin && !r.queue.empty() && !after(r.queue.front().seq, c.rcv_nxt)) {
        const OutOfOrder next = r.queue.front();
        r.queue.pop_front();
        c.rmem_alloc -= next.memory.truesize;
        if (before(next.seq, known_before)) {
            extend_dsack(cx, c, {next.seq, earlier(next.end, known_before)});
        }
        if (!after(next.end, c.rcv_nxt)) {
            continue;
        }
        const std::uint32_t known = c.rcv_nxt.raw() - next.seq.raw();
        if (known < next.payload.length) {
            accept_payload(cx, c, next.payload.slice(known, next.payload.length - known),
                           next.memory);
        }
        fin = next.fin;
    }
    trim_sacks(c);
    return fin;
}

void purge_reassembly(Connection& c) {
    if (!c.rare().reassembly) {
        return;
    }
    Reassembly& r = *c.rare().reassembly;
    for (std::uint32_t i = 0; i < r.queue.size(); ++i) {
        c.rmem_alloc -= r.queue[i].memory.truesize;
    }
    r.queue.clear();
    r.sack_count = 0;
    r.dsack = {};
}

}  // namespace netsim::tcp
