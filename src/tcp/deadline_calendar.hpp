// The connections that have a deadline: a hierarchical timing wheel of (time, connection) for what
// is far, a heap for what is near. Entries are lazy: what has moved, was cleared or is gone leaves
// its entry behind, to be thrown away when its time is near. So arming a timer writes to no other
// connection, as a heap does that tells each element its place (a cache miss a step at 1e5).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/prefetch.hpp"
#include "netsim/time.hpp"
#include "tcp/connection.hpp"

namespace netsim::tcp {

class DeadlineCalendar {
 public:
    /// No connection comes up before this; some entry may be of no use any more.
    Time earliest() const {
        return near_.empty() ? far_earliest_ : std::min(near_.front().at, far_earliest_);
    }

    /// Sees to it that the connection comes up no later than its earliest deadline.
    void update(const Slab<Connection>& slab, Connection& c) {
        const Time at = c.deadlines.earliest();
        if (at >= c.looks.next) {
            return;
        }
        c.looks.later = c.looks.next;  // that entry stands, and need not be made again
        c.looks.next = at;
        insert({at, slab.id_at(c.index)});
        if (far_entries_ >= sweep_at_) {
            sweep(slab);
        }
    }

    /// A deadline of the connection moved, and may move again before anybody asks: update() is put
    /// off until then, or until another connection's does.
    void note(Slab<Connection>& slab, const Connection& c) {
        if (noted_ != c.index) {
            settle(slab);
            noted_ = c.index;
        }
    }

    /// Does what note() has put off.
    void settle(Slab<Connection>& slab) {
        const std::uint32_t index = std::exchange(noted_, kNoIndex);
        if (index != kNoIndex && slab.live(index)) {
            update(slab, slab.at(index));
        }
    }

    /// Is the connection's update() put off?
    bool noted(const Connection& c) const { return noted_ == c.index; }

    /// Takes out the next connection with a deadline that is not after `now`, in the order of
    /// (deadline, index); null: there is none. The caller lets a due timer fire and calls update().
    Connection* pop_due(Slab<Connection>& slab, Time now) {
        settle(slab);
        for (;;) {
            if (far_earliest_ <= now && (near_.empty() || far_earliest_ <= near_.front().at)) {
                advance(slab);
                continue;
            }
            if (near_.empty() || near_.front().at > now) {
                return nullptr;
            }
            std::pop_heap(near_.begin(), near_.end(), later);
            const Entry entry = near_.back();
            near_.pop_back();
            if (!wanted(slab, entry)) {
                continue;
            }
            Connection& c = slab.at(entry.id.index);
            if (c.deadlines.earliest() <= entry.at) {
                c.looks = {c.looks.later, kNever};
                return &c;
            }
            looked_at(slab, c);
        }
    }

    /// Throws away what is of no use at the front, and puts what has moved where it belongs, so
    /// that earliest() is a time at which something will happen.
    void trim(Slab<Connection>& slab) {
        while (!near_.empty()) {
            const Entry entry = near_.front();
            const bool live = wanted(slab, entry);
            if (live && slab.at(entry.id.index).deadlines.earliest() <= entry.at) {
                return;
            }
            std::pop_heap(near_.begin(), near_.end(), later);
            near_.pop_back();
            if (live) {
                looked_at(slab, slab.at(entry.id.index));
            }
        }
    }

    /// When to look next; exact if it is before `than`.
    Time next(Slab<Connection>& slab, Time than) {
        settle(slab);
        if (earliest() < than) {
            trim(slab);
        }
        return earliest();
    }

    std::size_t entries() const { return near_.size() + far_entries_; }

    std::size_t heap_bytes() const {
        return near_.capacity() * sizeof(Entry) + nodes_.capacity() * sizeof(Node) +
               (wheel_ ? sizeof(Wheel) : 0);
    }

 private:
    struct Entry {
        Time at;
        Id<Connection> id;
    };

    struct Node {
        Entry entry;
        std::uint32_t next = kNoIndex;
    };

    // A slot of level 0 is 2^17 ns (131 us), one of level n+1 as long as level n's 64 together; the
    // last level reaches over 200 days, and what lies beyond waits in its last slot.
    static constexpr unsigned kLevels = 6;
    static constexpr unsigned kSlotBits = 6;
    static constexpr unsigned kSlots = 1U << kSlotBits;
    static constexpr unsigned kFinestBits = 17;
    static constexpr std::size_t kSweepLeast = 4096;

    struct Level {
        std::uint64_t used = 0;  // a bit for each slot that holds something
        std::array<std::uint32_t, kSlots> head{};
        std::array<Time, kSlots> earliest{};
    };

    using Wheel = std::array<Level, kLevels>;

    /// A heap's "less": the earliest is at the front.
    static bool later(const Entry& a, const Entry& b) {
        return a.at != b.at ? a.at > b.at : a.id.index > b.id.index;
    }

    static constexpr std::int64_t slot_of(std::int64_t ns, unsigned level) {
        return ns >> (kFinestBits + kSlotBits * level);
    }

    static bool wanted(const Slab<Connection>& slab, const Entry& entry) {
        if (!slab.contains(entry.id)) {
            return false;
        }
        const Looks& looks = slab.at(entry.id.index).looks;
        return looks.next == entry.at || looks.later == entry.at;
    }

    /// Its entry came up, but the deadline has moved.
    void looked_at(const Slab<Connection>& slab, Connection& c) {
        c.looks = {c.looks.later, kNever};
        update(slab, c);
    }

    void insert(const Entry& entry) {
        // What falls into the slot under way, or before it, is near.
        if (slot_of(to_ns(entry.at), 0) <= slot_of(origin_ns_, 0)) {
            near_.push_back(entry);
            std::push_heap(near_.begin(), near_.end(), later);
            return;
        }
        std::uint32_t place = free_;
        if (place == kNoIndex) {
            place = static_cast<std::uint32_t>(nodes_.size());
            nodes_.push_back({entry, kNoIndex});
        } else {
            free_ = nodes_[place].next;
            nodes_[place].entry = entry;
            if (free_ != kNoIndex) {
                prefetch(&nodes_[free_]);  // the next one's; the chain leads all over the memory
            }
        }
        link(place);
        ++far_entries_;
    }

    void link(std::uint32_t place) {
        if (!wheel_) {
            wheel_ = std::make_unique<Wheel>();
        }
        const std::int64_t at = to_ns(nodes_[place].entry.at);
        unsigned level = 0;
        while (level + 1 < kLevels &&
               slot_of(at, level) - slot_of(origin_ns_, level) >= std::int64_t{kSlots}) {
            ++level;
        }
        const std::int64_t reach = slot_of(origin_ns_, level) + kSlots - 1;
        const auto slot = static_cast<unsigned>(std::min(slot_of(at, level), reach) % kSlots);
        Level& l = (*wheel_)[level];
        const std::uint64_t bit = std::uint64_t{1} << slot;
        const bool first = (l.used & bit) == 0;
        nodes_[place].next = first ? kNoIndex : l.head[slot];
        l.head[slot] = place;
        l.earliest[slot] = first ? at_ns(at) : std::min(l.earliest[slot], at_ns(at));
        l.used |= bit;
        far_earliest_ = std::min(far_earliest_, at_ns(at));
    }

    /// How many slots after the one under way a level's first slot in use is.
    unsigned slots_ahead(unsigned level) const {
        const auto now = static_cast<int>(slot_of(origin_ns_, level) % kSlots);
        return static_cast<unsigned>(std::countr_zero(std::rotr((*wheel_)[level].used, now)));
    }

    unsigned first_slot(unsigned level) const {
        return static_cast<unsigned>((slot_of(origin_ns_, level) + slots_ahead(level)) % kSlots);
    }

    void find_earliest() {
        far_earliest_ = kNever;
        for (unsigned level = 0; level < kLevels; ++level) {
            if ((*wheel_)[level].used != 0) {
                far_earliest_ =
                    std::min(far_earliest_, (*wheel_)[level].earliest[first_slot(level)]);
            }
        }
    }

    /// Brings the wheel's clock to its earliest entry and sorts the slots it has come to, one at
    /// most of each level, into finer ones or the heap. What nobody waits for ends here.
    void advance(const Slab<Connection>& slab) {
        const std::int64_t to = to_ns(far_earliest_);
        std::uint32_t taken = kNoIndex;
        for (unsigned level = 0; level < kLevels; ++level) {
            Level& l = (*wheel_)[level];
            while (l.used != 0 &&
                   slot_of(origin_ns_, level) + slots_ahead(level) <= slot_of(to, level)) {
                const unsigned slot = first_slot(level);
                l.used &= ~(std::uint64_t{1} << slot);
                taken = splice(l.head[slot], taken);
            }
        }
        origin_ns_ = to;
        while (taken != kNoIndex) {
            const std::uint32_t place = taken;
            taken = nodes_[place].next;
            sort_in(slab, place);
        }
        find_earliest();
    }

    void sort_in(const Slab<Connection>& slab, std::uint32_t place) {
        const Entry entry = nodes_[place].entry;
        const bool keep = wanted(slab, entry);
        const bool near = slot_of(to_ns(entry.at), 0) <= slot_of(origin_ns_, 0);
        if (keep && !near) {
            return link(place);
        }
        nodes_[place].next = free_;
        free_ = place;
        --far_entries_;
        if (keep) {
            insert(entry);
        }
    }

    /// Throws away what is of no use before its slot comes: connections that live for milliseconds
    /// leave entries behind that are seconds away. Three quarters of what a sweep looks at are new
    /// since the last.
    void sweep(const Slab<Connection>& slab) {
        for (Level& level : *wheel_) {
            for (unsigned slot = 0; slot < kSlots; ++slot) {
                if ((level.used >> slot & 1U) != 0) {
                    sweep_slot(slab, level, slot);
                }
            }
        }
        find_earliest();
        sweep_at_ = std::max(kSweepLeast, 4 * far_entries_);
    }

    void sweep_slot(const Slab<Connection>& slab, Level& level, unsigned slot) {
        std::uint32_t left = kNoIndex;
        level.earliest[slot] = kNever;
        for (std::uint32_t place = level.head[slot]; place != kNoIndex;) {
            Node& node = nodes_[place];
            const std::uint32_t next = node.next;
            if (wanted(slab, node.entry)) {
                node.next = std::exchange(left, place);
                level.earliest[slot] = std::min(level.earliest[slot], node.entry.at);
            } else {
                node.next = std::exchange(free_, place);
                --far_entries_;
            }
            place = next;
        }
        level.head[slot] = left;
        if (left == kNoIndex) {
            level.used &= ~(std::uint64_t{1} << slot);
        }
    }

    std::uint32_t splice(std::uint32_t list, std::uint32_t onto) {
        std::uint32_t last = list;
        while (nodes_[last].next != kNoIndex) {
            last = nodes_[last].next;
        }
        nodes_[last].next = onto;
        return list;
    }

    std::uint32_t noted_ = kNoIndex;
    std::vector<Entry> near_;  // a heap
    Time far_earliest_ = kNever;
    std::int64_t origin_ns_ = 0;  // the wheel's clock: all entries in it lie in later slots
    std::unique_ptr<Wheel> wheel_;
    std::vector<Node> nodes_;
    std::uint32_t free_ = kNoIndex;
    std::size_t far_entries_ = 0;
    std::size_t sweep_at_ = kSweepLeast;
};

}  // namespace netsim::tcp
