// Taking a reduction of cwnd back when the loss was none: the originals had only been late. The
// evidence is an echoed timestamp older than the retransmission (Eifel, RFC 3522, RFC 4015), DSACKs
// for all that was sent again (RFC 3708), or F-RTO's. Linux tcp_try_undo_*().
#pragma once

#include "tcp/ack_outcome.hpp"
#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// An episode begins: what would have to be taken back. Linux tcp_init_undo().
void note_episode(Connection& c);
/// The slow start threshold to return to. Linux tcp_current_ssthresh().
std::uint32_t current_ssthresh(const Connection& c);
/// Was anything in flight sent more than once? Linux tcp_any_retrans_done().
bool any_retransmitted(const Connection& c);
/// Forgets when the first retransmission was, if none is left. Linux tcp_retrans_stamp_cleanup().
void forget_first_retransmission(Connection& c);

/// Recovery is complete. True: without SACK the state is kept until more than high_seq is
/// acknowledged (RFC 6582).
bool try_undo_recovery(Context& cx, Connection& c, const AckOutcome& outcome);
/// A partial ACK in Recovery. True: nothing more is to be marked or sent again now.
bool try_undo_partial(Context& cx, Connection& c, wire::SeqNum prior_snd_una,
                      const AckOutcome& outcome);
/// All that was sent again was reported as duplicate.
bool try_undo_dsack(Context& cx, Connection& c);
/// In Loss; `by_frto`: F-RTO has found the timeout spurious.
bool try_undo_loss(Context& cx, Connection& c, bool by_frto, const AckOutcome& outcome);

/// Open or Disorder, as the scoreboard says. Linux tcp_try_keep_open().
void keep_open(Connection& c);
/// The same, with what else ends an episode. `ece`: CWR begins. Linux tcp_try_to_open().
void try_to_open(Connection& c, bool ece);

}  // namespace netsim::tcp
