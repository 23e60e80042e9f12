// netsim shell: a prompt inside a script's run. The run goes on as far as a command says; what lies
// before is reached by running the script again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/look.hpp"
#include "cli/prompt.hpp"
#include "netsim/network.hpp"

namespace netsim::cli {

/// How far to run, and what then.
struct Goal {
    Time at = kNever;
    std::function<bool()> pause{};  // asked after each event
    std::function<void()> reached{};
    std::function<void()> missed{};  // by Ctrl-C, or it is not reached
    bool past_end = false;           // goes on when the script has ended
};

class Shell final : public CaseDriver {
 public:
    explicit Shell(const Options& options);

    /// Until the user quits; the exit code.
    int session();

    // --- lua::Driver
    RunResult run(Network& network, Time until, const RunLimits& limits) override;
    bool closing(Network& network, bool at_its_end) override;

    // --- what commands use
    using Words = std::vector<std::string>;

    Network& network() const { return *network_; }

    const std::string& host() const { return host_; }

    void choose_host(const std::string& name);

    void go(Goal goal) { goal_ = std::move(goal); }

    /// Runs there, again from the start if that is past.
    void go_to(Time at);

    void quit() { leave_ = true; }

    /// Packets that happen are printed (none: not).
    void trace(const std::optional<std::string>& filter);
    /// Packets until they are taken: the text so far.
    void watch(const std::string& filter);

    bool seen() const { return seen_ && !seen_->str().empty(); }

    std::string unwatch();
    /// A host's tool.
    void tool(const std::string& line);
    std::string plot(const Words& words);

 private:
    enum class Way : std::uint8_t { kThere, kInterrupted, kOver };

    /// Towards the goal, within this run of the script.
    Way advance(Time until, const RunLimits& limits, RunResult& result);
    void give_up(const char* why);
    void command();
    void execute(const std::string& line);
    void recover(const std::string& message);
    void begin(Network& network);
    bool print_job();
    std::vector<std::string> complete(const Words& words) const;

    RunResult left() const { return {"left", network_->now(), 0}; }

    const Options& options_;
    std::unique_ptr<Prompt> prompt_;
    Network* network_ = nullptr;
    std::string host_;
    std::optional<Goal> goal_;
    std::optional<std::string> traced_;  // the filter
    std::optional<std::size_t> trace_;
    std::unique_ptr<std::ostringstream> seen_;
    std::optional<std::size_t> watch_;
    std::unique_ptr<shell::Job> job_;
    std::size_t printed_ = 0;
    bool greeted_ = false;
    bool ended_ = false;  // the script is
    bool leave_ = false;
    std::optional<Time> stood_at_;  // when the last line was typed
    bool recovering_ = false;       // the script failed, and runs again up to there
    bool again_ = false;            // run the script from its start
    int code_ = kExitDone;
};

struct ShellCommand {
    std::string_view name;
    std::string_view synopsis;
    std::string_view help;
    void (*run)(Shell& shell, const Shell::Words& words);  // words: without its name
};

std::span<const ShellCommand> shell_commands();

}  // namespace netsim::cli
