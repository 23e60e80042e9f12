// The sampler: instants, bounds, and that it neither keeps a run alive nor leaves holes.
#include "observe/series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netsim/result.hpp"

namespace netsim::observe {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Counts up at given instants.
struct Clockwork : sim::EventTarget {
    explicit Clockwork(sim::Simulation& s) : sim(s), node(s.new_node()) {}

    void at(Duration t) { sim.schedule(Time(t), node, *this); }

    void fire(std::uint64_t argument) override {
        static_cast<void>(argument);
        value += 1;
    }

    sim::Simulation& sim;
    sim::NodeId node;
    double value = 0;
};

TEST(Sampler, OneValuePerIntervalFromItsStart) {
    sim::Simulation sim(1);
    Sampler sampler(sim);
    Clockwork model(sim);
    for (const Duration t : {5ms, 15ms, 25ms, 35ms}) {
        model.at(t);
    }
    const Series* series = sampler.add("value", 10ms, [&] { return model.value; });
    sampler.catch_up();
    sim.run({.until = Time(40ms)});
    sampler.catch_up();
    EXPECT_THAT(series->values, ElementsAre(0, 1, 2, 3, 4));
    EXPECT_EQ(series->start, Time(0ms));
    EXPECT_EQ(series->interval, 10ms);
    EXPECT_THAT(sampler.series(), ElementsAre(series));
}

TEST(Sampler, ASampleIsTakenBeforeLaterNodesEventsOfTheSameInstant) {
    sim::Simulation sim(1);
    Sampler sampler(sim);
    Clockwork model(sim);
    model.at(10ms);
    model.at(20ms);
    const Series* series = sampler.add("value", 10ms, [&] { return model.value; });
    sampler.catch_up();
    sim.run({.until = Time(20ms)});
    sampler.catch_up();
    EXPECT_THAT(series->values, ElementsAre(0, 0, 1));
}

TEST(Sampler, DoesNotKeepAnIdleRunAlive) {
    sim::Simulation sim(1);
    Sampler sampler(sim);
    Clockwork model(sim);
    model.at(25ms);
    const Series* a = sampler.add("a", 10ms, [&] { return model.value; });
    const Series* b = sampler.add("b", 7ms, [&] { return model.value; });
    sampler.catch_up();
    EXPECT_EQ(sim.run({}), sim::StopReason::kIdle);
    EXPECT_LE(sim.now(), Time(30ms));
    EXPECT_THAT(a->values, ElementsAre(0, 0, 0, 1));
    sampler.catch_up();
    EXPECT_EQ(sim.events_pending(), 0U);
    EXPECT_GE(b->values.size(), 4U);
}

TEST(Sampler, WhatItSleptThroughIsFilledIn) {
    sim::Simulation sim(1);
    Sampler sampler(sim);
    Clockwork model(sim);
    model.at(5ms);
    const Series* series = sampler.add("value", 10ms, [&] { return model.value; });
    sampler.catch_up();
    sim.run({.until = Time(50ms)});
    sampler.catch_up();
    EXPECT_THAT(series->values, ElementsAre(0, 1, 1, 1, 1, 1));
    model.at(65ms);
    sampler.catch_up();
    sim.run({.until = Time(70ms)});
    sampler.catch_up();
    EXPECT_THAT(series->values, ElementsAre(0, 1, 1, 1, 1, 1, 1, 2));
}

TEST(Sampler, AtTheLimitEverySecondValueGoesAndTheIntervalDoubles) {
    sim::Simulation sim(1);
    Sampler sampler(sim, 8);
    Clockwork model(sim);
    for (int t = 0; t < 100; ++t) {
        model.at(std::chrono::milliseconds(t) + 500us);
    }
    const Series* series = sampler.add("value", 1ms, [&] { return model.value; });
    sampler.catch_up();
    sim.run({.until = Time(100ms)});
    sampler.catch_up();
    EXPECT_LT(series->values.size(), 8U);
    EXPECT_EQ(series->interval, 16ms);
    for (std::size_t i = 0; i < series->values.size(); ++i) {
        EXPECT_EQ(series->values[i], static_cast<double>(16 * i));  // the value at its instant
    }
}

TEST(Sampler, RefusesAnIntervalThatIsNotPositive) {
    sim::Simulation sim(1);
    Sampler sampler(sim);
    EXPECT_THROW(sampler.add("x", 0ms, [] { return 0.0; }), InputError);
}

}  // namespace
}  // namespace netsim::observe
