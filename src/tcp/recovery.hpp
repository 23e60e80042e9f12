// Acknowledgements and loss: what an ACK tells, when a segment counts as lost, what is sent again
// and how much may be in flight meanwhile. RFC 5681, 6582, 6675, 6937; Linux tcp_ack(),
// tcp_fastretrans_alert().
#pragma once

#include "tcp/context.hpp"
#include "tcp/stack_state.hpp"

namespace netsim::tcp {

/// What one acknowledgement changed.
struct AckOutcome {
    std::uint32_t acked = 0;      // segments taken off the queue
    std::uint32_t delivered = 0;  // segments newly known to have arrived, by ACK or SACK
    bool advanced = false;        // snd_una moved
    bool window_updated = false;
    bool fin_acked = false;
    bool duplicate = false;  // RFC 5681's duplicate ACK
    bool predicted = false;  // it came by the fast path
    Duration rtt{0};         // sample drawn; 0: none
};

/// Marks what the segment's SACK blocks report (RFC 2018); invalid blocks are passed over.
void take_sacks(Context& cx, Connection& c, const wire::TcpHeader& h, AckOutcome& outcome);
/// Takes off the queue what `ack` covers and draws an RTT sample.
void clean_sent_queue(Context& cx, Connection& c, const wire::TcpHeader& h, AckOutcome& outcome);
/// Loss detection, cwnd, retransmission. Call after the two above.
void recover(Context& cx, Connection& c, const AckOutcome& outcome);

/// The retransmission timer fired: everything unsacked is lost. Linux tcp_enter_loss().
void enter_loss(Context& cx, Connection& c);
/// Sends lost segments again as far as cwnd lets.
void retransmit_lost(Context& cx, Connection& c);
/// RFC 5681 §4.1: after `idle` without sending, cwnd falls back towards the initial window.
void restart_after_idle(Connection& c, Duration idle);
/// A router said the path takes no more than `mtu` octets: segments shrink, and what was too large
/// is cut and sent again at once (RFC 1191 §6; Linux tcp_simple_retransmit()). Never below 552
/// octets.
void fit_to_path(Context& cx, Connection& c, std::uint32_t mtu);
/// RTO, shortened where TCP_USER_TIMEOUT ends sooner.
Duration rto_now(const Connection& c, const Context& cx);

}  // namespace netsim::tcp
