// How long the hosts' connects took, all of them, in bins that double.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <utility>

#include "report/model.hpp"
#include "sim/trace.hpp"
#include "tcp/state.hpp"

namespace netsim::report {

class Connects {
 public:
    static constexpr std::size_t kWaitingMax = 100000;

    void state(const sim::StateRecord& record, const tcp::Transition& change);

    /// Into connects and `thinned`.
    void put(Case& into) const;

 private:
    using Key = std::pair<std::uint64_t, std::uint64_t>;

    static Key key_of(const sim::StateRecord& record);
    void begin(const sim::StateRecord& record);

    ConnectTimes times_;
    absl::flat_hash_map<Key, Time> waiting_;  // looked up, never walked
    std::uint64_t simultaneous_ = 0;          // of those, that have gone to SYN-RECEIVED
    std::uint64_t uncounted_ = 0;
};

}  // namespace netsim::report
