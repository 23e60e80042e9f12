// The pending events, earliest first. Most are due soon, so what is near lies in buckets by time,
// of which only the one under way is in order; what is far, a timer mostly, in a heap. A few are
// all kept in order (docs/decisions/0010).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "sim/event.hpp"
#include "sim/event_heap.hpp"

namespace netsim::sim {

/// Which structure an event is in decides how fast it is found, never when it fires: the earliest
/// of the bucket under way is compared with the earliest of the heap.
class EventQueue {
 public:
    void push(const Event& event) {
        if (few_) {
            if (run_size_ < kFewMost) {
                return put_in_run(event);
            }
            spread();
        }
        put(event);
        if (++pushes_ == kReview) {
            review();
        }
    }

    /// The earliest; null: there is none. Valid until the next call.
    const Event* first() const {
        if (run_size_ == 0 && near_ != 0) {
            take_next_bucket();
        }
        if (run_is_first()) [[likely]] {
            return &run_[run_size_ - 1];
        }
        return far_.empty() ? nullptr : &far_.top();
    }

    /// The same; only while not empty().
    const Event& top() const {
        const Event* const event = first();
        CHECK(event != nullptr);
        return *event;
    }

    /// Takes away the one that first() has just told.
    void pop() {
        if (run_is_first()) [[likely]] {
            last_ = run_[--run_size_].at;
        } else {
            last_ = far_first_;
            far_.pop();
            far_first_ = far_.empty() ? kNever : far_.top().at;
        }
        if (!few_ && size() <= kFewAgain) [[unlikely]] {
            gather();
        }
    }

    bool empty() const { return size() == 0; }

    std::size_t size() const { return run_size_ + near_ + far_.size(); }

 private:
    static constexpr std::int64_t kBuckets = 256;
    static constexpr std::size_t kWords = kBuckets / 64;
    /// What more of one bucket there is goes to the heap: thousands may share an instant.
    static constexpr std::size_t kRunMost = 64;
    static constexpr std::size_t kFewMost = 16;  // so many are all kept in order, whenever due
    static constexpr std::size_t kFewAgain = 8;
    static constexpr std::uint32_t kReview = 4096;  // pushes
    static constexpr std::uint32_t kNone = 0xffffffffU;

    struct Node {
        Event event;
        std::uint32_t next = kNone;
    };

    std::int64_t slot_of(Time at) const { return to_ns(at) >> width_bits_; }

    /// What was in order in the run goes where its time has it.
    void spread() {
        few_ = false;
        const std::array<Event, kRunMost> all = run_;
        const std::size_t count = std::exchange(run_size_, 0);
        for (std::size_t i = 0; i < count; ++i) {
            put(all[i]);
        }
    }

    /// All in the run, in order.
    void gather() {
        while (near_ != 0) {
            take_next_bucket();
        }
        for (; !far_.empty(); far_.pop()) {
            put_in_run(far_.top());
        }
        far_first_ = kNever;
        few_ = true;
    }

    void put(const Event& event) {
        if (near_ == 0 && run_size_ == 0) {
            under_way_ = slot_of(last_) - 1;  // the buckets begin anew, where the clock is
        }
        const std::int64_t ahead = slot_of(event.at) - under_way_;
        if (ahead <= 0) {
            put_in_run(event);
        } else if (ahead < kBuckets) {
            put_in_bucket(event);
        } else {
            put_far(event);
            ++far_pushes_;
        }
    }

    void put_far(const Event& event) const {
        far_.push(event);
        far_first_ = std::min(far_first_, event.at);
    }

    void put_in_run(const Event& event) const {
        if (run_size_ == kRunMost) [[unlikely]] {
            return put_far(event);
        }
        std::size_t i = run_size_++;
        for (; i > 0 && run_[i - 1] < event; --i) {
            run_[i] = run_[i - 1];
        }
        run_[i] = event;
    }

    void put_in_bucket(const Event& event) {
        std::uint32_t place = free_;
        if (place == kNone) {
            place = static_cast<std::uint32_t>(nodes_.size());
            nodes_.emplace_back();
        } else {
            free_ = nodes_[place].next;
        }
        const auto bucket = static_cast<std::size_t>(slot_of(event.at) % kBuckets);
        const std::uint64_t bit = std::uint64_t{1} << (bucket % 64);
        std::uint64_t& word = used_[bucket / 64];
        nodes_[place] = {event, (word & bit) != 0 ? head_[bucket] : kNone};
        head_[bucket] = place;
        word |= bit;
        ++near_;
    }

    bool run_is_first() const {
        if (run_size_ == 0) {
            return false;
        }
        const Event& event = run_[run_size_ - 1];
        return event.at < far_first_ || far_.empty() || event < far_.top();
    }

    void take_next_bucket() const {
        under_way_ += buckets_ahead();
        const auto bucket = static_cast<std::size_t>(under_way_ % kBuckets);
        used_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
        ++buckets_taken_;
        for (std::uint32_t place = head_[bucket]; place != kNone;) {
            Node& node = nodes_[place];
            put_in_run(node.event);
            const std::uint32_t next = node.next;
            node.next = free_;
            free_ = place;
            place = next;
            --near_;
            ++taken_;
        }
    }

    /// From the bucket under way to the next in use.
    std::int64_t buckets_ahead() const {
        const auto from = static_cast<std::size_t>((under_way_ + 1) % kBuckets);
        const std::uint64_t first = used_[from / 64] >> (from % 64);
        if (first != 0) {
            return 1 + std::countr_zero(first);
        }
        auto ahead = static_cast<std::int64_t>(64 - from % 64);
        for (std::size_t i = 1; i <= kWords; ++i, ahead += 64) {
            if (const std::uint64_t word = used_[(from / 64 + i) % kWords]; word != 0) {
                return 1 + ahead + std::countr_zero(word);
            }
        }
        return kBuckets;
    }

    /// Buckets are wide enough if few events lie beyond the last, and narrow enough if few share
    /// one.
    void review() {
        constexpr unsigned kWidest = 40;  // 18 minutes
        const bool too_narrow = far_pushes_ > pushes_ / 8 && taken_ < 4 * buckets_taken_;
        const bool too_wide = taken_ > 12 * buckets_taken_;
        pushes_ = far_pushes_ = taken_ = buckets_taken_ = 0;
        if (too_narrow && width_bits_ < kWidest) {
            change_width(width_bits_ + 1);
        } else if (too_wide && width_bits_ > 0) {
            change_width(width_bits_ - 1);
        }
    }

    void change_width(unsigned bits) {
        std::vector<Event> all;
        for (;;) {
            all.insert(all.end(), run_.begin(), run_.begin() + run_size_);
            run_size_ = 0;
            if (near_ == 0) {
                break;
            }
            take_next_bucket();
        }
        width_bits_ = bits;
        for (const Event& event : all) {
            put(event);
        }
    }

    // Looking for the earliest sorts a bucket: mutable.
    mutable std::array<Event, kRunMost> run_{};  // the bucket under way, the earliest at the end
    mutable std::size_t run_size_ = 0;
    bool few_ = true;  // all pending events are in the run
    mutable std::int64_t under_way_ = 0;
    mutable std::array<std::uint64_t, kWords> used_{};
    mutable std::array<std::uint32_t, kBuckets> head_{};
    mutable std::vector<Node> nodes_;
    mutable std::uint32_t free_ = kNone;
    mutable std::size_t near_ = 0;  // events in buckets
    mutable EventHeap far_;
    mutable Time far_first_ = kNever;  // of its top
    Time last_{};                      // when the last one popped was due
    unsigned width_bits_ = 10;         // a bucket is 2^10 ns long at first
    std::uint32_t pushes_ = 0;
    std::uint32_t far_pushes_ = 0;
    mutable std::uint32_t taken_ = 0;
    mutable std::uint32_t buckets_taken_ = 0;
};

}  // namespace netsim::sim
