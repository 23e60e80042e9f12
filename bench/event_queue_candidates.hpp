// The event queues that were measured for docs/decisions/0001. All order by (at, order) exactly.
#pragma once

#include <algorithm>
#include <boost/heap/d_ary_heap.hpp>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <set>
#include <utility>
#include <vector>

#include "sim/event_queue.hpp"

namespace netsim::bench {

using sim::Event;

struct Later {
    bool operator()(const Event& a, const Event& b) const { return b < a; }
};

/// The one to beat.
class StdHeap {
 public:
    void push(const Event& event) { heap_.push(event); }

    const Event& top() const { return heap_.top(); }

    void pop() { heap_.pop(); }

    bool empty() const { return heap_.empty(); }

 private:
    std::priority_queue<Event, std::vector<Event>, Later> heap_;
};

class BoostHeap4 {
 public:
    void push(const Event& event) { heap_.push(event); }

    const Event& top() const { return heap_.top(); }

    void pop() { heap_.pop(); }

    bool empty() const { return heap_.empty(); }

 private:
    boost::heap::d_ary_heap<Event, boost::heap::arity<4>, boost::heap::compare<Later>> heap_;
};

class StdMultiset {
 public:
    void push(const Event& event) { set_.insert(event); }

    const Event& top() const { return *set_.begin(); }

    void pop() { set_.erase(set_.begin()); }

    bool empty() const { return set_.empty(); }

 private:
    std::multiset<Event> set_;
};

/// Whole events of 32 bytes in an implicit heap with kArity children. kDefer: pop() leaves a hole
/// at the root that the next push() fills, so that a pop followed by a push costs one sift.
template <std::size_t kArity, bool kDefer>
class ImplicitHeap {
 public:
    void push(const Event& event) {
        if (hole_) {
            hole_ = false;
            sift_down(event);
            return;
        }
        heap_.push_back(event);
        std::size_t i = heap_.size() - 1;
        while (i > 0) {
            const std::size_t parent = (i - 1) / kArity;
            if (!(event < heap_[parent])) {
                break;
            }
            heap_[i] = heap_[parent];
            i = parent;
        }
        heap_[i] = event;
    }

    const Event& top() {
        fill();
        return heap_.front();
    }

    void pop() {
        fill();
        hole_ = true;
        if constexpr (!kDefer) {
            fill();
        }
    }

    bool empty() const { return heap_.size() == (hole_ ? 1U : 0U); }

 private:
    void fill() {
        if (hole_) {
            hole_ = false;
            const Event last = heap_.back();
            heap_.pop_back();
            if (!heap_.empty()) {
                sift_down(last);
            }
        }
    }

    void sift_down(const Event& event) {
        const std::size_t size = heap_.size();
        std::size_t i = 0;
        for (;;) {
            const std::size_t first = i * kArity + 1;
            if (first >= size) {
                break;
            }
            const std::size_t last = std::min(first + kArity, size);
            std::size_t least = first;
            for (std::size_t child = first + 1; child < last; ++child) {
                least = heap_[child] < heap_[least] ? child : least;
            }
            if (!(heap_[least] < event)) {
                break;
            }
            heap_[i] = heap_[least];
            i = least;
        }
        heap_[i] = event;
    }

    std::vector<Event> heap_;
    bool hole_ = false;
};

/// 16-byte keys (time, slot) in the heap, four to a cache line; events stand in a slab that ties
/// are resolved from.
class KeyHeap4 {
 public:
    void push(const Event& event) {
        std::uint32_t slot = 0;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(slots_.size());
            slots_.push_back(event);
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = event;
        }
        const Key key{event.at, slot};
        if (hole_) {
            hole_ = false;
            sift_down(key);
            return;
        }
        heap_.push_back(key);
        std::size_t i = heap_.size() - 1;
        while (i > 0) {
            const std::size_t parent = (i - 1) / 4;
            if (!before(key, heap_[parent])) {
                break;
            }
            heap_[i] = heap_[parent];
            i = parent;
        }
        heap_[i] = key;
    }

    const Event& top() {
        fill();
        return slots_[heap_.front().slot];
    }

    void pop() {
        fill();
        free_.push_back(heap_.front().slot);
        hole_ = true;
    }

    bool empty() const { return heap_.size() == (hole_ ? 1U : 0U); }

 private:
    struct Key {
        Time at;
        std::uint32_t slot;
    };

    bool before(const Key& a, const Key& b) const {
        return a.at != b.at ? a.at < b.at : slots_[a.slot].order < slots_[b.slot].order;
    }

    void fill() {
        if (hole_) {
            hole_ = false;
            const Key last = heap_.back();
            heap_.pop_back();
            if (!heap_.empty()) {
                sift_down(last);
            }
        }
    }

    void sift_down(const Key& key) {
        const std::size_t size = heap_.size();
        std::size_t i = 0;
        for (;;) {
            const std::size_t first = i * 4 + 1;
            if (first >= size) {
                break;
            }
            const std::size_t last = std::min(first + 4, size);
            std::size_t least = first;
            for (std::size_t child = first + 1; child < last; ++child) {
                least = before(heap_[child], heap_[least]) ? child : least;
            }
            if (!before(heap_[least], key)) {
                break;
            }
            heap_[i] = heap_[least];
            i = least;
        }
        heap_[i] = key;
    }

    std::vector<Key> heap_;
    std::vector<Event> slots_;
    std::vector<std::uint32_t> free_;
    bool hole_ = false;
};

/// Ladder queue (Tang, Goh, Thng 2005): far events unsorted (top), nearer ones in rungs of ever
/// narrower buckets, the nearest few sorted (bottom).
class Ladder {
 public:
    void push(const Event& event) {
        ++size_;
        if (event.at >= top_start_) {
            top_.push_back(event);
            return;
        }
        for (Rung& rung : rungs_) {
            if (event.at >= rung.current) {
                rung.bucket(event.at).push_back(event);
                ++rung.count;
                return;
            }
        }
        // Sorted backwards: the earliest is at the end.
        bottom_.insert(std::upper_bound(bottom_.begin(), bottom_.end(), event, Later{}), event);
    }

    const Event& top() {
        refill();
        return bottom_.back();
    }

    void pop() {
        refill();
        bottom_.pop_back();
        --size_;
    }

    bool empty() const { return size_ == 0; }

 private:
    static constexpr std::size_t kThreshold = 48;
    static constexpr std::size_t kRungsMax = 8;

    struct Rung {
        Time start{};
        Time current{};  // buckets before this are spent
        Duration width{1};
        std::vector<std::vector<Event>> buckets;
        std::size_t next = 0;
        std::size_t count = 0;

        std::vector<Event>& bucket(Time at) {
            return buckets[static_cast<std::size_t>((at - start) / width)];
        }
    };

    void refill() {
        while (bottom_.empty()) {
            if (rungs_.empty()) {
                spread_top();
                continue;
            }
            Rung& rung = rungs_.back();
            if (rung.count == 0) {
                rungs_.pop_back();
                continue;
            }
            while (rung.buckets[rung.next].empty()) {
                ++rung.next;
            }
            std::vector<Event> bucket;
            bucket.swap(rung.buckets[rung.next]);
            ++rung.next;
            rung.current = rung.start + rung.width * static_cast<std::int64_t>(rung.next);
            rung.count -= bucket.size();
            const Duration width = rung.width;
            const Time start = rung.current - width;
            if (bucket.size() > kThreshold && width > Duration(1) && rungs_.size() < kRungsMax) {
                add_rung(start, width, bucket);
            } else {
                std::sort(bucket.begin(), bucket.end(), Later{});
                bottom_.swap(bucket);
            }
        }
    }

    void spread_top() {
        const auto [min, max] = std::minmax_element(
            top_.begin(), top_.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
        const Time start = min->at;
        const Duration span = max->at - start + Duration(1);
        std::vector<Event> events;
        events.swap(top_);
        add_rung(start, span, events);
        top_start_ =
            start + rungs_.back().width * static_cast<std::int64_t>(rungs_.back().buckets.size());
    }

    void add_rung(Time start, Duration span, const std::vector<Event>& events) {
        Rung rung;
        const auto count = static_cast<std::int64_t>(events.size());
        rung.start = start;
        rung.current = start;
        rung.width = Duration(std::max<std::int64_t>(1, (span.count() + count - 1) / count));
        rung.buckets.resize(static_cast<std::size_t>(span / rung.width + 1));
        rung.count = events.size();
        for (const Event& event : events) {
            rung.bucket(event.at).push_back(event);
        }
        rungs_.push_back(std::move(rung));
    }

    std::vector<Event> top_;
    Time top_start_{};
    std::vector<Rung> rungs_;
    std::vector<Event> bottom_;
    std::size_t size_ = 0;
};

}  // namespace netsim::bench
