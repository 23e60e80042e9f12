// The tail loss probe (RFC 8985 §7): what nothing follows cannot be found lost by RACK, so
// something is sent after two round trips. Linux tcp_schedule_loss_probe(), tcp_send_loss_probe().
#pragma once

#include "tcp/ack_outcome.hpp"
#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// Arms the probe in place of the RTO. `advancing`: the RTO would be counted from now, not from
/// when the head was sent. False: no probe here.
bool schedule_loss_probe(Context& cx, Connection& c, bool advancing);
/// The probe timer fired.
void send_loss_probe(Context& cx, Connection& c);
/// An ACK at or above what was sent when the probe went: was there a loss? Linux
/// tcp_process_tlp_ack().
void loss_probe_acked(Context& cx, Connection& c, const AckOutcome& outcome);

}  // namespace netsim::tcp
