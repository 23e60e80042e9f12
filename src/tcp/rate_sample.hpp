// Delivery rate: how fast the network takes what is sent, measured over the time from a segment's
// transmission to its acknowledgement (draft-cheng-iccrg-delivery-rate-estimation; Linux
// tcp_rate.c). BBR's input, and tcp_info's delivery rate.
#pragma once

#include <cstdint>

#include "netsim/time.hpp"
#include "wire/seq.hpp"

namespace netsim::tcp {

struct Connection;
struct SentSegment;

/// What a segment remembers of the moment it was sent. Linux tcp_skb_cb.tx.
struct SendStamp {
    Time first_sent_at{};         // when the newest segment delivered by then had been sent
    Time delivered_at{};          // when the last delivery by then happened
    std::uint32_t delivered = 0;  // how many had been delivered
    bool app_limited = false;     // the application left the pipe empty then
    bool used = false;            // its delivery is in a sample already
};

/// What a connection remembers: the two clocks of the estimator, and the last rate. Linux
/// first_tx_mstamp, delivered_mstamp, app_limited, rate_*.
struct DeliveryRate {
    Time first_sent_at{};
    Time delivered_at{};
    std::uint32_t app_limited = 0;  // until so many are delivered; 0: the network limits
    std::uint32_t delivered_ce = 0;
    std::uint32_t last_delivered = 0;
    std::uint32_t last_interval_us = 0;
    bool last_app_limited = true;  // until the first sample, tcp_init_sock()
};

/// One sample, made of what an ACK delivered. Linux struct rate_sample.
struct RateSample {
    Time prior_at{};                    // delivered_at of the newest segment delivered
    Time newest_sent{};                 // when that segment was sent
    std::uint32_t prior_delivered = 0;  // `delivered` then
    std::int64_t delivered = -1;        // over the interval; -1: no sample
    std::int64_t interval_us = -1;      // the longer of sending and acknowledging; -1: no sample
    std::int64_t rtt_us = -1;
    std::uint32_t acked_sacked = 0;  // newly delivered by this ACK
    std::uint32_t losses = 0;        // newly marked lost by it
    std::uint32_t prior_in_flight = 0;
    wire::SeqNum newest_end;
    bool seen = false;  // something was delivered that carries a stamp
    bool app_limited = false;
    bool ack_delayed = false;  // the peer may have waited with it

    bool valid() const { return delivered >= 0 && interval_us > 0; }
};

/// Microseconds between two clock readings, as the kernel's clock of microseconds tells them.
constexpr std::int64_t us_between(Time from, Time to) {
    return to_ns(to) / 1000 - to_ns(from) / 1000;
}

/// Stamps a segment that is sent, first or again. Linux tcp_rate_skb_sent().
void stamp_sent(Connection& c, SentSegment& segment, Time now);
/// Notes that a segment was delivered. Linux tcp_rate_skb_delivered().
void note_delivered(Connection& c, SentSegment& segment, RateSample& sample);
/// Completes the sample once the ACK is digested. Linux tcp_rate_gen().
void complete_sample(Connection& c, RateSample& sample, bool reneged, Time now);
/// The application writes, and until now left the pipe not full: what is delivered from here on
/// tells of it, not of the network. Linux tcp_rate_check_app_limited().
void check_app_limited(Connection& c);
/// tcpi_delivery_rate, bytes/s. Linux tcp_compute_delivery_rate().
std::uint64_t delivery_rate(const Connection& c);

}  // namespace netsim::tcp
