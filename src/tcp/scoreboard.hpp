// The scoreboard over the retransmission queue: which segments arrived, which are lost, which were
// sent again. RFC 2018, 2883, 6675; Linux tcp_sacktag_write_queue(), tcp_mark_skb_lost().
#pragma once

#include "tcp/ack_outcome.hpp"
#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Marks what the segment's SACK blocks report; invalid blocks are passed over.
void take_sacks(Context& cx, Connection& c, wire::SeqNum prior_snd_una, AckOutcome& outcome);

/// Where the highest SACKed segment ends; snd_una where none is.
wire::SeqNum highest_sacked(const Connection& c);

/// One more loss, or the loss of a retransmission. Nothing if it was SACKed.
void mark_lost(Context& cx, Connection& c, SentSegment& segment);

/// Something at `low` arrived after later segments had, and was never sent twice: reordering.
/// `by_timestamp`: its echoed timestamp told.
void note_reordering(Context& cx, Connection& c, wire::SeqNum low, bool by_timestamp);

/// The place in `sent` of the first segment that does not end at or before `seq`.
std::uint32_t index_at(const Connection& c, wire::SeqNum seq);

/// Whether segment i shares an skb with the one before.
void set_joined(Connection& c, std::uint32_t i, bool joined);
/// Puts a segment at place i, not the first.
void insert_sent(Connection& c, std::uint32_t i, const SentSegment& segment);
/// Takes the first segment off; its skb goes with its last one.
void pop_sent(Sending& tx);

/// Cuts segment i after `length` bytes. PSH and FIN belong to the end.
void cut_sent(Connection& c, std::uint32_t i, std::uint32_t length);

// --- without SACK, duplicate ACKs stand for arrivals
void add_reno_duplicates(Context& cx, Connection& c, std::uint32_t duplicates);
void remove_reno_duplicates(Context& cx, Connection& c, std::uint32_t acked);
/// What duplicate ACKs stand for and what is lost cannot be more than was sent. True: it was.
bool limit_reno_sacked(Connection& c);

}  // namespace netsim::tcp
