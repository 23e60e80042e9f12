// Running a script: what the command line asks for, and what it gets back.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lua/runtime.hpp"
#include "netsim/lesson.hpp"
#include "netsim/network.hpp"
#include "netsim/time.hpp"

namespace netsim::lua {

using Json = nlohmann::ordered_json;

struct RunReport;

/// Runs a network in a script's place: how a run is looked at from outside, in its midst.
class Driver {
 public:
    virtual ~Driver() = default;
    Driver(const Driver&) = delete;
    Driver& operator=(const Driver&) = delete;
    Driver(Driver&&) = delete;
    Driver& operator=(Driver&&) = delete;

    /// The script begins. What comes of it grows in `so_far`, until run_script() returns.
    virtual void begins(const RunReport& so_far) { static_cast<void>(so_far); }

    /// netsim.compare() is about to run these.
    virtual void cases(const std::vector<std::string>& names) = 0;
    /// The first run of a network begins: is this the case to drive?
    virtual bool takes(const std::string& name) = 0;
    /// One of its runs, instead of Network::run(). The reason "left" ends the script. Must not
    /// throw.
    virtual RunResult run(Network& network, Time until, const RunLimits& limits) = 0;
    /// Before the network goes. `at_its_end`: the script has done all it does with it, and the
    /// network may still be run. False ends the script. Must not throw.
    virtual bool closing(Network& network, bool at_its_end) = 0;

 protected:
    Driver() = default;
};

/// --sysctl-conf's value: a sysctl.conf for a host, or (empty) for every host.
struct SysctlConf {
    std::string host;
    std::string file;  // as messages name it
    std::string text;
};

/// --ladder: which hosts; empty names: the two that exchanged most.
struct LadderRequest {
    std::string left;
    std::string right;
    LadderOptions options;
};

struct RunOptions {
    std::string script;                    // as messages name it
    std::string text;                      // its source
    std::string library_dir;               // the shipped lua/ folder
    std::string topology_dir;              // the shipped topologies/ folder
    std::vector<std::string> arguments;    // --PARAM VALUE, as typed
    std::vector<std::string> settings;     // --set's values
    std::vector<SysctlConf> sysctl_confs;  // before the settings
    std::vector<std::string> other_flags;  // names the command line knows, for "did you mean"
    std::optional<std::uint64_t> seed;     // instead of the script's
    std::optional<Duration> until;         // simulated time ends here at the latest
    std::optional<std::string> pcap_dir;   // a capture per case
    std::optional<CapturePer> pcap_per;    // a folder of them per case
    std::optional<std::string> trace;      // packets that match, as text
    LessonRules without;                   // rules that no host follows
    bool tell_failures = true;             // failed expectations on `err` at once
    const Json* results = nullptr;         // netsim.checks() judges these, not the script's own
    std::optional<LadderRequest> ladder;   // drawn when a case is over
    bool quiet = false;                    // no print()
    bool states = false;                   // count the changes of TCP states
    bool report = false;                   // keep a picture of each case
    bool help = false;                     // tell the script's parameters and end
    bool utf8 = false;                     // plots and tables in more than ASCII
    CpuCosts cpu_costs;                    // of hosts with a CPU, where the script does not say
    RunLimits run_limits;
    Limits limits;
    std::ostream* out = nullptr;
    std::ostream* err = nullptr;
    Driver* driver = nullptr;               // of one of the cases; null: none
    std::function<bool()> interrupted;      // polled
    std::function<void(Network*)> running;  // a run begins; null: it ended
    std::function<void(const std::string& name, Time now, Time end, std::uint64_t events)> progress;
};

struct Expectation {
    std::string place;
    std::string message;
    bool ok = true;
    bool in_checks = false;  // made by the function given to netsim.checks()
};

/// A question of netsim.quiz(); what is right comes from the run.
struct Question {
    std::string text;
    std::vector<std::string> choices;   // none: a number is asked for
    std::optional<std::size_t> choice;  // the right one; nothing: the run gave none of them
    std::string actual;                 // what the run gave
    double number = 0;                  // the same, where a number is asked for...
    double tolerance = 0;               // ... and how far off an answer may be
};

/// One network's run.
struct CaseReport {
    std::string name;
    Json results = Json::object();
    Json hosts = Json::object();  // name -> {counters, cpu}
    std::uint64_t seed = 0;
    double simulated_seconds = 0;
    std::uint64_t events = 0;
    std::uint64_t handshakes = 0;
    std::uint64_t digest = 0;
    std::string ended;  // why its last run ended: "until", "idle", "events", ...
    std::vector<StateEdgeCount> state_edges{};  // with RunOptions::states
    std::string memory;  // ended by "memory": what used it, how much would be needed
    std::shared_ptr<const report::Case> picture{};  // with RunOptions::report
};

/// A row of netsim.compare()'s table.
struct ShownRow {
    std::string path;  // "drops.queue full" of {"drops": {"queue full": 3}}
    std::string title;
};

struct Comparison {
    std::string title;
    std::vector<ShownRow> rows;
};

/// A parameter of netsim.params(), as text.
struct ParameterValue {
    std::string name;
    std::string value;
    std::string default_text;
    std::string help;
    std::string type;  // "integer", "number", "boolean", "text", or what it measures: "duration"...
};

struct RunReport {
    Failure failure;
    std::vector<CaseReport> cases;
    std::vector<Expectation> expectations;
    std::vector<Question> questions;
    std::optional<Json> results;  // what the script gave to netsim.checks()
    std::vector<ParameterValue> parameters;
    std::optional<Comparison> comparison;  // the last one

    bool interrupted() const { return failure.ending == Ending::kInterrupted; }

    bool expectations_failed() const;
    double simulated_seconds() const;
    std::uint64_t events() const;
    std::uint64_t handshakes() const;
    /// One case: its own digest; several: a digest of theirs.
    std::uint64_t digest() const;
};

/// Runs a script to its end or first failure. Never throws for what a script did.
RunReport run_script(const RunOptions& options);

}  // namespace netsim::lua
