// One pending event per series that is awake.
#include "observe/series.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "netsim/result.hpp"

namespace netsim::observe {

Sampler::Sampler(sim::Simulation& sim, std::size_t samples_max)
    : sim_(sim), node_(sim.new_node()), samples_max_(std::max<std::size_t>(2, samples_max)) {}

const Series* Sampler::add(std::string name, Duration interval, std::function<double()> read) {
    if (interval.count() <= 0) {
        throw InputError("series \"" + name + "\": the interval must be positive");
    }
    auto entry = std::make_unique<Entry>();
    entry->series.name = std::move(name);
    entry->series.interval = interval;
    entry->series.start = sim_.now();
    entry->read = std::move(read);
    entry->next = sim_.now();
    take(*entry);
    entries_.push_back(std::move(entry));
    arm(entries_.size() - 1);
    return &entries_.back()->series;
}

void Sampler::take(Entry& entry) {
    Series& series = entry.series;
    series.values.push_back(entry.read());
    if (series.values.size() >= samples_max_) {
        const std::size_t kept = (series.values.size() + 1) / 2;
        for (std::size_t i = 1; i < kept; ++i) {
            series.values[i] = series.values[2 * i];
        }
        series.values.resize(kept);
        series.interval *= 2;
    }
    entry.next = series.start + static_cast<Duration::rep>(series.values.size()) * series.interval;
}

void Sampler::arm(std::size_t index) {
    Entry& entry = *entries_[index];
    if (!entry.armed) {
        entry.armed = true;
        ++armed_;
        sim_.schedule(entry.next, node_, *this, index);
    }
}

void Sampler::fire(std::uint64_t argument) {
    CHECK(argument < entries_.size());
    Entry& entry = *entries_[argument];
    entry.armed = false;
    --armed_;
    if (sim_.now() >= entry.next) {
        take(entry);
    }
    if (sim_.events_pending() > armed_) {
        arm(argument);
    }
}

void Sampler::catch_up() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        Entry& entry = *entries_[i];
        // An armed series has its instants still to come, unless a run was stopped at this one.
        while (!entry.armed && entry.next <= sim_.now()) {
            take(entry);
        }
        if (sim_.events_pending() > armed_) {
            arm(i);
        }
    }
}

std::vector<const Series*> Sampler::series() const {
    std::vector<const Series*> all;
    all.reserve(entries_.size());
    for (const auto& entry : entries_) {
        all.push_back(&entry->series);
    }
    return all;
}

}  // namespace netsim::observe
