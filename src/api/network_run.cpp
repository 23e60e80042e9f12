// Running: samples are taken between slices of the run, so that looking changes no event.
#include <algorithm>

#include "api/network_impl.hpp"
#include "tcp/mib.hpp"

namespace netsim {

void NetworkImpl::at(Node& node, Time when, std::function<void()> f) {
    if (when < sim_.now()) {
        throw InputError("at() on '" + node.owner->name() + "': the time is past");
    }
    sim_.schedule(when, node.owner->id(), timed_calls_, timed_calls_.add(std::move(f)));
}

Time NetworkImpl::next_sample() const {
    Time next = kNever;
    for (const Recorder& recorder : recorders_) {
        next = std::min(next, recorder.next);
    }
    return next;
}

/// Never due in the past: one that a time was skipped for is taken now.
Time NetworkImpl::next_report_sample() const {
    return report_ == nullptr ? kNever : std::max(report_->next_sample(), sim_.now());
}

void NetworkImpl::take_samples(Time at) {
    for (Recorder& recorder : recorders_) {
        if (recorder.next == at) {
            recorder.series.values.push_back(recorder.read());
            recorder.next += recorder.series.interval;
        }
    }
}

/// One event after the other, until `pause` says so; what else can end a slice run() decides.
bool NetworkImpl::paused(const sim::StopConditions& slice, const std::function<bool()>& pause) {
    for (std::uint64_t i = 0; slice.events_max == 0 || i < slice.events_max; ++i) {
        {
            const InEvent scope(in_event_);
            if (sim_.interrupted() || sim_.stop_asked() || !sim_.step(slice.until)) {
                return false;
            }
        }
        if (pause()) {
            return true;
        }
    }
    return false;
}

RunResult NetworkImpl::run(Time until, const RunLimits& limits) {
    update_routes();
    const std::uint64_t fired_before = sim_.events_fired();
    sim::StopReason reason = sim::StopReason::kIdle;
    while (true) {
        const Time sample = next_sample();
        const Time look = next_report_sample();
        sim::StopConditions slice{.until = std::min({until, sample, look, limits.pause_at}),
                                  .memory_bytes_max = limits.memory_bytes_max};
        if (limits.events_max != 0) {
            const std::uint64_t fired = sim_.events_fired() - fired_before;
            if (fired >= limits.events_max) {
                reason = sim::StopReason::kEvents;
                break;
            }
            slice.events_max = limits.events_max - fired;
        }
        // A report only looks: the clock does not go to its samples when all is over.
        slice.hold_when_idle = until == kNever && (slice.until == limits.pause_at ||
                                                   (slice.until == look && look < sample));
        if (limits.pause) {
            if (paused(slice, limits.pause)) {
                return {"paused", sim_.now(), sim_.events_fired() - fired_before};
            }
            if (limits.events_max != 0 && sim_.events_fired() - fired_before >= limits.events_max) {
                continue;
            }
        }
        {
            const InEvent scope(in_event_);
            reason = sim_.run(slice);
        }
        const bool slice_done =
            reason == sim::StopReason::kUntil || reason == sim::StopReason::kIdle;
        if (!slice_done) {
            break;
        }
        if (sample <= until && sim_.now() == sample) {
            take_samples(sample);
        }
        if (look <= until && sim_.now() == look) {
            report_->sample(look);
        }
        if (slice.until == limits.pause_at && limits.pause_at < until &&
            sim_.now() == limits.pause_at) {
            return {"paused", sim_.now(), sim_.events_fired() - fired_before};
        }
        // Without an end, a run is over when nothing is left to happen.
        if (slice.until == until || (until == kNever && sim_.events_pending() == 0)) {
            break;
        }
    }
    return {std::string(to_string(reason)), sim_.now(), sim_.events_fired() - fired_before};
}

bool NetworkImpl::step() {
    update_routes();
    while (true) {
        const Time sample = next_sample();
        const Time look = next_report_sample();
        const Time stop = std::min(sample, look);
        {
            const InEvent scope(in_event_);
            if (sim_.step(stop)) {
                return true;
            }
        }
        if (stop == kNever || sim_.events_pending() == 0) {
            return false;
        }
        // The next event is after the sample's time: bring the clock there.
        static_cast<void>(sim_.run({.until = stop}));
        if (sample == stop) {
            take_samples(sample);
        }
        if (look == stop) {
            report_->sample(look);
        }
    }
}

std::uint64_t NetworkImpl::digest() const {
    Digest digest;
    digest.add(sim_.digest());
    for (const Node& node : nodes_) {
        if (node.host == nullptr) {
            continue;
        }
        const tcp::Mibs& mibs = node.host->mibs();
        for (std::size_t i = 0; i < tcp::kMibCount; ++i) {
            digest.add(mibs.get(static_cast<tcp::Mib>(i)));
        }
    }
    return digest.value();
}

std::uint64_t NetworkImpl::handshakes() const {
    std::uint64_t sum = 0;
    for (const Node& node : nodes_) {
        if (node.host != nullptr) {
            sum += node.host->mibs().get(tcp::Mib::kTcpPassiveOpens) +
                   node.host->handshakes_before_boot();
        }
    }
    return sum;
}

const Series* NetworkImpl::record(std::string name, Duration interval,
                                  std::function<double()> read) {
    if (interval <= Duration{0}) {
        throw InputError("series '" + name + "': the interval must be above 0");
    }
    const Time start = sim_.now();
    recorders_.push_back({{std::move(name), interval, start, {}}, std::move(read), start});
    return &recorders_.back().series;
}

std::vector<const Series*> NetworkImpl::series() const {
    std::vector<const Series*> out;
    for (const Recorder& recorder : recorders_) {
        out.push_back(&recorder.series);
    }
    return out;
}

}  // namespace netsim
