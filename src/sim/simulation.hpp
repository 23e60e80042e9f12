// The virtual clock and the loop: pop the earliest event, set the clock, fire it.
//
// Order is a pure function of the model (design §3.6): the key of an event is
// (time, id of the node that scheduled it, that node's own counter). Nothing else decides.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "netsim/rng.hpp"
#include "netsim/time.hpp"
#include "sim/event_queue.hpp"

namespace netsim::sim {

/// What stops a run besides the queue running dry. Zero / kNever: no such limit.
struct StopConditions {
    Time until = kNever;  // events at exactly `until` still fire
    std::uint64_t events_max = 0;
    std::uint64_t memory_bytes_max = 0;  // resident set, looked at every 65,536 events
    bool hold_when_idle = false;         // with no event left the clock stays at the last one
};

enum class StopReason : std::uint8_t {
    kIdle,         // no event left; the clock stands at `until` if one was given
    kUntil,        // virtual time reached `until`
    kEvents,       // events_max used up
    kMemory,       // memory_bytes_max exceeded
    kInterrupted,  // interrupt(), e.g. by Ctrl-C
    kStopped,      // stop() by the model, e.g. a failed script
};

std::string_view to_string(StopReason reason);

class Simulation {
 public:
    explicit Simulation(std::uint64_t seed);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    Simulation(Simulation&&) = delete;
    Simulation& operator=(Simulation&&) = delete;
    ~Simulation() = default;

    Time now() const { return now_; }

    std::uint64_t seed() const { return seed_; }

    std::uint64_t events_fired() const { return fired_; }

    std::size_t events_pending() const { return queue_.size(); }

    /// The named random stream of this run, e.g. rng("link/a-b/loss").
    Rng rng(std::string_view name) const { return Rng(seed_, name); }

    /// Ids in order of creation, at most 2^24 - 1. Only nodes schedule.
    NodeId new_node();

    std::size_t nodes() const { return counters_.size(); }

    /// Fires target.fire(argument) at `at` (>= now), ordered after everything `origin` scheduled
    /// before for the same instant. `target` must outlive the event.
    void schedule(Time at, NodeId origin, EventTarget& target, std::uint64_t argument = 0);

    /// Takes the next place in `origin`'s order now for an event scheduled later with
    /// schedule_reserved(): a link gives each packet its place when it is sent, though it has one
    /// pending event only.
    std::uint64_t reserve(NodeId origin);
    void schedule_reserved(Time at, std::uint64_t order, EventTarget& target,
                           std::uint64_t argument = 0);

    /// From inside an event: would the event (at, order), whose place was reserved, be the next to
    /// fire? Then it counts as fired, the clock stands at `at`, and the caller does what it would
    /// have done. Otherwise false, and the caller schedules it.
    bool go_on(Time at, std::uint64_t order);

    /// Runs until a condition holds. May be called again to go on.
    StopReason run(const StopConditions& stop);
    /// Fires exactly one event; false if there is none (or none up to `until`).
    bool step(Time until = kNever);

    /// The model asks to stop after the current event.
    void stop() { stop_asked_ = true; }

    /// From a signal handler or another thread: stop at the next event.
    void interrupt() { interrupted_.store(true, std::memory_order_relaxed); }

    /// Goes on after an interrupt().
    void clear_interrupt() { interrupted_.store(false, std::memory_order_relaxed); }

    bool stop_asked() const { return stop_asked_; }

    bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

    /// A number from this node's counter, unique in the run: (node << 40) | counter.
    std::uint64_t next_uid(NodeId node) {
        return (std::uint64_t{node} << kUidNodeShift) | ++uids_[node];
    }

    /// Called every 2^16 events with the virtual time: progress bars, live views. Not part of the
    /// model.
    std::function<void(Time)> on_progress;

    /// Each node's running digest of what it saw; digest() folds them in order of node id, so that
    /// it does not depend on how nodes are spread over threads.
    Digest& node_digest(NodeId node) { return digests_[node]; }

    std::uint64_t digest() const;

 private:
    void fire(const Event& event);
    bool memory_exceeded(const StopConditions& stop);

    std::uint64_t seed_;
    Time now_{};
    EventQueue queue_;
    std::uint64_t fired_ = 0;
    std::vector<std::uint64_t> counters_;
    std::vector<std::uint64_t> uids_;
    std::vector<Digest> digests_;
    bool stop_asked_ = false;
    // Up to where go_on() may go without the loop; nowhere outside run().
    Time go_on_until_ = Time::min();
    std::uint64_t go_on_events_ = 0;
    std::atomic<bool> interrupted_{false};
};

/// Resident set of this process in bytes (0 where the system does not tell).
std::uint64_t resident_bytes();
std::uint64_t peak_resident_bytes();

}  // namespace netsim::sim
