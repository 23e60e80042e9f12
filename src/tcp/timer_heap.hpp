// The connections that have a deadline, earliest first: a 4-ary heap of (deadline, slab index) in
// which each connection knows its place, so that it can be moved or removed. Deadlines are lazy:
// one that moves later (an ACK that restarts the RTO) leaves the entry alone and is looked at when
// it comes up.
#pragma once

#include <cstdint>
#include <vector>

#include "netsim/time.hpp"
#include "tcp/connection.hpp"

namespace netsim::tcp {

class TimerHeap {
 public:
    bool empty() const { return heap_.empty(); }

    Time earliest() const { return heap_.empty() ? kNever : heap_.front().at; }

    std::uint32_t front() const { return heap_.front().index; }

    /// Sees to it that the connection comes up no later than its earliest deadline.
    void update(Slab<Connection>& slab, Connection& c) {
        const Time at = c.deadlines.earliest();
        if (c.heap_slot == kNoIndex) {
            if (at == kNever) {
                return;
            }
            heap_.push_back({at, c.index});
            sift_up(slab, static_cast<std::uint32_t>(heap_.size() - 1));
        } else if (at < heap_[c.heap_slot].at) {
            heap_[c.heap_slot].at = at;
            sift_up(slab, c.heap_slot);
        }
    }

    /// The front entry came up: puts it where its true deadline says, or takes it out.
    void refresh_front(Slab<Connection>& slab) {
        Connection& c = slab.at(heap_.front().index);
        const Time at = c.deadlines.earliest();
        if (at == kNever) {
            remove(slab, c);
        } else {
            heap_.front().at = at;
            sift_down(slab, 0);
        }
    }

    void remove(Slab<Connection>& slab, Connection& c) {
        if (c.heap_slot == kNoIndex) {
            return;
        }
        const std::uint32_t slot = c.heap_slot;
        c.heap_slot = kNoIndex;
        const Entry last = heap_.back();
        heap_.pop_back();
        if (slot == heap_.size()) {
            return;
        }
        heap_[slot] = last;
        slab.at(last.index).heap_slot = slot;
        sift_up(slab, slot);
        sift_down(slab, slab.at(last.index).heap_slot);
    }

 private:
    struct Entry {
        Time at;
        std::uint32_t index = 0;

        bool before(const Entry& other) const {
            return at != other.at ? at < other.at : index < other.index;
        }
    };

    static constexpr std::uint32_t kWays = 4;

    void place(Slab<Connection>& slab, std::uint32_t slot, const Entry& entry) {
        heap_[slot] = entry;
        slab.at(entry.index).heap_slot = slot;
    }

    void sift_up(Slab<Connection>& slab, std::uint32_t slot) {
        const Entry entry = heap_[slot];
        while (slot > 0) {
            const std::uint32_t parent = (slot - 1) / kWays;
            if (!entry.before(heap_[parent])) {
                break;
            }
            place(slab, slot, heap_[parent]);
            slot = parent;
        }
        place(slab, slot, entry);
    }

    void sift_down(Slab<Connection>& slab, std::uint32_t slot) {
        const Entry entry = heap_[slot];
        const auto size = static_cast<std::uint32_t>(heap_.size());
        for (;;) {
            const std::uint32_t first = slot * kWays + 1;
            if (first >= size) {
                break;
            }
            std::uint32_t best = first;
            for (std::uint32_t i = first + 1; i < std::min(first + kWays, size); ++i) {
                if (heap_[i].before(heap_[best])) {
                    best = i;
                }
            }
            if (!heap_[best].before(entry)) {
                break;
            }
            place(slab, slot, heap_[best]);
            slot = best;
        }
        place(slab, slot, entry);
    }

    std::vector<Entry> heap_;
};

}  // namespace netsim::tcp
