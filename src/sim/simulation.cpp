// The executor: one loop over the event queue.
#include "sim/simulation.hpp"

#include <array>

#include "base/check.hpp"

namespace netsim::sim {
namespace {

constexpr unsigned kCounterBits = 40;
constexpr std::uint64_t kHousekeeping = 1U << 16U;  // events between looks at memory and progress

/// What a CHECK prints while this run is on; what stood there before comes back at the end, since
/// one simulation may be run from inside another's event or after an exception.
class RunningContext {
 public:
    explicit RunningContext(std::uint64_t seed) : context_(check_context()), before_(context_) {
        context_.seed = seed;
        context_.running = true;
    }

    RunningContext(const RunningContext&) = delete;
    RunningContext& operator=(const RunningContext&) = delete;
    RunningContext(RunningContext&&) = delete;
    RunningContext& operator=(RunningContext&&) = delete;

    ~RunningContext() { context_ = before_; }

    void at(Time now, std::uint64_t event) {
        context_.now_ns = to_ns(now);
        context_.event = event;
    }

 private:
    CheckContext& context_;
    CheckContext before_;
};

}  // namespace

std::string_view to_string(StopReason reason) {
    static constexpr std::array<std::string_view, 6> kNames{"idle",   "until",       "events",
                                                            "memory", "interrupted", "stopped"};
    return kNames.at(static_cast<std::size_t>(reason));
}

Simulation::Simulation(std::uint64_t seed) : seed_(seed) {}

NodeId Simulation::new_node() {
    CHECK(counters_.size() < (1U << (64 - kCounterBits)) - 1);
    const auto id = static_cast<NodeId>(counters_.size());
    counters_.push_back(0);
    uids_.push_back(0);
    digests_.emplace_back();
    return id;
}

void Simulation::schedule(Time at, NodeId origin, EventTarget& target, std::uint64_t argument) {
    schedule_reserved(at, reserve(origin), target, argument);
}

std::uint64_t Simulation::reserve(NodeId origin) {
    CHECK(origin < counters_.size());
    return (std::uint64_t{origin} << kCounterBits) | counters_[origin]++;
}

void Simulation::schedule_reserved(Time at, std::uint64_t order, EventTarget& target,
                                   std::uint64_t argument) {
    CHECK(at >= now_);
    queue_.push(Event{at, order, &target, argument});
}

void Simulation::fire(const Event& event) {
    DCHECK(event.at >= now_);
    now_ = event.at;
    ++fired_;
    event.target->fire(event.argument);
}

StopReason Simulation::run(const StopConditions& stop) {
    RunningContext context(seed_);
    const std::uint64_t first = fired_;
    for (;;) {
        if (stop_asked_) {
            stop_asked_ = false;
            return StopReason::kStopped;
        }
        if (interrupted()) {
            return StopReason::kInterrupted;
        }
        if (queue_.empty() || queue_.top().at > stop.until) {
            if (stop.until != kNever && stop.until > now_) {
                now_ = stop.until;
            }
            return queue_.empty() ? StopReason::kIdle : StopReason::kUntil;
        }
        if (stop.events_max != 0 && fired_ - first >= stop.events_max) {
            return StopReason::kEvents;
        }
        if (fired_ % kHousekeeping == kHousekeeping - 1) {
            if (on_progress) {
                on_progress(now_);
            }
            if (stop.memory_bytes_max != 0 && resident_bytes() > stop.memory_bytes_max) {
                return StopReason::kMemory;
            }
        }
        const Event event = queue_.top();
        queue_.pop();
        context.at(event.at, fired_ + 1);
        fire(event);
    }
}

bool Simulation::step(Time until) {
    if (queue_.empty() || queue_.top().at > until) {
        return false;
    }
    RunningContext context(seed_);
    const Event event = queue_.top();
    queue_.pop();
    context.at(event.at, fired_ + 1);
    fire(event);
    return true;
}

std::uint64_t Simulation::digest() const {
    Digest all;
    for (const Digest& node : digests_) {
        all.add(node.value());
    }
    return all.value();
}

}  // namespace netsim::sim
