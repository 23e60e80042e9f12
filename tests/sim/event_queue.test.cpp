// The queue against std::multiset, under random pushes and pops.
#include "sim/event_queue.hpp"

#include <gtest/gtest.h>

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
