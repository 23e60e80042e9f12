// Loss recovery: from what an ACK told to what is sent again, and how much may be in flight
// meanwhile. RFC 5681, 6582, 6675; Linux tcp_fastretrans_alert(), tcp_enter_loss(). RACK, PRR,
// F-RTO, undo and the loss probe have a file each.
#pragma once

#include "tcp/ack_outcome.hpp"
#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// What is sent once the ACK has been digested.
enum class Resend : std::uint8_t {
    kNothing,
    kLost,
    kNew,  // F-RTO: new data first
};

/// The state machine Open, Disorder, CWR, Recovery, Loss. Decides what is lost and whether cwnd
/// shrinks; sends nothing.
Resend digest_ack(Context& cx, Connection& c, wire::SeqNum prior_snd_una, AckOutcome& outcome);
/// Retransmissions, or the new data of F-RTO.
void send_after_ack(Context& cx, Connection& c, Resend resend);

/// Begins fast recovery. `ece`: the peer echoes congestion as well.
void enter_recovery(Context& cx, Connection& c, bool ece = false);
/// The retransmission timer fired: what RACK does not still expect is lost.
void enter_loss(Context& cx, Connection& c);
/// What is known to be lost although no congestion lost it is sent again: cwnd stays. Linux
/// tcp_non_congestion_loss_retransmit().
void retransmit_without_congestion(Context& cx, Connection& c);

}  // namespace netsim::tcp
