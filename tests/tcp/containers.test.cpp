// The queues under the timers and buffers, against the standard library's.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "netsim/rng.hpp"
#include "tcp/deadline_list.hpp"
#include "tcp/ring.hpp"
#include "tcp/timer_heap.hpp"

namespace netsim::tcp {
namespace {

TEST(RingTest, BehavesAsADeque) {
    Rng rng(1, "ring");
    Ring<std::uint32_t> ring;
    std::deque<std::uint32_t> model;
    for (int step = 0; step < 20000; ++step) {
        const auto value = rng.u32();
        const auto at = model.empty() ? 0U : static_cast<std::uint32_t>(rng.below(model.size()));
        switch (rng.below(7)) {
            case 0:
            case 1:
            case 2:
                ring.push_back(value);
                model.push_back(value);
                break;
            case 3:
                if (!model.empty()) {
                    ring.pop_front();
                    model.pop_front();
                }
                break;
            case 4:
                if (!model.empty()) {
                    ring.pop_back();
                    model.pop_back();
                }
                break;
            case 5:
                ring.insert(at, value);
                model.insert(model.begin() + at, value);
                break;
            default:
                if (!model.empty()) {
                    ring.erase(at);
                    model.erase(model.begin() + at);
                }
        }
        ASSERT_EQ(ring.size(), model.size());
        ASSERT_EQ(ring.empty(), model.empty());
        if (!model.empty()) {
            ASSERT_EQ(ring.front(), model.front());
            ASSERT_EQ(ring.back(), model.back());
            ASSERT_EQ(ring[at % ring.size()], model[at % model.size()]);
        }
    }
    ring.clear();
    EXPECT_TRUE(ring.empty());
    EXPECT_EQ(ring.heap_bytes(), 0U);
}

struct Record {
    DeadlineLink link;
};

TEST(DeadlineListTest, KeepsTheOrderOfDeadlinesAndOfInsertion) {
    Rng rng(2, "list");
    Slab<Record> slab;
    DeadlineList<Record> list;
    std::multimap<Time, std::uint32_t> model;  // equal keys stay in order of insertion
    std::vector<std::uint32_t> live;
    Time now{};
    for (int step = 0; step < 20000; ++step) {
        now += Duration(rng.below(3));
        if (live.empty() || rng.chance(0.55)) {
            const Id<Record> id = slab.emplace();
            const Time at = now + Duration(rng.below(10));
            list.insert(slab, id.index, at);
            model.emplace(at, id.index);
            live.push_back(id.index);
        } else {
            const std::size_t which = rng.below(live.size());
            const std::uint32_t index = live[which];
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
            std::erase_if(model, [&](const auto& e) { return e.second == index; });
            list.remove(slab, index);
            slab.erase(slab.id_at(index));
        }
        ASSERT_EQ(list.empty(), model.empty());
        if (!model.empty()) {
            ASSERT_EQ(list.front(), model.begin()->second);
            ASSERT_EQ(list.earliest(slab), model.begin()->first);
        } else {
            ASSERT_EQ(list.earliest(slab), kNever);
        }
    }
}

TEST(TimerHeapTest, IsNeverLateAndComesUpInOrder) {
    Rng rng(3, "heap");
    Slab<Connection> slab;
    TimerHeap heap;
    std::vector<std::uint32_t> all;
    for (int i = 0; i < 60; ++i) {
        const Id<Connection> id = slab.emplace();
        slab.at(id.index).index = id.index;
        all.push_back(id.index);
    }
    Time now{};
    for (int step = 0; step < 20000; ++step) {
        Connection& c = slab.at(all[rng.below(all.size())]);
        const auto timer = static_cast<Timer>(rng.below(static_cast<std::size_t>(Timer::kCount)));
        switch (rng.below(5)) {
            case 0:
            case 1: {
                const Time at = now + Duration(1 + rng.below(1000));
                c.deadlines.set(timer, at, at);
                heap.update(slab, c);
                break;
            }
            case 2:
                c.deadlines.clear(timer);  // lazily: the heap is not told
                break;
            case 3:
                c.deadlines.clear_all();
                heap.remove(slab, c);
                break;
            default:
                now += Duration(rng.below(200));
        }
        while (heap.earliest() <= now) {
            Connection& due = slab.at(heap.front());
            for (std::size_t k = 0; k < static_cast<std::size_t>(Timer::kCount); ++k) {
                if (due.deadlines.get(static_cast<Timer>(k)) <= now) {
                    due.deadlines.clear(static_cast<Timer>(k));
                }
            }
            heap.refresh_front(slab);
        }
        Time earliest = kNever;  // what a multimap of all deadlines would say
        for (const std::uint32_t index : all) {
            earliest = std::min(earliest, slab.at(index).deadlines.earliest());
        }
        ASSERT_GT(earliest, now);
        ASSERT_LE(heap.earliest(), earliest);  // may be early, never late
    }
}

}  // namespace
}  // namespace netsim::tcp
