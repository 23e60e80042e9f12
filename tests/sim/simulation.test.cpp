// The executor: order, clock, stop conditions, isolation of simulations from each other.
#include "sim/simulation.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/check.hpp"

namespace netsim::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Recorder final : public EventTarget {
 public:
    std::vector<std::uint64_t> seen;
    std::function<void(std::uint64_t)> then;

    void fire(std::uint64_t argument) override {
        seen.push_back(argument);
        if (then) {
            then(argument);
        }
    }
};

Time at(std::int64_t ms) {
    return Time(milliseconds(ms));
}

TEST(Simulation, FiresInOrderOfTimeThenNodeThenCounter) {
    Simulation sim(1);
    const NodeId a = sim.new_node();
    const NodeId b = sim.new_node();
    Recorder recorder;
    sim.schedule(at(2), b, recorder, 5);
    sim.schedule(at(2), a, recorder, 3);
    sim.schedule(at(1), b, recorder, 1);
    sim.schedule(at(2), a, recorder, 4);
    sim.schedule(at(1), b, recorder, 2);
    EXPECT_EQ(sim.run({}), StopReason::kIdle);
    EXPECT_EQ(recorder.seen, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(sim.now(), at(2));
    EXPECT_EQ(sim.events_fired(), 5U);
}

TEST(Simulation, AReservedPlaceIsKeptUntilItIsUsed) {
    Simulation sim(1);
    const NodeId node = sim.new_node();
    Recorder recorder;
    const std::uint64_t first = sim.reserve(node);
    sim.schedule(at(1), node, recorder, 2);
    sim.schedule_reserved(at(1), first, recorder, 1);
    sim.run({});
    EXPECT_EQ(recorder.seen, (std::vector<std::uint64_t>{1, 2}));
}

TEST(Simulation, UntilIncludesItsInstantAndMovesTheClock) {
    Simulation sim(1);
    const NodeId node = sim.new_node();
    Recorder recorder;
    for (const std::int64_t ms : {1, 2, 3}) {
        sim.schedule(at(ms), node, recorder, static_cast<std::uint64_t>(ms));
    }
    EXPECT_EQ(sim.run({.until = at(2)}), StopReason::kUntil);
    EXPECT_EQ(recorder.seen.size(), 2U);
    EXPECT_EQ(sim.now(), at(2));
    EXPECT_EQ(sim.run({.until = at(10)}), StopReason::kIdle);
    EXPECT_EQ(recorder.seen.size(), 3U);
    EXPECT_EQ(sim.now(), at(10));
}

TEST(Simulation, EventLimitStopStopAndInterrupt) {
    Simulation sim(1);
    const NodeId node = sim.new_node();
    Recorder recorder;
    recorder.then = [&](std::uint64_t n) {
        sim.schedule(sim.now() + seconds(1), node, recorder, n + 1);
    };
    sim.schedule(at(0), node, recorder, 0);
    EXPECT_EQ(sim.run({.events_max = 10}), StopReason::kEvents);
    EXPECT_EQ(recorder.seen.size(), 10U);
    EXPECT_EQ(sim.run({.events_max = 5}), StopReason::kEvents);
    EXPECT_EQ(recorder.seen.size(), 15U);
    sim.stop();
    EXPECT_EQ(sim.run({}), StopReason::kStopped);
    EXPECT_EQ(sim.run({.events_max = 1}), StopReason::kEvents);  // asked for once, done once
    sim.interrupt();
    EXPECT_EQ(sim.run({}), StopReason::kInterrupted);
    EXPECT_EQ(recorder.seen.size(), 16U);
}

TEST(Simulation, MemoryLimit) {
    EXPECT_GT(resident_bytes(), 1U << 20U);
    EXPECT_GE(peak_resident_bytes(), resident_bytes() / 2);
    Simulation sim(1);
    const NodeId node = sim.new_node();
    Recorder recorder;
    recorder.then = [&](std::uint64_t) { sim.schedule(sim.now() + seconds(1), node, recorder); };
    sim.schedule(at(0), node, recorder);
    int progress = 0;
    sim.on_progress = [&](Time) { ++progress; };
    EXPECT_EQ(sim.run({.memory_bytes_max = 1}), StopReason::kMemory);
    EXPECT_EQ(progress, 1);
    EXPECT_LT(sim.events_fired(), 70'000U);
}

TEST(Simulation, StepFiresOne) {
    Simulation sim(1);
    const NodeId node = sim.new_node();
    Recorder recorder;
    sim.schedule(at(1), node, recorder, 1);
    sim.schedule(at(5), node, recorder, 2);
    EXPECT_TRUE(sim.step());
    EXPECT_FALSE(sim.step(at(4)));
    EXPECT_EQ(sim.now(), at(1));
    EXPECT_TRUE(sim.step(at(5)));
    EXPECT_FALSE(sim.step());
}

/// A model of two nodes that draw, schedule and digest.
class Model final : public EventTarget {
 public:
    explicit Model(std::uint64_t seed)
        : sim(seed), a(sim.new_node()), b(sim.new_node()), rng(sim.rng("model")) {
        sim.schedule(Time{}, a, *this, 0);
    }

    void fire(std::uint64_t argument) override {
        const NodeId node = rng.chance(0.5) ? a : b;
        sim.node_digest(node).add(argument ^ static_cast<std::uint64_t>(to_ns(sim.now())));
        sim.schedule(sim.now() + rng.exponential(milliseconds(1)), node, *this, argument + 1);
    }

    Simulation sim;
    NodeId a;
    NodeId b;
    Rng rng;
};

TEST(Simulation, TwoInterleavedDoNotDisturbEachOther) {
    Model alone(7);
    alone.sim.run({.events_max = 1000});
    Model x(7);
    Model y(8);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(x.sim.step());
        ASSERT_TRUE(y.sim.step());
    }
    EXPECT_EQ(x.sim.digest(), alone.sim.digest());
    EXPECT_EQ(x.sim.now(), alone.sim.now());
    EXPECT_NE(y.sim.digest(), alone.sim.digest());
}

TEST(Simulation, DigestDependsOnWhichNodeSawWhat) {
    Simulation x(1);
    Simulation y(1);
    for (Simulation* sim : {&x, &y}) {
        sim->new_node();
        sim->new_node();
    }
    x.node_digest(0).add(5);
    y.node_digest(1).add(5);
    EXPECT_NE(x.digest(), y.digest());
}

TEST(Simulation, UidsAreUniqueAndPerNode) {
    Simulation sim(1);
    const NodeId a = sim.new_node();
    const NodeId b = sim.new_node();
    EXPECT_EQ(sim.next_uid(a), 1U);
    EXPECT_EQ(sim.next_uid(b), (std::uint64_t{1} << 40U) | 1U);
    EXPECT_EQ(sim.next_uid(a), 2U);
}

TEST(Simulation, CheckContextIsSetWhileRunningAndRestoredByExceptions) {
    Simulation sim(99);
    const NodeId node = sim.new_node();
    Recorder recorder;
    CheckContext seen;
    recorder.then = [&](std::uint64_t) {
        seen = check_context();
        throw std::runtime_error("from the model");
    };
    sim.schedule(at(3), node, recorder);
    EXPECT_THROW(sim.run({}), std::runtime_error);
    EXPECT_TRUE(seen.running);
    EXPECT_EQ(seen.seed, 99U);
    EXPECT_EQ(seen.now_ns, 3'000'000);
    EXPECT_EQ(seen.event, 1U);
    EXPECT_FALSE(check_context().running);
}

TEST(SimulationDeathTest, ThePastIsClosed) {
    Simulation sim(1);
    const NodeId node = sim.new_node();
    Recorder recorder;
    sim.run({.until = at(5)});
    EXPECT_DEATH(sim.schedule(at(4), node, recorder), "at >= now_");
    EXPECT_DEATH(sim.schedule(at(6), node + 1, recorder), "origin < counters_.size");
}

TEST(StopReason, Words) {
    EXPECT_EQ(to_string(StopReason::kIdle), "idle");
    EXPECT_EQ(to_string(StopReason::kStopped), "stopped");
}

}  // namespace
}  // namespace netsim::sim
