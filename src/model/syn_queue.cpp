// The transient: cohorts give the rate at which requests leave, the chain turns rates into a
// distribution, clients that were dropped come back later. One fixed step for all three.
#include "model/syn_queue.hpp"

#include <algorithm>
#include <cmath>

#include "base/check.hpp"
#include "model/clients.hpp"
#include "model/half_open.hpp"
#include "model/occupancy.hpp"

namespace netsim::model {
namespace {

constexpr double kWork = 4e7;                // steps times states: well under a second
constexpr std::size_t kStepsMax = 400'000;   // of a run
constexpr double kSampleSeconds = 0.1;       // of the series
constexpr std::size_t kStepsPerSecond = 50;  // at least

/// Steps per second: fine enough that a step admits at most 1/32 of the queue, bounded by the work.
std::size_t choose_steps_per_second(const SynQueueParams& p, std::uint64_t capacity) {
    const double states = static_cast<double>(capacity) + 1;
    const double wanted = 32 * (p.flood_rate + p.legit_rate) / states;
    const double affordable =
        std::min(static_cast<double>(kStepsMax), kWork / states) / std::max(p.horizon, 1e-9);
    const double steps = std::min(wanted, affordable);
    return std::max(kStepsPerSecond, static_cast<std::size_t>(steps));
}

/// The run, step by step.
class Transient {
 public:
    explicit Transient(const SynQueueParams& params)
        : p_(params),
          unproven_(unproven_capacity(params)),
          all_(params.syncookies >= 2                          ? 0
               : params.legit_proven && params.syncookies == 0 ? params.backlog + 1
                                                               : unproven_),
          per_second_(choose_steps_per_second(params, all_)),
          h_(1.0 / static_cast<double>(per_second_)),
          steps_(static_cast<std::size_t>(
              std::ceil(params.horizon * static_cast<double>(per_second_)))),
          occupancy_(unproven_, all_),
          flood_(steps_, per_second_, params.backlog, params.synack_retries),
          clients_(params, steps_, h_) {}

    SynQueuePrediction run() {
        for (std::size_t i = 0; i < steps_; ++i) {
            step(i);
        }
        return finish();
    }

 private:
    void step(std::size_t i) {
        const double t = static_cast<double>(i) * h_;
        const bool flooding = t >= p_.flood_start && t < p_.flood_stop;
        const double flood_rate = flooding ? p_.flood_rate : 0.0;
        const double legit_syns = clients_.syns(i);

        // After a flood nothing random is left in its requests: their number is what it is.
        const HalfOpenCohorts::Fired fired =
            flood_.fire(i, flooding ? &occupancy_ : nullptr, legit_, occupancy_.unproven_loss());
        legit_ = (legit_ + legit_syns * (1 - legit_full_)) / (1 + h_ / p_.legit_rtt);
        legit_max_ = std::max(legit_max_, legit_);
        // What the chain holds beyond the cohorts is rounding of earlier steps: let it go too.
        const double drift = occupancy_.mean() - (fired.expired + flood_.mass());
        if (all_ > 0) {
            occupancy_.step(h_, flood_rate, std::max(0.0, fired.expired + drift), legit_);
        }

        const double flood_loss = occupancy_.unproven_loss();
        legit_full_ = occupancy_.proven_loss();
        flood_.admit(i, flood_rate * h_ * (1 - flood_loss));
        const double legit_loss = p_.syncookies == 0 ? legit_full_ : 0.0;
        clients_.answer(i, legit_loss);
        count(flooding, fired, flood_rate * h_ * flood_loss + legit_syns * legit_full_);
        sample(i, t, legit_loss);
        if (flooding) {
            out_.occupancy_at_end = occupancy_.distribution();
        }
    }

    void count(bool flooding, const HalfOpenCohorts::Fired& fired, double refused) {
        (p_.syncookies == 0 ? out_.syns_dropped : out_.cookies_sent) += refused;
        out_.synack_retransmits += fired.resent;
        out_.syn_queue_mean += (occupancy_.mean() + legit_) * h_;
        if (flooding) {
            out_.synack_retransmits_per_s += fired.resent;
            out_.syn_queue_mean_flood += (occupancy_.mean() + legit_) * h_;
            flood_seconds_ += h_;
        }
    }

    void sample(std::size_t i, double t, double legit_loss) {
        if (i >= next_sample_) {
            out_.series.push_back({t, occupancy_.mean() + legit_, legit_loss});
            next_sample_ += std::max<std::size_t>(
                1, static_cast<std::size_t>(kSampleSeconds * static_cast<double>(per_second_)));
        }
    }

    SynQueuePrediction finish() {
        out_.syn_queue_mean /= std::max(p_.horizon, h_);
        if (flood_seconds_ > 0) {
            out_.syn_queue_mean_flood /= flood_seconds_;
            out_.synack_retransmits_per_s /= flood_seconds_;
        }
        out_.syn_queue_peak = std::min(static_cast<double>(all_), occupancy_.peak() + legit_peak());
        out_.syn_retransmits = clients_.resent();
        if (clients_.attempts() > 0) {
            out_.first_syn_success = clients_.first_answered() / clients_.attempts();
            out_.connect_success = clients_.connected() / clients_.attempts();
            out_.connect_p50_ms = clients_.latency(0.50) * 1e3;
            out_.connect_p99_ms = clients_.latency(0.99) * 1e3;
        }
        return std::move(out_);
    }

    /// The largest number of legitimate requests, seen at least once with probability 1/2, if the
    /// queue is looked at afresh every round trip.
    double legit_peak() const {
        const double looks = std::max(1.0, p_.legit_stop - p_.legit_start) / p_.legit_rtt;
        std::vector<double> cdf;
        poisson_cdf(legit_max_, cdf);
        std::size_t n = 0;
        while (n < cdf.size() && looks * (1 - cdf[n]) >= kLn2) {
            ++n;
        }
        return static_cast<double>(n);
    }

    const SynQueueParams& p_;
    std::uint64_t unproven_;
    std::uint64_t all_;
    std::size_t per_second_;
    double h_;
    std::size_t steps_;
    Occupancy occupancy_;
    HalfOpenCohorts flood_;
    RetryingClients clients_;
    double legit_ = 0;  // half-open, mean
    double legit_max_ = 0;
    double legit_full_ = 0;
    double flood_seconds_ = 0;
    std::size_t next_sample_ = 0;
    SynQueuePrediction out_;
};

}  // namespace

SynQueuePrediction predict(const SynQueueParams& params) {
    CHECK(params.synack_retries >= 0 && params.horizon >= 0);
    return Transient(params).run();
}

}  // namespace netsim::model
