// A timed job's events: functions that find out whether their job is still there.
#include "shell/jobs.hpp"

#include <algorithm>

#include "host/host.hpp"
#include "sim/simulation.hpp"

namespace netsim::shell {

TimedJob::TimedJob(host::Host& host)
    : host_(host), boot_(host.boots()), self_(std::make_shared<TimedJob*>(this)) {}

Time TimedJob::now() const {
    return host_.fabric().sim.now();
}

void TimedJob::wake_at(Time when) {
    host_.call_at(std::max(when, now()), [weak = std::weak_ptr<TimedJob*>(self_)] {
        const std::shared_ptr<TimedJob*> self = weak.lock();
        if (self && !(*self)->done()) {
            (*self)->wake();
        }
    });
}

void TimedJob::wake() {
    constexpr int kKilled = 137;  // 128 + SIGKILL
    if (host_.is_on() && host_.boots() == boot_) {
        on_wake();
    } else {
        finish(kKilled);
    }
}

}  // namespace netsim::shell
