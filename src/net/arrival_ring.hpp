// What is in flight on one direction of a link: a ring ordered by (arrival, order). Packets almost
// always arrive in the order they were sent, so an insertion is a push at the back; one that
// overtakes is put into its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/prefetch.hpp"
#include "base/ring.hpp"
#include "netsim/time.hpp"
#include "wire/packet.hpp"

namespace netsim::net {

struct InFlight {
    Time at;                  // arrival
    std::uint64_t order = 0;  // its event's place among those of the same instant
    wire::PacketPtr packet;

    bool before(const InFlight& other) const {
        return at != other.at ? at < other.at : order < other.order;
    }
};

class ArrivalRing {
 public:
    std::size_t size() const { return ring_.size(); }

    bool empty() const { return ring_.empty(); }

    const InFlight& front() const { return ring_.front(); }

    /// The i-th to arrive.
    const InFlight& operator[](std::size_t i) const { return ring_[i]; }

    /// True if it is the first to arrive now.
    bool insert(InFlight entry) {
        std::size_t place = ring_.size();
        if (place == 0 || !entry.before(ring_[place - 1])) [[likely]] {
            ring_.push_back(std::move(entry));
            prefetch(ring_.ahead_of_end(kAhead));
            return place == 0;
        }
        while (place > 0 && entry.before(ring_[place - 1])) {
            --place;
        }
        ring_.insert(place, std::move(entry));
        return place == 0;
    }

    /// Has the processor fetch the entry of a packet that arrives much later.
    void expect(std::size_t i) const { prefetch(&ring_[i + kAhead]); }

    wire::PacketPtr pop() { return ring_.pop_front().packet; }

 private:
    static constexpr std::size_t kAhead = 16;  // entries: six cache lines

    Ring<InFlight> ring_;
};

}  // namespace netsim::net
