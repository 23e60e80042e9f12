// The comparisons: each appends what differs to the report.
#pragma once

#include "host/host.hpp"
#include "replay/actor.hpp"
#include "replay/relay.hpp"
#include "replay/replay.hpp"
#include "replay/witness.hpp"

namespace netsim::replay {

/// How late the model may be after a wait: 4 ms for the recorded machine's scheduler, and 1 %. What
/// the timer wheel adds is modelled.
Milliseconds slack(Milliseconds wait);
/// Is the model's time acceptable where the kernel took `wait` until `recorded`? Never more than
/// 4 ms early.
bool time_matches(Milliseconds model, Milliseconds recorded, Milliseconds wait);

/// `until`: what the kernel sent later is not missed.
void compare_packets(const Recording& recording, const Relay& relay, Milliseconds until,
                     Report& report);
void compare_calls(const Relay& relay, const std::vector<const CallOutcome*>& outcomes,
                   Report& report);
/// The sockets of one host at one sampled moment.
void compare_sample(const Relay& relay, const RecordedSample& sample, const host::Host& host,
                    Report& report);
/// state_changes and kernel_events. Left out is ca_state: the tracepoint fires at each setting, of
/// the same value as well; samples and segment_in show its effects.
void compare_events(const Recording& recording, const Witness& witness, Report& report);
void compare_counters(Side side, const std::map<std::string, std::int64_t>& recorded,
                      const std::map<std::string, std::int64_t>& model, Report& report);

}  // namespace netsim::replay
