// The session: prompts where the run stands, runs to where a command says.
#include "cli/shell.hpp"

#include <algorithm>
#include <iostream>

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/commands.hpp"
#include "cli/interrupt.hpp"
#include "cli/quantity.hpp"
#include "cli/terminal.hpp"
#include "observe/text_plot.hpp"
#include "shell/shell.hpp"

namespace netsim::cli {
namespace {

std::vector<std::string> split(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    return words;
}

std::vector<std::string_view> known_words() {
    std::vector<std::string_view> known;
    for (const ShellCommand& command : shell_commands()) {
        known.push_back(command.name);
    }
    for (const shell::Tool& tool : shell::tools()) {
        known.push_back(tool.name);
    }
    return known;
}

/// Records a quantity from the start to a time: what plot draws.
class PlotVisit final : public Visit {
 public:
    PlotVisit(const std::string& case_name, Time at, Quantity quantity, Duration interval)
        : Visit(case_name, at), quantity_(std::move(quantity)), interval_(interval) {}

    const std::string& text() const { return text_; }

 protected:
    void first(Network& network) override {
        series_ = network.record(quantity_.label(), interval_, quantity_.in(network));
    }

    bool look(Network& /*network*/) override {
        observe::PlotOptions plot;
        plot.title = quantity_.label();
        plot.utf8 = utf8_on(1);
        text_ = observe::text_plot({observe::curve_of(*series_)}, plot);
        return false;
    }

 private:
    Quantity quantity_;
    Duration interval_;
    const Series* series_ = nullptr;
    std::string text_;
};

}  // namespace

Shell::Shell(const Options& options)
    : CaseDriver(options.case_name),
      options_(options),
      prompt_(make_prompt([this](const Words& words) { return complete(words); })) {
    if (options.at) {
        goal_ = Goal{.at = Time(*options.at)};
    }
}

int Shell::session() {
    const lua::RunOptions run = quiet_run(options_, *this);
    catch_interrupts();
    do {
        again_ = false;
        ended_ = false;
        start_over();
        const lua::RunReport report = lua::run_script(run);
        const lua::Failure& failure = report.failure;
        if (failure.ending == lua::Ending::kInterrupted) {
            std::cerr << "interrupted\n";
            return kExitInterrupted;
        }
        if (failure.ending != lua::Ending::kNone && failure.ending != lua::Ending::kLeft) {
            recover(failure.message);
            continue;
        }
        check_taken(options_);
    } while (again_);
    return code_;
}

/// The script failed in the midst of a command: the prompt stands again where that was typed.
void Shell::recover(const std::string& message) {
    if (!stood_at_ || std::exchange(recovering_, true)) {
        throw InputError(message);
    }
    std::cout.flush();
    print_error(message);
    code_ = kExitUsage;
    goal_ = Goal{.at = *stood_at_};
    again_ = true;
}

void Shell::begin(Network& network) {
    network_ = &network;
    const std::vector<HostRef> hosts = network.hosts();
    if (host_.empty() && !hosts.empty()) {
        host_ = hosts.front().name();
    }
    if (traced_) {
        trace_ = network.trace(std::cout, *traced_);
    }
    if (!greeted_ && prompt_->interactive()) {
        std::cout << "case \"" << taken() << "\" stands at its start; help lists the commands\n";
    }
    greeted_ = true;
}

RunResult Shell::run(Network& network, Time until, const RunLimits& limits) {
    if (network_ == nullptr) {
        begin(network);
    }
    while (!leave_ && !again_) {
        RunResult result;
        if (!goal_) {
            command();
        } else if (advance(until, limits, result) == Way::kOver) {
            return result;
        }
    }
    return left();
}

bool Shell::closing(Network& network, bool at_its_end) {
    if (network_ == nullptr && at_its_end) {
        begin(network);
    }
    ended_ = true;
    if (at_its_end && goal_ && !goal_->past_end) {
        give_up("the script ended at ");
    }
    while (at_its_end && !leave_ && !again_) {
        RunResult result;
        if (!goal_) {
            command();
        } else if (advance(kNever, {}, result) == Way::kOver) {
            give_up("nothing is left to happen after ");
        }
    }
    job_.reset();
    seen_.reset();
    watch_.reset();
    trace_.reset();
    network_ = nullptr;
    return false;
}

Shell::Way Shell::advance(Time until, const RunLimits& limits, RunResult& result) {
    RunLimits bounded = limits;
    bounded.pause_at = goal_->at;
    bounded.pause = goal_->pause;
    set_running(network_);
    result = network_->run_until(until, bounded);
    set_running(nullptr);
    if (result.reason == "paused" || network_->now() >= goal_->at) {
        const Goal done = *std::exchange(goal_, std::nullopt);
        if (done.reached) {
            done.reached();
        }
        return Way::kThere;
    }
    if (result.reason == "interrupted") {
        forget_interrupt();
        network_->clear_interrupt();
        give_up("interrupted at ");
        return Way::kInterrupted;
    }
    return Way::kOver;
}

void Shell::give_up(const char* why) {
    const Goal missed = *std::exchange(goal_, std::nullopt);
    if (missed.missed) {
        missed.missed();
    }
    std::cout << why << time_text(network_->now()) << '\n';
}

void Shell::command() {
    std::cout.flush();
    const std::optional<std::string> line =
        prompt_->read(time_text(network_->now()) + " " + host_ + "> ");
    if (interrupted()) {  // while nothing ran
        forget_interrupt();
    }
    if (!line) {
        leave_ = true;
        return;
    }
    stood_at_ = network_->now();
    recovering_ = false;
    try {
        execute(*line);
    } catch (const InputError& error) {
        code_ = kExitUsage;
        print_error(error.what());
    }
    std::cout.flush();
}

void Shell::execute(const std::string& line) {
    Words words = split(line);
    if (words.empty() || words.front().front() == '#') {
        return;
    }
    code_ = kExitDone;
    const std::string name = words.front();
    for (const ShellCommand& command : shell_commands()) {
        if (command.name == name) {
            words.erase(words.begin());
            return command.run(*this, words);
        }
    }
    const auto tools = shell::tools();
    if (std::any_of(tools.begin(), tools.end(),
                    [&](const shell::Tool& one) { return one.name == name; })) {
        return tool(line);
    }
    const std::vector<std::string_view> known = known_words();
    throw InputError("unknown command \"" + name + "\"" + did_you_mean(name, known) +
                     " (commands and tools: " + join(known) + ")");
}

void Shell::choose_host(const std::string& name) {
    host_ = router_of(*network_, name) ? name : host_of(*network_, name).name();
}

void Shell::go_to(Time at) {
    if (at < Time{}) {
        throw InputError("there is nothing before the start of the run");
    }
    if (at == network_->now()) {
        return;
    }
    goal_ = Goal{.at = at};
    again_ = at < network_->now();
}

void Shell::trace(const std::optional<std::string>& filter) {
    if (trace_) {
        network_->untrace(*trace_);
        trace_.reset();
    }
    traced_.reset();
    if (filter) {
        trace_ = network_->trace(std::cout, *filter);
        traced_ = filter;
    }
}

void Shell::watch(const std::string& filter) {
    auto fresh = std::make_unique<std::ostringstream>();
    watch_ = network_->trace(*fresh, filter);
    seen_ = std::move(fresh);
}

std::string Shell::unwatch() {
    network_->untrace(*watch_);
    watch_.reset();
    const std::string text = seen_->str();
    seen_.reset();
    return text;
}

bool Shell::print_job() {
    const std::string& out = job_->out();
    std::cout.write(out.data() + printed_, static_cast<std::streamsize>(out.size() - printed_));
    printed_ = out.size();
    return job_->done();
}

void Shell::tool(const std::string& line) {
    if (const std::optional<RouterRef> router = router_of(*network_, host_)) {
        std::cout << router->netfilter_tool(line);
        code_ = kExitDone;
        return;
    }
    job_ = host_of(*network_, host_).sh(line);
    printed_ = 0;
    const auto over = [this] {
        code_ = job_->exit_code();
        job_.reset();
    };
    if (print_job()) {
        return over();
    }
    Goal goal;
    goal.past_end = true;
    goal.pause = [this] { return print_job(); };
    goal.reached = over;
    goal.missed = [this, over] {
        job_->interrupt();
        print_job();
        over();
    };
    go(std::move(goal));
}

std::string Shell::plot(const Words& words) {
    Quantity quantity = parse_quantity(words, host_);
    static_cast<void>(quantity.in(*network_));  // an unknown word is an error here
    const Time now = network_->now();
    constexpr std::int64_t kSamples = 600;
    if (now - Time{} < Duration(kSamples)) {
        throw InputError("plot: the run stands at its start: nothing has happened");
    }
    PlotVisit visitor(taken(), now, std::move(quantity), (now - Time{}) / kSamples);
    const lua::RunReport report = lua::run_script(quiet_run(options_, visitor));
    if (visitor.text().empty()) {
        forget_interrupt();
        throw InputError("plot: the script could not be run again: " +
                         (visitor.trouble().empty() ? report.failure.message : visitor.trouble()));
    }
    return visitor.text();
}

std::vector<std::string> Shell::complete(const Words& words) const {
    std::vector<std::string> out;
    if (words.size() < 2) {
        for (const std::string_view word : known_words()) {
            out.emplace_back(word);
        }
        return out;
    }
    const std::string& first = words.front();
    if (first == "host" || first == "why" || first == "run" || first == "plot") {
        for (const HostRef& host : network_->hosts()) {
            out.push_back(host.name() + (first == "host" ? "" : ":"));
        }
    }
    if (first == "run" || first == "plot") {
        for (const std::string_view word : quantity_words()) {
            out.emplace_back(word);
        }
        if (!router_of(*network_, host_)) {
            for (const auto& [name, value] : network_->host_named(host_).counters()) {
                out.push_back(name);
            }
        }
    }
    if (first == "run") {
        out.emplace_back("until");
    } else if (first == "next") {
        out.emplace_back("packet");
    } else if (first == "trace") {
        out.insert(out.end(), {"on", "off"});
    }
    return out;
}

int shell_command(const Options& options) {
    Shell shell(options);
    return finish_stdout(shell.session());
}

}  // namespace netsim::cli
