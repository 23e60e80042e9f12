// The comparisons: each appends what differs to the report.
#pragma once

#include "host/host.hpp"
#include "replay/actor.hpp"
#include "replay/relay.hpp"
#include "replay/replay.hpp"

namespace netsim::replay {

/// How far times may differ after a wait: 4 ms for the recorded machine's scheduler, and 1 %. What
/// the timer wheel adds is modelled.
Milliseconds slack(Milliseconds wait);
/// Is the model's time acceptable where the kernel took `wait` until `recorded`?
bool time_matches(Milliseconds model, Milliseconds recorded, Milliseconds wait);

void compare_packets(const Recording& recording, const Relay& relay, Report& report);
void compare_calls(const Relay& relay, const std::vector<const CallOutcome*>& outcomes,
                   Report& report);
/// The sockets of one host at one sampled moment.
void compare_sample(const Relay& relay, const RecordedSample& sample, const host::Host& host,
                    Report& report);
void compare_counters(Side side, const std::map<std::string, std::int64_t>& recorded,
                      const std::map<std::string, std::int64_t>& model, Report& report);

}  // namespace netsim::replay
