// Delivery rate samples.
#include "tcp/rate_sample.hpp"

#include <algorithm>

#include "tcp/connection.hpp"

namespace netsim::tcp {

void stamp_sent(Connection& c, SentSegment& segment, Time now) {
    // With nothing outstanding the interval begins here: what is delivered from now on was sent
    // from now on. Counted by what is sent, not by what is believed in flight: a wrong belief would
    // shorten the interval.
    Sending& tx = c.edit_sending();
    if (tx.sent.empty()) {
        tx.rate.first_sent_at = now;
        tx.rate.delivered_at = now;
    }
    segment.stamp = {.first_sent_at = tx.rate.first_sent_at,
                     .delivered_at = tx.rate.delivered_at,
                     .delivered = c.delivered,
                     .app_limited = tx.rate.app_limited != 0,
                     .used = false};
}

void note_delivered(Connection& c, SentSegment& segment, RateSample& sample) {
    if (segment.stamp.used) {
        return;
    }
    // The newest segment sent tells most about now; of equals, the one further on.
    DeliveryRate& rate = c.edit_sending().rate;
    const bool newer =
        segment.sent_at > rate.first_sent_at ||
        (segment.sent_at == rate.first_sent_at && after(segment.end, sample.newest_end));
    if (!sample.seen || sample.prior_delivered == 0 || newer) {
        sample.seen = true;
        sample.prior_delivered = segment.stamp.delivered;
        sample.prior_at = segment.stamp.delivered_at;
        sample.app_limited = segment.stamp.app_limited;
        sample.newest_end = segment.end;
        sample.newest_sent = segment.sent_at;
        rate.first_sent_at = segment.sent_at;
        sample.interval_us = us_between(segment.stamp.first_sent_at, segment.sent_at);
    }
    segment.stamp.used = true;
}

void complete_sample(Connection& c, RateSample& sample, bool reneged, Time now) {
    DeliveryRate& rate = c.edit_sending().rate;
    if (rate.app_limited != 0 && static_cast<std::int32_t>(c.delivered - rate.app_limited) > 0) {
        rate.app_limited = 0;  // the bubble has passed
    }
    if (sample.acked_sacked > 0) {
        rate.delivered_at = now;
    }
    if (!sample.seen || reneged) {
        sample.delivered = -1;
        sample.interval_us = -1;
        return;
    }
    sample.delivered = c.delivered - sample.prior_delivered;
    // Nothing is delivered faster than it was sent, whatever compressed the ACKs.
    sample.interval_us = std::max(sample.interval_us, us_between(sample.prior_at, now));
    if (c.rtt.has_min() && sample.interval_us < c.rtt.min().count() / 1000) {
        sample.interval_us = -1;  // shorter than the path: an ACK of an earlier copy
        return;
    }
    const auto delivered = static_cast<std::uint64_t>(sample.delivered);
    const auto interval = static_cast<std::uint64_t>(sample.interval_us);
    if (!sample.app_limited ||
        delivered * rate.last_interval_us >= rate.last_delivered * interval) {
        rate.last_delivered = static_cast<std::uint32_t>(delivered);
        rate.last_interval_us = static_cast<std::uint32_t>(interval);
        rate.last_app_limited = sample.app_limited;
    }
}

void check_app_limited(Connection& c) {
    if (c.sending().unsent_bytes < c.snd_mss && c.packets_in_flight() < c.sending().cc.cwnd &&
        c.sending().lost_out <= c.sending().retrans_out) {
        c.edit_sending().rate.app_limited = std::max(c.delivered + c.packets_in_flight(), 1U);
    }
}

std::uint64_t delivery_rate(const Connection& c) {
    const Sending& tx = c.sending();
    if (tx.rate.last_delivered == 0 || tx.rate.last_interval_us == 0) {
        return 0;
    }
    return std::uint64_t{tx.rate.last_delivered} * c.snd_mss * 1'000'000U /
           tx.rate.last_interval_us;
}

}  // namespace netsim::tcp
