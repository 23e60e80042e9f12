// The pending events, earliest first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "netsim/time.hpp"

namespace netsim::sim {

using NodeId = std::uint32_t;

/// What an event calls. One virtual call, one word of argument: no closure, nothing allocated.
class EventTarget {
 public:
    virtual ~EventTarget() = default;
    virtual void fire(std::uint64_t argument) = 0;

 protected:
    EventTarget() = default;
    EventTarget(const EventTarget&) = default;
    EventTarget& operator=(const EventTarget&) = default;
    EventTarget(EventTarget&&) = default;
    EventTarget& operator=(EventTarget&&) = default;
};

struct Event {
    Time at;
    std::uint64_t order = 0;  // node << 40 | the node's counter
    EventTarget* target = nullptr;
    std::uint64_t argument = 0;

    friend constexpr bool operator<(const Event& a, const Event& b) { return a.key() < b.key(); }

 private:
    // One comparison of 128 bits, no branch: which of two events is earlier is not predictable.
    // Times are never negative.
    __extension__ using Key = unsigned __int128;

    constexpr Key key() const {
        return (Key{static_cast<std::uint64_t>(to_ns(at))} << 64U) | order;
    }
};

/// While few events are pending, as on a link or two: an array in order, the earliest at its end. A
/// new event is mostly among the later ones, but there are few to step over, and taking the
/// earliest is free. With more: an implicit 4-ary heap (docs/decisions/0001), whose pop() leaves a
/// hole at the root: the push that nearly always follows, as an event schedules its successor,
/// fills it with one sift instead of two.
class EventQueue {
 public:
    void push(const Event& event) {
        if (few_) {
            if (heap_.size() < kFewMost) {
                return insert(event);
            }
            many();
        }
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

    /// The earliest; only while not empty(). Valid until the next call.
    const Event& top() const {
        if (few_) {
            return heap_.back();
        }
        fill();
        return heap_.front();
    }

    /// Does anything fire before `event`? Leaves a hole as it is.
    bool any_before(const Event& event) const {
        if (few_) {
            return !heap_.empty() && heap_.back() < event;
        }
        if (!hole_) {
            return !heap_.empty() && heap_.front() < event;
        }
        const std::size_t last = std::min(kArity + 1, heap_.size());
        for (std::size_t child = 1; child < last; ++child) {
            if (heap_[child] < event) {
                return true;
            }
        }
        return false;
    }

    void pop() {
        if (few_) {
            heap_.pop_back();
            return;
        }
        fill();
        hole_ = true;
        if (heap_.size() <= kFewAgain) {
            few();
        }
    }

    bool empty() const { return size() == 0; }

    std::size_t size() const { return heap_.size() - (hole_ ? 1U : 0U); }

 private:
    static constexpr std::size_t kArity = 4;
    static constexpr std::size_t kFewMost = 16;  // events kept in order
    static constexpr std::size_t kFewAgain = 8;  // a heap as small as this becomes an array again

    void insert(const Event& event) {
        heap_.push_back(event);
        std::size_t i = heap_.size() - 1;
        for (; i > 0 && heap_[i - 1] < event; --i) {
            heap_[i] = heap_[i - 1];
        }
        heap_[i] = event;
    }

    /// In order with the earliest last; reversed, it is a heap.
    void many() {
        std::reverse(heap_.begin(), heap_.end());
        few_ = false;
    }

    void few() {
        fill();
        std::sort(heap_.begin(), heap_.end(), [](const Event& a, const Event& b) { return b < a; });
        few_ = true;
    }

    void fill() const {
        if (!hole_) {
            return;
        }
        hole_ = false;
        const Event last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) {
            sift_down(last);
        }
    }

    /// Puts the event where the root was, and lower while children are earlier.
    void sift_down(const Event& event) const {
        const std::size_t size = heap_.size();
        std::size_t i = 0;
        for (;;) {
            const std::size_t first = i * kArity + 1;
            if (first >= size) {
                break;
            }
            const std::size_t least =
                first + kArity <= size ? least_of_four(first) : least_of(first, size);
            if (!(heap_[least] < event)) {
                break;
            }
            heap_[i] = heap_[least];
            i = least;
        }
        heap_[i] = event;
    }

    std::size_t least_of(std::size_t first, std::size_t last) const {
        std::size_t least = first;
        for (std::size_t child = first + 1; child < last; ++child) {
            least = heap_[child] < heap_[least] ? child : least;
        }
        return least;
    }

    std::size_t least_of_four(std::size_t first) const {
        static_assert(kArity == 4);
        const Event* const four = &heap_[first];
        // In numbers, lest the compiler make branches of it: each would be guessed wrong half the
        // time.
        const std::size_t a = static_cast<std::size_t>(four[1] < four[0]);
        const std::size_t b = 2 + static_cast<std::size_t>(four[3] < four[2]);
        const std::size_t is_b = static_cast<std::size_t>(four[b] < four[a]);
        return first + a + (b - a) * is_b;
    }

    // The hole is an implementation's debt, paid by whoever looks next: mutable.
    mutable std::vector<Event> heap_;
    mutable bool hole_ = false;
    bool few_ = true;
};

}  // namespace netsim::sim
