// Running a script again to look at it.
#include "cli/look.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <streambuf>
#include <utility>

#include "base/text.hpp"
#include "cli/interrupt.hpp"
#include "cli/script_run.hpp"
#include "cli/terminal.hpp"

namespace netsim::cli {
namespace {

/// Takes all there is: a stream without a buffer would be one that failed, as if its reader had
/// gone.
class Nowhere final : public std::streambuf {
 protected:
    int_type overflow(int_type c) override { return traits_type::not_eof(c); }

    std::streamsize xsputn(const char* /*text*/, std::streamsize size) override { return size; }
};

std::ostream& nowhere() {
    static Nowhere buffer;
    static std::ostream stream(&buffer);
    return stream;
}

RunResult left(const Network& network) {
    return {"left", network.now(), 0};
}

std::string list_of(const std::vector<std::string>& names) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    return join(views);
}

}  // namespace

lua::RunOptions quiet_run(const Options& options, lua::Driver& driver) {
    lua::RunOptions run = make_run(options, read_script(options.script));
    run.out = &nowhere();
    run.err = &nowhere();
    run.quiet = true;
    run.driver = &driver;
    run.running = [](Network* network) { set_running(network); };
    return run;
}

std::string time_text(Time at) {
    std::string digits = fmt::format("{:.9f}", to_seconds(at));
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') {
        digits.pop_back();
    }
    return digits + "s";
}

void CaseDriver::note(const std::string& name) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        known_.push_back(name);
    }
}

void CaseDriver::cases(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        note(name);
    }
}

bool CaseDriver::takes(const std::string& name) {
    note(name);
    if (driving_ || (!wanted_.empty() && name != wanted_)) {
        return false;
    }
    driving_ = true;
    taken_ = wanted_ = name;
    return true;
}

void CaseDriver::start_over() {
    driving_ = false;
}

void CaseDriver::check_taken(const Options& options) const {
    if (!taken_.empty()) {
        return;
    }
    if (options.case_name.empty()) {
        throw InputError(options.script + " runs no network");
    }
    const std::vector<std::string_view> known(known_.begin(), known_.end());
    throw InputError("--case " + options.case_name + ": no such case" +
                     did_you_mean(options.case_name, known) + " (cases: " + join(known) + ")");
}

void Visit::arrive(Network& network) {
    arrived_ = true;
    try {
        done_ = !look(network);
    } catch (const InputError& error) {
        trouble_ = error.what();
        done_ = true;
    }
}

RunResult Visit::run(Network& network, Time until, const RunLimits& limits) {
    if (!std::exchange(begun_, true)) {
        first(network);
    }
    if (!arrived_) {
        RunLimits so_far = limits;
        so_far.pause_at = at_;
        const RunResult result = network.run_until(until, so_far);
        if (network.now() < at_ || result.reason == "interrupted") {
            return result;
        }
        arrive(network);
    }
    done_ = done_ || go_on(network, until, limits);
    return done_ ? left(network) : RunResult{"until", network.now(), 0};
}

bool Visit::go_on(Network& network, Time until, const RunLimits& limits) {
    static_cast<void>(network);
    static_cast<void>(until);
    static_cast<void>(limits);
    return true;
}

bool Visit::closing(Network& network, bool at_its_end) {
    if (!arrived_ && at_its_end && at_ == kNever) {
        arrive(network);
    }
    if (!arrived_) {
        ended_ = network.now();
    } else if (!done_ && at_its_end) {
        done_ = go_on(network, kNever, {});
    }
    let_go();
    return !arrived_;
}

int visit(const Options& options, Visit& visitor) {
    lua::RunOptions run = quiet_run(options, visitor);
    const bool named = !options.case_name.empty();
    catch_interrupts();
    run.interrupted = [&] { return !visitor.arrived() && interrupted(); };
    const lua::RunReport report = lua::run_script(run);
    if (!visitor.trouble().empty()) {
        throw InputError(visitor.trouble());
    }
    const bool failed =
        report.failure.ending != lua::Ending::kNone && report.failure.ending != lua::Ending::kLeft;
    if (visitor.arrived() && failed && !visitor.done()) {  // the tool is cut off
        std::cout.flush();
        throw InputError(report.failure.message);
    }
    if (visitor.arrived()) {
        if (!named && visitor.known().size() > 1) {
            std::cerr << "netsim: case \"" << visitor.taken()
                      << "\" (--case chooses among: " << list_of(visitor.known()) << ")\n";
        }
        return kExitDone;
    }
    if (report.failure.ending == lua::Ending::kInterrupted) {
        std::cerr << "interrupted\n";
        return kExitInterrupted;
    }
    if (report.failure.ending != lua::Ending::kNone) {
        throw InputError(report.failure.message);
    }
    visitor.check_taken(options);
    throw InputError("--at " + time_text(Time(options.at.value_or(Duration{0}))) +
                     " is past the end of the run: it ended at " +
                     time_text(visitor.ended().value_or(Time{})));
}

}  // namespace netsim::cli
