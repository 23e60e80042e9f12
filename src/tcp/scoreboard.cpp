// SACK blocks, DSACKs, loss marks, reordering.
#include "tcp/scoreboard.hpp"

#include <algorithm>
#include <array>

#include "tcp/rack.hpp"

namespace netsim::tcp {

using wire::SeqNum;
using wire::SeqRange;

namespace {

/// The blocks of one ACK that are worth a walk, by sequence number.
struct Blocks {
    std::array<SeqRange, 4> at{};
    std::uint8_t count = 0;
    SeqRange duplicate;  // the DSACK, if it lies in what is unacknowledged
};

/// RFC 2018, RFC 2883: a block lies in what is unacknowledged; a DSACK may also lie below, as far
/// as the episode that could be undone began. Linux tcp_is_sackblock_valid().
bool block_valid(const Connection& c, SeqRange block, bool duplicate) {
    const Sending& tx = c.sending();
    if (after(block.end, c.snd_nxt) || !before(block.begin, block.end) ||
        !before(block.begin, c.snd_nxt)) {
        return false;
    }
    if (after(block.begin, c.snd_una)) {
        return true;
    }
    if (!duplicate || !tx.undo.possible || after(block.end, c.snd_una)) {
        return false;
    }
    if (!before(block.begin, tx.undo.marker)) {
        return true;
    }
    return after(block.end, tx.undo.marker) && !before(block.begin, block.end - c.max_window);
}

/// How many segments a DSACK accounts for; 0: we did not cause it. Linux tcp_dsack_seen().
std::uint32_t count_duplicates(Connection& c, SeqRange range, AckOutcome& outcome) {
    if (!before(range.begin, range.end)) {
        return 0;
    }
    const std::uint32_t length = range.end.raw() - range.begin.raw();
    if (length > c.max_window) {
        return 0;
    }
    std::uint32_t segments = 1;
    if (length > c.snd_mss) {
        segments = (length + c.snd_mss - 1) / c.snd_mss;
    } else if (c.sending().tlp.pending && c.sending().tlp.high_seq == range.end) {
        outcome.dsack_of_probe = true;
    }
    c.edit_sending().dsack_dups += segments;
    if (c.sending().dsack_dups > c.sending().retrans_total) {
        return 0;  // more than was ever sent twice: the network duplicates
    }
    // A probe's duplicate, or one without reordering, says nothing about RACK's window.
    if (c.sending().reord_seen > 0 && !outcome.dsack_of_probe) {
        c.edit_sending().rack.dsack_seen = true;
    }
    outcome.dsack = true;
    return segments;
}

/// RFC 2883 §4: the first block reports a duplicate if it lies below the ACK or in the second.
/// Linux tcp_check_dsack(). True: it does, and it counts.
bool check_dsack(Context& cx, Connection& c, SeqNum prior_snd_una, AckOutcome& outcome) {
    const wire::TcpHeader& h = *outcome.header;
    const SeqRange first = h.sack[0];
    if (before(first.begin, h.ack)) {
        cx.s.mib.add(Mib::kTcpExtTCPDSACKRecv);
    } else if (h.sack_count > 1 && !after(first.end, h.sack[1].end) &&
               !before(first.begin, h.sack[1].begin)) {
        cx.s.mib.add(Mib::kTcpExtTCPDSACKOfoRecv);
    } else {
        return false;
    }
    const std::uint32_t segments = count_duplicates(c, first, outcome);
    if (segments == 0) {
        cx.s.mib.add(Mib::kTcpExtTCPDSACKIgnoredDubious);
        return false;
    }
    c.delivered += segments;  // a spurious copy was delivered as well
    cx.s.mib.add(Mib::kTcpExtTCPDSACKRecvSegs, segments);
    if (c.sending().undo.possible && c.sending().undo.retransmits > 0 &&
        !after(first.end, prior_snd_una) && after(first.end, c.sending().undo.marker)) {
        c.edit_sending().undo.retransmits =
            std::max(0, c.sending().undo.retransmits - static_cast<std::int32_t>(segments));
    }
    return true;
}

void count_invalid(Context& cx, const Connection& c, const wire::TcpHeader& h, SeqRange block,
                   bool duplicate) {
    if (duplicate) {
        cx.s.mib.add(c.sending().undo.possible ? Mib::kTcpExtTCPDSACKIgnoredOld
                                               : Mib::kTcpExtTCPDSACKIgnoredNoUndo);
    } else if (h.ack == c.snd_una || after(block.end, c.snd_una)) {
        cx.s.mib.add(Mib::kTcpExtTCPSACKDiscard);  // old ones come with overtaken ACKs
    }
}

Blocks collect(Context& cx, const Connection& c, const wire::TcpHeader& h, SeqNum prior_snd_una,
               bool dsack) {
    Blocks blocks;
    for (std::uint8_t i = 0; i < h.sack_count; ++i) {
        const SeqRange block = h.sack[i];
        const bool duplicate = dsack && i == 0;
        if (!block_valid(c, block, duplicate)) {
            count_invalid(cx, c, h, block, duplicate);
        } else if (after(block.end, prior_snd_una)) {
            // In order: of at most four, by insertion.
            const auto first = blocks.at.begin();
            const auto end = first + blocks.count++;
            const auto place = std::upper_bound(
                first, end, block,
                [](const SeqRange& a, const SeqRange& b) { return before(a.begin, b.begin); });
            std::move_backward(place, end, end + 1);
            *place = block;
            if (duplicate) {
                blocks.duplicate = block;
            }
        }
    }
    return blocks;
}

/// The segment length of the skb that ends before segment `end`. Linux tcp_skb_seglen().
std::uint32_t segment_length(const Connection& c, std::uint32_t begin, std::uint32_t end) {
    return end - begin > 1 || c.sending().sent[begin].joined
               ? c.snd_mss
               : c.sending().sent[begin].payload.length;
}

/// What the kernel does to its queue here: a SACKed skb joins the one before, in whole or in part.
/// Only its counters show. Linux tcp_shift_skb_data().
void shift(Context& cx, Connection& c, std::uint32_t i, SeqRange block) {
    std::uint32_t end = i + 1;
    while (end < c.sending().sent.size() && c.sending().sent[end].joined) {
        ++end;
    }
    std::uint32_t covered = i;
    while (covered < end && !after(c.sending().sent[covered].end, block.end)) {
        ++covered;
    }
    const SentSegment& head = c.sending().sent[i];
    const SentSegment* before_it = i > 0 ? &c.sending().sent[i - 1] : nullptr;
    const bool after_sacked = before_it != nullptr && before_it->sacked &&
                              !before_it->retransmitted && (head.lost || !head.retransmitted);
    const std::uint32_t length = segment_length(c, i, end);
    if (!after_sacked || before(head.seq, block.begin) ||
        (covered == end && length != segment_length(c, i - 1, i))) {
        cx.s.mib.add(Mib::kTcpExtTCPSackShiftFallback);
    } else if (covered == end) {
        cx.s.mib.add(Mib::kTcpExtTCPSackMerged);
        set_joined(c, i, true);
        if (end < c.sending().sent.size() && c.sending().sent[end].sacked &&
            !c.sending().sent[end].retransmitted &&
            length == segment_length(c, end, end + 1)) {  // the hole between two is filled
            cx.s.mib.add(Mib::kTcpExtTCPSackMerged);
            set_joined(c, end, true);
        }
        return;
    } else if (covered > i) {
        cx.s.mib.add(Mib::kTcpExtTCPSackShifted);
        set_joined(c, i, true);
    }
    if (covered < end && covered > i) {
        set_joined(c, covered, false);
    }
}

/// Segment `segment` lies in a block. `reordered`: the lowest that arrived after later ones had.
/// Linux tcp_sacktag_one().
void tag(Context& cx, Connection& c, SentSegment& segment, bool duplicate, SeqNum& reordered,
         AckOutcome& outcome) {
    Sending& tx = c.edit_sending();
    if (duplicate && segment.ever_retransmitted) {
        if (tx.undo.possible && tx.undo.retransmits > 0 && after(segment.end, tx.undo.marker)) {
            --tx.undo.retransmits;
        }
        if (segment.sacked && before(segment.seq, reordered)) {
            reordered = segment.seq;
        }
    }
    if (!segment.sacked) {
        rack_advance(c, segment, cx.now);
        note_delivered(c, segment, outcome.rate);
        const bool copy_in_flight = segment.retransmitted;
        if (!segment.ever_retransmitted) {
            if (before(segment.seq, highest_sacked(c)) && before(segment.seq, reordered)) {
                reordered = segment.seq;
            }
            outcome.original_arrived = outcome.original_arrived || !after(segment.end, tx.high_seq);
            if (outcome.first_sacked_sent == kNever) {
                outcome.first_sacked_sent = segment.sent_at;
            }
            outcome.rtt = cx.now - segment.sent_at;
        }
        // A copy whose original never counted as lost is believed to be still in flight.
        if (segment.lost && copy_in_flight) {
            segment.retransmitted = false;
            --tx.retrans_out;
        }
        if (segment.lost) {
            segment.lost = false;
            --tx.lost_out;
        }
        if (tx.sacked_out == 0 || !before(segment.seq, tx.highest_sacked)) {
            tx.highest_sacked = segment.end;
        }
        segment.sacked = true;
        ++tx.sacked_out;
        ++c.delivered;
        outcome.data_sacked = true;
    }
    if (duplicate && segment.retransmitted) {
        segment.retransmitted = false;
        --tx.retrans_out;
    }
}

}  // namespace

std::uint32_t index_at(const Connection& c, SeqNum seq) {
    std::uint32_t low = 0;
    std::uint32_t high = c.sending().sent.size();
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        if (after(c.sending().sent[middle].end, seq)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

void set_joined(Connection& c, std::uint32_t i, bool joined) {
    Sending& tx = c.edit_sending();
    SentSegment& segment = tx.sent[i];
    if (i > 0 && segment.joined != joined) {
        joined ? --tx.sent_skbs : ++tx.sent_skbs;
    }
    segment.joined = joined;
}

void insert_sent(Connection& c, std::uint32_t i, const SentSegment& segment) {
    c.edit_sending().sent_skbs += segment.joined ? 0U : 1U;
    c.edit_sending().sent.insert(i, segment);
}

void pop_sent(Sending& tx) {
    if (tx.sent.size() == 1 || !tx.sent[1].joined) {
        --tx.sent_skbs;
    }
    tx.sent.pop_front();
}

void cut_sent(Connection& c, std::uint32_t i, std::uint32_t length) {
    Sending& tx = c.edit_sending();
    SentSegment& head = tx.sent[i];
    SentSegment rest = head;
    rest.seq = head.seq + length;
    rest.payload = head.payload.slice(length, head.payload.length - length);
    head.end = rest.seq;
    head.payload = head.payload.slice(0, length);
    head.flags = 0;
    tx.lost_out += head.lost ? 1U : 0U;
    tx.sacked_out += head.sacked ? 1U : 0U;
    tx.retrans_out += head.retransmitted ? 1U : 0U;
    insert_sent(c, i + 1, rest);
}

SeqNum highest_sacked(const Connection& c) {
    return c.sending().sacked_out == 0 || !c.options.sack_ok ? c.snd_una
                                                             : c.sending().highest_sacked;
}

void mark_lost(Context& cx, Connection& c, SentSegment& segment) {
    Sending& tx = c.edit_sending();
    if (segment.sacked) {
        return;
    }
    if (before(segment.seq, tx.retransmit_hint)) {
        tx.retransmit_hint = segment.seq;
    }
    if (!segment.lost) {
        segment.lost = true;
        ++tx.lost_out;
        ++tx.lost_total;
    } else if (segment.retransmitted) {  // the retransmission was lost too
        segment.retransmitted = false;
        --tx.retrans_out;
        ++tx.lost_total;
        cx.s.mib.add(Mib::kTcpExtTCPLostRetransmit);
    }
}

void note_reordering(Context& cx, Connection& c, SeqNum low, bool by_timestamp) {
    const SeqNum high = highest_sacked(c);
    if (!before(low, high)) {
        return;
    }
    const std::uint32_t distance = high.raw() - low.raw();
    if (distance > std::uint32_t{c.reordering} * c.snd_mss) {
        const auto most = static_cast<std::uint32_t>(cx.s.sysctl.tcp_max_reordering);
        c.reordering =
            static_cast<std::uint16_t>(std::min((distance + c.snd_mss - 1U) / c.snd_mss, most));
    }
    ++c.edit_sending().reord_seen;
    cx.s.mib.add(by_timestamp ? Mib::kTcpExtTCPTSReorder : Mib::kTcpExtTCPSACKReorder);
}

void take_sacks(Context& cx, Connection& c, SeqNum prior_snd_una, AckOutcome& outcome) {
    const wire::TcpHeader& h = *outcome.header;
    if (!c.options.sack_ok || !h.has_option(wire::option::kSack) || h.sack_count == 0) {
        return;
    }
    const bool dsack = check_dsack(cx, c, prior_snd_una, outcome);
    if (before(h.ack, prior_snd_una - c.max_window) || c.sending().sent.empty()) {
        return;
    }
    const Blocks blocks = collect(cx, c, h, prior_snd_una, dsack);
    SeqNum reordered = c.snd_nxt;
    std::uint32_t i = 0;
    for (std::uint8_t b = 0; b < blocks.count; ++b) {
        const SeqRange block = blocks.at[b];
        i = std::max(i, index_at(c, block.begin));
        if (i < c.sending().sent.size() && i > 0 && c.sending().sent[i].joined &&
            !c.sending().sent[i].sacked) {
            cx.s.mib.add(Mib::kTcpExtTCPSackShiftFallback);  // the block begins within an skb
            set_joined(c, i, false);
        }
        for (; i < c.sending().sent.size() && before(c.sending().sent[i].seq, block.end); ++i) {
            if (!c.sending().sent[i].sacked && (i == 0 || !c.sending().sent[i].joined)) {
                shift(cx, c, i, block);
            }
            SentSegment& segment = c.edit_sending().sent[i];
            if (before(segment.seq, block.begin) || after(segment.end, block.end)) {
                continue;  // RFC 2018: only whole segments count
            }
            if (!after(segment.end, c.snd_una)) {
                continue;
            }
            const bool duplicate = !blocks.duplicate.empty() &&
                                   !before(segment.seq, blocks.duplicate.begin) &&
                                   !after(segment.end, blocks.duplicate.end);
            tag(cx, c, segment, duplicate, reordered, outcome);
        }
    }
    if (c.sending().ca_state != CaState::kLoss || c.sending().undo.possible) {
        note_reordering(cx, c, reordered, false);
    }
}

bool limit_reno_sacked(Connection& c) {
    const std::uint32_t holes = std::min(std::max(c.sending().lost_out, 1U), c.packets_out());
    if (c.sending().sacked_out + holes <= c.packets_out()) {
        return false;
    }
    c.edit_sending().sacked_out = c.packets_out() - holes;
    return true;
}

namespace {

/// More duplicate ACKs than segments: they must have been reordered. Linux
/// tcp_check_reno_reordering().
void check_reno_reordering(Context& cx, Connection& c, std::uint32_t acked) {
    if (!limit_reno_sacked(c)) {
        return;
    }
    const auto most = static_cast<std::uint32_t>(cx.s.sysctl.tcp_max_reordering);
    c.reordering = static_cast<std::uint16_t>(std::min(c.packets_out() + acked, most));
    ++c.edit_sending().reord_seen;
    cx.s.mib.add(Mib::kTcpExtTCPRenoReorder);
}

}  // namespace

void add_reno_duplicates(Context& cx, Connection& c, std::uint32_t duplicates) {
    if (duplicates == 0) {
        return;
    }
    const std::uint32_t before_count = c.sending().sacked_out;
    c.edit_sending().sacked_out += duplicates;
    check_reno_reordering(cx, c, 0);
    if (c.sending().sacked_out > before_count) {
        c.delivered += c.sending().sacked_out - before_count;
    }
}

void remove_reno_duplicates(Context& cx, Connection& c, std::uint32_t acked) {
    if (acked > 0) {
        // One of them filled the hole; the others had been reported by duplicate ACKs.
        c.delivered += acked > c.sending().sacked_out + 1 ? acked - c.sending().sacked_out : 1U;
        c.edit_sending().sacked_out =
            acked - 1 >= c.sending().sacked_out ? 0 : c.sending().sacked_out - (acked - 1);
    }
    check_reno_reordering(cx, c, acked);
}

}  // namespace netsim::tcp
