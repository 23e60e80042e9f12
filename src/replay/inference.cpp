// Infers what a recording does not tell, by trying: ticks, clock, scheduling.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "replay/conditions.hpp"
#include "replay/scheduling.hpp"
#include "tcp/timer_wheel.hpp"

namespace netsim::replay {

namespace {

constexpr int kPhaseSteps = 8;
constexpr Duration kCoarsest = tcp::TimerWheel::kJiffy * kPhaseSteps * kPhaseSteps;

/// The best so far.
struct Best {
    Conditions conditions;
    Attempt attempt;

    bool passed() const { return attempt.report.passed(); }
};

/// Fewer mismatches are better, then smaller differences of time.
bool better(const Report& a, const Report& b) {
    if (a.mismatches.size() != b.mismatches.size()) {
        return a.mismatches.size() < b.mismatches.size();
    }
    return a.lateness < b.lateness;
}

void take_if_better(Best& best, const Conditions& conditions, Attempt attempt) {
    if (better(attempt.report, best.attempt.report)) {
        best = {conditions, std::move(attempt)};
    }
}

/// Where the recorded machine stood in its tick count decides into which bucket of the timer wheel
/// each timer fell: level by level of the wheel, then within a tick, the phase that fits best.
void infer_phase(const Recording& recording, Best& best) {
    constexpr int kLevels = 5;
    constexpr int kPasses = 2;
    for (int pass = 0; pass < kPasses && !best.passed(); ++pass) {
        Duration step = kCoarsest;
        for (int level = 0; level < kLevels && !best.passed(); ++level, step /= kPhaseSteps) {
            const Duration base = best.conditions.phase;
            for (int i = 1; i < kPhaseSteps; ++i) {
                Conditions other = best.conditions;
                other.phase = (base + step * i) % (kCoarsest * kPhaseSteps);
                take_if_better(best, other, attempt(recording, other));
            }
        }
    }
}

/// A cookie's timestamp takes the low 6 bits of the server's clock, and the RTT that its echo gives
/// depends on them.
void infer_cookie_clock(const Recording& recording, Best& best) {
    constexpr int kCookieClock = 64;
    const auto& counters = recording.counters[static_cast<std::size_t>(Side::kServer)];
    if (!counters.contains("TcpExtSyncookiesRecv")) {
        return;
    }
    const Duration phase = best.conditions.phase + kCoarsest * kPhaseSteps;
    for (int ms = 1; ms < kCookieClock && !best.passed(); ++ms) {
        Conditions other = best.conditions;
        other.phase = (phase - std::chrono::milliseconds(ms)) % kCoarsest;
        other.later = ms;
        take_if_better(best, other, attempt(recording, other));
    }
}

/// Timestamps tell the milliseconds of the recorded machine's clock, and receivers take round trips
/// from them: the fraction of a millisecond that fits best, in the middle of those that do.
void infer_clock(const Recording& recording, Best& best) {
    constexpr int kFractions = 16;
    std::vector<Best> tried;
    std::vector<double> errors;
    for (int i = 0; i < kFractions; ++i) {
        Conditions other = best.conditions;
        other.later = std::floor(other.later) + static_cast<Milliseconds>(i) / kFractions;
        tried.push_back({other, attempt(recording, other)});
        const Report& report = tried.back().attempt.report;
        errors.push_back(report.timestamps == 0
                             ? 0
                             : report.clock_error / static_cast<double>(report.timestamps));
    }
    const double least = *std::min_element(errors.begin(), errors.end());
    std::size_t longest = 0;
    std::size_t middle = 0;
    for (std::size_t i = 0; i < errors.size();) {
        std::size_t end = i;
        while (end < errors.size() && errors[end] <= least) {
            ++end;
        }
        if (end - i > longest) {
            longest = end - i;
            middle = i + longest / 2;
        }
        i = end + 1;
    }
    best = std::move(tried[middle]);
}

/// One run of one process.
struct RunId {
    std::size_t process = 0;
    std::size_t run = 0;
    Milliseconds woken = 0;
};

/// The runs that may have to do with what went wrong, the last first.
std::vector<RunId> suspects(const Attempt& a) {
    constexpr Milliseconds kBefore = 60;  // effects of a wrong one may show a round trip later
    constexpr std::size_t kMost = 6;
    std::vector<RunId> all;
    const Milliseconds wrong = a.report.first_wrong;
    for (std::size_t p = 0; p < a.processes.size(); ++p) {
        const auto& woken = a.processes[p].woken;
        for (std::size_t r = 0; r < woken.size(); ++r) {
            if (woken[r] <= wrong + 1 && woken[r] > wrong - kBefore) {
                all.push_back({p, r, woken[r]});
            }
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const RunId& x, const RunId& y) { return x.woken > y.woken; });
    all.resize(std::min(all.size(), kMost));
    return all;
}

/// Moments at which a process may have made a step, as far as TCP can tell: one between any two
/// arrivals.
std::vector<Milliseconds> moments_after(const std::vector<Milliseconds>& arrivals,
                                        Milliseconds from) {
    constexpr Milliseconds kSoon = 0.05;
    std::vector<Milliseconds> out;
    Milliseconds last = from;
    for (const Milliseconds at : arrivals) {
        if (at <= from) {
            continue;
        }
        if (at > from + kLongestWake) {
            break;
        }
        out.push_back(std::min((last + at) / 2, last + kSoon));
        last = at;
    }
    out.push_back(last + kSoon);
    return out;
}

/// All choices of `count` moments after `from`, as the steps between them.
std::vector<Run> choices(const std::vector<Milliseconds>& moments, Milliseconds from,
                         std::size_t count) {
    std::vector<Run> out;
    std::vector<std::size_t> at(count);  // places in `moments`, ascending
    std::iota(at.begin(), at.end(), std::size_t{0});
    while (moments.size() >= count) {
        Run run;
        Milliseconds before = from;
        for (const std::size_t m : at) {
            run.push_back({moments[m] - before, false});
            before = moments[m];
        }
        out.push_back(std::move(run));
        std::size_t i = count;
        while (i > 0 && at[i - 1] == moments.size() - count + i - 1) {
            --i;
        }
        if (i == 0) {
            break;
        }
        for (std::size_t next = ++at[i - 1]; i < count; ++i) {
            at[i] = ++next;
        }
    }
    return out;
}

/// Ways in which the run may have gone: it made so many steps, or it is as known and made so many
/// more. Where two may be one that took its time, both are tried.
std::vector<Run> ways(const Attempt& a, const RunId& id, const Run& known, std::size_t steps) {
    const auto& arrivals = a.arrivals[static_cast<std::size_t>(a.processes[id.process].side)];
    Milliseconds from = id.woken;
    for (const Step& step : known) {
        from += step.after;
    }
    std::vector<Run> out;
    for (const Run& more : choices(moments_after(arrivals, from), from, steps)) {
        Run run = known;
        run.insert(run.end(), more.begin(), more.end());
        out.push_back(run);
        if (steps > 1 && run.size() > 2) {
            run[run.size() - 2].goes_on = true;
            out.push_back(std::move(run));
        }
    }
    return out;
}

/// Conditions with this run so, and nothing known of later ones.
Conditions with_run(const Conditions& before, const RunId& id, const Run& run, Milliseconds until) {
    Conditions after = before;
    after.until = until;
    if (after.runs.size() <= id.process) {
        after.runs.resize(id.process + 1);
    }
    after.runs[id.process].resize(id.run);
    after.runs[id.process].push_back(run);
    return after;
}

Run known_run(const Conditions& conditions, const RunId& id) {
    const bool known =
        id.process < conditions.runs.size() && id.run < conditions.runs[id.process].size();
    return known ? conditions.runs[id.process][id.run] : Run{};
}

/// How many attempts a recording is worth: the longer, the dearer each.
std::size_t attempts_worth(const Recording& recording) {
    constexpr std::size_t kMost = 6000;
    constexpr std::size_t kPackets = 1'500'000;
    return std::min(kMost, kPackets / std::max<std::size_t>(recording.packets.size(), 1));
}

/// The best of these ways for a run; none: no better than now.
std::optional<Conditions> best_way(const Recording& recording, const Best& now, const RunId& id,
                                   const std::vector<Run>& all, std::size_t& attempts) {
    constexpr Milliseconds kAhead = 100;
    Milliseconds furthest = now.attempt.report.first_wrong;
    const Milliseconds until = furthest + kAhead;
    std::optional<Conditions> found;
    for (const Run& run : all) {
        if (attempts == 0) {
            break;
        }
        --attempts;
        const Conditions other = with_run(now.conditions, id, run, until);
        const Milliseconds reached = attempt(recording, other).report.first_wrong;
        if (reached > furthest) {
            furthest = reached;
            found = other;
        }
    }
    return found;
}

/// One of the suspect runs went otherwise than assumed: first with few steps, then with more.
std::optional<Conditions> better_run(const Recording& recording, const Best& now,
                                     std::size_t& attempts) {
    constexpr std::size_t kSteps = 3;
    const std::vector<RunId> runs = suspects(now.attempt);
    for (std::size_t steps = 1; steps <= kSteps; ++steps) {
        for (const RunId& id : runs) {
            std::vector<Run> all = ways(now.attempt, id, {}, steps);
            const Run known = known_run(now.conditions, id);
            if (known.size() > 1) {
                const std::vector<Run> longer = ways(now.attempt, id, known, steps);
                all.insert(all.end(), longer.begin(), longer.end());
            }
            if (auto found = best_way(recording, now, id, all, attempts)) {
                return found;
            }
        }
    }
    return std::nullopt;
}

/// How long a process took to run, and how long it held its socket while it read, shows in what the
/// kernel acknowledged at once, and what together. Run by run, the way that explains most of what
/// followed.
void infer_scheduling(const Recording& recording, Best& best) {
    std::size_t attempts = attempts_worth(recording);
    while (!best.passed()) {
        std::optional<Conditions> found = better_run(recording, best, attempts);
        if (!found) {
            return;
        }
        found->until = std::numeric_limits<Milliseconds>::infinity();
        best = {*found, attempt(recording, *found)};
    }
}

}  // namespace

Report replay(const Recording& recording) {
    Best best{{}, attempt(recording, {})};
    infer_phase(recording, best);
    infer_cookie_clock(recording, best);
    // The more of it is explained, the more timestamps tell of the clock.
    constexpr int kRounds = 3;
    Best scheduled = best;
    for (int round = 0; round < kRounds && !best.passed(); ++round) {
        infer_clock(recording, scheduled);
        infer_scheduling(recording, scheduled);
        if (round == 0 || scheduled.passed()) {
            infer_phase(recording, scheduled);  // a wrong schedule hides what it should be
        }
        if (better(scheduled.attempt.report, best.attempt.report)) {
            best = scheduled;
        }
    }
    Report report = std::move(best.attempt.report);
    report.tick_phase = best.conditions.phase;
    return report;
}

}  // namespace netsim::replay
