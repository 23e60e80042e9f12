// F-RTO (RFC 5682, with SACK): is a retransmission timeout spurious? And what else an ACK means in
// Loss. Linux tcp_process_loss().
#pragma once

#include "tcp/recovery.hpp"

namespace netsim::tcp {

/// An ACK in Loss: to Open when all is recovered or nothing was lost.
Resend digest_in_loss(Context& cx, Connection& c, AckOutcome& outcome);

}  // namespace netsim::tcp
