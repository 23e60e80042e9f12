// The queues under the timers and buffers, against the standard library's.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "netsim/rng.hpp"
#include "tcp/deadline_calendar.hpp"
#include "tcp/deadline_list.hpp"
#include "tcp/lazy.hpp"
#include "tcp/ring.hpp"
#include "tcp/tuple_table.hpp"

namespace netsim::tcp {
namespace {

/// A record whose memory outlives its use.
struct Noted {
    int value = 7;
    Ring<int> queue;

    void recycle() {
        value = 7;
        queue.recycle();
    }
};

TEST(LazyTest, ReadsAsADefaultUntilItIsWrittenTo) {
    LazyPool<Noted> pool;
    Lazy<Noted> first(pool);
    Lazy<Noted> second(pool);
    EXPECT_EQ(first->value, 7);
    EXPECT_FALSE(first.made());
    EXPECT_EQ(pool.size(), 0U);
    first.edit().value = 8;
    EXPECT_TRUE(first.made());
    EXPECT_EQ(first->value, 8);
    EXPECT_EQ(second->value, 7);
    EXPECT_EQ(pool.size(), 1U);
    first.reset();
    EXPECT_EQ(first->value, 7);
    EXPECT_EQ(pool.size(), 0U);
}

TEST(LazyTest, TheRecordGivenBackLastIsTheNextOneAndIsAsNew) {
    LazyPool<Noted> pool;
    const Noted* record = nullptr;
    const int* memory = nullptr;
    {
        Lazy<Noted> gone(pool);
        gone.edit().queue.push_back(1);
        gone.edit().value = 9;
        record = &*gone;
        memory = &gone->queue.front();
    }
    Lazy<Noted> next(pool);
    next.edit();
    EXPECT_EQ(&*next, record);
    EXPECT_EQ(next->value, 7);
    EXPECT_TRUE(next->queue.empty());
    next.edit().queue.push_back(2);
    EXPECT_EQ(&next->queue.front(), memory);
}

TEST(LazyTest, MovesWithItsRecordAndWorksWithoutAPool) {
    Lazy<Noted> here;
    here.edit().value = 1;
    Lazy<Noted> there = std::move(here);
    EXPECT_EQ(there->value, 1);
    here = Lazy<Noted>();
    EXPECT_FALSE(here.made());
    EXPECT_EQ(here->value, 7);
    here = std::move(there);
    EXPECT_EQ(here->value, 1);
}

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

template <typename Records>
void expect_live_as(const std::vector<bool>& model, const Records& slab) {
    for (std::uint32_t i = 0; i < model.size(); ++i) {
        ASSERT_EQ(slab.live(i), model[i]) << i;
    }
    ASSERT_FALSE(slab.live(static_cast<std::uint32_t>(model.size())));
}

/// 600 places taken, every third given back and a hundred of these taken again.
template <typename Records>
void fill_and_thin() {
    Records slab;
    std::vector<bool> model(600, true);
    for (std::uint32_t i = 0; i < 600; ++i) {
        ASSERT_EQ(slab.emplace().index, i);
    }
    for (std::uint32_t i = 0; i < 600; i += 3) {
        slab.erase(slab.id_at(i));
        model[i] = false;
    }
    expect_live_as(model, slab);
    for (int i = 0; i < 100; ++i) {
        model[slab.emplace().index] = true;
    }
    expect_live_as(model, slab);
    EXPECT_EQ(slab.size(), 500U);
}

TEST(SlabTest, KnowsWhichPlacesAreInUse) {
    fill_and_thin<Slab<Record>>();
    fill_and_thin<Slab<Record, LiveBits>>();
}

TEST(SlabTest, AnIdOutlivesItsRecordButNeverNamesAnother) {
    Slab<Record> slab;
    const Id<Record> first = slab.emplace();
    slab.erase(first);
    const Id<Record> second = slab.emplace();
    EXPECT_EQ(second.index, first.index);
    EXPECT_FALSE(slab.contains(first));
    EXPECT_TRUE(slab.contains(second));
}

TEST(DeadlineListTest, KeepsTheOrderOfDeadlinesAndOfInsertion) {
    Rng rng(2, "list");
    Slab<Record, LiveBits> slab;
    DeadlineList<Slab<Record, LiveBits>> list;
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
            ASSERT_EQ(list.earliest(), model.begin()->first);
        } else {
            ASSERT_EQ(list.earliest(), kNever);
        }
    }
}

/// Deadlines of 60 connections that come, move, are cleared and vanish, near and far; a multimap of
/// all deadlines says what must come up.
TEST(DeadlineCalendarTest, IsNeverLateAndComesUpInOrder) {
    Rng rng(3, "calendar");
    Slab<Connection> slab;
    DeadlineCalendar calendar;
    std::vector<std::uint32_t> all;
    const auto create = [&] {
        const Id<Connection> id = slab.emplace();
        slab.at(id.index).index = id.index;
        return id.index;
    };
    for (int i = 0; i < 60; ++i) {
        all.push_back(create());
    }
    Time now{};
    for (int step = 0; step < 20000; ++step) {
        std::uint32_t& chosen = all[rng.below(all.size())];
        Connection& c = slab.at(chosen);
        const auto timer = static_cast<Timer>(rng.below(static_cast<std::size_t>(Timer::kCount)));
        switch (rng.below(6)) {
            case 0:
            case 1:
            case 2: {
                // From microseconds to years: each level of the wheel has its turn.
                const std::uint64_t most = std::uint64_t{1000} << rng.below(46);
                const Time at = now + Duration(1 + rng.below(most));
                c.deadlines.set(timer, at, at);
                calendar.update(slab, c);
                break;
            }
            case 3:
                c.deadlines.clear(timer);  // lazily: the calendar is not told
                break;
            case 4:
                slab.erase(slab.id_at(chosen));
                chosen = create();
                break;
            default:
                now += Duration(rng.below(std::uint64_t{1000} << rng.below(36)));
        }
        std::pair<Time, std::uint32_t> before{};
        while (Connection* due = calendar.pop_due(slab, now)) {
            const std::pair place{due->deadlines.earliest(), due->index};
            ASSERT_LE(place.first, now);
            ASSERT_LE(before, place);
            before = place;
            for (std::size_t k = 0; k < static_cast<std::size_t>(Timer::kCount); ++k) {
                if (due->deadlines.get(static_cast<Timer>(k)) <= now) {
                    due->deadlines.clear(static_cast<Timer>(k));
                }
            }
            calendar.update(slab, *due);
        }
        calendar.trim(slab);
        Time earliest = kNever;
        for (const std::uint32_t index : all) {
            earliest = std::min(earliest, slab.at(index).deadlines.earliest());
        }
        ASSERT_GT(earliest, now);
        ASSERT_GT(calendar.earliest(), now);
        ASSERT_LE(calendar.earliest(), earliest);  // may be early, never late
    }
    EXPECT_LT(calendar.entries(), 2000U);  // what is of no use does not stay for ever
}

/// One deadline that moves on with each ACK, and a second one that fires all the time: a handful of
/// entries serve them.
TEST(DeadlineCalendarTest, MovingADeadlineDoesNotPileUpEntries) {
    Slab<Connection> slab;
    DeadlineCalendar calendar;
    Connection& c = slab.at(slab.emplace().index);
    c.index = 0;
    Time now{};
    std::size_t most = 0;
    for (int step = 0; step < 100000; ++step) {
        const Time rto = now + std::chrono::milliseconds(200);
        c.deadlines.set(Timer::kRetransmit, rto, rto);
        calendar.update(slab, c);
        const Time pace = now + std::chrono::milliseconds(1);
        c.deadlines.set(Timer::kPacing, pace, pace);
        calendar.update(slab, c);
        now = pace;
        ASSERT_EQ(calendar.pop_due(slab, now), &c);
        c.deadlines.clear(Timer::kPacing);
        calendar.update(slab, c);
        most = std::max(most, calendar.entries());
    }
    EXPECT_LE(most, 8U);
}

/// Connections that end long before the deadline they were born with, beside a few that stay: what
/// the others leave behind does not wait for its time, and those that stay are not forgotten.
TEST(DeadlineCalendarTest, ShortLivesLeaveFewEntries) {
    Slab<Connection> slab;
    DeadlineCalendar calendar;
    Time now{};
    const auto open = [&](Duration until) -> Connection& {
        Connection& c = slab.at(slab.emplace().index);
        c.index = static_cast<std::uint32_t>(slab.size() - 1);
        c.deadlines.set(Timer::kRetransmit, now + until, now + until);
        calendar.update(slab, c);
        return c;
    };
    constexpr int kStay = 100;
    for (int i = 0; i < kStay; ++i) {
        open(std::chrono::seconds(2 + i));
    }
    for (int i = 0; i < 100000; ++i) {
        const Connection& c = open(std::chrono::seconds(1));
        now += std::chrono::microseconds(5);
        slab.erase(slab.id_at(c.index));
    }
    EXPECT_LE(calendar.entries(), 8192U);
    for (int i = 0; i < kStay; ++i) {
        const Time due = Time{} + std::chrono::seconds(2 + i);
        EXPECT_EQ(calendar.pop_due(slab, due - std::chrono::nanoseconds(1)), nullptr);
        Connection* c = calendar.pop_due(slab, due);
        ASSERT_NE(c, nullptr);
        EXPECT_EQ(c->index, static_cast<std::uint32_t>(i));
        c->deadlines.clear(Timer::kRetransmit);
    }
    EXPECT_EQ(calendar.earliest(), kNever);
}

struct Tuples {
    std::vector<FourTuple> all;

    const FourTuple& tuple_of(RecordRef ref) const { return all[ref.index()]; }
};

/// Records that come and go, many of them with neighbouring hashes, against a map.
TEST(TupleTableTest, FindsWhatIsThereAndNothingElse) {
    Rng rng(5, "table");
    Tuples records;
    for (std::uint32_t i = 0; i < 3000; ++i) {
        records.all.push_back({Ipv4{0x0a000001}, Ipv4{0x0a000100 + i / 7}, 80,
                               static_cast<std::uint16_t>(1000 + i % 7)});
    }
    TupleTable<Tuples> table(records);
    std::vector<bool> there(records.all.size(), false);
    std::vector<RecordKind> kind(records.all.size(), RecordKind::kRequest);
    std::size_t size = 0;
    for (int step = 0; step < 60000; ++step) {
        // Grows over the first half, shrinks over the second.
        const auto i = static_cast<std::uint32_t>(rng.below(records.all.size()));
        const RecordRef ref(kind[i], i);
        const bool insert = rng.below(10) < (step < 30000 ? 7U : 2U);
        if (insert) {
            ASSERT_EQ(table.insert(ref), !there[i]);
            size += there[i] ? 0U : 1U;
            there[i] = true;
        } else if (there[i] && rng.chance(0.5)) {  // a request's child, its TIME-WAIT record
            kind[i] =
                kind[i] == RecordKind::kRequest ? RecordKind::kConnection : RecordKind::kTimeWait;
            table.replace(ref, RecordRef(kind[i], i));
        } else if (there[i]) {
            table.erase(ref);
            there[i] = false;
            --size;
        }
        ASSERT_EQ(table.size(), size);
        const std::size_t probe = rng.below(records.all.size());
        const auto found = table.find(records.all[probe]);
        ASSERT_EQ(found.has_value(), there[probe]);
        ASSERT_TRUE(!found || *found == RecordRef(kind[probe], static_cast<std::uint32_t>(probe)));
        ASSERT_EQ(table.guess(records.all[probe]), found);  // of these no two hash alike
    }
    for (std::size_t k = 0; k < there.size(); ++k) {
        ASSERT_EQ(table.find(records.all[k]).has_value(), there[k]);
    }
}

}  // namespace
}  // namespace netsim::tcp
