// How late the recorded machine's processes ran: not TCP's doing, but what a process finds when it
// runs (one segment or two, the FIN with the data or after) depends on it.
#pragma once

#include "replay/recording.hpp"

namespace netsim::replay {

/// The longest delay of one step of an application (the recordings' README).
inline constexpr Milliseconds kLongestWake = 2;
/// The usual delay; segments that come closer together are found together.
inline constexpr Milliseconds kUsualWake = 0.2;

/// Fills in each call's `acts`, and its `wake`: from the delivery of the packet that ended its wait
/// to its end.
void estimate_scheduling(Recording& recording);

}  // namespace netsim::replay
