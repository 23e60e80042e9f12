// An implicit 4-ary heap of events (docs/decisions/0001), whose pop() leaves a hole at the root:
// the push that nearly always follows, as an event schedules its successor, fills it with one sift
// instead of two.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sim/event.hpp"

namespace netsim::sim {

class EventHeap {
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

    /// The earliest; only while not empty(). Valid until the next call.
    const Event& top() const { return heap_[place_of_top()]; }

    void pop() {
        fill();
        hole_ = true;
    }

    bool empty() const { return size() == 0; }

    std::size_t size() const { return heap_.size() - (hole_ ? 1U : 0U); }

 private:
    static constexpr std::size_t kArity = 4;

    /// A hole is left as it is: its children are asked.
    std::size_t place_of_top() const {
        return hole_ ? least_of(1, std::min(kArity + 1, heap_.size())) : 0;
    }

    void fill() {
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
    void sift_down(const Event& event) {
        const std::size_t size = heap_.size();
        std::size_t i = 0;
        for (;;) {
            const std::size_t first = i * kArity + 1;
            if (first >= size) {
                break;
            }
            const std::size_t least =
                first + kArity <= size ? least_of_four(first) : least_of(first, size);
            // Of two alike the child goes up: it is the one that top() has told.
            if (event < heap_[least]) {
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

    std::vector<Event> heap_;
    bool hole_ = false;
};

}  // namespace netsim::sim
