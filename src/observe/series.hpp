// Time series: any number, read at fixed intervals of virtual time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "netsim/series.hpp"
#include "netsim/time.hpp"
#include "sim/simulation.hpp"

namespace netsim::observe {

/// Samples gauges while a simulation runs. It is a node of its own: create it once, before the
/// others, so that node ids (and with them the order of events) do not depend on what is recorded.
///
/// - A sample at t is taken among the events of instant t, before those that nodes with higher ids
///   scheduled for t: do not rely on seeing t's own changes.
/// - Sampling must not keep a run alive that would otherwise be idle: a series sleeps when nothing
///   but sampling is pending. catch_up() fills in what it slept through (nothing changed then). The
///   clock of a run that ends idle may stand at the sample after its last event.
/// - Memory is bounded: at `samples_max` values every second one is dropped and the interval
///   doubles. A peak shorter than the interval may be missed.
class Sampler final : public sim::EventTarget {
 public:
    static constexpr std::size_t kSamplesMax = 65536;

    explicit Sampler(sim::Simulation& sim, std::size_t samples_max = kSamplesMax);

    /// The first sample is taken now, by this call. The pointer is valid as long as the Sampler.
    /// Throws InputError if the interval is not positive.
    const Series* add(std::string name, Duration interval, std::function<double()> read);

    /// Call before and after each run: fills in samples up to now and goes on sampling.
    void catch_up();

    std::vector<const Series*> series() const;

    void fire(std::uint64_t argument) override;

 private:
    struct Entry {
        Series series;
        std::function<double()> read;
        Time next{};
        bool armed = false;
    };

    void take(Entry& entry);
    void arm(std::size_t index);

    sim::Simulation& sim_;
    sim::NodeId node_;
    std::size_t samples_max_;
    std::size_t armed_ = 0;  // our own pending events
    std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace netsim::observe
