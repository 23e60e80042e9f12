// The queue against std::multiset, under random pushes and pops.
#include "sim/event_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "netsim/rng.hpp"

namespace netsim::sim {
namespace {

/// `spread`: how many instants there are; few make many ties.
void compare_with_multiset(std::uint64_t seed, std::int64_t spread, double pops) {
    Rng rng(seed, "queue");
    EventQueue queue;
    std::multiset<Event> expected;
    for (std::uint64_t i = 0; i < 50'000; ++i) {
        if (!expected.empty() && rng.chance(pops)) {
            const Event& top = queue.top();
            ASSERT_EQ(top.at, expected.begin()->at);
            ASSERT_EQ(top.order, expected.begin()->order);
            ASSERT_EQ(top.argument, expected.begin()->argument);
            queue.pop();
            expected.erase(expected.begin());
        } else {
            const Event event{at_ns(rng.between(0, spread)), rng.u64(), nullptr, i};
            queue.push(event);
            expected.insert(event);
        }
        ASSERT_EQ(queue.size(), expected.size());
        ASSERT_EQ(queue.empty(), expected.empty());
    }
    while (!queue.empty()) {
        ASSERT_EQ(queue.top().argument, expected.begin()->argument);
        queue.pop();
        expected.erase(expected.begin());
    }
    EXPECT_TRUE(expected.empty());
}

TEST(EventQueue, AgreesWithAMultisetWhileGrowing) {
    compare_with_multiset(1, 1'000'000, 0.3);
}

TEST(EventQueue, AgreesWithAMultisetAroundEmpty) {
    compare_with_multiset(2, 1'000'000, 0.5);
}

TEST(EventQueue, AgreesWithAMultisetWithManyTies) {
    compare_with_multiset(3, 3, 0.45);
}

/// As a simulation uses it: an event schedules others, most of them near, some far, many at once.
/// `near`, `far`: mean distances; the widths of buckets follow.
void compare_in_a_run(std::uint64_t seed, std::uint64_t pending, Duration near, Duration far) {
    Rng rng(seed, "run");
    EventQueue queue;
    std::multiset<Event> expected;
    std::uint64_t pushed = 0;
    Time now{};
    const auto push = [&] {
        const double kind = rng.unit();
        Duration in = rng.exponential(kind < 0.9 ? near : far);
        if (kind > 0.98) {
            in = Duration{0};
        }
        // Not in the order of their times: as if by many nodes.
        const Event event{now + in, rng.u64(), nullptr, pushed++};
        queue.push(event);
        expected.insert(event);
    };
    for (std::uint64_t i = 0; i < pending; ++i) {
        push();
    }
    for (int step = 0; step < 60'000; ++step) {
        const Event* const first = queue.first();
        if (expected.empty()) {
            ASSERT_EQ(first, nullptr);
            push();
            continue;
        }
        ASSERT_NE(first, nullptr);
        ASSERT_EQ(first->argument, expected.begin()->argument);
        now = first->at;
        queue.pop();
        expected.erase(expected.begin());
        ASSERT_EQ(queue.size(), expected.size());
        // The number pending stays, rises to three times as many, and falls.
        const std::uint64_t wanted = step / 20'000 == 1 ? 3 * pending : pending;
        while (expected.size() < wanted && rng.chance(0.7)) {
            push();
        }
    }
}

TEST(EventQueue, AgreesInARunOfFew) {
    using namespace std::chrono_literals;
    compare_in_a_run(4, 5, 1us, 1s);
}

TEST(EventQueue, AgreesInARunOfMany) {
    using namespace std::chrono_literals;
    compare_in_a_run(5, 2000, 100us, 200ms);
}

TEST(EventQueue, AgreesWhereAllIsFarApart) {
    using namespace std::chrono_literals;
    compare_in_a_run(6, 300, 10s, 24h);
}

TEST(EventQueue, AgreesWhereAllIsWithinNanoseconds) {
    using namespace std::chrono_literals;
    compare_in_a_run(7, 3000, 5ns, 1us);
}

// What one bucket has no room for is found all the same.
TEST(EventQueue, AgreesWithThousandsAtOneInstant) {
    EventQueue queue;
    for (std::uint64_t i = 0; i < 5000; ++i) {
        queue.push(Event{at_ns(1'000'000), (i * 7919) % 5000, nullptr, 0});
    }
    for (std::uint64_t i = 0; i < 5000; ++i) {
        ASSERT_EQ(queue.top().order, i);
        queue.pop();
        if (i == 2000) {
            queue.push(Event{at_ns(1'000'000), 0, nullptr, 1});  // before all that are left
            ASSERT_EQ(queue.top().argument, 1U);
            queue.pop();
        }
    }
    EXPECT_TRUE(queue.empty());
}

// A link leaves events behind that are void, and makes others in their very place: (time, order)
// may be alike, and each must come, once.
TEST(EventQueue, EventsInOnePlaceAllCome) {
    Rng rng(8, "alike");
    EventQueue queue;
    std::multiset<Event> expected;
    std::uint64_t pushed = 0;
    Time now{};
    for (int step = 0; step < 100'000; ++step) {
        if (expected.size() < 40 && rng.chance(0.55)) {
            const Duration in = std::chrono::milliseconds(rng.between(0, 12));
            const Event event{now + in, rng.below(4), nullptr, pushed++};
            queue.push(event);
            expected.insert(event);
        } else if (!expected.empty()) {
            const Event event = queue.top();
            ASSERT_EQ(event.at, expected.begin()->at);
            ASSERT_EQ(event.order, expected.begin()->order);
            const auto [first, last] = expected.equal_range(event);
            const auto same = std::find_if(
                first, last, [&](const Event& e) { return e.argument == event.argument; });
            ASSERT_NE(same, last) << "came before, or was never pushed";
            expected.erase(same);
            queue.pop();
            now = event.at;
        }
        ASSERT_EQ(queue.size(), expected.size());
    }
}

TEST(EventQueue, SeveralPopsInARow) {
    EventQueue queue;
    for (const std::int64_t at : {5, 3, 9, 1, 7}) {
        queue.push(Event{at_ns(at), 0, nullptr, 0});
    }
    for (const std::int64_t at : {1, 3, 5, 7, 9}) {
        EXPECT_EQ(to_ns(queue.top().at), at);
        EXPECT_EQ(to_ns(queue.top().at), at);  // looking twice changes nothing
        queue.pop();
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.size(), 0U);
}

}  // namespace
}  // namespace netsim::sim
