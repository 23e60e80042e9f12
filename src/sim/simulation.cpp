// The executor: one loop over the event queue.
#include "sim/simulation.hpp"

#include <algorithm>
#include <array>
#include <limits>

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

bool Simulation::go_on(Time at, std::uint64_t order) {
    if (at > go_on_until_ || fired_ >= go_on_events_ || stop_asked_ || interrupted()) {
        return false;
    }
    const Event* const next = queue_.first();
    if (next != nullptr && *next < Event{at, order, nullptr, 0}) {
        return false;
    }
    now_ = at;
    ++fired_;
    CheckContext& context = check_context();
    context.now_ns = to_ns(at);
    context.event = fired_;
    return true;
}

StopReason Simulation::run(const StopConditions& stop) {
    RunningContext context(seed_);
    const std::uint64_t last =
        stop.events_max != 0 ? fired_ + stop.events_max : std::numeric_limits<std::uint64_t>::max();
    std::uint64_t look_up = 0;  // housekeeping is due at this many events
    StopReason reason = StopReason::kIdle;
    for (;;) {
        if (stop_asked_) {
            stop_asked_ = false;
            reason = StopReason::kStopped;
            break;
        }
        if (interrupted()) {
            reason = StopReason::kInterrupted;
            break;
        }
        const Event* const next = queue_.first();
        if (next == nullptr || next->at > stop.until) {
            const bool held = next == nullptr && stop.hold_when_idle;
            if (stop.until != kNever && stop.until > now_ && !held) {
                now_ = stop.until;
            }
            reason = next == nullptr ? StopReason::kIdle : StopReason::kUntil;
            break;
        }
        if (fired_ >= last) {
            reason = StopReason::kEvents;
            break;
        }
        if (fired_ >= look_up) {
            if (look_up != 0 && memory_exceeded(stop)) {
                reason = StopReason::kMemory;
                break;
            }
            look_up = (fired_ / kHousekeeping + 1) * kHousekeeping - 1;
        }
        go_on_until_ = stop.until;
        go_on_events_ = std::min(last, look_up);
        const Event event = *next;
        queue_.pop();
        context.at(event.at, fired_ + 1);
        fire(event);
    }
    go_on_until_ = Time::min();
    return reason;
}

/// Every kHousekeeping events: observers outside the model, and the limit of memory.
bool Simulation::memory_exceeded(const StopConditions& stop) {
    if (on_progress) {
        on_progress(now_);
    }
    return stop.memory_bytes_max != 0 && resident_bytes() > stop.memory_bytes_max;
}

bool Simulation::step(Time until) {
    const Event* const next = queue_.first();
    if (next == nullptr || next->at > until) {
        return false;
    }
    RunningContext context(seed_);
    go_on_until_ = Time::min();
    const Event event = *next;
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
