// An event, and what it calls.
#pragma once

#include <cstdint>

#include "netsim/time.hpp"

namespace netsim::sim {

using NodeId = std::uint32_t;

inline constexpr unsigned kUidNodeShift = 40;  // a packet's uid: its maker, the maker's own counter

/// The node that made the packet of this uid.
constexpr NodeId uid_maker(std::uint64_t uid) {
    return static_cast<NodeId>(uid >> kUidNodeShift);
}

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

}  // namespace netsim::sim
