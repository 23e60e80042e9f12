// Records of one slab in order of their deadline, linked through the records themselves. Made for
// deadlines that are mostly "now + a constant" (SYN-ACK stages, TIME-WAIT): inserting looks from
// the end, so it is O(1) there, and correct for any deadline.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/slab.hpp"
#include "netsim/time.hpp"

namespace netsim::tcp {

inline constexpr std::uint32_t kNoIndex = 0xffffffffU;

/// What a record must hold to be linked.
struct DeadlineLink {
    Time deadline = kNever;
    std::uint32_t previous = kNoIndex;
    std::uint32_t next = kNoIndex;
};

/// `Records`: a slab of what has a member `link` of type DeadlineLink. Equal deadlines keep their
/// order of insertion.
template <typename Records>
class DeadlineList {
 public:
    bool empty() const { return head_ == kNoIndex; }

    std::uint32_t front() const { return head_; }

    Time earliest() const { return earliest_; }

    void insert(Records& slab, std::uint32_t index, Time deadline) {
        DeadlineLink& link = slab.at(index).link;
        link.deadline = deadline;
        std::uint32_t after = tail_;
        while (after != kNoIndex && slab.at(after).link.deadline > deadline) {
            after = slab.at(after).link.previous;
        }
        link.previous = after;
        link.next = after == kNoIndex ? head_ : slab.at(after).link.next;
        (link.previous == kNoIndex ? head_ : slab.at(link.previous).link.next) = index;
        (link.next == kNoIndex ? tail_ : slab.at(link.next).link.previous) = index;
        earliest_ = std::min(earliest_, deadline);
    }

    void remove(Records& slab, std::uint32_t index) {
        DeadlineLink& link = slab.at(index).link;
        (link.previous == kNoIndex ? head_ : slab.at(link.previous).link.next) = link.next;
        (link.next == kNoIndex ? tail_ : slab.at(link.next).link.previous) = link.previous;
        link = DeadlineLink{};
        earliest_ = empty() ? kNever : slab.at(head_).link.deadline;
    }

 private:
    std::uint32_t head_ = kNoIndex;
    std::uint32_t tail_ = kNoIndex;
    Time earliest_ = kNever;  // the head's: asked for after every input
};

}  // namespace netsim::tcp
