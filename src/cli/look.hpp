// What exec, explain and shell share: the script runs again, quietly, as netsim run would run it,
// and one of its networks is driven from outside.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "lua/run.hpp"

namespace netsim::cli {

/// The script's options with its text read; nothing it prints is seen. `driver` must outlive it.
lua::RunOptions quiet_run(const Options& options, lua::Driver& driver);

/// "1.25s"
std::string time_text(Time at);

/// Drives one case: the one named, or the first that runs.
class CaseDriver : public lua::Driver {
 public:
    /// `name`: --case's, empty: the first.
    explicit CaseDriver(std::string name) : wanted_(std::move(name)) {}

    void cases(const std::vector<std::string>& names) override;
    bool takes(const std::string& name) override;

    /// Of the case that is driven; empty: none yet.
    const std::string& taken() const { return taken_; }

    /// The cases seen or announced so far.
    const std::vector<std::string>& known() const { return known_; }

    /// The script runs once more: the same case is driven again.
    void start_over();
    /// InputError if the script has run, and not that case.
    void check_taken(const Options& options) const;

 private:
    void note(const std::string& name);

    std::string wanted_;
    std::string taken_;
    bool driving_ = false;
    std::vector<std::string> known_;
};

/// Runs the script up to --at, or to its end, and looks at the network there. `look` may throw
/// InputError.
class Visit : public CaseDriver {
 public:
    /// `at`: none: the end of the run.
    Visit(std::string case_name, std::optional<Time> at)
        : CaseDriver(std::move(case_name)), at_(at.value_or(kNever)) {}

    RunResult run(Network& network, Time until, const RunLimits& limits) final;
    bool closing(Network& network, bool at_its_end) final;

    bool arrived() const { return arrived_; }

    /// It has seen enough.
    bool done() const { return done_; }

    /// What the looking itself found wrong; empty: nothing.
    const std::string& trouble() const { return trouble_; }

    /// When the run ended before it came to --at.
    std::optional<Time> ended() const { return ended_; }

 protected:
    /// The first run of the network begins.
    virtual void first(Network& network) { static_cast<void>(network); }

    /// The network stands at --at. False: look() has seen enough; true: go_on() is to be called.
    virtual bool look(Network& network) = 0;
    /// Runs on until `until` or until there is nothing more to see; true: seen enough.
    virtual bool go_on(Network& network, Time until, const RunLimits& limits);

    /// The network is about to go.
    virtual void let_go() {}

 private:
    void arrive(Network& network);

    Time at_;
    bool begun_ = false;
    bool arrived_ = false;
    bool done_ = false;
    std::string trouble_;
    std::optional<Time> ended_;
};

/// Runs the script with the visit; the exit code. InputError: the case or the time is not there.
int visit(const Options& options, Visit& visitor);

}  // namespace netsim::cli
