// The run goes on in slices of a thirtieth of a second, so that what a page asks for is heard; each
// slice covers as much simulated time as the speed says.
#include "cli/view_run.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "cli/interrupt.hpp"
#include "cli/report_output.hpp"
#include "sim/simulation.hpp"

namespace netsim::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{33};
constexpr milliseconds kPatience{100};      // to notice Ctrl-C while nothing runs
constexpr milliseconds kPictureEvery{400};  // and at most a sixth of all time goes into pictures
constexpr int kRunPerPicture = 5;

RunResult left(const Network& network) {
    return {"left", network.now(), 0};
}

/// As much of simulated time as `wall` is at this speed; at least one step of the clock.
Duration scaled(milliseconds wall, double speed) {
    constexpr double kMost = 1e17;  // three years
    const double ns = std::chrono::duration<double, std::nano>(wall).count() * speed;
    return Duration(static_cast<std::int64_t>(std::clamp(std::round(ns), 1.0, kMost)));
}

std::string last_line(std::string text) {
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text.substr(text.rfind('\n') + 1);
}

}  // namespace

ViewedRun::ViewedRun(ViewDesk& desk, const Options& options, const lua::RunOptions& run,
                     std::function<void()> ready)
    : desk_(desk), options_(options), run_(run), ready_(std::move(ready)) {}

void ViewedRun::cases(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
            known_.push_back(name);
        }
    }
}

bool ViewedRun::takes(const std::string& name) {
    cases({name});
    taken_ = name;
    return true;
}

void ViewedRun::note(Network& network) {
    const bool known = std::any_of(live_.begin(), live_.end(),
                                   [&](const Live& one) { return one.network == &network; });
    if (!known) {
        live_.push_back({&network, taken_});
    }
}

void ViewedRun::tell(ViewPhase phase, const Network* network, Time until) {
    ViewState state;
    state.phase = phase;
    state.cases = known_;
    state.case_index = so_far_->cases.size();
    if (network != nullptr) {
        state.now = network->now();
        state.end = until;
    }
    for (const Live& one : live_) {
        if (one.network == network) {
            state.case_name = one.name;
            break;
        }
        ++state.case_index;
    }
    desk_.tell(state);
}

void ViewedRun::show() {
    const WallClock::time_point begun = WallClock::now();
    lua::RunReport report = *so_far_;
    for (const Live& one : live_) {
        lua::CaseReport& live = report.cases.emplace_back();
        live.name = one.name;
        live.seed = one.network->seed();
        live.simulated_seconds = to_seconds(one.network->now());
        live.events = one.network->events();
        live.handshakes = one.network->handshakes();
        live.digest = one.network->digest();
        live.ended = "running";
        live.picture = one.network->report();
    }
    desk_.show(report::to_json(make_document(options_, run_, report)));
    const WallClock::time_point done = WallClock::now();
    show_again_ =
        done + std::max<WallClock::duration>(kPictureEvery, (done - begun) * kRunPerPicture);
}

void ViewedRun::over(const lua::RunReport& report) {
    ViewState state;
    state.phase = ViewPhase::kOver;
    for (const lua::CaseReport& one : report.cases) {
        state.cases.push_back(one.name);
    }
    if (!report.cases.empty()) {
        state.case_index = report.cases.size() - 1;
        state.case_name = report.cases.back().name;
        state.now = ended_at_;
        state.end = ended_at_;
    }
    desk_.end(state, report::to_json(make_document(options_, run_, report)));
}

/// False: Ctrl-C came first.
bool ViewedRun::wait_for_page() {
    ready_();
    while (!desk_.page_was_opened()) {
        if (interrupted()) {
            return false;
        }
        desk_.wait(WallClock::now() + kPatience);
    }
    return true;
}

RunResult ViewedRun::run(Network& network, Time until, const RunLimits& limits) {
    note(network);
    const std::uint64_t events_before = network.events();
    if (!seen_) {
        show();
        if (!wait_for_page()) {
            return {"interrupted", network.now(), 0};
        }
        seen_ = true;
    }
    bool shown = false;  // as it stands
    while (true) {
        const ViewDesk::Orders orders = desk_.orders();
        if (interrupted()) {
            return {"interrupted", network.now(), network.events() - events_before};
        }
        if (orders.restart) {
            return left(network);
        }
        if (orders.paused && !orders.step) {
            if (!shown) {
                show();
                shown = true;
            }
            tell(ViewPhase::kPaused, &network, until);
            desk_.wait(WallClock::now() + kPatience);
            continue;
        }
        RunLimits bounded = limits;
        if (limits.events_max != 0) {
            const std::uint64_t spent = network.events() - events_before;
            if (spent >= limits.events_max) {
                return {"events", network.now(), spent};
            }
            bounded.events_max = limits.events_max - spent;
        }
        RunResult result = advance(network, until, bounded, orders);
        shown = false;
        if (result.reason != "paused") {
            result.events = network.events() - events_before;
            return result;
        }
        if (limits.memory_bytes_max != 0 && sim::resident_bytes() > limits.memory_bytes_max) {
            return {"memory", network.now(), network.events() - events_before};
        }
        if (orders.step) {
            desk_.wait({});  // no pace to keep
            continue;
        }
        tell(ViewPhase::kRunning, &network, until);
        if (WallClock::now() >= show_again_) {
            show();
            shown = true;
        }
        // What was done early waits; what took too long is not made up for.
        desk_.wait(orders.speed ? slice_end_ : WallClock::time_point{});
    }
}

RunResult ViewedRun::advance(Network& network, Time until, const RunLimits& limits,
                             const ViewDesk::Orders& orders) {
    if (orders.step) {
        return step(network, until, limits);
    }
    constexpr unsigned kEventsPerLook = 256;
    const WallClock::time_point stop = WallClock::now() + kSlice;
    unsigned polled = 0;
    RunLimits bounded = limits;
    if (orders.speed) {
        bounded.pause_at = network.now() + scaled(kSlice, *orders.speed);
    }
    bounded.pause = [&] {
        return desk_.asked() || (++polled % kEventsPerLook == 0 && WallClock::now() >= stop);
    };
    slice_end_ = stop;
    return network.run_until(until, bounded);
}

RunResult ViewedRun::step(Network& network, Time until, const RunLimits& limits) {
    std::ostringstream seen;
    const std::size_t trace = network.trace(seen);
    RunLimits bounded = limits;
    bool packet = false;
    bounded.pause = [&] {
        packet = seen.tellp() > 0;
        return packet || desk_.asked();
    };
    RunResult result = network.run_until(until, bounded);
    network.untrace(trace);
    if (packet) {
        desk_.stepped(last_line(seen.str()));
    }
    return result;
}

bool ViewedRun::closing(Network& network, bool at_its_end) {
    ended_at_ = network.now();
    std::erase_if(live_, [&](const Live& one) { return one.network == &network; });
    return at_its_end;
}

}  // namespace netsim::cli
